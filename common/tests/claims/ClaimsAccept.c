/*
 * ClaimsAccept: claims about AcceptEx.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nf-mswsock-acceptex
 */
#include "Claims.h"

#define DATA_SIZE 32
#define NOT_YET   0xFFFFFFFF /* of SO_CONNECT_TIME */

/* An AcceptEx and what belongs to it. */
typedef struct Acceptor {
    NetAddress address;
    SOCKET listenSocket, socket;
    Operation *operation;
} Acceptor;

static Acceptor OpenAcceptor(void)
{
    Acceptor acceptor;

    acceptor.listenSocket = Peer_Listen(&acceptor.address);
    acceptor.socket = Peer_Create(AF_INET);
    acceptor.operation = Claims_NewEventOperation();
    return acceptor;
}

/* Returns 0 or the error. */
static int Begin(Acceptor *acceptor)
{
    return Claims_BeginAccept(acceptor->listenSocket, acceptor->socket, acceptor->operation);
}

/* The same with room for data, which SocketUtils does not offer, for good reason. */
static int BeginForData(Acceptor *acceptor)
{
    const GUID guid = WSAID_ACCEPTEX;
    LPFN_ACCEPTEX acceptEx = NULL;
    DWORD bytes;

    NEED_TRUE(
        SocketUtils_BindWindowsFunction(acceptor->listenSocket, guid, &acceptEx, sizeof(acceptEx)));
    return acceptEx(acceptor->listenSocket, acceptor->socket, acceptor->operation->data, DATA_SIZE,
                    ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE, &bytes,
                    &acceptor->operation->overlapped)
               ? 0
               : WSAGetLastError();
}

/* Begins, connects the client, and waits for the completion. */
static void AcceptOne(Acceptor *acceptor)
{
    int error = Begin(acceptor);

    NEED_TRUE(error == WSA_IO_PENDING || Test_Explain("AcceptEx gave %d", error));
    client = NEED_SOCKET(Peer_Connect(&acceptor->address));
    NEED_TRUE(Claims_WaitForEvent(acceptor->operation->overlapped.hEvent));
}

static DWORD GetConnectTime(SOCKET socket)
{
    DWORD seconds = 12345;
    int length = (int)sizeof(seconds);

    return getsockopt(socket, SOL_SOCKET, SO_CONNECT_TIME, (char *)&seconds, &length) == 0 ? seconds
                                                                                           : 12345;
}

static bool IsConnected(SOCKET socket)
{
    SOCKADDR_STORAGE address;
    int length = (int)sizeof(address);

    return getpeername(socket, (SOCKADDR *)&address, &length) == 0;
}

/* --- With and without data --------------------------------------------------------------------*/

/* "AcceptEx completes as soon as a connection arrives, without waiting for any data." */
TEST("AcceptEx: without a length for data it completes with the connection")
{
    Acceptor acceptor = OpenAcceptor();

    CHECK_INT(Begin(&acceptor), WSA_IO_PENDING);
    CHECK(!Claims_HasCompletedWithin(acceptor.operation, SHORT_QUIET_MS));
    NEED_SOCKET(Peer_Connect(&acceptor.address));
    CHECK(Claims_Succeeds(acceptor.operation, 0));
}

/*
 * "If a receive buffer is provided, the overlapped operation will not complete until a connection
 * is accepted and data is read."
 */
TEST("AcceptEx: with a length for data it waits for data")
{
    Acceptor acceptor = OpenAcceptor();

    CHECK_INT(BeginForData(&acceptor), WSA_IO_PENDING);
    client = NEED_SOCKET(Peer_Connect(&acceptor.address));
    CHECK(!Claims_HasCompletedWithin(acceptor.operation, 2 * SHORT_QUIET_MS));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_Succeeds(acceptor.operation, 5));
    CHECK(memcmp(acceptor.operation->data, "hello", 5) == 0);
}

/*
 * A silent client holds the operation; SO_CONNECT_TIME finds it: "the number of seconds that the
 * socket has been connected", and 0xFFFFFFFF before.
 */
TEST("AcceptEx: SO_CONNECT_TIME finds the silent client")
{
    Acceptor acceptor = OpenAcceptor();
    DWORD seconds;

    CHECK_INT(BeginForData(&acceptor), WSA_IO_PENDING);
    CHECK(GetConnectTime(acceptor.socket) == NOT_YET);
    NEED_SOCKET(Peer_Connect(&acceptor.address));
    WAIT_WHILE(GetConnectTime(acceptor.socket) == NOT_YET);
    seconds = GetConnectTime(acceptor.socket);
    CHECK(seconds != NOT_YET);
    CHECK(seconds <= WAIT_MS / 1000);
    CHECK(!Claims_HasCompleted(acceptor.operation));
}

