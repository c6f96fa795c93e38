/*
 * LibraryAccept: the listener of 06 and of 07 goes on to accept, whoever came before. The servers
 * run as child processes.
 */
#include "Library.h"

#define AT_ONCE 1000
#define SILENT  200
#define SERVED  40 /* more than the accepts that are outstanding */

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
