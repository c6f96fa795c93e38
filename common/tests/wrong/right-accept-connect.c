/*
 * AcceptEx and ConnectEx, each followed by the option that makes its socket a connected one; only then
 * getpeername and shutdown.
 *
 * Expect: nothing
 */
#include "Loopback.h"

int main(void)
{
    static char addresses[ACCEPT_BUFFER_SIZE];
    static WSAOVERLAPPED accepting, connecting;
    NetAddress address, peer;

    StartWinsock();
    Require(SocketUtils_BindConnectEx(), "ConnectEx");
    OpenListener(&address);
    OpenPort();
    Associate(listener);
    accepted = SocketUtils_CreateSocket(AF_INET);
    client = SocketUtils_CreateSocket(AF_INET);
    Associate(client);
    Require(SocketUtils_BindAnyAddress(client, AF_INET), "bind");

    SocketUtils_AcceptEx(listener, accepted, addresses, &accepting);
    SocketUtils_ConnectEx(client, &address, &connecting);
    TakeCompletion();
    TakeCompletion();
    Require(SocketUtils_SetUpdateAcceptSocket(accepted, listener), "SO_UPDATE_ACCEPT_CONTEXT");
    Require(SocketUtils_SetUpdateConnectSocket(client), "SO_UPDATE_CONNECT_CONTEXT");
    SocketUtils_GetAcceptAddress(addresses, &address);

    peer.length = (int)sizeof(peer.storage);
    Require(getpeername(accepted, (SOCKADDR *)&peer.storage, &peer.length) == 0, "getpeername");
    Require(NetAddress_GetPort(&peer) == NetAddress_GetPort(&address), "the same address");
    Require(shutdown(accepted, SD_SEND) == 0 && shutdown(client, SD_SEND) == 0, "shutdown");
    return Close();
}
