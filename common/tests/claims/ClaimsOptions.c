/*
 * ClaimsOptions: claims about how calls say that they failed, about listeners and accept, and about
 * the options of sockets.
 */
#include "Claims.h"
#include "ThreadManager.h"

#include <mstcpip.h>

/* --- Failures ---------------------------------------------------------------------------------*/

/*
 * Each function has its own word for "no".
 * https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilea
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-socket
 */
static void WordsForNo(void)
{
    SOCKET socket = WSASocketW(12345, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    HANDLE file =
        CreateFileA("no such folder\\no such file", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE event = OpenEventA(SYNCHRONIZE, FALSE, "no such event");

    CHECK(socket == INVALID_SOCKET);
    CHECK(file == INVALID_HANDLE_VALUE);
    CHECK(event == NULL);
    CHECK(WSA_INVALID_EVENT == NULL);
}

/*
 * WSAGetLastError reads the number of the calling thread that GetLastError reads, too.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetlasterror
 */
static void OneErrorNumber(void)
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
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsacleanup
 */
static void NothingWithoutStartup(void)
{
    SOCKET socket;

    SocketUtils_Clear();
    socket = SocketUtils_CreateSocket(AF_INET);
    CHECK(socket == INVALID_SOCKET);
    CHECK_INT(WSAGetLastError(), WSANOTINITIALISED);
    SocketUtils_Close(&socket);

    /* What was fetched from Winsock before has gone with it. */
    CHECK(SocketUtils_Init());
    CHECK(SocketUtils_BindConnectEx());
}

/*
 * On Windows closesocket must never be called while another thread is inside a call on the socket.
 * What that does is shown, and nothing is expected of it but that the call ends when the peer ends.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 */
static SOCKET waitingSocket;
static volatile LONG isWaiting, hasReturned;
static int waitingResult, waitingError;

static void WaitInReceive(void *unused)
{
    char byte;

    (void)unused;
    InterlockedExchange(&isWaiting, 1);
    waitingResult = recv(waitingSocket, &byte, 1, 0);
    waitingError = waitingResult == SOCKET_ERROR ? WSAGetLastError() : 0;
    InterlockedExchange(&hasReturned, 1);
}

static void CloseUnderReceive(void)
{
    static const char topic[] = "recv that waits while another thread closes its socket";
    static const char documented[] = "must never be done";
    ThreadManager threads = {0};
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    isWaiting = hasReturned = 0;
    waitingSocket = server;
    REQUIRE(CHECK(ThreadManager_Launch(&threads, WaitInReceive, NULL)));
    CHECK(Claims_WaitForValue(&isWaiting, 1, WAIT_MS));
    Sleep(SHORT_QUIET_MS);
    Peer_Close(&server);
    if (!Claims_WaitForValue(&hasReturned, 1, 4 * SHORT_QUIET_MS))
        Claims_Report(topic, documented, "goes on waiting");
    else if (waitingResult == 0)
        Claims_Report(topic, documented, "returns 0");
    else
        Claims_Report(topic, documented, "fails, %d", waitingError);
    Peer_Close(&client);
    ThreadManager_Join(&threads);
    CHECK_AT_MOST(waitingResult, 0);
}

/* --- Listeners --------------------------------------------------------------------------------*/

/*
 * The system takes connections, and their bytes, before the program has called accept.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-listen
 */
static void ConnectedBeforeAccept(void)
{
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);
    SOCKET server;
    char received[8] = "";
    SOCKET client = NEED_SOCKET(Peer_Connect(&address));

    CHECK(Claims_Send(client, "early"));
    server = NEED_SOCKET(Peer_Accept(listenSocket));
    CHECK_INT(recv(server, received, 5, MSG_WAITALL), 5);
    CHECK_TEXT(received, "early");
}

/* https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept */
static void AcceptWithoutClient(void)
{
    NetAddress address, peer;
    SOCKET listenSocket = Peer_Listen(&address);

    CHECK(SocketUtils_SetNonBlocking(listenSocket, true));
    CHECK(SocketUtils_Accept(listenSocket, &peer) == INVALID_SOCKET);
    CHECK_INT(WSAGetLastError(), WSAEWOULDBLOCK);
}

/*
 * "The newly created socket ... has the same properties as socket s": here it does not block.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept
 */
static void AcceptedIsNonBlocking(void)
{
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);
    SOCKET server;
    char byte;

    CHECK(SocketUtils_SetNonBlocking(listenSocket, true));
    REQUIRE(CHECK(Peer_Connect(&address) != INVALID_SOCKET));
    server = NEED_SOCKET(Peer_Accept(listenSocket));
    CHECK_INT(recv(server, &byte, 1, 0), SOCKET_ERROR);
    CHECK_INT(WSAGetLastError(), WSAEWOULDBLOCK);
}

/*
 * A refused connect. Windows tries again for some two seconds first.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-connect
 */
