/*
 * The buffer of a receive is a variable of a function that returns before the data has come.
 *
 * Expect: rule 4: a function has returned that had the buffer of an outstanding WSARecv
 * Alone: no
 */
#include "Loopback.h"

static WSAOVERLAPPED overlapped;

__declspec(noinline) static void BeginReceive(SOCKET socket)
{
    char received[100];
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    WSARecv(socket, &buffer, 1, NULL, &flags, &overlapped, NULL);
}

int main(void)
{
    OpenPairWithPort();
    BeginReceive(server);

    /* What is seen is the first call after the return. */
    CancelIoEx((HANDLE)server, &overlapped); /* Wrong */
    TakeCompletion();
    return Close();
}
