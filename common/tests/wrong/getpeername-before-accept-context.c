/*
 * The address of the client is asked for, and SO_UPDATE_ACCEPT_CONTEXT was not set on the socket.
 *
 * Expect: context: getpeername on a socket that AcceptEx has connected
 */
#include "Loopback.h"

int main(void)
{
    NetAddress address;

    OpenPairWithAcceptEx();

    address.length = (int)sizeof(address.storage);
    getpeername(accepted, (SOCKADDR *)&address.storage, &address.length); /* Wrong */
    return Close();
}
