/*
 * ContractNeighbour: no client can hold up another. Stage 01 is the exception and the reason for
 * all others; ContractLimits.c has what it does instead.
 */
#include "Contract.h"

#define ANSWER_MS 2000 /* a client that has to wait for longer than this is held up */

/* Echoes a few times through a client, and checks that no answer takes too long. */
static void CheckAnswers(Client *client, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        ULONGLONG start = Test_Now();

        REQUIRE(CHECK(Client_Echo(client, 100)));
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, ANSWER_MS));
    }
}

TEST("neighbour: one that never reads", .firstStage = 2)
{
    enum { COUNT = 5 };
    Client *clients[COUNT];

    clients[0] = Client_Open();
    Client_OpenStuck();
    for (int i = 1; i < COUNT; i++)
        clients[i] = Client_Open();
    for (int i = 0; i < COUNT; i++) {
        CheckAnswers(clients[i], 5);
        CHECK(Client_Echo(clients[i], 100000));
        Peer_Close(&clients[i]->socket);
    }
    CHECK(Server_WaitForLeft(COUNT));
    CHECK_INT(Server_Count("Client Disconnected! "), COUNT);
}

/* More of them than a server has threads. */
TEST("neighbour: several that never read", .firstStage = 2)
{
    enum { COUNT = 6 };
    Client *client;

    for (int i = 0; i < COUNT; i++)
        Client_OpenStuck();
    client = Client_Open();
    CheckAnswers(client, 5);
    CHECK(Client_Echo(client, 100000));
    Peer_Close(&client->socket);
    CHECK(Server_WaitForLeft(1));
}

/*
 * Some send single bytes and never read, so the server has many small pieces to keep for them, between
 * the large ones of another. A piece must not keep more memory than its own. How much the system
 * takes before the server has to keep anything differs: each of them has sent another amount first.
 */
TEST("neighbour: some send single bytes and never read", .firstStage = 2)
{
    enum { SILENT = 6, FIRST = 32 * 1024, STEP = 16 * 1024, ROUNDS = 100, MOST_KIB = 1024 };
    static const char bytes[FIRST + SILENT * STEP];
    Client *silent[SILENT], *other = Client_Open();
    int before, grown;

    for (int i = 0; i < SILENT; i++) {
        silent[i] = Client_OpenNarrow();
        REQUIRE(CHECK(Peer_Send(silent[i]->socket, bytes, FIRST + i * STEP)));
    }
    REQUIRE(CHECK(Client_Echo(other, 2 * BUFFER_SIZE)));
    before = ServerProcess_GetMemoryKib(server);
    for (int i = 0; i < ROUNDS; i++) {
        for (int j = 0; j < SILENT; j++)
            REQUIRE(CHECK(Peer_Send(silent[j]->socket, "x", 1)));
        REQUIRE(CHECK(Client_Echo(other, 2 * BUFFER_SIZE)));
    }
    grown = ServerProcess_GetMemoryKib(server) - before;
    /* verify gives each block of memory pages of its own. */
    CHECK_AT_MOST(grown, isVerifying ? 2 * MOST_KIB : MOST_KIB);
}

/* The one that was silent and the one that comes are both answered beside those that send. */
TEST("neighbour: floods", .firstStage = 2)
{
    enum { FLOODS = 3 };
    Client *first = Client_Open();
    Client *last;
    LONG64 before;

    for (int i = 0; i < FLOODS; i++)
        Client_StartFlood(Client_Open());
    last = Client_Open();
    before = floodBytes;
    CheckAnswers(first, 20);
    CheckAnswers(last, 20);
    Peer_Close(&last->socket);
    CHECK(Server_ServesNewClient());

    /* They were floods all the while, and still are. */
    WAIT_WHILE(floodBytes == before);
    CHECK(Flood_IsRight());
}
