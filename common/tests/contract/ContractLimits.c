/*
 * ContractLimits: what each model cannot do, and what it does instead.
 */
#include "Contract.h"

#include <stdio.h>
#include <string.h>

#define SET_MAX   63   /* clients of 02 and 03 */
#define MANY      1000 /* clients of 04 and up */
#define AT_A_TIME 50   /* connections that are opened before the server must have answered one */

/* Is anything served to this client? False: not within QUIET_MS. */
static bool IsServedSoon(Client *client)
{
    return Client_IsReadable(client, QUIET_MS);
}

/* 01: the second client is connected, by the system, and waits for the first to leave. */
static void SecondWaits(void)
{
    Server *server = NEED(Server_Start());
    Client *clients[3];
    char connected[NET_ADDRESS_TEXT_SIZE + 32];

    for (int i = 0; i < 3; i++) {
        clients[i] = NEED(Client_Open(server));
        REQUIRE(CHECK(Client_Send(clients[i], "hello", 5)));
    }
    for (int i = 0; i < 3; i++) {
        char received[5];

        REQUIRE(CHECK(Client_Receive(clients[i], received, 5)));
        CHECK(Client_Echo(clients[i], 1000));
        if (i < 2) {
            snprintf(connected, sizeof(connected), "Client Connected! %s", clients[i + 1]->address);
            CHECK(!IsServedSoon(clients[i + 1]));
            CHECK_INT(ServerProcess_CountLines(server->process, connected), 0);
        }
        CHECK(Client_Echo(clients[i], 1000));
        Client_Close(clients[i]);
    }
    CHECK(Server_WaitForLeft(server, 3));
    Server_CheckStop(server);
}

/* 01: a first client that is stuck holds up the second until it is gone. */
static void SecondWaitsForStuck(void)
{
    Server *server = NEED(Server_Start());
    Client *second;
    char received[5];
    Client *stuck = NEED(Client_OpenWithBuffers(server, 8192));

    REQUIRE(CHECK(Client_FillUp(stuck) > 0));
    second = NEED(Client_Open(server));
    REQUIRE(CHECK(Client_Send(second, "hello", 5)));
    CHECK(!IsServedSoon(second));
    Client_Reset(stuck);
    CHECK(Client_Receive(second, received, 5));
    Client_Close(second);
    CHECK(Server_WaitForLeft(server, 2));
    Server_CheckStop(server);
}

static bool OpenClients(Server *server, Client *clients[], int count)
{
    for (int i = 0; i < count; i++) {
        clients[i] = Client_Open(server);
        if (clients[i] == NULL)
            return false;
        /* Now and then its echo, so that the queue of the listener does not run over. */
        if (i % AT_A_TIME == AT_A_TIME - 1 && !Client_Echo(clients[i], 10))
            return false;
    }
    return true;
}

/* All send before any of them reads: all of them have to be connected at the same time. */
static bool EchoAll(Client *clients[], int count)
{
    int size = (int)sizeof(clients[0]->address);

    for (int i = 0; i < count; i++) {
        if (!Client_Send(clients[i], clients[i]->address, size))
            return false;
    }
    for (int i = 0; i < count; i++) {
        char received[sizeof(clients[0]->address)];

        if (!Client_Receive(clients[i], received, size))
            return Test_Explain("client %d of %d, %s, gets no echo", i + 1, count,
                                clients[i]->address);
        if (memcmp(received, clients[i]->address, (size_t)size) != 0)
            return Test_Explain("client %d of %d, %s, gets a wrong echo", i + 1, count,
                                clients[i]->address);
    }
    return true;
}

/* One more than fits: its connection ends, with a line that says who it was, and why. */
static void CheckRefused(Server *server)
{
    Client *client = NEED(Client_Open(server));
    char line[300];
    char refused[NET_ADDRESS_TEXT_SIZE + 32];

    snprintf(refused, sizeof(refused), "Client Refused! %s (", client->address);
    CHECK(Client_WaitForEnd(client, NULL));
    CHECK(Server_WaitForLine(server, refused, NULL, line, (int)sizeof(line)));
    snprintf(refused, sizeof(refused), "Connected! %s", client->address);
    CHECK_INT(ServerProcess_CountLines(server->process, refused), 0);
    Client_Close(client);
}

