/*
 * WrongOptions: options of sockets that are wrong or missing. See Wrong.h.
 */
#include "Wrong.h"

static void OpenBound(bool isReused)
{
    BOOL on = TRUE;
    NetAddress address;

    StartWinsock();
    Require(NetAddress_FromText(&address, "127.0.0.1", 0), "the address");
    listener = SocketUtils_CreateSocket(AF_INET);
    if (isReused)
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof(on)); /* Wrong */
    Require(SocketUtils_Bind(listener, &address), "bind");
}

/* SO_REUSEADDR is set, as on Unix. On Windows it takes the port from whoever has it. */
PROGRAM("reuseaddr", PLAIN, "rule 10: SO_REUSEADDR is set",
        "rule 10: a socket listens without SO_EXCLUSIVEADDRUSE")
{
    OpenBound(true);
    listen(listener, SOMAXCONN);
}

/* A socket listens, and another program may take its port: SO_EXCLUSIVEADDRUSE was not set. */
PROGRAM("no-exclusive-use", PLAIN, "rule 10: a socket listens without SO_EXCLUSIVEADDRUSE")
{
    OpenBound(false);
    listen(listener, SOMAXCONN); /* Wrong */
}

/* TCP_NODELAY is set at SOL_SOCKET, where its number means another option. */
PROGRAM("nodelay-wrong-level", PLAIN, "rule 10: TCP_NODELAY is set at SOL_SOCKET")
{
    BOOL on = TRUE;

    StartWinsock();
    client = SocketUtils_CreateSocket(AF_INET);
    setsockopt(client, SOL_SOCKET, TCP_NODELAY, (const char *)&on, sizeof(on)); /* Wrong */
}

/* SO_UPDATE_ACCEPT_CONTEXT is given the accepted socket, where it takes the one that listens. */
PROGRAM("accept-context-wrong-value", PLAIN,
        "context: SO_UPDATE_ACCEPT_CONTEXT is not given the socket that listens")
{
    const int option = SO_UPDATE_ACCEPT_CONTEXT;

    OpenPairWithAcceptEx();
    setsockopt(accepted, SOL_SOCKET, option, (const char *)&accepted, sizeof(accepted)); /* Wrong */
    shutdown(accepted, SD_SEND);
}

PROGRAM("getpeername-before-accept-context", PLAIN,
        "context: getpeername on a socket that AcceptEx has connected")
{
    NetAddress address = {.length = (int)sizeof(address.storage)};

    OpenPairWithAcceptEx();
    getpeername(accepted, (SOCKADDR *)&address.storage, &address.length); /* Wrong */
}

PROGRAM("shutdown-before-accept-context", PLAIN,
        "context: shutdown on a socket that AcceptEx has connected")
{
    OpenPairWithAcceptEx();
    shutdown(accepted, SD_SEND); /* Wrong */
}

/* A listener, and a client at a port that can connect to it with ConnectEx. */
static void OpenForConnectEx(NetAddress *address)
{
    StartWinsock();
    Require(SocketUtils_BindConnectEx(), "ConnectEx");
    OpenListener(address);
    OpenPort();
    client = SocketUtils_CreateSocket(AF_INET);
    Associate(client);
    Require(SocketUtils_BindAnyAddress(client, AF_INET), "bind");
}

PROGRAM("shutdown-before-connect-context", PLAIN,
        "context: shutdown on a socket that ConnectEx has connected")
{
    static WSAOVERLAPPED overlapped;
    NetAddress address, peer;

    OpenForConnectEx(&address);
    SocketUtils_ConnectEx(client, &address, &overlapped);
    server = SocketUtils_Accept(listener, &peer);
    TakeCompletion();

    shutdown(client, SD_SEND); /* Wrong */
}

/*
 * AcceptEx and ConnectEx, each followed by the option that makes its socket a connected one; only then
 * getpeername and shutdown.
 */
PROGRAM("right-accept-connect")
{
    static char addresses[ACCEPT_BUFFER_SIZE];
    static WSAOVERLAPPED accepting, connecting;
    NetAddress address, peer = {.length = (int)sizeof(peer.storage)};

    OpenForConnectEx(&address);
    Associate(listener);
    accepted = SocketUtils_CreateSocket(AF_INET);

    SocketUtils_AcceptEx(listener, accepted, addresses, 0, &accepting);
    SocketUtils_ConnectEx(client, &address, &connecting);
    TakeCompletion();
    TakeCompletion();
    Require(SocketUtils_SetUpdateAcceptSocket(accepted, listener), "SO_UPDATE_ACCEPT_CONTEXT");
    Require(SocketUtils_SetUpdateConnectSocket(client), "SO_UPDATE_CONNECT_CONTEXT");
    SocketUtils_GetAcceptAddress(addresses, &address);

    Require(getpeername(accepted, (SOCKADDR *)&peer.storage, &peer.length) == 0, "getpeername");
    Require(NetAddress_GetPort(&peer) == NetAddress_GetPort(&address), "the same address");
    Require(shutdown(accepted, SD_SEND) == 0 && shutdown(client, SD_SEND) == 0, "shutdown");
}
