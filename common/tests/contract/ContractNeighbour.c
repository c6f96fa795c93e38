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

static void OneNeverReads(void)
{
    enum { COUNT = 5 };
    Server *server = NEED(Server_Start());
    Client *stuck;
    Client *clients[COUNT];

    clients[0] = NEED(Client_Open(server));
    stuck = NEED(Client_OpenWithBuffers(server, 8192));
    REQUIRE(CHECK(Client_FillUp(stuck) > 0));
    for (int i = 1; i < COUNT; i++) {
        clients[i] = NEED(Client_Open(server));
    }
    for (int i = 0; i < COUNT; i++) {
        CheckAnswers(clients[i], 5);
        CHECK(Client_Echo(clients[i], 100000));
        Client_Close(clients[i]);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "), COUNT);
    Server_CheckStop(server);
}

/* More of them than a server has threads. */
static void ManyNeverRead(void)
{
    enum { COUNT = 6 };
    Server *server = NEED(Server_Start());
    Client *client;

    for (int i = 0; i < COUNT; i++) {
        Client *stuck = NEED(Client_OpenWithBuffers(server, 8192));

        REQUIRE(CHECK(Client_FillUp(stuck) > 0));
    }
    client = NEED(Client_Open(server));
    CheckAnswers(client, 5);
    CHECK(Client_Echo(client, 100000));
    Client_Close(client);
    CHECK(Server_WaitForLeft(server, 1));
    Server_CheckStop(server);
}

/* The one that was silent and the one that comes are both answered beside those that send. */
static void SomeFlood(void)
{
    enum { FLOODS = 3 };
    Server *server = NEED(Server_Start());
    Client *first = NULL;
    Client *last;
    size_t before;

    for (int i = 0; i < FLOODS; i++) {
        Client *client = NEED(Client_Open(server));

        REQUIRE(CHECK(Client_StartFlood(client)));
        if (i == 0) {
            first = NEED(Client_Open(server));
        }
    }
    last = NEED(Client_Open(server));
    before = Flood_GetBytes();
    CheckAnswers(first, 20);
    CheckAnswers(last, 20);
    Client_Close(last);
    CHECK(Server_ServesNewClient(server));

    /* They were floods all the while, and still are. */
    for (ULONGLONG start = Test_Now(); Flood_GetBytes() == before;) {
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, WAIT_MS));
        Sleep(20);
    }
    CHECK(Flood_IsRight());
    Server_CheckStop(server);
}

const ContractTest neighbourTests[] = {
    {"neighbour: one that never reads", OneNeverReads, 2, LAST_STAGE, 40},
    {"neighbour: several that never read", ManyNeverRead, 2, LAST_STAGE, 60},
    {"neighbour: floods", SomeFlood, 2, LAST_STAGE, 40},
    {NULL, NULL, 0, 0, 0},
};
