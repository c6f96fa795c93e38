/*
 * A socket is closed while another thread waits in recv on it.
 *
 * Expect: rule 6: a socket is closed while another thread is inside recv with it
 */
#include "Loopback.h"

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

    OpenPair();
    thread = StartThread(Receive);
    Sleep(300);

    /* Another call comes and goes: it is recv that the other thread is in. */
    SocketUtils_GetLocalAddress(server, &address);
    closesocket(server); /* Wrong */

    Peer_Close(&client);
    JoinThread(thread);
    server = INVALID_SOCKET;
    return Close();
}
