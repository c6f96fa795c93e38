/*
 * SO_REUSEADDR is set, as on Unix. On Windows it takes the port from whoever has it.
 *
 * Expect: rule 10: SO_REUSEADDR is set
 * Expect: rule 10: a socket listens without SO_EXCLUSIVEADDRUSE
 */
#include "Loopback.h"

int main(void)
{
    NetAddress address;
    BOOL on = TRUE;

    StartWinsock();
    Require(NetAddress_FromText(&address, "127.0.0.1", 0), "the address");
    listener = SocketUtils_CreateSocket(AF_INET);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof(on)); /* Wrong */
    Require(SocketUtils_Bind(listener, &address), "bind");
    listen(listener, SOMAXCONN);
    return Close();
}
