/*
 * ClaimsExtension: claims about ConnectEx and DisconnectEx; ClaimsAccept has those about AcceptEx.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nc-mswsock-lpfn_connectex
 * https://learn.microsoft.com/windows/win32/api/mswsock/nc-mswsock-lpfn_disconnectex
 */
#include "Claims.h"

/* --- ConnectEx --------------------------------------------------------------------------------*/

/* Begins to connect, on a socket that is bound unless it is said otherwise. 0 or the error. */
static int BeginConnect(SOCKET socket, const NetAddress *address, Operation *operation)
{
    return SocketUtils_ConnectEx(socket, address, &operation->overlapped) ? 0 : WSAGetLastError();
}

/* A socket that ConnectEx has connected, without SO_UPDATE_CONNECT_CONTEXT yet. */
static SOCKET OpenConnected(const NetAddress *address)
{
    SOCKET socket = Peer_Create(AF_INET);
    Operation *operation = Claims_NewEventOperation();
    int error;

    NEED_TRUE(SocketUtils_BindAnyAddress(socket, AF_INET));
    error = BeginConnect(socket, address, operation);
    NEED_TRUE(error == 0 || error == WSA_IO_PENDING || Test_Explain("ConnectEx gave %d", error));
    NEED_TRUE(Claims_Succeeds(operation, 0));
    return socket;
}

/* "WSAEINVAL: The parameter s is an unbound or a listening socket." */
TEST("ConnectEx: a socket that is not bound fails with 10022")
{
    NetAddress address;
    SOCKET socket = Peer_Create(AF_INET);
    Operation *operation = Claims_NewEventOperation();

    Peer_Listen(&address);
    CHECK_INT(BeginConnect(socket, &address, operation), WSAEINVAL);
    CHECK(!Claims_IsSignalled(operation->overlapped.hEvent));
    OpenConnected(&address);
}

/* "socket handle s can be passed to ... send or WSASend, recv or WSARecv", with nothing before. */
TEST("ConnectEx: the socket sends and receives at once")
{
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);

    client = OpenConnected(&address);
    server = NEED_SOCKET(Peer_Accept(listenSocket));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_Receives(server, "hello"));
    CHECK(Claims_Send(server, "there"));
    CHECK(Claims_Receives(client, "there"));
}

/*
 * The socket "does not enable previously set properties or options until SO_UPDATE_CONNECT_CONTEXT
 * is set", which "should be set if getpeername, ... or shutdown functions are to be used".
 * https://learn.microsoft.com/windows/win32/winsock/sol-socket-socket-options
 */
TEST("ConnectEx: after SO_UPDATE_CONNECT_CONTEXT getpeername works")
{
    NetAddress address, peer;
    int error, length = (int)sizeof(peer.storage);

    Peer_Listen(&address);
    client = OpenConnected(&address);
    error = getpeername(client, (SOCKADDR *)&peer.storage, &length) == 0 ? 0 : WSAGetLastError();
    Claims_ReportError("getpeername after ConnectEx, without SO_UPDATE_CONNECT_CONTEXT",
                       "the option should be set first", error, "works", "fails");
    CHECK(SocketUtils_SetUpdateConnectSocket(client));
    length = (int)sizeof(peer.storage);
    CHECK_INT(getpeername(client, (SOCKADDR *)&peer.storage, &length), 0);
    CHECK_INT(NetAddress_GetPort(&peer), NetAddress_GetPort(&address));
    CHECK_INT(shutdown(client, SD_SEND), 0);
}

