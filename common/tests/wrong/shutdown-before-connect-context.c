/*
 * A socket from ConnectEx is shut down, and SO_UPDATE_CONNECT_CONTEXT was not set on it.
 *
 * Expect: context: shutdown on a socket that ConnectEx has connected
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped;
    NetAddress address, peer;

    StartWinsock();
    Require(SocketUtils_BindConnectEx(), "ConnectEx");
    OpenListener(&address);
    client = SocketUtils_CreateSocket(AF_INET);
    OpenPort();
    Associate(client);
    Require(SocketUtils_BindAnyAddress(client, AF_INET), "bind");
    SocketUtils_ConnectEx(client, &address, &overlapped);
    server = SocketUtils_Accept(listener, &peer);
    TakeCompletion();

    shutdown(client, SD_SEND); /* Wrong */
    return Close();
}