/* "closing the accepted socket ... forces the AcceptEx function call to complete with an error" */
TEST("AcceptEx: closing sockets ends a silent client's operation")
{
    static const char topic[] = "AcceptEx with a silent client when the accept socket is closed";
    static const char documented[] = "completes with an error";
    Acceptor acceptor = OpenAcceptor();
    char byte;

    CHECK_INT(BeginForData(&acceptor), WSA_IO_PENDING);
    client = NEED_SOCKET(Peer_Connect(&acceptor.address));
    WAIT_WHILE(GetConnectTime(acceptor.socket) == NOT_YET);
    Peer_Close(&acceptor.socket);
    if (Claims_HasCompletedWithin(acceptor.operation, 10 * SHORT_QUIET_MS)) {
        CHECK(Claims_GetError(acceptor.operation) != 0);
        Claims_Report(topic, documented, "completes, %lu", Claims_GetError(acceptor.operation));
    } else {
        Claims_Report(topic, documented, "stays outstanding");
    }

    /* And it is over for the client, at the latest with the listener. */
    Peer_Close(&acceptor.listenSocket);
    CHECK(Claims_WaitForCompletion(acceptor.operation));
    CHECK_AT_MOST(recv(client, &byte, 1, 0), 0);
}

/* --- Several, and early ones ------------------------------------------------------------------*/

/* As many clients are accepted as operations are outstanding, without a call in between. */
TEST("AcceptEx: several can be outstanding")
{
    Acceptor acceptors[3];

    for (int i = 0; i < 3; i++) {
        acceptors[i] = OpenAcceptor();
        acceptors[i].listenSocket = acceptors[0].listenSocket;
        CHECK_INT(Begin(&acceptors[i]), WSA_IO_PENDING);
    }
    for (int i = 0; i < 3; i++)
        NEED_SOCKET(Peer_Connect(&acceptors[0].address));
    for (int i = 0; i < 3; i++) {
        CHECK(Claims_Succeeds(acceptors[i].operation, 0));
        CHECK(SocketUtils_SetUpdateAcceptSocket(acceptors[i].socket, acceptors[0].listenSocket));
        CHECK(IsConnected(acceptors[i].socket));
    }
}

/* A client that has connected before is not lost: it is taken when the operation begins. */
TEST("AcceptEx: a client that connected before is taken at once")
{
    Acceptor acceptor = OpenAcceptor();
    char byte = 0;
    int error;

    client = NEED_SOCKET(Peer_Connect(&acceptor.address));
    CHECK(Claims_Send(client, "x"));
    error = Begin(&acceptor);
    CHECK(error == 0 || error == WSA_IO_PENDING);
    CHECK(Claims_WaitForEvent(acceptor.operation->overlapped.hEvent));
    CHECK_INT(recv(acceptor.socket, &byte, 1, 0), 1);
    CHECK_INT(byte, 'x');
}

/* --- The accepted socket ----------------------------------------------------------------------*/

/* "This socket must not be bound or connected." */
TEST("AcceptEx: the accept socket must be new")
{
    Acceptor acceptor = OpenAcceptor();
    int error;

    CHECK(SocketUtils_BindAnyAddress(acceptor.socket, AF_INET));
    error = Begin(&acceptor);
    CHECK(error != 0);
    Claims_ReportError("AcceptEx with an accept socket that is bound", "must not be done",
                       error == WSA_IO_PENDING ? 0 : error, "is outstanding, as with a new one",
                       "fails");

    /* A new one is right, on the same listener. */
    acceptor.socket = Peer_Create(AF_INET);
    acceptor.operation = Claims_NewEventOperation();
    CHECK_INT(Begin(&acceptor), WSA_IO_PENDING);
}

/*
 * "does not inherit the properties of the socket ... until SO_UPDATE_ACCEPT_CONTEXT is set", which
 * "should be set if getpeername, getsockname, getsockopt, or setsockopt" are to be used.
 * https://learn.microsoft.com/windows/win32/winsock/sol-socket-socket-options
 */
TEST("AcceptEx: after SO_UPDATE_ACCEPT_CONTEXT getpeername works")
{
    Acceptor acceptor = OpenAcceptor();
    NetAddress address;

    AcceptOne(&acceptor);
    Claims_Report("getpeername after AcceptEx, without SO_UPDATE_ACCEPT_CONTEXT",
                  "the option should be set first", "%s",
                  IsConnected(acceptor.socket) ? "works" : "fails");
    CHECK(SocketUtils_SetUpdateAcceptSocket(acceptor.socket, acceptor.listenSocket));
    CHECK(IsConnected(acceptor.socket));
    CHECK(SocketUtils_GetLocalAddress(acceptor.socket, &address));
    CHECK_INT(NetAddress_GetPort(&address), NetAddress_GetPort(&acceptor.address));
    CHECK_INT(shutdown(acceptor.socket, SD_SEND), 0);
}

