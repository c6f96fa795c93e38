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
    Server *server = NEED(Server_Start());
    Client *clients[COUNT];

    clients[0] = NEED(Client_Open(server));
    NEED(Client_OpenStuck(server));
    for (int i = 1; i < COUNT; i++)
        clients[i] = NEED(Client_Open(server));
    for (int i = 0; i < COUNT; i++) {
        CheckAnswers(clients[i], 5);
        CHECK(Client_Echo(clients[i], 100000));
        Peer_Close(&clients[i]->socket);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK_INT(Server_Count(server, "Client Disconnected! "), COUNT);
}

/* More of them than a server has threads. */
TEST("neighbour: several that never read", .firstStage = 2)
{
    enum { COUNT = 6 };
    Server *server = NEED(Server_Start());
    Client *client;

    for (int i = 0; i < COUNT; i++)
        NEED(Client_OpenStuck(server));
    client = NEED(Client_Open(server));
    CheckAnswers(client, 5);
    CHECK(Client_Echo(client, 100000));
    Peer_Close(&client->socket);
    CHECK(Server_WaitForLeft(server, 1));
}

/*
 * One sends single bytes and never reads, so the server has many small pieces to keep for it, between
 * the large ones of two others. A piece must not keep more memory than its own.
 */
TEST("neighbour: one that sends single bytes and never reads", .firstStage = 2)
{
    enum { BYTES = 10000, EVERY = 100, OTHERS = 2, SIZE = 8192, MOST_KIB = 2048 };
    Server *server = NEED(Server_Start());
    Client *silent = NEED(Client_OpenNarrow(server));
    Client *others[OTHERS];
    int before, grown;

    for (int i = 0; i < OTHERS; i++) {
        others[i] = NEED(Client_Open(server));
        REQUIRE(CHECK(Client_Echo(others[i], SIZE)));
    }
    before = ServerProcess_GetMemoryKib(server->process);
    for (int i = 0; i < BYTES; i++) {
        REQUIRE(CHECK(Peer_Send(silent->socket, "x", 1)));
        if (i % EVERY == 0)
            REQUIRE(CHECK(Client_Echo(others[i / EVERY % OTHERS], SIZE)));
    }
    grown = ServerProcess_GetMemoryKib(server->process) - before;
    CHECK_AT_MOST(grown, MOST_KIB);
}

/* The one that was silent and the one that comes are both answered beside those that send. */
TEST("neighbour: floods", .firstStage = 2)
{
    enum { FLOODS = 3 };
    Server *server = NEED(Server_Start());
    Client *first = NULL;
    Client *last;
    size_t before;

    for (int i = 0; i < FLOODS; i++) {
        Client *client = NEED(Client_Open(server));

        REQUIRE(CHECK(Client_StartFlood(client)));
        if (i == 0)
            first = NEED(Client_Open(server));
    }
    last = NEED(Client_Open(server));
    before = Flood_GetBytes();
    CheckAnswers(first, 20);
    CheckAnswers(last, 20);
    Peer_Close(&last->socket);
    CHECK(Server_ServesNewClient(server));

    /* They were floods all the while, and still are. */
    WAIT_WHILE(Flood_GetBytes() == before);
    CHECK(Flood_GetBytes() > before);
    CHECK(Flood_IsRight());
}
