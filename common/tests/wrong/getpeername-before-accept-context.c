/*
 * The address of the client is asked for, and SO_UPDATE_ACCEPT_CONTEXT was not set on the socket.
 *
 * Expect: context: getpeername on a socket that AcceptEx has connected
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    static char addresses[ACCEPT_BUFFER_SIZE];
    static WSAOVERLAPPED overlapped;
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

    address.length = (int)sizeof(address.storage);
    getpeername(accepted, (SOCKADDR *)&address.storage, &address.length); /* Wrong */

    SocketUtils_Close(&listener);
    CloseHandle(port);
    ClosePair(client, accepted);
    return 0;
}
