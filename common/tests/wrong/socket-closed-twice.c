/*
 * Two places of a program close the same socket.
 *
 * Expect: rule 6: a socket is closed for the second time
 */
#include "Loopback.h"

int main(void)
{
    OpenPair();
    closesocket(server);
    closesocket(server); /* Wrong */
    server = INVALID_SOCKET;
    return Close();
}
