/*
 * ClaimsExtension: claims about ConnectEx and DisconnectEx; ClaimsAccept has those about AcceptEx.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nc-mswsock-lpfn_connectex
 * https://learn.microsoft.com/windows/win32/api/mswsock/nc-mswsock-lpfn_disconnectex
 */
#include "Claims.h"

/* --- ConnectEx --------------------------------------------------------------------------------*/

/* Begins to connect the client to the listener. 0 or the error. */
static int BeginConnect(void)
{
    return Claims_ErrorOf(SocketUtils_ConnectEx(client, &listenAddress, &operation->overlapped));
}

/* A client that is bound. */
static void OpenBound(void)
{
    client = Peer_Create(AF_INET);
    Claims_OpenOperation();
    NEED_TRUE(SocketUtils_BindAnyAddress(client, AF_INET));
}

/* One that ConnectEx has connected, without SO_UPDATE_CONNECT_CONTEXT yet. */
static void OpenConnected(void)
{
    Claims_Listen();
    OpenBound();
    NEED_TRUE(Claims_HasBegun(BeginConnect()));
    NEED_TRUE(Claims_Succeeds(operation, 0));
}

/* "WSAEINVAL: The parameter s is an unbound or a listening socket." */
TEST("ConnectEx: a socket that is not bound fails with 10022")
{
    Claims_Listen();
    client = Peer_Create(AF_INET);
    Claims_OpenOperation();
    CHECK_INT(BeginConnect(), WSAEINVAL);
    CHECK(!Claims_IsSignalled(event));
    OpenConnected();
}

/* "socket handle s can be passed to ... send or WSASend, recv or WSARecv", with nothing before. */
TEST("ConnectEx: the socket sends and receives at once")
{
    OpenConnected();
    Claims_Accept();
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
    NetAddress peer;
    int error, length = (int)sizeof(peer.storage);

    OpenConnected();
    error = Claims_ErrorOf(getpeername(client, (SOCKADDR *)&peer.storage, &length) == 0);
    Claims_ReportError("getpeername after ConnectEx, without SO_UPDATE_CONNECT_CONTEXT",
                       "the option should be set first", error, "works", "fails");
    CHECK(SocketUtils_SetUpdateConnectSocket(client));
    length = (int)sizeof(peer.storage);
    CHECK_INT(getpeername(client, (SOCKADDR *)&peer.storage, &length), 0);
    CHECK_INT(NetAddress_GetPort(&peer), NetAddress_GetPort(&listenAddress));
    CHECK_INT(shutdown(client, SD_SEND), 0);
}

/* The operation fails; the call, as a rule, has not. Windows takes some two seconds for it. */
TEST("ConnectEx: where nobody listens the operation fails with 1225")
{
    NEED_SOCKET(Peer_Bind(&listenAddress));
    OpenBound();
    CHECK_INT(BeginConnect(), WSA_IO_PENDING);
    CHECK(Claims_FailsWith(operation, ERROR_CONNECTION_REFUSED));
    CHECK_INT(ERROR_CONNECTION_REFUSED, 1225);
    CHECK_INT(Claims_GetWinsockError(client, operation), WSAECONNREFUSED);
}

/* --- DisconnectEx -----------------------------------------------------------------------------*/

/* Begins to disconnect the server. */
static void BeginDisconnect(DWORD flags)
{
    const GUID guid = WSAID_DISCONNECTEX;
    LPFN_DISCONNECTEX disconnectEx = NULL;

    NEED_TRUE(SocketUtils_BindWindowsFunction(server, guid, &disconnectEx, sizeof(disconnectEx)));
    Claims_OpenOperation();
    NEED_TRUE(
        Claims_HasBegun(Claims_ErrorOf(disconnectEx(server, &operation->overlapped, flags, 0))));
}

/* "closes a connection on a socket": the peer receives the end. */
TEST("DisconnectEx: the peer receives the end")
{
    Claims_OpenPair();
    BeginDisconnect(0);
    CHECK_INT(Claims_ReceiveByte(client), 0);

    /* Both sides have to end before the connection has. */
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_Succeeds(operation, 0));
}

/* The rest of the next claim: the server is accepted on again, and receives. */
static const char *TryReused(void)
{
    Operation *accepting = Claims_NewOperation(), *receiving = Claims_NewOperation();
    int error = Claims_BeginAccept(server, accepting);

    Claims_Connect();
    if (!Claims_HasBegun(error))
        return "AcceptEx refuses it";
    if (!Claims_HasCompletedWithin(accepting, 10 * SHORT_QUIET_MS) ||
        Claims_GetError(accepting) != 0)
        return "AcceptEx on it does not complete";
    SocketUtils_SetUpdateAcceptSocket(server, listenSocket);
    if (Claims_BeginReceive(server, receiving, 10) != WSA_IO_PENDING)
        return "accepted on again, but it cannot receive";
    CHECK(Claims_Send(client, "x"));
    return Claims_HasCompletedWithin(receiving, 10 * SHORT_QUIET_MS)
               ? "accepted on again, and it receives"
               : "accepted on again, but a receive does not complete";
}

/* "the socket handle can be passed to the AcceptEx or ConnectEx function" */
TEST("DisconnectEx: a socket may be used again or not")
{
    Claims_OpenOperation();
    Claims_Listen();
    server = Peer_Create(AF_INET);
    Claims_BeginAccept(server, operation);
    Claims_Connect();
    NEED_TRUE(Claims_WaitForEvent(event));
    CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));

    /* The client closes first: then no TIME_WAIT of the server's delays the reuse. */
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(Claims_ReceiveByte(server), 0);
    BeginDisconnect(TF_REUSE_SOCKET);
    NEED_TRUE(Claims_Succeeds(operation, 0));
    Claims_Report("a socket after DisconnectEx with TF_REUSE_SOCKET", "can be accepted on again",
                  "%s", TryReused());
}
