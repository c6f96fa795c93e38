/*
 * SO_UPDATE_ACCEPT_CONTEXT is given the accepted socket, where it takes the one that listens.
 *
 * Expect: context: SO_UPDATE_ACCEPT_CONTEXT is not given the socket that listens
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    static char addresses[ACCEPT_BUFFER_SIZE];
    static WSAOVERLAPPED overlapped;
    const int option = SO_UPDATE_ACCEPT_CONTEXT;
    SOCKET listener, client, accepted;
    NetAddress address;
    HANDLE port;

    Require(SocketUtils_Init(), "starting");
    listener = CreateListener(&address);
    port = OpenPort(listener);
    accepted = SocketUtils_CreateSocket(AF_INET);
    SocketUtils_AcceptEx(listener, accepted, addresses, &overlapped);
    client = SocketUtils_CreateSocket(AF_INET);
    Require(SocketUtils_Connect(client, &address), "connecting");
    TakeCompletion(port);

    setsockopt(accepted, SOL_SOCKET, option, (const char *)&accepted, sizeof(accepted)); /* Wrong */
    shutdown(accepted, SD_SEND);

    SocketUtils_Close(&listener);
    CloseHandle(port);
    ClosePair(client, accepted);
    return 0;
}
