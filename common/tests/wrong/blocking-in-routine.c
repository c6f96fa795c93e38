/*
 * A completion routine makes a blocking call, to receive the rest of a message.
 *
 * Expect: rule 9: recv, which may wait, inside a completion routine
 * Exit: 3
 */
#include "Loopback.h"

static SOCKET client, server;
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

    OpenPair(&client, &server);
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, OnReceived);
    send(client, "hello, world", 12, 0);
    SleepEx(WAIT_MS, TRUE);
    ClosePair(client, server);
    return 0;
}
