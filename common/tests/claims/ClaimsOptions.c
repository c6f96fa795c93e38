/*
 * ClaimsOptions: claims about how calls say that they failed, about listeners and accept, and about
 * the options of sockets.
 * https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilea
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-socket
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetlasterror
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsacleanup
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-listen
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-connect
 * https://learn.microsoft.com/windows/win32/winsock/dual-stack-sockets
 * https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse
 * https://learn.microsoft.com/windows/win32/winsock/ipproto-tcp-socket-options
 * https://learn.microsoft.com/windows/win32/winsock/sio-keepalive-vals
 * https://learn.microsoft.com/windows/win32/api/mswsock/ns-mswsock-rio_extension_function_table
 */
#include "Claims.h"

#include <mstcpip.h>

/* --- Failures ---------------------------------------------------------------------------------*/

/* Each function has its own word for "no". */
TEST("failure: INVALID_SOCKET, INVALID_HANDLE_VALUE or NULL")
{
    CHECK(WSASocketW(12345, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0) == INVALID_SOCKET);
    CHECK(CreateFileA("no such folder\\no such file", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0,
                      NULL) == INVALID_HANDLE_VALUE);
    CHECK(OpenEventA(SYNCHRONIZE, FALSE, "no such event") == NULL);
    CHECK(WSA_INVALID_EVENT == NULL);
}

/* WSAGetLastError reads the number of the calling thread that GetLastError reads, too. */
TEST("failure: WSAGetLastError and GetLastError are one number")
{
    SetLastError(0);
    CHECK_INT(closesocket(INVALID_SOCKET), SOCKET_ERROR);
    CHECK_INT(WSAGetLastError(), WSAENOTSOCK);
    CHECK_INT(GetLastError(), WSAENOTSOCK);
    WSASetLastError(WSAECONNRESET);
    CHECK_INT(GetLastError(), WSAECONNRESET);
}

/*
 * "A successful WSAStartup call must occur before": until then, or after as many WSACleanups, every
 * call fails.
 */
TEST("failure: without WSAStartup a call fails with 10093")
{
    SocketUtils_Clear();
    CHECK_ERROR(SocketUtils_CreateSocket(AF_INET) == INVALID_SOCKET, WSANOTINITIALISED);

    /* What was fetched from Winsock before has gone with it. */
    CHECK(SocketUtils_Init());
    CHECK(SocketUtils_BindConnectEx());
}

/*
 * On Windows closesocket must never be called while another thread is inside a call on the socket.
 * What that does is shown, and nothing is expected of it but that the call ends when the peer ends.
 */
static volatile LONG isWaiting, hasReturned;
static int waitingResult, waitingError;

static void WaitInReceive(void *unused)
{
    (void)unused;
    InterlockedExchange(&isWaiting, 1);
    waitingResult = Claims_ReceiveByte(server);
    waitingError = Claims_ErrorOf(waitingResult != SOCKET_ERROR);
    InterlockedExchange(&hasReturned, 1);
}

TEST("failure: closing a socket that another thread waits in")
{
    static const char topic[] = "recv that waits while another thread closes its socket";
    static const char documented[] = "must never be done";

    Claims_OpenPair();
    isWaiting = hasReturned = 0;
    Claims_Launch(WaitInReceive);
    CHECK(WAIT_FOR(isWaiting, 1));
    Sleep(SHORT_QUIET_MS);
    Peer_Close(&server);
    if (!Test_WaitForValue(&hasReturned, 1, 4 * SHORT_QUIET_MS, "it"))
        Claims_Report(topic, documented, "goes on waiting");
    else
        Claims_ReportError(topic, documented, waitingError, "returns 0", "fails");
    Peer_Close(&client);
    Claims_Join();
    CHECK_AT_MOST(waitingResult, 0);
}

/* --- Listeners --------------------------------------------------------------------------------*/

/* The system takes connections, and their bytes, before the program has called accept. */
TEST("listen: a client is connected before accept is called")
{
    Claims_Listen();
    Claims_Connect();
    CHECK(Claims_Send(client, "early"));
    Claims_Accept();
    CHECK(Claims_Receives(server, "early"));
}

/*
 * "Socket handles are inheritable by default." A child that is started with the program's handles has
 * such a socket, too, and the connection lives as long as one of the two has it.
 * https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-sethandleinformation
 */
