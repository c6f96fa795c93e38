/*
 * SocketUtils: see SocketUtils.h.
 */
#include "SocketUtils.h"

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

bool SocketUtils_GetLocalAddress(SOCKET socket, NetAddress *address)
{
    address->length = (int)sizeof(address->storage);
    return getsockname(socket, (SOCKADDR *)&address->storage, &address->length) == 0;
}
