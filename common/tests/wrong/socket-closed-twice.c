/*
 * Two places of a program close the same socket.
 *
 * Expect: rule 6: a socket is closed for the second time
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    SOCKET client, server;

    OpenPair(&client, &server);
    closesocket(server);
    closesocket(server); /* Wrong */
    ClosePair(client, INVALID_SOCKET);
    return 0;
}
