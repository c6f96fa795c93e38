/*
 * UnitTestsSocket: tests of SocketUtils and TestSocketUtils. See UnitTests.h. The sockets are peers:
 * those that a test leaves open are closed after it.
 */
#include "UnitTests.h"
#include "TestSocketUtils.h"

TEST("SocketUtils: options")
{
    SOCKET socket = NEED_SOCKET(Peer_Create(AF_INET));
    LINGER linger = {0};
    int size = (int)sizeof(linger);

    CHECK_INT(SocketUtils_GetOption(socket, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_INT(SocketUtils_GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 0);
    CHECK(SocketUtils_SetTcpNoDelay(socket, true));
    CHECK_INT(SocketUtils_GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK(SocketUtils_SetTcpNoDelay(socket, false));
    CHECK_INT(SocketUtils_GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 0);

    CHECK(SocketUtils_SetKeepAlive(socket));

    CHECK(SocketUtils_SetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, true));
    CHECK(SocketUtils_GetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE) != 0);
    CHECK_INT(SocketUtils_GetOption(socket, SOL_SOCKET, SO_REUSEADDR), 0);

    CHECK(SocketUtils_SetLinger(socket, true, 3));
    CHECK_INT(getsockopt(socket, SOL_SOCKET, SO_LINGER, (char *)&linger, &size), 0);
    CHECK(linger.l_onoff != 0);
    CHECK_INT(linger.l_linger, 3);

    /* The system may give more than it was asked for, but it was asked for each of them. */
    CHECK(SocketUtils_SetOption(socket, SOL_SOCKET, SO_RCVBUF, 20000));
    CHECK(SocketUtils_SetOption(socket, SOL_SOCKET, SO_SNDBUF, 50000));
    CHECK(SocketUtils_GetOption(socket, SOL_SOCKET, SO_RCVBUF) >= 20000);
    CHECK_AT_MOST(SocketUtils_GetOption(socket, SOL_SOCKET, SO_RCVBUF), 2 * 20000);
    CHECK(SocketUtils_GetOption(socket, SOL_SOCKET, SO_SNDBUF) >= 50000);
    CHECK_AT_MOST(SocketUtils_GetOption(socket, SOL_SOCKET, SO_SNDBUF), 2 * 50000);
}

TEST("SocketUtils: closing twice")
{
    SOCKET socket = NEED_SOCKET(SocketUtils_CreateSocket(AF_INET6));
    SOCKET copy = socket;

    SocketUtils_Close(&socket);
    CHECK(socket == INVALID_SOCKET);
    CHECK_INT(SocketUtils_GetOption(copy, SOL_SOCKET, SO_TYPE), -1);
    SocketUtils_Close(&socket);
    CHECK(socket == INVALID_SOCKET);
}

static DWORD IsInherited(SOCKET socket)
{
    DWORD flags = 0xFF;

    return GetHandleInformation((HANDLE)socket, &flags) ? flags & HANDLE_FLAG_INHERIT : 0xFF;
}

/* A child process that inherited a socket would keep its connection open. */
TEST("SocketUtils: not inherited")
{
    SOCKET socket = NEED_SOCKET(SocketUtils_CreateSocket(AF_INET));

    CHECK_INT(IsInherited(socket), 0);
    CHECK(SocketUtils_SetInherited(socket, true));
    CHECK_INT(IsInherited(socket), 1);
    CHECK(SocketUtils_SetInherited(socket, false));
    CHECK_INT(IsInherited(socket), 0);
    SocketUtils_Close(&socket);
    CHECK(!SocketUtils_SetInherited(socket, false));
}

/* A peer that listens at the address, which has its port afterwards. */
static SOCKET OpenListener(NetAddress *address)
{
    SOCKET socket = NEED_SOCKET(Peer_Create(NetAddress_GetFamily(address)));

    NEED_TRUE(SocketUtils_SetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, true));
    NEED_TRUE(SocketUtils_Bind(socket, address));
    NEED_TRUE(listen(socket, SOMAXCONN) == 0);
    NEED_TRUE(SocketUtils_GetLocalAddress(socket, address));
    return socket;
}

