/*
 * accept has failed, and the socket that it did not return is given to a port.
 *
 * Expect: rule 8: CreateIoCompletionPort is given INVALID_SOCKET
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    NetAddress address;
    SOCKET listener, accepted;

    Require(port != NULL && SocketUtils_Init(), "starting");
    listener = CreateListener(&address);

    /* It fails: it must not wait, and nobody has come. */
    SocketUtils_SetNonBlocking(listener, true);
    accepted = accept(listener, NULL, NULL);
    CreateIoCompletionPort((HANDLE)accepted, port, 0, 0); /* Wrong */

    SocketUtils_Close(&listener);
    CloseHandle(port);
    SocketUtils_Clear();
    return 0;
}
