/*
 * Something is sent on a socket that was closed before.
 *
 * Expect: rule 6: a socket is used after it was closed
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    SOCKET client, server;

    OpenPair(&client, &server);
    closesocket(server);
    send(server, "hello", 5, 0); /* Wrong */
    ClosePair(client, INVALID_SOCKET);
    return 0;
}
