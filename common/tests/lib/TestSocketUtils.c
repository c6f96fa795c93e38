/*
 * TestSocketUtils: see TestSocketUtils.h.
 */
#include "TestSocketUtils.h"

#include <string.h>

static bool SetOption(SOCKET socket, int level, int name, const void *value, int size)
{
    return setsockopt(socket, level, name, (const char *)value, size) == 0;
}

bool SocketUtils_SetExclusiveAddressUse(SOCKET socket, bool on)
{
    BOOL value = on;

    return SetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &value, (int)sizeof(value));
}

bool SocketUtils_SetLinger(SOCKET socket, bool on, uint16_t seconds)
{
    LINGER value;

    value.l_onoff = on;
    value.l_linger = seconds;
    return SetOption(socket, SOL_SOCKET, SO_LINGER, &value, (int)sizeof(value));
}

bool SocketUtils_SetRecvBufferSize(SOCKET socket, int size)
{
    return SetOption(socket, SOL_SOCKET, SO_RCVBUF, &size, (int)sizeof(size));
}

bool SocketUtils_SetSendBufferSize(SOCKET socket, int size)
{
    return SetOption(socket, SOL_SOCKET, SO_SNDBUF, &size, (int)sizeof(size));
}

bool SocketUtils_Bind(SOCKET socket, const NetAddress *address)
{
    return bind(socket, (const SOCKADDR *)&address->storage, address->length) == 0;
}

bool SocketUtils_Listen(SOCKET socket)
{
    return listen(socket, SOMAXCONN) == 0;
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

bool SocketUtils_AcceptEx(SOCKET listenSocket, SOCKET acceptSocket, void *buffer,
                          WSAOVERLAPPED *overlapped)
{
    const GUID guid = WSAID_ACCEPTEX;
    LPFN_ACCEPTEX acceptEx = NULL;
    DWORD bytes = 0;

    return SocketUtils_BindWindowsFunction(listenSocket, guid, &acceptEx, sizeof(acceptEx)) &&
           acceptEx(listenSocket, acceptSocket, buffer, 0, ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE,
                    &bytes, overlapped);
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
    return SetOption(acceptSocket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, &listenSocket,
                     (int)sizeof(listenSocket));
}
