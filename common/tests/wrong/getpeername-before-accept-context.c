/*
 * The address of the client is asked for, and SO_UPDATE_ACCEPT_CONTEXT was not set on the socket.
 *
 * Expect: context: getpeername on a socket that AcceptEx has connected
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    SOCKET listener, client, accepted;
    NetAddress address;

    OpenPairWithAcceptEx(&client, &accepted, &listener);

    address.length = (int)sizeof(address.storage);
    getpeername(accepted, (SOCKADDR *)&address.storage, &address.length); /* Wrong */

    SocketUtils_Close(&listener);
    ClosePair(client, accepted);
    return 0;
}