/* It stands for the client in what the listener has got: the address of its socket. */
static void CheckIsPeer(const NetAddress *peer, SOCKET client)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    NetAddress own;

    CHECK(SocketUtils_GetLocalAddress(client, &own));
    NetAddress_ToText(&own, text, (int)sizeof(text));
    CHECK_TEXT(Peer_ToText(peer), text);
}

/* The port is nobody else's, whatever the other sets. */
TEST("SocketUtils: exclusive use")
{
    static const int options[] = {0, SO_EXCLUSIVEADDRUSE, SO_REUSEADDR};
    NetAddress address = Peer_GetAddress("127.0.0.1", 0);
    SOCKET listenSocket = OpenListener(&address);
    int error;

    CHECK(NetAddress_GetPort(&address) != 0);
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        SOCKET second = Peer_Create(AF_INET);

        if (options[i] != 0)
            SocketUtils_SetOption(second, SOL_SOCKET, options[i], true);
        CHECK(!SocketUtils_Bind(second, &address));
        error = WSAGetLastError();
        CHECK(error == WSAEACCES || error == WSAEADDRINUSE);
    }

    /* It is free again once it is closed. */
    Peer_Close(&listenSocket);
    OpenListener(&address);
}

/* A connection from end to end, over each family. */
static void CheckConnection(const char *host)
{
    NetAddress peer, address = Peer_GetAddress(host, 0);
    SOCKET listenSocket = OpenListener(&address);
    SOCKET client = NEED_SOCKET(Peer_Connect(&address));
    SOCKET accepted = NEED_SOCKET(Peer_Keep(SocketUtils_Accept(listenSocket, &peer)));
    char received[8] = "";

    CHECK_INT(peer.length, address.length);
    CHECK_CONTAINS(Peer_ToText(&peer), host);
    CheckIsPeer(&peer, client);

    CHECK(SocketUtils_SetNonBlocking(client, true));
    CHECK_ERROR(recv(client, received, sizeof(received), 0) < 0, WSAEWOULDBLOCK);
    CHECK(SocketUtils_SetNonBlocking(client, false));
    CHECK_INT(send(accepted, "hello", 5, 0), 5);
    CHECK_INT(recv(client, received, 5, MSG_WAITALL), 5);
    CHECK(memcmp(received, "hello", 5) == 0);

    Peer_Close(&accepted);
    CHECK_INT(recv(client, received, sizeof(received), 0), 0);
}

TEST("SocketUtils: a connection over IPv4")
{
    CheckConnection("127.0.0.1");
}

TEST("SocketUtils: a connection over IPv6")
{
    CheckConnection("::1");
}

/* A listener on :: that is not for IPv6 only takes both, and the log shows each as what it is. */
TEST("SocketUtils: a listener for both families")
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    NetAddress any = Peer_GetAddress("::", 0);
    SOCKET listenSocket = NEED_SOCKET(Peer_Create(AF_INET6));

    CHECK(SocketUtils_SetIpv6Only(listenSocket, false));
    CHECK(SocketUtils_Bind(listenSocket, &any));
    CHECK(listen(listenSocket, SOMAXCONN) == 0);
    CHECK(SocketUtils_GetLocalAddress(listenSocket, &any));
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        NetAddress peer, address = Peer_GetAddress(hosts[i], NetAddress_GetPort(&any));
        SOCKET client = NEED_SOCKET(Peer_Connect(&address));

        NEED_SOCKET(Peer_Keep(SocketUtils_Accept(listenSocket, &peer)));
        CheckIsPeer(&peer, client);
    }
}

/* Waits for the operation; `begun` is what the call that begins it has returned. */
static bool FinishOperation(bool begun, SOCKET socket, WSAOVERLAPPED *overlapped)
{
    DWORD bytes, flags;

    if (!begun && WSAGetLastError() != WSA_IO_PENDING)
        return Test_Explain("it does not begin: error %d", WSAGetLastError());
    if (WaitForSingleObject(overlapped->hEvent, WAIT_MS) != WAIT_OBJECT_0)
        return Test_Explain("it does not complete");
    if (!WSAGetOverlappedResult(socket, overlapped, &bytes, FALSE, &flags))
        return Test_Explain("it failed with error %d", WSAGetLastError());
    return true;
}

