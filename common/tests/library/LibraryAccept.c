/*
 * LibraryAccept: the listener of 06 and of 07 goes on to accept, whoever came before. The servers
 * run as child processes.
 */
#include "Library.h"

#define AT_ONCE 1000
#define SILENT  200
#define SERVED  40 /* more than the accepts that are outstanding */

/* So many clients come one after the other and are served. */
static void CheckServed(const NetAddress *address, int count)
{
    for (int i = 0; i < count; i++) {
        SOCKET peer = NEED_SOCKET(Peer_OpenTo(address, 0));

        NEED_TRUE(Peer_Echo(peer, 100));
        Peer_Close(&peer);
    }
}

/* Starts the stage's server for a test. */
static ServerProcess *StartStage(int stage, NetAddress *address)
{
    ServerProcess *server = NEED(Server_Start(stage, address));

    CheckServed(address, 1);
    return server;
}

/* Starts to connect a peer, and does not wait. */
static SOCKET BeginOpen(const NetAddress *address)
{
    SOCKET peer = NEED_SOCKET(Peer_Create(NetAddress_GetFamily(address)));

    NEED_TRUE(SocketUtils_SetNonBlocking(peer, true));
    NEED_TRUE(SocketUtils_Connect(peer, address) || WSAGetLastError() == WSAEWOULDBLOCK);
    return peer;
}

/* Waits until it is connected. */
static void EndOpen(SOCKET peer)
{
    NEED_TRUE(Peer_IsWritable(peer, 2 * WAIT_MS));
    NEED_TRUE(SocketUtils_SetNonBlocking(peer, false));
}

/* A thousand knock before any is answered. */
static void AtOnce(int stage)
{
    static SOCKET peers[AT_ONCE];
    NetAddress address;
    ServerProcess *server = StartStage(stage, &address);

    for (int i = 0; i < AT_ONCE; i++)
        peers[i] = BeginOpen(&address);
    for (int i = 0; i < AT_ONCE; i++)
        EndOpen(peers[i]);
    REQUIRE(CHECK(Peers_Echo(peers, AT_ONCE)));
    CheckServed(&address, SERVED);
    for (int i = 0; i < AT_ONCE; i++)
        Peer_Reset(&peers[i]);
    CheckServed(&address, SERVED);
    TestProgram_CheckStop(server, WAIT_MS);
}

/* Clients that connect and say nothing use up no accept. */
static void Silent(int stage)
{
    NetAddress address;
    ServerProcess *server = StartStage(stage, &address);

    for (int i = 0; i < SILENT; i++)
        REQUIRE(CHECK(Peer_OpenTo(&address, 0) != INVALID_SOCKET));
    CheckServed(&address, SERVED);
    TestProgram_CheckStop(server, WAIT_MS);
}

typedef struct AcceptCase {
    const char *name;
    void (*run)(int stage);
    int stage;
} AcceptCase;

static const AcceptCase cases[] = {
    {"accept 06: after 1,000 clients at once", AtOnce, 6},
    {"accept 06: after silent clients", Silent, 6},
    {"accept 07: after 1,000 clients at once", AtOnce, 7},
    {"accept 07: after silent clients", Silent, 7},
};

static void CheckAccept(const void *data)
{
    const AcceptCase *one = (const AcceptCase *)data;

    one->run(one->stage);
}

TEST_CASES(CheckAccept, cases);
