/*
 * The OVERLAPPED of a receive is a variable of a function that returns before the data has come.
 *
 * Expect: rule 4: a function has returned that had the OVERLAPPED of an outstanding WSARecv
 * Alone: no
 */
#include "Loopback.h"

static char received[16];

__declspec(noinline) static void BeginReceive(SOCKET socket)
{
    /* The room keeps what the system will write far from what this program still needs. */
    struct {
        WSAOVERLAPPED overlapped;
        char room[32768];
    } local;
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    memset(&local, 0, sizeof(local));
    WSARecv(socket, &buffer, 1, NULL, &flags, &local.overlapped, NULL);
}

int main(void)
{
    OpenPairWithPort();
    BeginReceive(server);

    /* What is seen is the first call after the return. */
    send(client, "hello", 5, 0); /* Wrong */
    TakeCompletion();
    return Close();
}
