/*
 * A thread begins a receive with an OVERLAPPED among its variables, and ends.
 *
 * Expect: rule 4: a thread has ended that had the OVERLAPPED of an outstanding WSARecv
 * Alone: no
 */
#include "Loopback.h"

static char received[16];

static unsigned __stdcall BeginReceive(void *argument)
{
    WSAOVERLAPPED overlapped = {0};
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    (void)argument;
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL); /* Wrong */
    return 0;
}

int main(void)
{
    HANDLE thread;

    OpenPair();
    thread = StartThread(BeginReceive);
    JoinThread(thread);
    return Close();
}
