/*
 * socket says with INVALID_SOCKET that it has failed, and nobody looks.
 *
 * Expect: rule 8: connect is given INVALID_SOCKET
 */
#include "Loopback.h"

int main(void)
{
    NetAddress address;

    StartWinsock();
    Require(NetAddress_FromText(&address, "127.0.0.1", 9), "the address");

    /* It fails: there are no streams of UDP. */
    client = socket(AF_INET, SOCK_STREAM, IPPROTO_UDP);
    connect(client, (const SOCKADDR *)&address.storage, address.length); /* Wrong */
    return Close();
}
