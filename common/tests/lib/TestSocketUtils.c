/*
 * TestSocketUtils: see TestSocketUtils.h.
 */
#include "TestSocketUtils.h"

#include <string.h>

int SocketUtils_GetOption(SOCKET socket, int level, int name)
{
    int value = 0; /* a BOOL may be given in one byte; the rest is 0 */
    int size = (int)sizeof(value);

    return getsockopt(socket, level, name, (char *)&value, &size) == 0 ? value : -1;
}

bool SocketUtils_SetOption(SOCKET socket, int level, int name, int value)
{
    return setsockopt(socket, level, name, (const char *)&value, sizeof(value)) == 0;
}

bool SocketUtils_SetLinger(SOCKET socket, bool on, uint16_t seconds)
{
    LINGER value = {on, seconds};

    return setsockopt(socket, SOL_SOCKET, SO_LINGER, (const char *)&value, sizeof(value)) == 0;
}

bool SocketUtils_Bind(SOCKET socket, const NetAddress *address)
{
    return bind(socket, (const SOCKADDR *)&address->storage, address->length) == 0;
}

SOCKET SocketUtils_Accept(SOCKET listenSocket, NetAddress *address)
{
    address->length = (int)sizeof(address->storage);
    return accept(listenSocket, (SOCKADDR *)&address->storage, &address->length);
}

bool SocketUtils_GetLocalAddress(SOCKET socket, NetAddress *address)
{
    address->length = (int)sizeof(address->storage);
    return getsockname(socket, (SOCKADDR *)&address->storage, &address->length) == 0;
}

bool SocketUtils_AcceptEx(SOCKET listenSocket, SOCKET acceptSocket, void *buffer, DWORD dataSize,
                          WSAOVERLAPPED *overlapped)
{
    const GUID guid = WSAID_ACCEPTEX;
    LPFN_ACCEPTEX acceptEx = NULL;
    DWORD bytes = 0;

    return SocketUtils_BindWindowsFunction(listenSocket, guid, &acceptEx, sizeof(acceptEx)) &&
           acceptEx(listenSocket, acceptSocket, buffer, dataSize, ACCEPT_ADDRESS_SIZE,
                    ACCEPT_ADDRESS_SIZE, &bytes, overlapped);
}

void SocketUtils_GetAcceptAddress(void *buffer, NetAddress *address)
{
    const GUID guid = WSAID_GETACCEPTEXSOCKADDRS;
    LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs = NULL;
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);
    SOCKADDR *local = NULL, *remote = NULL;
    int localLength = 0, remoteLength = 0;

    memset(address, 0, sizeof(*address));
    if (SocketUtils_BindWindowsFunction(socket, guid, &getAcceptExSockaddrs,
                                        sizeof(getAcceptExSockaddrs))) {
        getAcceptExSockaddrs(buffer, 0, ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE, &local,
                             &localLength, &remote, &remoteLength);
        memcpy(&address->storage, remote, (size_t)remoteLength);
        address->length = remoteLength;
    }
    SocketUtils_Close(&socket);
}

bool SocketUtils_SetUpdateAcceptSocket(SOCKET acceptSocket, SOCKET listenSocket)
{
    return setsockopt(acceptSocket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                      (const char *)&listenSocket, sizeof(listenSocket)) == 0;
}
