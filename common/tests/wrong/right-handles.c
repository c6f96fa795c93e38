/*
 * Many sockets and events are opened and closed: their numbers come again, and then they mean the
 * ones that were opened last.
 *
 * Expect: nothing
 */
#include "Loopback.h"

int main(void)
{
    StartWinsock();
    for (int i = 0; i < 50; i++) {
        SOCKET socket = SocketUtils_CreateSocket(AF_INET);
        HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

        Require(socket != INVALID_SOCKET && event != NULL, "opening");
        Require(SetEvent(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "the event");
        Require(SocketUtils_SetNonBlocking(socket, true), "the socket");
        CloseHandle(event);
        SocketUtils_Close(&socket);
    }
    return Close();
}
