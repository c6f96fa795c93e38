/*
 * LibraryMany: thousands of clients at once, and what each of them costs.
 */
#include "Library.h"

#define MANY        2000
#define LARGE       10000
#define AT_A_TIME   100 /* connections before one of them must have been answered */
#define SESSION_KIB 8   /* what an idle session may cost at most */
#define WARM_UP     200

static SOCKET many[LARGE];

/* Connects `count` peers; now and then one echoes, so that the listener's queue is not too full. */
static void OpenMany(const NetAddress *address, int count)
{
    for (int i = 0; i < count; i++) {
        many[i] = NEED_SOCKET(Peer_OpenTo(address, 0));
        NEED_TRUE(i % AT_A_TIME != AT_A_TIME - 1 || Peer_Echo(many[i], 10));
        NEED_TRUE(!Test_IsOver() || Test_Explain("only %d of %d were connected in time", i, count));
    }
}

TEST("many: 2,000 clients at once", .limitSeconds = 120)
{
    Host *server = START_SERVER(&echoBehaviour);
    SendBuffer *buffer = NEED(SendBuffer_Copy("hello", 5));
    char bytes[5];

    OpenMany(&server->service.settings.address, MANY);
    REQUIRE(CHECK(Peers_Echo(many, MANY)));
    CHECK_INT(Service_GetSessionCount(&server->service), MANY);
    CHECK_INT(Service_Broadcast(&server->service, buffer), MANY);
    for (int i = 0; i < MANY; i++)
        REQUIRE(CHECK(Peer_Receive(many[i], bytes, 5) && memcmp(bytes, "hello", 5) == 0));
    SendBuffer_Release(buffer);
    for (int i = MANY - 1; i >= 0; i--) {
        if (i % 2 == 0)
            Peer_Reset(&many[i]);
        else
            Peer_Close(&many[i]);
    }
    CHECK(Host_WaitForDisconnected(server, MANY));
    CHECK_INT(server->refused, 0);
}

/*
 * Starts the server of 07. Under verify each block of memory takes pages of its own, and what is to
 * be measured is the server's memory and not that: so verify is off for it.
 */
static ServerProcess *StartUnwatched(NetAddress *address)
{
    char words[256];
    DWORD length = GetEnvironmentVariableA("INSTRUMENT", words, sizeof(words));
    ServerProcess *server;

    SetEnvironmentVariableA("INSTRUMENT", NULL);
    server = Server_Start(7, address);
    if (length > 0 && length < sizeof(words))
        SetEnvironmentVariableA("INSTRUMENT", words);
    return server;
}

/* In a process of its own, where nothing but the sessions grows. */
TEST("many: the memory of 2,000 idle sessions", .limitSeconds = 120)
{
    NetAddress address;
    ServerProcess *server = NEED(StartUnwatched(&address));
    int before, grown;

    OpenMany(&address, WARM_UP);
    before = ServerProcess_GetMemoryKib(server);
    CHECK(before > 0);
    OpenMany(&address, MANY);
    REQUIRE(CHECK(Peers_Echo(many, MANY)));
    grown = ServerProcess_GetMemoryKib(server) - before;
    printf("  %d idle sessions cost %d KiB, %d bytes each\n", MANY, grown, grown * 1024 / MANY);
    CHECK_AT_MOST(grown, SESSION_KIB * MANY);
    TestProgram_CheckStop(server, WAIT_MS);
}

/*
 * 10,000 connections are 20,000 sockets, all of which Wine's one server process has to hold. Where
 * that may open fewer, --port leads to a server of another Wine prefix.
 */
TEST("many-10000", .limitSeconds = 600, .isLarge = true)
{
    ServerProcess *server = NULL;
    NetAddress address;

    if (givenPort != 0)
        CHECK(NetAddress_FromText(&address, "127.0.0.1", (uint16_t)givenPort));
    else
        server = NEED(Server_Start(7, &address));
    OpenMany(&address, LARGE);
    REQUIRE(CHECK(Peers_Echo(many, LARGE)));
    REQUIRE(CHECK(Peers_Echo(many, LARGE)));
    if (server != NULL)
        TestProgram_CheckStop(server, WAIT_MS);
}