static void NobodyListens(void)
{
    NetAddress address;
    SOCKET socket;
    ULONGLONG start;

    CHECK(Peer_Bind(&address) != INVALID_SOCKET);
    socket = Peer_Create(AF_INET);
    start = Test_Now();
    CHECK(!SocketUtils_Connect(socket, &address));
    CHECK_INT(WSAGetLastError(), WSAECONNREFUSED);
    Claims_Report("connect to a port on which nobody listens",
                  "not documented; about 2 s are known", "%s",
                  Test_Now() - start < 1000 ? "refused at once" : "refused after more than 1 s");
}

/*
 * A socket on :: that is not for IPv6 only serves IPv4, too, as ::ffff:127.0.0.1.
 * https://learn.microsoft.com/windows/win32/winsock/dual-stack-sockets
 */
static void DualStack(void)
{
    NetAddress address, target, peer;
    SOCKET listenSocket = Peer_Keep(SocketUtils_CreateSocket(AF_INET6));
    SOCKET client, server;

    REQUIRE(CHECK(NetAddress_FromText(&address, "::", 0)));
    CHECK(SocketUtils_SetIpv6Only(listenSocket, false));
    CHECK(SocketUtils_Bind(listenSocket, &address));
    CHECK(SocketUtils_Listen(listenSocket));
    CHECK(SocketUtils_GetLocalAddress(listenSocket, &address));
    CHECK(NetAddress_FromText(&target, "127.0.0.1", NetAddress_GetPort(&address)));
    client = Peer_Connect(&target);
    REQUIRE(CHECK(client != INVALID_SOCKET && Peer_IsReadable(listenSocket, WAIT_MS)));
    server = Peer_Keep(SocketUtils_Accept(listenSocket, &peer));
    CHECK(server != INVALID_SOCKET);
    CHECK_INT(NetAddress_GetFamily(&peer), AF_INET6);
    CHECK(IN6_IS_ADDR_V4MAPPED(&((SOCKADDR_IN6 *)&peer.storage)->sin6_addr));
}

/* --- Options ----------------------------------------------------------------------------------*/

static int GetOption(SOCKET socket, int level, int name)
{
    int value = 0; /* some options write one byte of it */
    int length = (int)sizeof(value);

    return getsockopt(socket, level, name, (char *)&value, &length) == 0 ? value : -1;
}

/* Binds a socket with the option to the address, and returns 0 or the error. */
static int TryBind(const NetAddress *address, int option)
{
    SOCKET socket = Peer_Create(AF_INET);
    BOOL on = TRUE;

    if (option != 0)
        setsockopt(socket, SOL_SOCKET, option, (const char *)&on, sizeof(on));
    return SocketUtils_Bind(socket, address) ? 0 : WSAGetLastError();
}

/*
 * Whatever the second one sets.
 * https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse
 */
static void ExclusiveUse(void)
{
    static const int options[] = {0, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE};
    int errors[COUNT_OF(options)];
    NetAddress address;
    SOCKET socket = Peer_Create(AF_INET);

    REQUIRE(CHECK(NetAddress_FromText(&address, "127.0.0.1", 0)));
    CHECK(SocketUtils_SetExclusiveAddressUse(socket, true));
    CHECK(SocketUtils_Bind(socket, &address));
    CHECK(SocketUtils_GetLocalAddress(socket, &address));
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        errors[i] = TryBind(&address, options[i]);
        CHECK(errors[i] == WSAEACCES || errors[i] == WSAEADDRINUSE);
    }
    Claims_Report("a second bind after one with SO_EXCLUSIVEADDRUSE: plain, with SO_REUSEADDR, "
                  "with SO_EXCLUSIVEADDRUSE",
                  "10048, 10013, 10048", "%d, %d, %d", errors[0], errors[1], errors[2]);
}

/* The same page: with SO_REUSEADDR on both, the second takes the port as well. */
static void ReuseAddress(void)
{
    static const char topic[] = "a second bind where both sockets have SO_REUSEADDR";
    static const char documented[] = "succeeds: it steals the port";
    NetAddress address;
    SOCKET socket = Peer_Create(AF_INET);
    BOOL on = TRUE;
    int error;

    REQUIRE(CHECK(NetAddress_FromText(&address, "127.0.0.1", 0)));
    CHECK_INT(setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof(on)), 0);
    CHECK(SocketUtils_Bind(socket, &address));
    CHECK(SocketUtils_Listen(socket));
    CHECK(SocketUtils_GetLocalAddress(socket, &address));
    error = TryBind(&address, SO_REUSEADDR);
    if (error == 0)
        Claims_Report(topic, documented, "succeeds");
    else
        Claims_Report(topic, documented, "fails, %d", error);

    /* Without it on the second there is no doubt. */
    error = TryBind(&address, 0);
    CHECK(error == WSAEADDRINUSE || error == WSAEACCES);
}

/*
 * TCP_NODELAY is 1, and so is SO_DEBUG, at another level.
 * https://learn.microsoft.com/windows/win32/winsock/ipproto-tcp-socket-options
 */