/* The value is the listener's SOCKET, 8 bytes in a 64-bit program, and not a number of 4. */
TEST("AcceptEx: SO_UPDATE_ACCEPT_CONTEXT takes the listener's SOCKET")
{
    Acceptor acceptor = OpenAcceptor();
    DWORD four;
    SOCKET none = INVALID_SOCKET;
    bool takesFour, takesNone;

    AcceptOne(&acceptor);
    four = (DWORD)acceptor.listenSocket;
    takesFour = setsockopt(acceptor.socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                           (const char *)&four, sizeof(four)) == 0;
    takesNone = SocketUtils_SetUpdateAcceptSocket(acceptor.socket, none);
    Claims_Report("SO_UPDATE_ACCEPT_CONTEXT with 4 bytes, or with no listener's socket",
                  "takes the listener's SOCKET", "%s, %s", takesFour ? "succeeds" : "fails",
                  takesNone ? "succeeds" : "fails");
    CHECK(SocketUtils_SetUpdateAcceptSocket(acceptor.socket, acceptor.listenSocket));
}

/* The addresses are in the buffer; no other call is needed for them. */
TEST("AcceptEx: the client's address is in the buffer")
{
    Acceptor acceptor = OpenAcceptor();
    NetAddress own, told;

    AcceptOne(&acceptor);
    CHECK(SocketUtils_GetLocalAddress(client, &own));
    SocketUtils_GetAcceptAddress(acceptor.operation->data, &told);
    CHECK_INT(NetAddress_GetPort(&told), NetAddress_GetPort(&own));
}

/* The listener's port is the listener's: the accepted socket has to be associated on its own. */
TEST("AcceptEx: the accepted socket is not on the listener's port")
{
    HANDLE port = Claims_OpenPort(0);
    Operation *receiving = Claims_NewEventOperation();
    Acceptor acceptor = OpenAcceptor();

    NEED_TRUE(Claims_Associate(acceptor.listenSocket, port, 1));
    AcceptOne(&acceptor);
    CHECK(Claims_TakesPacketOf(port, 1, acceptor.operation, 0));
    CHECK(SocketUtils_SetUpdateAcceptSocket(acceptor.socket, acceptor.listenSocket));
    CHECK_INT(Claims_BeginReceive(acceptor.socket, receiving, 10), WSA_IO_PENDING);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForEvent(receiving->overlapped.hEvent));
    CHECK(Claims_IsPortQuiet(port));
    CHECK(Claims_Associate(acceptor.socket, port, 2));
}

/* --- Clients that leave, and the end ----------------------------------------------------------*/

/* What has become of an AcceptEx that a client has reset, in words. */
static char outcome[80];

/* Accepts on a new socket. True: that is the client which sends, "x". */
static bool IsOfSender(Acceptor *acceptor)
{
    char byte = 0;
    int error = Begin(acceptor);

    if (error != 0 && error != WSA_IO_PENDING) {
        snprintf(outcome, sizeof(outcome), "AcceptEx fails at once, %d", error);
        return false;
    }
    if (!Claims_WaitForEvent(acceptor->operation->overlapped.hEvent))
        return false;
    if (Claims_GetError(acceptor->operation) != 0) {
        snprintf(outcome, sizeof(outcome), "AcceptEx completes with error %lu",
                 Claims_GetError(acceptor->operation));
        return false;
    }
    if (recv(acceptor->socket, &byte, 1, 0) == 1)
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
    Acceptor acceptor = OpenAcceptor();
    SOCKET sender;
    bool isFound = false;

    snprintf(outcome, sizeof(outcome), "the client that left is passed over");
    client = NEED_SOCKET(Peer_Connect(&acceptor.address));
    NEED_TRUE(Peer_IsReadable(acceptor.listenSocket, WAIT_MS));
    Peer_Reset(&client);
    Sleep(SHORT_QUIET_MS);
    sender = NEED_SOCKET(Peer_Connect(&acceptor.address));
    CHECK(Claims_Send(sender, "x"));
    for (int i = 0; i < 3 && !isFound; i++) {
        acceptor.socket = Peer_Create(AF_INET);
        acceptor.operation = Claims_NewEventOperation();
        isFound = IsOfSender(&acceptor);
    }
    CHECK(isFound);
    Claims_Report("a client that has reset before it is accepted",
                  "AcceptEx fails, WSAECONNRESET; post it again", "%s", outcome);
}

/* Whoever is outstanding is told that it is over. */
TEST("AcceptEx: closing the listener ends it with an error")
{
    Acceptor acceptor = OpenAcceptor();

    CHECK_INT(Begin(&acceptor), WSA_IO_PENDING);
    Peer_Close(&acceptor.listenSocket);
    CHECK(Claims_WaitForEvent(acceptor.operation->overlapped.hEvent));
    CHECK(Claims_GetError(acceptor.operation) != 0);
    Claims_Report("AcceptEx that is outstanding when the listener is closed", "fails, 995",
                  "fails, %lu", Claims_GetError(acceptor.operation));
}
