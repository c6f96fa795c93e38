/*
 * Something is sent on a socket that was closed before.
 *
 * Expect: rule 6: a socket is used after it was closed
 */
#include "Loopback.h"

int main(void)
{
    OpenPair();
    closesocket(server);
    send(server, "hello", 5, 0); /* Wrong */
    server = INVALID_SOCKET;
    return Close();
}
