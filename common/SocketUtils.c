/*
 * SocketUtils: see SocketUtils.h.
 */
#include "SocketUtils.h"

#include <mstcpip.h>
#include <string.h>

#define KEEP_ALIVE_MS       60000
#define KEEP_ALIVE_AGAIN_MS 1000
#ifndef SO_REUSE_UNICASTPORT
#define SO_REUSE_UNICASTPORT 0x3007 /* since Windows 10 */
#endif

static LPFN_CONNECTEX connectEx;

bool SocketUtils_Init(void)
{
    WSADATA wsaData;
    int error = WSAStartup(MAKEWORD(2, 2), &wsaData);

    /* WSAStartup returns its error: WSAGetLastError only works after a successful WSAStartup. */
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

bool SocketUtils_SetInherited(SOCKET socket, bool on)
{
    return SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, on ? HANDLE_FLAG_INHERIT : 0);
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

bool SocketUtils_SetKeepAlive(SOCKET socket)
{
    struct tcp_keepalive value = {1, KEEP_ALIVE_MS, KEEP_ALIVE_AGAIN_MS};
    DWORD bytes = 0;

    return WSAIoctl(socket, SIO_KEEPALIVE_VALS, &value, sizeof(value), NULL, 0, &bytes, NULL,
                    NULL) == 0;
}

bool SocketUtils_Connect(SOCKET socket, const NetAddress *address)
{
    return connect(socket, (const SOCKADDR *)&address->storage, address->length) == 0;
}

bool SocketUtils_IsConnectedToItself(SOCKET socket)
{
    NetAddress local = {.length = (int)sizeof(local.storage)}, peer = local;
    char localText[NET_ADDRESS_TEXT_SIZE], peerText[NET_ADDRESS_TEXT_SIZE];

    if (getsockname(socket, (SOCKADDR *)&local.storage, &local.length) != 0 ||
        getpeername(socket, (SOCKADDR *)&peer.storage, &peer.length) != 0)
        return false;
    return strcmp(NetAddress_ToText(&local, localText, sizeof(localText)),
                  NetAddress_ToText(&peer, peerText, sizeof(peerText))) == 0;
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

bool SocketUtils_BindWindowsFunction(SOCKET socket, GUID guid, void *function, DWORD size)
{
    DWORD bytes = 0;

    return WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid), function, size,
                    &bytes, NULL, NULL) == 0;
}

bool SocketUtils_BindConnectEx(void)
{
    const GUID guid = WSAID_CONNECTEX;
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);
    bool isBound = socket != INVALID_SOCKET &&
                   SocketUtils_BindWindowsFunction(socket, guid, &connectEx, sizeof(connectEx));
    int error = isBound ? 0 : WSAGetLastError();

    SocketUtils_Close(&socket);
    WSASetLastError(error);
    return isBound;
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
    DWORD isReused = 1;
    NetAddress any;

    /* Older systems do not know it. */
    SetOption(socket, SOL_SOCKET, SO_REUSE_UNICASTPORT, &isReused, (int)sizeof(isReused));
    return NetAddress_FromText(&any, family == AF_INET6 ? "::" : "0.0.0.0", 0) &&
           bind(socket, (const SOCKADDR *)&any.storage, any.length) == 0;
}

bool SocketUtils_SetIpv6Only(SOCKET socket, bool on)
{
    DWORD value = on;

    return SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, &value, (int)sizeof(value));
}
