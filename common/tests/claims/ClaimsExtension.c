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

    if (!SocketUtils_BindAnyAddress(socket, AF_INET))
        return INVALID_SOCKET;
    error = BeginConnect(socket, address, operation);
    if (error != 0 && error != WSA_IO_PENDING) {
        Test_Explain("ConnectEx gave %d", error);
        return INVALID_SOCKET;
    }
    if (!Claims_WaitForEvent(operation->overlapped.hEvent))
        return INVALID_SOCKET;
    if (Claims_GetError(operation) == 0)
        return socket;
    Test_Explain("ConnectEx ended with %lu", Claims_GetError(operation));
    return INVALID_SOCKET;
}

/* "WSAEINVAL: The parameter s is an unbound or a listening socket." */
static void ConnectNeedsBind(void)
{
    NetAddress address;
    SOCKET socket = Peer_Create(AF_INET);
    Operation *operation = Claims_NewEventOperation();

    Peer_Listen(&address);
    CHECK_INT(BeginConnect(socket, &address, operation), WSAEINVAL);
    CHECK(!Claims_IsSignalled(operation->overlapped.hEvent));
    CHECK(OpenConnected(&address) != INVALID_SOCKET);
}

/* "socket handle s can be passed to ... send or WSASend, recv or WSARecv", with nothing before. */
static void ConnectCarriesData(void)
{
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);
    char received[8] = "";
    SOCKET client = NEED_SOCKET(OpenConnected(&address));
    SOCKET server = NEED_SOCKET(Peer_Accept(listenSocket));

    CHECK(Claims_Send(client, "hello"));
    CHECK_INT(recv(server, received, 5, MSG_WAITALL), 5);
    CHECK_TEXT(received, "hello");
    CHECK(Claims_Send(server, "there"));
    CHECK_INT(recv(client, received, 5, MSG_WAITALL), 5);
    CHECK_TEXT(received, "there");
}

/*
 * The socket "does not enable previously set properties or options until SO_UPDATE_CONNECT_CONTEXT
 * is set", which "should be set if getpeername, ... or shutdown functions are to be used".
 * https://learn.microsoft.com/windows/win32/winsock/sol-socket-socket-options
 */
static void ConnectContext(void)
{
    NetAddress address, peer;
    SOCKET client;
    int length = (int)sizeof(peer.storage);

    Peer_Listen(&address);
    client = NEED_SOCKET(OpenConnected(&address));
    if (getpeername(client, (SOCKADDR *)&peer.storage, &length) == 0)
        Claims_Report("getpeername after ConnectEx, without SO_UPDATE_CONNECT_CONTEXT",
                      "the option should be set first", "works");
    else
        Claims_Report("getpeername after ConnectEx, without SO_UPDATE_CONNECT_CONTEXT",
                      "the option should be set first", "fails, %d", WSAGetLastError());
    CHECK(SocketUtils_SetUpdateConnectSocket(client));
    length = (int)sizeof(peer.storage);
    CHECK_INT(getpeername(client, (SOCKADDR *)&peer.storage, &length), 0);
    CHECK_INT(NetAddress_GetPort(&peer), NetAddress_GetPort(&address));
    CHECK_INT(shutdown(client, SD_SEND), 0);
}

/* The operation fails; the call, as a rule, has not. Windows takes some two seconds for it. */
static void ConnectRefused(void)
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
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetError(operation), ERROR_CONNECTION_REFUSED);
    CHECK_INT(ERROR_CONNECTION_REFUSED, 1225);
    CHECK(!WSAGetOverlappedResult(socket, &operation->overlapped, &bytes, FALSE, &flags));
    CHECK_INT(WSAGetLastError(), WSAECONNREFUSED);
}

/* --- DisconnectEx -----------------------------------------------------------------------------*/

/* Begins to disconnect. Returns 0 or the error. */
static int BeginDisconnect(SOCKET socket, DWORD flags, Operation *operation)
{
    GUID guid = WSAID_DISCONNECTEX;
    LPFN_DISCONNECTEX disconnectEx = NULL;
    DWORD bytes;

    if (WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid), &disconnectEx,
                 sizeof(disconnectEx), &bytes, NULL, NULL) != 0)
        return WSAGetLastError();
    return disconnectEx(socket, &operation->overlapped, flags, 0) ? 0 : WSAGetLastError();
}

/* "closes a connection on a socket": the peer receives the end. */
static void DisconnectEnds(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    char byte;
    int error;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    error = BeginDisconnect(server, 0, operation);
    CHECK(error == 0 || error == WSA_IO_PENDING);
    CHECK_INT(recv(client, &byte, 1, 0), 0);

    /* Both sides have to end before the connection has. */
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetError(operation), 0);
}

/* The rest of the next claim: the reused socket is accepted on and receives. */
static const char *TryReused(SOCKET listenSocket, const NetAddress *address, SOCKET reused)
{
    Operation *accepting = Claims_NewEventOperation(), *receiving = Claims_NewEventOperation();
    SOCKET client;
    int error;

    error = Claims_BeginAccept(listenSocket, reused, accepting);
    client = Peer_Connect(address);
    if (!CHECK(client != INVALID_SOCKET))
        return "";
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
static void Reuse(void)
{
    static const char topic[] = "a socket after DisconnectEx with TF_REUSE_SOCKET";
    static const char documented[] = "can be accepted on again";
    Operation *accepting = Claims_NewEventOperation(), *ending = Claims_NewEventOperation();
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);
    SOCKET client, server = Peer_Create(AF_INET);
    char byte;
    int error;

    Claims_BeginAccept(listenSocket, server, accepting);
    client = NEED_SOCKET(Peer_Connect(&address));
    REQUIRE(CHECK(Claims_WaitForEvent(accepting->overlapped.hEvent)));
    CHECK(SocketUtils_SetUpdateAcceptSocket(server, listenSocket));

    /* The client closes first: then no TIME_WAIT of the server's delays the reuse. */
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(recv(server, &byte, 1, 0), 0);
    error = BeginDisconnect(server, TF_REUSE_SOCKET, ending);
    CHECK(error == 0 || error == WSA_IO_PENDING);
    REQUIRE(CHECK(Claims_WaitForEvent(ending->overlapped.hEvent)));
    CHECK_INT(Claims_GetError(ending), 0);
    Claims_Report(topic, documented, "%s", TryReused(listenSocket, &address, server));
}

const Claim extensionClaims[] = {
    {"ConnectEx: a socket that is not bound fails with 10022", ConnectNeedsBind},
    {"ConnectEx: the socket sends and receives at once", ConnectCarriesData},
    {"ConnectEx: after SO_UPDATE_CONNECT_CONTEXT getpeername works", ConnectContext},
    {"ConnectEx: where nobody listens the operation fails with 1225", ConnectRefused},
    {"DisconnectEx: the peer receives the end", DisconnectEnds},
    {"DisconnectEx: a socket may be used again or not", Reuse},
    {NULL, NULL},
};
