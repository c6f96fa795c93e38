/*
 * ClaimsAccept: claims about AcceptEx.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nf-mswsock-acceptex
 */
#include "Claims.h"

#define DATA_SIZE 32
#define NOT_YET   0xFFFFFFFF /* of SO_CONNECT_TIME */

/* The server as a new socket to accept on, and an operation for that. */
static void Renew(void)
{
    server = Peer_Create(AF_INET);
    Claims_OpenOperation();
}

static void Open(void)
{
    Claims_Listen();
    Renew();
}

static void BeginPending(void)
{
    CHECK_INT(Claims_BeginAccept(server, operation), WSA_IO_PENDING);
}

/* Opens and begins with room for data, which no stage does, for good reason. */
static void OpenForData(void)
{
    Open();
    CHECK_ERROR(!SocketUtils_AcceptEx(listenSocket, server, operation->data, DATA_SIZE,
                                      &operation->overlapped),
                WSA_IO_PENDING);
}

/* Has a client accepted. */
static void AcceptOne(void)
{
    Open();
    BeginPending();
    Claims_Connect();
    NEED_TRUE(Claims_WaitForEvent(event));
}

static DWORD GetConnectTime(void)
{
    DWORD seconds = 12345;
    int length = (int)sizeof(seconds);

    getsockopt(server, SOL_SOCKET, SO_CONNECT_TIME, (char *)&seconds, &length);
    return seconds;
}

static bool IsServerConnected(void)
{
    SOCKADDR_STORAGE address;
    int length = (int)sizeof(address);

    return getpeername(server, (SOCKADDR *)&address, &length) == 0;
}

/* --- With and without data --------------------------------------------------------------------*/

/* "AcceptEx completes as soon as a connection arrives, without waiting for any data." */
TEST("AcceptEx: without a length for data it completes with the connection")
{
    Open();
    BeginPending();
    CHECK(!Claims_HasCompletedWithin(operation, SHORT_QUIET_MS));
    Claims_Connect();
    CHECK(Claims_Succeeds(operation, 0));
}

/*
 * "If a receive buffer is provided, the overlapped operation will not complete until a connection
 * is accepted and data is read."
 */
TEST("AcceptEx: with a length for data it waits for data")
{
    OpenForData();
    Claims_Connect();
    CHECK(!Claims_HasCompletedWithin(operation, 2 * SHORT_QUIET_MS));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_Succeeds(operation, 5));
    CHECK(memcmp(operation->data, "hello", 5) == 0);
}

/*
 * A silent client holds the operation; SO_CONNECT_TIME finds it: "the number of seconds that the
 * socket has been connected", and 0xFFFFFFFF before.
 */
TEST("AcceptEx: SO_CONNECT_TIME finds the silent client")
{
    OpenForData();
    CHECK(GetConnectTime() == NOT_YET);
    Claims_Connect();
    WAIT_WHILE(GetConnectTime() == NOT_YET);
    CHECK(GetConnectTime() <= WAIT_MS / 1000);
    CHECK(!Claims_HasCompleted(operation));
}

/* "closing the accepted socket ... forces the AcceptEx function call to complete with an error" */
TEST("AcceptEx: closing sockets ends a silent client's operation")
{
    bool isOver;

    OpenForData();
    Claims_Connect();
    WAIT_WHILE(GetConnectTime() == NOT_YET);
    Peer_Close(&server);
    isOver = Claims_HasCompletedWithin(operation, 10 * SHORT_QUIET_MS);
    CHECK(!isOver || Claims_GetError(operation) != 0);
    Claims_ReportError("AcceptEx with a silent client when the accept socket is closed",
                       "completes with an error", isOver ? (int)Claims_GetError(operation) : 0,
                       "stays outstanding", "completes");

    /* And it is over for the client, at the latest with the listener. */
    Peer_Close(&listenSocket);
    CHECK(Claims_WaitForCompletion(operation));
    CHECK_AT_MOST(Claims_ReceiveByte(client), 0);
}

/* As many clients are accepted as operations are outstanding, without a call in between. */
TEST("AcceptEx: several can be outstanding")
{
    SOCKET servers[3];
    Operation *operations[3];

    Claims_Listen();
    for (int i = 0; i < 3; i++) {
        servers[i] = Peer_Create(AF_INET);
        operations[i] = Claims_NewEventOperation();
        CHECK_INT(Claims_BeginAccept(servers[i], operations[i]), WSA_IO_PENDING);
    }
    for (int i = 0; i < 3; i++)
        Claims_Connect();
    for (int i = 0; i < 3; i++) {
        server = servers[i];
        CHECK(Claims_Succeeds(operations[i], 0));
        CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));
        CHECK(IsServerConnected());
    }
}

/* A client that has connected before is not lost: it is taken when the operation begins. */
TEST("AcceptEx: a client that connected before is taken at once")
{
    Open();
    Claims_Connect();
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_HasBegun(Claims_BeginAccept(server, operation)));
    CHECK(Claims_WaitForEvent(event));
    CHECK(Claims_Receives(server, "x"));
}

/* --- The accepted socket ----------------------------------------------------------------------*/