/* 02 and 03: 63 are served at once, the 64th is refused, and its place is free when one leaves. */
static void SixtyFourth(void)
{
    static Client *clients[SET_MAX];
    Server *server = Server_Start();
    static const int leaving[] = {0, 31, SET_MAX - 1};

    REQUIRE(CHECK(server != NULL));
    REQUIRE(CHECK(OpenClients(server, clients, SET_MAX)));
    REQUIRE(CHECK(EchoAll(clients, SET_MAX)));
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Refused! "), 0);
    for (int i = 1; i <= 3; i++) {
        CheckRefused(server);
        CHECK_INT(ServerProcess_CountLines(server->process, "Client Refused! "), i);
    }
    REQUIRE(CHECK(EchoAll(clients, SET_MAX)));
    for (int i = 0; i < 3; i++) {
        Client_Close(clients[leaving[i]]);
        REQUIRE(CHECK(Server_WaitForLeft(server, i + 1)));
        clients[leaving[i]] = Client_Open(server);
        REQUIRE(CHECK(clients[leaving[i]] != NULL));
        REQUIRE(CHECK(EchoAll(clients, SET_MAX)));
        CheckRefused(server);
    }
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Connected! "), SET_MAX + 3);
    Server_CheckStop(server);
}

/* The full house, several times over: all places are free again, whatever the order of leaving. */
static void FullHouseAgain(void)
{
    static const int steps[] = {1, 5, 62};
    static Client *clients[SET_MAX];
    Server *server = NEED(Server_Start());

    for (int round = 0; round < 3; round++) {
        REQUIRE(CHECK(OpenClients(server, clients, SET_MAX)));
        REQUIRE(CHECK(EchoAll(clients, SET_MAX)));
        CheckRefused(server);
        for (int i = 0; i < SET_MAX; i++) {
            /* In order, in steps of 5, and backwards: 63 shares no divisor with 5 or 62. */
            Client *client = clients[i * steps[round] % SET_MAX];

            if (i % 2 == 0)
                Client_Close(client);
            else
                Client_Reset(client);
        }
        REQUIRE(CHECK(Server_WaitForLeft(server, (round + 1) * SET_MAX)));
    }
    Server_CheckStop(server);
}

/* 04 and up: a thousand at once, all served, none refused, nothing left of them. */
static void Thousand(void)
{
    static Client *clients[MANY];
    Server *server = NEED(Server_Start());
    int handles;

    REQUIRE(CHECK(Server_ServesNewClient(server)));
    handles = ServerProcess_GetHandleCount(server->process);
    CHECK(handles > 0);
    REQUIRE(CHECK(OpenClients(server, clients, MANY)));
    REQUIRE(CHECK(EchoAll(clients, MANY)));
    REQUIRE(CHECK(EchoAll(clients, MANY)));
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Refused! "), 0);
    /* Each has a socket there. Some that came or went may have been counted before. */
    CHECK(ServerProcess_GetHandleCount(server->process) >= handles + MANY - 20);
    CHECK(Server_ServesNewClient(server));
    for (int i = 0; i < MANY; i++) {
        if (i % 4 == 0)
            Client_Close(clients[i]);
        else
            Client_Reset(clients[i]);
    }
    CHECK(Server_WaitForLeft(server, MANY + 2));
    CHECK_AT_MOST(Server_SettleHandles(server, handles + 4), handles + 4);
    Server_CheckStop(server);
}

const ContractTest limitTests[] = {
    {"limit: the second client waits for the first", SecondWaits, 1, 1, 20},
    {"limit: the second client waits for a stuck one", SecondWaitsForStuck, 1, 1, 40},
    {"limit: client 64 is refused", SixtyFourth, 2, 3, 40},
    {"limit: 63 clients, again and again", FullHouseAgain, 2, 3, 40},
    {"limit: 1,000 clients at once", Thousand, 4, LAST_STAGE, 60},
    {NULL, NULL, 0, 0, 0},
};
