/*
 * A socket listens, and another program may take its port: SO_EXCLUSIVEADDRUSE was not set.
 *
 * Expect: rule 10: a socket listens without SO_EXCLUSIVEADDRUSE
 */
#include "Loopback.h"

int main(void)
{
    NetAddress address;

    StartWinsock();
    Require(NetAddress_FromText(&address, "127.0.0.1", 0), "the address");
    listener = SocketUtils_CreateSocket(AF_INET);
    Require(SocketUtils_Bind(listener, &address), "bind");
    listen(listener, SOMAXCONN); /* Wrong */
    return Close();
}
