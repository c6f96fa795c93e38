/*
 * A socket is closed while another thread waits in recv on it.
 *
 * Expect: rule 6: a socket is closed while another thread is inside recv with it
 * Exit: 3
 */
#include "Loopback.h"

static SOCKET client, server;

static unsigned __stdcall Receive(void *argument)
{
    char received[16];

    (void)argument;
    return (unsigned)recv(server, received, sizeof(received), 0);
}

int main(void)
{
    NetAddress address;
    HANDLE thread;

    OpenPair(&client, &server);
    thread = StartThread(Receive);
    Sleep(300);

    /* Another call comes and goes: it is recv that the other thread is in. */
    SocketUtils_GetLocalAddress(server, &address);
    closesocket(server); /* Wrong */

    SocketUtils_Close(&client);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    SocketUtils_Clear();
    return 0;
}
