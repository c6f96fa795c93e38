/*
 * AcceptEx and ConnectEx, each followed by the option that makes its socket a connected one; only then
 * getpeername and shutdown.
 *
 * Expect: nothing
 * Exit: 0
 */
#include "Loopback.h"

int main(void)
{
    static char addresses[ACCEPT_BUFFER_SIZE];
    static WSAOVERLAPPED accepting, connecting;
    SOCKET listener, client, accepted;
    NetAddress address, peer;
    HANDLE port;

    Require(SocketUtils_Init() && SocketUtils_BindConnectEx(), "starting");
    listener = CreateListener(&address);
    port = OpenPort(listener);
    accepted = SocketUtils_CreateSocket(AF_INET);
    client = SocketUtils_CreateSocket(AF_INET);
    Require(CreateIoCompletionPort((HANDLE)client, port, 0, 0) == port, "associating");
    Require(SocketUtils_BindAnyAddress(client, AF_INET), "bind");

    SocketUtils_AcceptEx(listener, accepted, addresses, &accepting);
    SocketUtils_ConnectEx(client, &address, &connecting);
    TakeCompletion(port);
    TakeCompletion(port);
    Require(SocketUtils_SetUpdateAcceptSocket(accepted, listener), "SO_UPDATE_ACCEPT_CONTEXT");
    Require(SocketUtils_SetUpdateConnectSocket(client), "SO_UPDATE_CONNECT_CONTEXT");
    SocketUtils_GetAcceptAddress(addresses, &address);

    peer.length = (int)sizeof(peer.storage);
    Require(getpeername(accepted, (SOCKADDR *)&peer.storage, &peer.length) == 0, "getpeername");
    Require(NetAddress_GetPort(&peer) == NetAddress_GetPort(&address), "the same address");
    Require(shutdown(accepted, SD_SEND) == 0 && shutdown(client, SD_SEND) == 0, "shutdown");

    SocketUtils_Close(&listener);
    CloseHandle(port);
    ClosePair(client, accepted);
    return 0;
}
