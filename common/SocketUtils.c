/*
 * SocketUtils: see SocketUtils.h.
 */
#include "SocketUtils.h"

#include <string.h>

static LPFN_ACCEPTEX acceptEx;
static LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs;
static LPFN_CONNECTEX connectEx;

bool SocketUtils_Init(void)
{
    WSADATA wsaData;
    int error = WSAStartup(MAKEWORD(2, 2), &wsaData);

    /* WSAStartup returns its error: before it has worked there is no WSAGetLastError to ask. */
    if (error != 0) {
        SetLastError((DWORD)error);
        return false;
    }
    return true;
}

void SocketUtils_Clear(void)
{
    WSACleanup();
}

SOCKET SocketUtils_CreateSocket(int family)
{
    return WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

void SocketUtils_Close(SOCKET *socket)
{
    if (*socket != INVALID_SOCKET) {
        closesocket(*socket);
        *socket = INVALID_SOCKET;
    }
}

static bool SetOption(SOCKET socket, int level, int name, const void *value, int size)
{
    return setsockopt(socket, level, name, (const char *)value, size) == 0;
}

bool SocketUtils_SetExclusiveAddressUse(SOCKET socket, bool on)
{
    BOOL value = on;

    return SetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &value, (int)sizeof(value));
}

bool SocketUtils_SetNonBlocking(SOCKET socket, bool on)
{
    u_long value = on;

    return ioctlsocket(socket, (long)FIONBIO, &value) == 0;
}

bool SocketUtils_SetTcpNoDelay(SOCKET socket, bool on)
{
    BOOL value = on;

    return SetOption(socket, IPPROTO_TCP, TCP_NODELAY, &value, (int)sizeof(value));
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

bool SocketUtils_Connect(SOCKET socket, const NetAddress *address)
{
    return connect(socket, (const SOCKADDR *)&address->storage, address->length) == 0;
}

SOCKET SocketUtils_Accept(SOCKET listenSocket, NetAddress *address)
{
    address->length = (int)sizeof(address->storage);
    return accept(listenSocket, (SOCKADDR *)&address->storage, &address->length);
}

bool SocketUtils_IsClientGone(DWORD error)
{
    switch (error) {
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENOTCONN: /* Wine, accept */
    case ERROR_NETNAME_DELETED:
    case ERROR_CONNECTION_ABORTED:
    case ERROR_SEM_TIMEOUT:
    case ERROR_UNEXP_NET_ERR: /* Wine, AcceptEx */
        return true;
    default:
        return false;
    }
}

bool SocketUtils_GetLocalAddress(SOCKET socket, NetAddress *address)
{
    address->length = (int)sizeof(address->storage);
    return getsockname(socket, (SOCKADDR *)&address->storage, &address->length) == 0;
}

/* `function` is the address of a pointer to a function: WSAIoctl writes the pointer there. */
static bool BindWindowsFunction(SOCKET socket, GUID guid, void *function, DWORD size)
{
    DWORD bytes = 0;

    return WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid), function, size,
                    &bytes, NULL, NULL) == 0;
}

bool SocketUtils_BindWindowsFunctions(void)
{
    const GUID acceptExGuid = WSAID_ACCEPTEX;
    const GUID sockaddrsGuid = WSAID_GETACCEPTEXSOCKADDRS;
    const GUID connectExGuid = WSAID_CONNECTEX;
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);
    bool isBound = socket != INVALID_SOCKET &&
                   BindWindowsFunction(socket, acceptExGuid, &acceptEx, sizeof(acceptEx)) &&
                   BindWindowsFunction(socket, sockaddrsGuid, &getAcceptExSockaddrs,
                                       sizeof(getAcceptExSockaddrs)) &&
                   BindWindowsFunction(socket, connectExGuid, &connectEx, sizeof(connectEx));
    int error = isBound ? 0 : WSAGetLastError();

    SocketUtils_Close(&socket);
    WSASetLastError(error);
    return isBound;
}

bool SocketUtils_AcceptEx(SOCKET listenSocket, SOCKET acceptSocket, void *buffer,
                          WSAOVERLAPPED *overlapped)
{
    DWORD bytes = 0;

    return acceptEx(listenSocket, acceptSocket, buffer, 0, ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE,
                    &bytes, overlapped);
}

void SocketUtils_GetAcceptAddress(void *buffer, NetAddress *address)
{
    SOCKADDR *local = NULL, *remote = NULL;
    int localLength = 0, remoteLength = 0;

    getAcceptExSockaddrs(buffer, 0, ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE, &local, &localLength,
                         &remote, &remoteLength);
    memset(address, 0, sizeof(*address));
    memcpy(&address->storage, remote, (size_t)remoteLength);
    address->length = remoteLength;
}

bool SocketUtils_SetUpdateAcceptSocket(SOCKET acceptSocket, SOCKET listenSocket)
{
    return SetOption(acceptSocket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, &listenSocket,
                     (int)sizeof(listenSocket));
}

bool SocketUtils_ConnectEx(SOCKET socket, const NetAddress *address, WSAOVERLAPPED *overlapped)
{
    return connectEx(socket, (const SOCKADDR *)&address->storage, address->length, NULL, 0, NULL,
                     overlapped);
}

bool SocketUtils_SetUpdateConnectSocket(SOCKET socket)
{
    return SetOption(socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0);
}

bool SocketUtils_BindAnyAddress(SOCKET socket, int family)
{
    NetAddress any;

    return NetAddress_FromText(&any, family == AF_INET6 ? "::" : "0.0.0.0", 0) &&
           SocketUtils_Bind(socket, &any);
}

bool SocketUtils_SetIpv6Only(SOCKET socket, bool on)
{
    DWORD value = on;

    return SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, &value, (int)sizeof(value));
}
