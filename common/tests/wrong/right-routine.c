/*
 * A completion routine that begins the next receive with the same OVERLAPPED, zeroed, and that
 * answers with an overlapped send.
 *
 * Expect: nothing
 */
#include "Loopback.h"

static WSAOVERLAPPED receiving, sending;
static char received[16];
static int outstanding, count;

static void BeginReceive(void);

static void CALLBACK OnSent(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags)
{
    (void)bytes;
    (void)overlapped;
    (void)flags;
    outstanding--;
    if (error == 0 && count < 10)
        BeginReceive();
}

static void CALLBACK OnReceived(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags)
{
    WSABUF buffer = {bytes, received};

    (void)overlapped;
    (void)flags;
    outstanding--;
    count++;
    memset(&sending, 0, sizeof(sending));
    if (error != 0 || WSASend(server, &buffer, 1, NULL, 0, &sending, OnSent) == 0 ||
        WSAGetLastError() == WSA_IO_PENDING)
        outstanding++;
}

static void BeginReceive(void)
{
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    memset(&receiving, 0, sizeof(receiving));
    send(client, "hello", 5, 0);
    if (WSARecv(server, &buffer, 1, NULL, &flags, &receiving, OnReceived) == 0 ||
        WSAGetLastError() == WSA_IO_PENDING)
        outstanding++;
}

int main(void)
{
    OpenPair();
    SocketUtils_SetNonBlocking(client, true); /* Else its send would not fit into a routine. */
    BeginReceive();
    while (outstanding > 0)
        SleepEx(INFINITE, TRUE);
    Sleep(1); /* Outside of a routine it is allowed to wait. */
    Require(count == 10, "ten receives");
    return Close();
}
