/*
 * TCP_NODELAY is set at SOL_SOCKET, where its number means another option.
 *
 * Expect: rule 10: TCP_NODELAY is set at SOL_SOCKET
 */
#include "Loopback.h"

int main(void)
{
    BOOL on = TRUE;

    StartWinsock();
    client = SocketUtils_CreateSocket(AF_INET);
    setsockopt(client, SOL_SOCKET, TCP_NODELAY, (const char *)&on, sizeof(on)); /* Wrong */
    return Close();
}