/* The operation fails; the call, as a rule, has not. Windows takes some two seconds for it. */
TEST("ConnectEx: where nobody listens the operation fails with 1225")
{
    NetAddress address;
    SOCKET socket = Peer_Create(AF_INET);
    Operation *operation = Claims_NewEventOperation();
    DWORD bytes, flags;
    int error;

    CHECK(Peer_Bind(&address) != INVALID_SOCKET);
    CHECK(SocketUtils_BindAnyAddress(socket, AF_INET));
    error = BeginConnect(socket, &address, operation);
    CHECK_INT(error, WSA_IO_PENDING);
    CHECK(Claims_FailsWith(operation, ERROR_CONNECTION_REFUSED));
    CHECK_INT(ERROR_CONNECTION_REFUSED, 1225);
    CHECK_ERROR(!WSAGetOverlappedResult(socket, &operation->overlapped, &bytes, FALSE, &flags),
                WSAECONNREFUSED);
}

/* --- DisconnectEx -----------------------------------------------------------------------------*/

/* Begins to disconnect. Returns 0 or the error. */
static int BeginDisconnect(SOCKET socket, DWORD flags, Operation *operation)
{
    const GUID guid = WSAID_DISCONNECTEX;
    LPFN_DISCONNECTEX disconnectEx = NULL;

    NEED_TRUE(SocketUtils_BindWindowsFunction(socket, guid, &disconnectEx, sizeof(disconnectEx)));
    return disconnectEx(socket, &operation->overlapped, flags, 0) ? 0 : WSAGetLastError();
}

/* "closes a connection on a socket": the peer receives the end. */
TEST("DisconnectEx: the peer receives the end")
{
    Operation *operation = Claims_OpenPairWithOperation();
    char byte;
    int error;

    error = BeginDisconnect(server, 0, operation);
    CHECK(error == 0 || error == WSA_IO_PENDING);
    CHECK_INT(recv(client, &byte, 1, 0), 0);

    /* Both sides have to end before the connection has. */
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_Succeeds(operation, 0));
}

/* The rest of the next claim: the reused socket is accepted on and receives. */
static const char *TryReused(SOCKET listenSocket, const NetAddress *address, SOCKET reused)
{
    Operation *accepting = Claims_NewEventOperation(), *receiving = Claims_NewEventOperation();
    int error = Claims_BeginAccept(listenSocket, reused, accepting);

    client = NEED_SOCKET(Peer_Connect(address));
    if (error != 0 && error != WSA_IO_PENDING)
        return "AcceptEx refuses it";
    if (!Claims_HasCompletedWithin(accepting, 10 * SHORT_QUIET_MS) ||
        Claims_GetError(accepting) != 0)
        return "AcceptEx on it does not complete";
    SocketUtils_SetUpdateAcceptSocket(reused, listenSocket);
    error = Claims_BeginReceive(reused, receiving, 10);
    if (error != WSA_IO_PENDING)
        return "accepted on again, but it cannot receive";
    CHECK(Claims_Send(client, "x"));
    return Claims_HasCompletedWithin(receiving, 10 * SHORT_QUIET_MS)
               ? "accepted on again, and it receives"
               : "accepted on again, but a receive does not complete";
}

/* "the socket handle can be passed to the AcceptEx or ConnectEx function" */
TEST("DisconnectEx: a socket may be used again or not")
{
    Operation *accepting = Claims_NewEventOperation(), *ending = Claims_NewEventOperation();
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);
    char byte;
    int error;

    server = Peer_Create(AF_INET);
    Claims_BeginAccept(listenSocket, server, accepting);
    client = NEED_SOCKET(Peer_Connect(&address));
    NEED_TRUE(Claims_WaitForEvent(accepting->overlapped.hEvent));
    CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));

    /* The client closes first: then no TIME_WAIT of the server's delays the reuse. */
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(recv(server, &byte, 1, 0), 0);
    error = BeginDisconnect(server, TF_REUSE_SOCKET, ending);
    CHECK(error == 0 || error == WSA_IO_PENDING);
    NEED_TRUE(Claims_WaitForEvent(ending->overlapped.hEvent));
    CHECK_INT(Claims_GetError(ending), 0);
    Claims_Report("a socket after DisconnectEx with TF_REUSE_SOCKET", "can be accepted on again",
                  "%s", TryReused(listenSocket, &address, server));
}
