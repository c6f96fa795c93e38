/*
 * A completion routine answers with send, which waits if the client does not read.
 *
 * Expect: rule 9: send, which may wait, inside a completion routine
 */
#include "Loopback.h"

static char received[16];

static void CALLBACK OnReceived(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags)
{
    (void)error;
    (void)overlapped;
    (void)flags;
    send(server, received, (int)bytes, 0); /* Wrong */
}

int main(void)
{
    static WSAOVERLAPPED overlapped;
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    OpenPair();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, OnReceived);
    send(client, "hello", 5, 0);
    SleepEx(WAIT_MS, TRUE);
    return Close();
}