TEST("listen: sockets of socket and accept are inherited, until SetHandleInformation")
{
    DWORD flags = 0;
    SOCKET sockets[2];

    Claims_OpenPair();
    sockets[0] = NEED_SOCKET(Peer_Keep(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
    sockets[1] = server;
    for (int i = 0; i < 2; i++) {
        CHECK(GetHandleInformation((HANDLE)sockets[i], &flags));
        CHECK_INT(flags & HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
        CHECK(SetHandleInformation((HANDLE)sockets[i], HANDLE_FLAG_INHERIT, 0));
        CHECK(GetHandleInformation((HANDLE)sockets[i], &flags));
        CHECK_INT(flags & HANDLE_FLAG_INHERIT, 0);
    }
}

TEST("listen: a non-blocking accept without a client fails with 10035")
{
    NetAddress peer;

    Claims_Listen();
    CHECK(SocketUtils_SetNonBlocking(listenSocket, true));
    CHECK_ERROR(SocketUtils_Accept(listenSocket, &peer) == INVALID_SOCKET, WSAEWOULDBLOCK);
}

/* "The newly created socket ... has the same properties as socket s": here it does not block. */
TEST("listen: a socket accepted from a non-blocking one is non-blocking")
{
    Claims_Listen();
    CHECK(SocketUtils_SetNonBlocking(listenSocket, true));
    Claims_Connect();
    Claims_Accept();
    CHECK_ERROR(Claims_ReceiveByte(server) == SOCKET_ERROR, WSAEWOULDBLOCK);
}

/* A refused connect. Windows tries again for some two seconds first. */
TEST("listen: connect fails with 10061 where nobody listens")
{
    SOCKET socket = Peer_Create(AF_INET);
    NetAddress address;
    ULONGLONG start;

    NEED_SOCKET(Peer_Bind(&address));
    start = Test_Now();
    CHECK_ERROR(!SocketUtils_Connect(socket, &address), WSAECONNREFUSED);
    Claims_Report("connect to a port on which nobody listens",
                  "not documented; about 2 s are known", "%s",
                  Test_Now() - start < 1000 ? "refused at once" : "refused after more than 1 s");
}

/* It sees them as ::ffff:127.0.0.1. */
TEST("listen: a socket on :: that is not for IPv6 only serves IPv4")
{
    NetAddress peer, address = Peer_GetAddress("::", 0);

    listenSocket = NEED_SOCKET(Peer_Create(AF_INET6));
    CHECK(SocketUtils_SetIpv6Only(listenSocket, false));
    CHECK(SocketUtils_Bind(listenSocket, &address));
    CHECK(listen(listenSocket, SOMAXCONN) == 0);
    CHECK(SocketUtils_GetLocalAddress(listenSocket, &address));
    listenAddress = Peer_GetAddress("127.0.0.1", NetAddress_GetPort(&address));
    Claims_Connect();
    NEED_TRUE(Peer_IsReadable(listenSocket, WAIT_MS));
    server = NEED_SOCKET(Peer_Keep(SocketUtils_Accept(listenSocket, &peer)));
    CHECK_INT(NetAddress_GetFamily(&peer), AF_INET6);
    CHECK(IN6_IS_ADDR_V4MAPPED(&((SOCKADDR_IN6 *)&peer.storage)->sin6_addr));
}

/* --- Options ----------------------------------------------------------------------------------*/

/* Binds a socket with the option to the address, and returns 0 or the error. */
static int TryBind(const NetAddress *address, int option)
{
    SOCKET socket = Peer_Create(AF_INET);

    if (option != 0)
        SocketUtils_SetOption(socket, SOL_SOCKET, option, true);
    return Claims_ErrorOf(SocketUtils_Bind(socket, address));
}

/* Whatever the second one sets. */
TEST("options: SO_EXCLUSIVEADDRUSE makes a second bind fail")
{
    static const int options[] = {0, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE};
    int errors[COUNT_OF(options)];
    NetAddress address;

    /* This one has SO_EXCLUSIVEADDRUSE. */
    NEED_SOCKET(Peer_Bind(&address));
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        errors[i] = TryBind(&address, options[i]);
        CHECK(errors[i] == WSAEACCES || errors[i] == WSAEADDRINUSE);
    }
    Claims_Report("a second bind after one with SO_EXCLUSIVEADDRUSE: plain, with SO_REUSEADDR, "
                  "with SO_EXCLUSIVEADDRUSE",
                  "10048, 10013, 10048", "%d, %d, %d", errors[0], errors[1], errors[2]);
}

/* The same page: with SO_REUSEADDR on both, the second takes the port as well. */
TEST("options: SO_REUSEADDR on both shares the port or not")
{
    NetAddress address = Peer_GetAddress("127.0.0.1", 0);
    SOCKET socket = Peer_Create(AF_INET);
    int error;

    CHECK(SocketUtils_SetOption(socket, SOL_SOCKET, SO_REUSEADDR, true));
    CHECK(SocketUtils_Bind(socket, &address));
    CHECK(listen(socket, SOMAXCONN) == 0);
    CHECK(SocketUtils_GetLocalAddress(socket, &address));
    error = TryBind(&address, SO_REUSEADDR);
    Claims_ReportError("a second bind where both sockets have SO_REUSEADDR",
                       "succeeds: it steals the port", error, "succeeds", "fails");

    /* Without it on the second there is no doubt. */
    error = TryBind(&address, 0);
    CHECK(error == WSAEADDRINUSE || error == WSAEACCES);
}

/* TCP_NODELAY is 1, and so is SO_DEBUG, at another level. */
TEST("options: TCP_NODELAY at the level SOL_SOCKET does nothing")
{
    SOCKET socket = Peer_Create(AF_INET);

    CHECK_INT(TCP_NODELAY, SO_DEBUG);
    CHECK(SocketUtils_SetOption(socket, SOL_SOCKET, TCP_NODELAY, true));
    CHECK_INT(SocketUtils_GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 0);
    CHECK(SocketUtils_SetOption(socket, IPPROTO_TCP, TCP_NODELAY, true));
    CHECK_INT(SocketUtils_GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 1);
}

/* Keep-alive with times of its own; the three options are the other way to say it. */
TEST("options: SIO_KEEPALIVE_VALS works")
{
    static const int names[] = {3, 16, 17}; /* older headers lack them */
    struct tcp_keepalive values = {1, 60000, 1000};
    DWORD bytes;
    int error = 0;

    Claims_OpenPair();
    CHECK_INT(
        WSAIoctl(client, SIO_KEEPALIVE_VALS, &values, sizeof(values), NULL, 0, &bytes, NULL, NULL),
        0);
    for (size_t i = 0; i < COUNT_OF(names) && error == 0; i++)
        error = Claims_ErrorOf(SocketUtils_SetOption(server, IPPROTO_TCP, names[i], 10));
    if (Claims_IsSystemSince(10, 16299))
        CHECK_INT(error, 0);
    Claims_ReportError("TCP_KEEPIDLE, TCP_KEEPCNT, TCP_KEEPINTVL", "succeed, from Windows 10 1709",
                       error, "succeed", "fail");
}

/* Registered I/O is fetched by a GUID, as AcceptEx is; the headers of this compiler may lack it. */
TEST("options: registered I/O is there or not")
{
    const DWORD getMultiple = 0xC8000024; /* SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER */
    GUID guid = {0x8509e081, 0x96dd, 0x4005, {0xb1, 0x65, 0x9e, 0x2e, 0xe8, 0xc7, 0x9e, 0x3f}};
    struct {
        DWORD size;
        void *functions[13];
    } table = {sizeof(table), {NULL}};
    SOCKET socket = Peer_Create(AF_INET);
    DWORD bytes;
    int error = Claims_ErrorOf(WSAIoctl(socket, getMultiple, &guid, sizeof(guid), &table,
                                        sizeof(table), &bytes, NULL, NULL) == 0);

    Claims_ReportError("registered I/O (RIO)", "there, from Windows 8", error, "there",
                       "not there");
    CHECK(error != 0 || table.functions[0] != NULL);
}

/* https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getprocesshandlecount */
TEST("options: the number of handles of a process")
{
    DWORD count = 12345678;

    Claims_OpenEvent();
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    Claims_Report("GetProcessHandleCount", "the number of open handles", "%s",
                  count == 0 ? "0, whatever is open" : "a number above 0");
    CHECK_AT_MOST(count, 100000);
}
