/*
 * LibraryAccept: the listener of 06 and of 07 goes on to accept, whoever came before. The servers
 * run as child processes.
 */
#include "Library.h"

#define RESETTING 300 /* at once, and as many a little later */
#define BURST     100
#define AT_ONCE   1000
#define SILENT    200
#define SERVED    40 /* more than the accepts that are outstanding */

/* So many clients come one after the other and are served. */
static bool ServesClients(const NetAddress *address, int count)
{
    for (int i = 0; i < count; i++) {
        SOCKET peer = Peer_OpenTo(address, 0);

        if (peer == INVALID_SOCKET || !Peer_Echo(peer, 100))
            return false;
        Peer_Close(&peer);
    }
    return true;
}

/* Starts the stage's server for a test. NULL: it does not start. */
static ServerProcess *StartStage(int stage, NetAddress *address)
{
    ServerProcess *server = Server_Start(stage, address);

    return server != NULL && ServesClients(address, 1) ? server : NULL;
}

static void StopStage(ServerProcess *server)
{
    char *errors;

    TestProgram_CheckStop(server, WAIT_MS);
    errors = ServerProcess_CopyErrors(server);
    CHECK(errors != NULL);
    CHECK_TEXT(errors != NULL ? errors : "", "");
    free(errors);
}

/*
 * Clients that connect and reset in the same moment: most of them are gone when their accept is
 * handled, and it completes with an error.
 */
static bool ResetAtOnce(const NetAddress *address)
{
    SOCKET peers[BURST];
    bool isOpen = true;

    for (int i = 0; i < BURST; i++) {
        peers[i] = SocketUtils_CreateSocket(NetAddress_GetFamily(address));
        isOpen = isOpen && peers[i] != INVALID_SOCKET &&
                 SocketUtils_SetNonBlocking(peers[i], true) &&
                 SocketUtils_SetLinger(peers[i], true, 0);
    }
    for (int i = 0; i < BURST; i++) {
        /* False with WSAEWOULDBLOCK: it is on the way. */
        SocketUtils_Connect(peers[i], address);
        SocketUtils_Close(&peers[i]);
    }
    return isOpen || Test_Explain("no sockets: error %d", WSAGetLastError());
}

/* Clients that reset while they are accepted, and shortly after. */
static void Resetting(int stage)
{
    NetAddress address;
    ServerProcess *server = NEED(StartStage(stage, &address));

    for (int i = 0; i < RESETTING / BURST; i++) {
        REQUIRE(CHECK(ResetAtOnce(&address)));
        REQUIRE(CHECK(ServesClients(&address, 1)));
    }
    for (int i = 0; i < RESETTING; i++) {
        SOCKET peer = NEED_SOCKET(Peer_OpenTo(&address, 0));

        if (i % 2 == 0)
            Peer_Send(peer, "hello", 5);
        Peer_Reset(&peer);
    }
    CHECK(ServesClients(&address, SERVED));
    StopStage(server);
}

/* A thousand knock before any is answered. */
static void AtOnce(int stage)
{
    static SOCKET peers[AT_ONCE];
    NetAddress address;
    ServerProcess *server = NEED(StartStage(stage, &address));

    for (int i = 0; i < AT_ONCE; i++) {
        peers[i] = NEED_SOCKET(Peer_BeginOpen(&address));
    }
    for (int i = 0; i < AT_ONCE; i++)
        REQUIRE(CHECK(Peer_EndOpen(peers[i])));
    for (int i = 0; i < AT_ONCE; i++)
        REQUIRE(CHECK(Peer_Send(peers[i], &i, (int)sizeof(i))));
    for (int i = 0; i < AT_ONCE; i++) {
        int received = -1;

        REQUIRE(CHECK(Peer_Receive(peers[i], &received, (int)sizeof(received))));
        REQUIRE(CHECK_INT(received, i));
    }
    CHECK(ServesClients(&address, SERVED));
    for (int i = 0; i < AT_ONCE; i++)
        Peer_Reset(&peers[i]);
    CHECK(ServesClients(&address, SERVED));
    StopStage(server);
}

/* Clients that connect and say nothing use up no accept. */
static void Silent(int stage)
{
    NetAddress address;
    ServerProcess *server = NEED(StartStage(stage, &address));

    for (int i = 0; i < SILENT; i++)
        REQUIRE(CHECK(Peer_OpenTo(&address, 0) != INVALID_SOCKET));
    CHECK(ServesClients(&address, SERVED));
    StopStage(server);
}

typedef struct AcceptCase {
    const char *name;
    void (*run)(int stage);
    int stage;
} AcceptCase;

static const AcceptCase cases[] = {
    {"accept 06: after 600 clients that reset", Resetting, 6},
    {"accept 06: after 1,000 clients at once", AtOnce, 6},
    {"accept 06: after silent clients", Silent, 6},
    {"accept 07: after 600 clients that reset", Resetting, 7},
    {"accept 07: after 1,000 clients at once", AtOnce, 7},
    {"accept 07: after silent clients", Silent, 7},
};

static void CheckAccept(const void *data)
{
    const AcceptCase *one = (const AcceptCase *)data;

    one->run(one->stage);
}

TEST_CASES(CheckAccept, cases);
