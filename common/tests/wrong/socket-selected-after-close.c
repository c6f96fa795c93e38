/*
 * A closed socket stays in the set that select is given.
 *
 * Expect: rule 6: a socket is used after it was closed
 */
#include "Loopback.h"

int main(void)
{
    struct timeval atOnce = {0, 0};
    fd_set readSet;

    OpenPair();
    FD_ZERO(&readSet);
    FD_SET(client, &readSet);
    FD_SET(server, &readSet);
    closesocket(server);
    select(0, &readSet, NULL, NULL, &atOnce); /* Wrong */
    server = INVALID_SOCKET;
    return Close();
}
