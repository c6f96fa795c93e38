/*
 * A socket is never closed.
 *
 * Expect: left over: a socket is still open at the end
 */
#include "Loopback.h"

int main(void)
{
    SOCKET unused;

    StartWinsock();
    unused = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP); /* Wrong */
    Require(unused != INVALID_SOCKET, "socket");
    return Close();
}
