/*
 * A socket from ConnectEx is shut down, and SO_UPDATE_CONNECT_CONTEXT was not set on it.
 *
 * Expect: context: shutdown on a socket that ConnectEx has connected
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped;
    NetAddress address, peer;
    SOCKET listener, client, server;
    HANDLE port;

    Require(SocketUtils_Init() && SocketUtils_BindConnectEx(), "starting");
    listener = CreateListener(&address);
    client = SocketUtils_CreateSocket(AF_INET);
    port = OpenPort(client);
    Require(SocketUtils_BindAnyAddress(client, AF_INET), "bind");
    SocketUtils_ConnectEx(client, &address, &overlapped);
    server = SocketUtils_Accept(listener, &peer);
    TakeCompletion(port);

    shutdown(client, SD_SEND); /* Wrong */

    SocketUtils_Close(&listener);
    CloseHandle(port);
    ClosePair(client, server);
    return 0;
}