static void NoDelayAtWrongLevel(void)
{
    SOCKET socket = Peer_Create(AF_INET);
    BOOL on = TRUE;

    CHECK_INT(TCP_NODELAY, SO_DEBUG);
    CHECK_INT(setsockopt(socket, SOL_SOCKET, TCP_NODELAY, (const char *)&on, sizeof(on)), 0);
    CHECK_INT(GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 0);
    CHECK_INT(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof(on)), 0);
    CHECK_INT(GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 1);
}

/*
 * Keep-alive with times of its own; the three options are the other way to say it.
 * https://learn.microsoft.com/windows/win32/winsock/sio-keepalive-vals
 * https://learn.microsoft.com/windows/win32/winsock/ipproto-tcp-socket-options
 */
static void KeepAlive(void)
{
    static const char topic[] = "TCP_KEEPIDLE, TCP_KEEPCNT, TCP_KEEPINTVL";
    static const char documented[] = "succeed, from Windows 10 1709";
    static const int names[] = {3, 16, 17}; /* older headers lack them */
    struct tcp_keepalive values = {1, 60000, 1000};
    SOCKET client, server;
    DWORD bytes, value = 10;
    int error = 0;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK_INT(
        WSAIoctl(client, SIO_KEEPALIVE_VALS, &values, sizeof(values), NULL, 0, &bytes, NULL, NULL),
        0);
    for (size_t i = 0; i < COUNT_OF(names) && error == 0; i++) {
        if (setsockopt(server, IPPROTO_TCP, names[i], (const char *)&value, sizeof(value)) != 0)
            error = WSAGetLastError();
    }
    if (Claims_IsSystemSince(10, 16299))
        CHECK_INT(error, 0);
    if (error == 0)
        Claims_Report(topic, documented, "succeed");
    else
        Claims_Report(topic, documented, "fail, %d", error);
}

/*
 * Registered I/O is fetched by a GUID, as AcceptEx is; the headers of this compiler may lack it.
 * https://learn.microsoft.com/windows/win32/api/mswsock/ns-mswsock-rio_extension_function_table
 */
static void RegisteredIo(void)
{
    static const char topic[] = "registered I/O (RIO)";
    static const char documented[] = "there, from Windows 8";
    const DWORD getMultiple = 0xC8000024; /* SIO_GET_MULTIPLE_EXTENSION_FUNCTION_POINTER */
    GUID guid = {0x8509e081, 0x96dd, 0x4005, {0xb1, 0x65, 0x9e, 0x2e, 0xe8, 0xc7, 0x9e, 0x3f}};
    struct {
        DWORD size;
        void *functions[13];
    } table = {sizeof(table), {NULL}};
    SOCKET socket = Peer_Create(AF_INET);
    DWORD bytes;
    int result;

    result = WSAIoctl(socket, getMultiple, &guid, sizeof(guid), &table, sizeof(table), &bytes, NULL,
                      NULL);
    if (result == 0) {
        Claims_Report(topic, documented, "there");
        CHECK(table.functions[0] != NULL);
    } else {
        Claims_Report(topic, documented, "not there, %d", WSAGetLastError());
        CHECK_INT(result, SOCKET_ERROR);
    }
}

/* https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getprocesshandlecount */
static void HandleCount(void)
{
    DWORD count = 12345678;

    Claims_OpenEvent();
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    Claims_Report("GetProcessHandleCount", "the number of open handles", "%s",
                  count == 0 ? "0, whatever is open" : "a number above 0");
    CHECK_AT_MOST(count, 100000);
}

const Claim optionClaims[] = {
    {"failure: INVALID_SOCKET, INVALID_HANDLE_VALUE or NULL", WordsForNo},
    {"failure: WSAGetLastError and GetLastError are one number", OneErrorNumber},
    {"failure: without WSAStartup a call fails with 10093", NothingWithoutStartup},
    {"failure: closing a socket that another thread waits in", CloseUnderReceive},
    {"listen: a client is connected before accept is called", ConnectedBeforeAccept},
    {"listen: a non-blocking accept without a client fails with 10035", AcceptWithoutClient},
    {"listen: a socket accepted from a non-blocking one is non-blocking", AcceptedIsNonBlocking},
    {"listen: connect fails with 10061 where nobody listens", NobodyListens},
    {"listen: a socket on :: that is not for IPv6 only serves IPv4", DualStack},
    {"options: SO_EXCLUSIVEADDRUSE makes a second bind fail", ExclusiveUse},
    {"options: SO_REUSEADDR on both shares the port or not", ReuseAddress},
    {"options: TCP_NODELAY at the level SOL_SOCKET does nothing", NoDelayAtWrongLevel},
    {"options: SIO_KEEPALIVE_VALS works", KeepAlive},
    {"options: registered I/O is there or not", RegisteredIo},
    {"options: the number of handles of a process", HandleCount},
    {NULL, NULL},
};
