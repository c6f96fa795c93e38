/*
 * A completion routine makes a blocking call, to receive the rest of a message.
 *
 * Expect: rule 9: recv, which may wait, inside a completion routine
 */
#include "Loopback.h"

static char received[16];

static void CALLBACK OnReceived(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags)
{
    (void)error;
    (void)overlapped;
    (void)flags;
    recv(server, received + bytes, (int)(sizeof(received) - bytes), 0); /* Wrong */
}

int main(void)
{
    static WSAOVERLAPPED overlapped;
    WSABUF buffer = {5, received};
    DWORD flags = 0;

    OpenPair();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, OnReceived);
    send(client, "hello, world", 12, 0);
    SleepEx(WAIT_MS, TRUE);
    return Close();
}