/* "This socket must not be bound or connected." */
TEST("AcceptEx: the accept socket must be new")
{
    int error;

    Open();
    CHECK(SocketUtils_BindAnyAddress(server, AF_INET));
    error = Claims_BeginAccept(server, operation);
    CHECK(error != 0);
    Claims_ReportError("AcceptEx with an accept socket that is bound", "must not be done",
                       error == WSA_IO_PENDING ? 0 : error, "is outstanding, as with a new one",
                       "fails");

    /* A new one is right, on the same listener. */
    Renew();
    BeginPending();
}

/*
 * "does not inherit the properties of the socket ... until SO_UPDATE_ACCEPT_CONTEXT is set", which
 * "should be set if getpeername, getsockname, getsockopt, or setsockopt" are to be used.
 * https://learn.microsoft.com/windows/win32/winsock/sol-socket-socket-options
 */
TEST("AcceptEx: after SO_UPDATE_ACCEPT_CONTEXT getpeername works")
{
    NetAddress address;

    AcceptOne();
    Claims_Report("getpeername after AcceptEx, without SO_UPDATE_ACCEPT_CONTEXT",
                  "the option should be set first", "%s", IsServerConnected() ? "works" : "fails");
    CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));
    CHECK(IsServerConnected());
    CHECK(SocketUtils_GetLocalAddress(server, &address));
    CHECK_INT(NetAddress_GetPort(&address), NetAddress_GetPort(&listenAddress));
    CHECK_INT(shutdown(server, SD_SEND), 0);
}

/* The value is the listener's SOCKET, 8 bytes in a 64-bit program, and not a number of 4. */
TEST("AcceptEx: SO_UPDATE_ACCEPT_CONTEXT takes the listener's SOCKET")
{
    DWORD four;
    bool takesFour, takesNone;

    AcceptOne();
    four = (DWORD)listenSocket;
    takesFour = setsockopt(server, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (const char *)&four,
                           sizeof(four)) == 0;
    takesNone = SocketUtils_SetUpdateAcceptSocket(server, INVALID_SOCKET);
    Claims_Report("SO_UPDATE_ACCEPT_CONTEXT with 4 bytes, or with no listener's socket",
                  "takes the listener's SOCKET", "%s, %s", takesFour ? "succeeds" : "fails",
                  takesNone ? "succeeds" : "fails");
    CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));
}

/* The addresses are in the buffer; no other call is needed for them. */
TEST("AcceptEx: the client's address is in the buffer")
{
    NetAddress own, told;

    AcceptOne();
    CHECK(SocketUtils_GetLocalAddress(client, &own));
    SocketUtils_GetAcceptAddress(operation->data, &told);
    CHECK_INT(NetAddress_GetPort(&told), NetAddress_GetPort(&own));
}

/* The listener's port is the listener's: the accepted socket has to be associated on its own. */
TEST("AcceptEx: the accepted socket is not on the listener's port")
{
    Operation *receiving = Claims_NewEventOperation();

    Open();
    Claims_OpenPort(0);
    Claims_Associate(listenSocket);
    BeginPending();
    Claims_Connect();
    CHECK(Claims_TakesPacketOf(operation, 0));
    CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));
    Claims_BeginPending(server, receiving);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForEvent(receiving->overlapped.hEvent));
    CHECK(Claims_IsPortQuiet());
    Claims_Associate(server);
}

/* --- Clients that leave, and the end ----------------------------------------------------------*/

/* What has become of an AcceptEx that a client has reset, in words. */
static char outcome[80];

/* Accepts on a new socket. True: that is the client which sends, "x". */
static bool IsOfSender(void)
{
    char byte = 0;
    int error;

    Renew();
    error = Claims_BeginAccept(server, operation);
    if (error != 0 && error != WSA_IO_PENDING) {
        snprintf(outcome, sizeof(outcome), "AcceptEx fails at once, %d", error);
        return false;
    }
    if (!Claims_WaitForEvent(event))
        return false;
    if (Claims_GetError(operation) != 0) {
        snprintf(outcome, sizeof(outcome), "AcceptEx completes with error %lu",
                 Claims_GetError(operation));
        return false;
    }
    if (recv(server, &byte, 1, 0) == 1)
        return byte == 'x';
    snprintf(outcome, sizeof(outcome), "AcceptEx succeeds, and the first receive does not");
    return false;
}

/*
 * "If the error is WSAECONNRESET, an incoming connection was indicated, but was subsequently
 * terminated by the remote peer": the next client is there all the same, one has to post again.
 */
TEST("AcceptEx: after a client that has reset the next one is accepted")
{
    bool isFound = false;

    Claims_Listen();
    snprintf(outcome, sizeof(outcome), "the client that left is passed over");
    Claims_Connect();
    NEED_TRUE(Peer_IsReadable(listenSocket, WAIT_MS));
    Peer_Reset(&client);
    Sleep(SHORT_QUIET_MS);
    Claims_Connect();
    CHECK(Claims_Send(client, "x"));
    for (int i = 0; i < 3 && !isFound; i++)
        isFound = IsOfSender();
    CHECK(isFound);
    Claims_Report("a client that has reset before it is accepted",
                  "AcceptEx fails, WSAECONNRESET; post it again", "%s", outcome);
}

TEST("AcceptEx: closing the listener ends it with an error")
{
    Open();
    BeginPending();
    Peer_Close(&listenSocket);
    CHECK(Claims_WaitForEvent(event));
    CHECK(Claims_GetError(operation) != 0);
    Claims_Report("AcceptEx that is outstanding when the listener is closed", "fails, 995",
                  "fails, %lu", Claims_GetError(operation));
}
