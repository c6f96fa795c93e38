/*
 * accept has failed, and the socket that it did not return is given to a port.
 *
 * Expect: rule 8: CreateIoCompletionPort is given INVALID_SOCKET
 */
#include "Loopback.h"

int main(void)
{
    NetAddress address;

    StartWinsock();
    OpenPort();
    OpenListener(&address);

    /* It fails: it must not wait, and nobody has come. */
    SocketUtils_SetNonBlocking(listener, true);
    accepted = accept(listener, NULL, NULL);
    CreateIoCompletionPort((HANDLE)accepted, port, 0, 0); /* Wrong */
    return Close();
}