static void CheckAcceptExAndConnectEx(const char *host)
{
    WSAOVERLAPPED accepting = {.hEvent = WSACreateEvent()};
    WSAOVERLAPPED connecting = {.hEvent = WSACreateEvent()};
    char buffer[ACCEPT_BUFFER_SIZE];
    NetAddress peer, address = Peer_GetAddress(host, 0);
    SOCKET listenSocket = OpenListener(&address);
    SOCKET accepted = NEED_SOCKET(Peer_Create(NetAddress_GetFamily(&address)));
    SOCKET client = NEED_SOCKET(Peer_Create(NetAddress_GetFamily(&address)));
    int length = (int)sizeof(peer.storage);
    bool begun;

    CHECK(SocketUtils_BindAnyAddress(client, NetAddress_GetFamily(&address)));
    begun = SocketUtils_AcceptEx(listenSocket, accepted, buffer, 0, &accepting);
    CHECK(begun || WSAGetLastError() == WSA_IO_PENDING);
    begun = SocketUtils_ConnectEx(client, &address, &connecting);
    CHECK(FinishOperation(begun, client, &connecting));
    CHECK(FinishOperation(true, listenSocket, &accepting));
    CHECK(SocketUtils_SetUpdateConnectSocket(client));
    CHECK(SocketUtils_SetUpdateAcceptSocket(accepted, listenSocket));
    WSACloseEvent(accepting.hEvent);
    WSACloseEvent(connecting.hEvent);

    SocketUtils_GetAcceptAddress(buffer, &peer);
    CHECK_INT(peer.length, address.length);
    CHECK_CONTAINS(Peer_ToText(&peer), host);
    CheckIsPeer(&peer, client);
    CHECK_INT(getpeername(accepted, (SOCKADDR *)&peer.storage, &length), 0);
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(recv(accepted, buffer, 1, 0), 0);
}

TEST("SocketUtils: AcceptEx and ConnectEx")
{
    REQUIRE(CHECK(SocketUtils_BindConnectEx()));
    CheckAcceptExAndConnectEx("127.0.0.1");
    CheckAcceptExAndConnectEx("::1");
}

/* A socket that is bound to the port of `host` to which it connects; then two that are a pair. */
static void CheckConnectedToItself(const char *host)
{
    NetAddress address = Peer_GetAddress(host, 0);
    SOCKET socket = NEED_SOCKET(Peer_Create(NetAddress_GetFamily(&address)));

    CHECK(!SocketUtils_IsConnectedToItself(socket));
    CHECK(SocketUtils_Bind(socket, &address));
    CHECK(SocketUtils_GetLocalAddress(socket, &address));
    CHECK(!SocketUtils_IsConnectedToItself(socket));
    CHECK(SocketUtils_Connect(socket, &address));
    CHECK(SocketUtils_IsConnectedToItself(socket));

    address = Peer_GetAddress(host, 0);
    OpenListener(&address);
    CHECK(!SocketUtils_IsConnectedToItself(NEED_SOCKET(Peer_Connect(&address))));
}

TEST("SocketUtils: a connection to itself")
{
    CheckConnectedToItself("127.0.0.1");
    CheckConnectedToItself("::1");
}

TEST("SocketUtils: failures")
{
    NetAddress address = Peer_GetAddress("203.0.113.1", 0);
    SOCKET socket = NEED_SOCKET(Peer_Create(AF_INET));

    CHECK_ERROR(!SocketUtils_Bind(socket, &address), WSAEADDRNOTAVAIL);
    CHECK(!SocketUtils_GetLocalAddress(socket, &address));
    CHECK_ERROR(SocketUtils_Accept(socket, &address) == INVALID_SOCKET, WSAEINVAL);
    Peer_Close(&socket);
    CHECK_ERROR(!SocketUtils_SetTcpNoDelay(socket, true), WSAENOTSOCK);
    CHECK(SocketUtils_CreateSocket(12345) == INVALID_SOCKET);
}
