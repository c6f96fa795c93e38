/*
 * ContractLeave: the ways in which a client leaves. Each ends that client and nobody else.
 */
#include "Contract.h"

#include <stdio.h>
#include <string.h>

/* The server owes everything that it received, and sends it before it closes. */
static void HalfCloseWhileReading(void)
{
    Client_CheckTransfer(&(Transfer){.size = 700u << 10, .halfClose = true}, 0);
}

static void HalfCloseBeforeReading(void)
{
    Client_CheckTransfer(&(Transfer){.size = 700u << 10, .halfClose = true, .sendFirst = true}, 0);
}

/* Most of what is owed is still to be sent when the server sees the end. */
static void HalfCloseOfSlowReader(void)
{
    const Transfer transfer = {.size = 256u << 10,
                               .halfClose = true,
                               .sendFirst = true,
                               .recvPiece = 4096,
                               .recvPauseMs = 2};

    Client_CheckTransfer(&transfer, 8192);
}

static void HalfCloseAtOnce(void)
{
    Server *server = NEED(Server_Start());
    bool clean = false;
    Client *client = NEED(Client_Open(server));

    REQUIRE(CHECK(Client_HalfClose(client)));
    REQUIRE(CHECK(Client_WaitForEnd(client, &clean)));
    CHECK(clean);
    CHECK(Server_WaitForLeft(server, 1));
    CHECK(Server_ServesNewClient(server));
    Server_CheckStop(server);
}

static void ConnectAndLeave(void)
{
    enum { COUNT = 100 };
    Server *server = NEED(Server_Start());

    for (int i = 0; i < COUNT; i++) {
        Client *client = NEED(Client_Open(server));

        Client_Close(client);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK(Server_ServesNewClient(server));
    Server_CheckStop(server);
}

/* The client leaves while its echo is on the way, and never reads it. */
static void LeaveWithoutReading(void)
{
    enum { COUNT = 20 };
    static const char bytes[3 * BUFFER_SIZE];
    Server *server = NEED(Server_Start());

    for (int i = 0; i < COUNT; i++) {
        Client *client = NEED(Client_Open(server));

        REQUIRE(CHECK(Client_Send(client, bytes, (int)sizeof(bytes))));
        Client_Close(client);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK(Server_ServesNewClient(server));
    Server_CheckStop(server);
}

/* Brings a client to the moment of its reset. False: it did not get there. */
static bool ComeToMoment(Client *client, int moment)
{
    static const char bytes[16 * BUFFER_SIZE];
    static char received[BUFFER_SIZE];

    switch (moment) {
    case 0: /* right after connect */
        return true;
    case 1: /* the server has something to receive */
        return Client_Send(client, bytes, 100);
    case 2: /* nothing is on the way: the server waits in its receive */
        return Client_Echo(client, 1000);
    case 3: /* much is on the way, both ways */
        return Client_Send(client, bytes, (int)sizeof(bytes));
    case 4: /* part of the echo was read */
        return Client_Send(client, bytes, 4 * BUFFER_SIZE) &&
               Client_Receive(client, received, 1000);
    default: /* right behind a half-close */
        return Client_Send(client, bytes, 2 * BUFFER_SIZE) && Client_HalfClose(client);
    }
}

static void Resets(void)
{
    enum { COUNT = 30, MOMENTS = 6 };
    Server *server = NEED(Server_Start());

    for (int i = 0; i < COUNT; i++) {
        Client *client = NEED(Client_Open(server));

        REQUIRE(CHECK(ComeToMoment(client, i % MOMENTS)));
        Client_Reset(client);
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    }
    /* Who was gone before the accept may not have been seen at all; but who came also went. */
    CHECK(Server_WaitForLeft(server,
                             ServerProcess_CountLines(server->process, "Client Connected! ")));
    CHECK(ServerProcess_CountLines(server->process, "Client Connected! ") >= COUNT);
    Server_CheckStop(server);
}

/*
 * Clients that are gone before they are accepted. It is not a failure of the server, nothing to
 * pause for or to complain about: the next one is served at once.
 */
static void ResetsBeforeAccept(void)
{
    enum { COUNT = 200, MOST_MS = 3000 };
    Server *server = NEED(Server_Start());
    ULONGLONG start;

    start = Test_Now();
    for (int i = 0; i < COUNT; i++) {
        Client *client = NEED(Client_Open(server));

        Client_Reset(client);
    }
    CHECK(Server_ServesNewClient(server));
    CHECK_AT_MOST(Test_Now() - start, MOST_MS);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Refused! "), 0);
    Server_CheckStop(server);
}

/* Resets in a burst, so that they come while the server is busy with others of them. */
static void ResetsAtOnce(void)
{
    enum { ROUNDS = 5, COUNT = 12, MOMENTS = 4 };
    Server *server = NEED(Server_Start());

    for (int round = 0; round < ROUNDS; round++) {
        Client *clients[COUNT];

        for (int i = 0; i < COUNT; i++) {
            clients[i] = NEED(Client_Open(server));
            REQUIRE(CHECK(ComeToMoment(clients[i], i % MOMENTS)));
        }
        for (int i = 0; i < COUNT; i++)
            Client_Reset(clients[i]);
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    }
    Server_CheckStop(server);
}

static void ResetWhileSending(void)
{
    Server *server = NEED(Server_Start());

    for (int i = 0; i < 2; i++) {
        Client *client = NEED(Client_OpenWithBuffers(server, 8192));
        char left[NET_ADDRESS_TEXT_SIZE + 32];

        REQUIRE(CHECK(Client_FillUp(client) > 0));
        snprintf(left, sizeof(left), "Client Disconnected! %s", client->address);
        CHECK_INT(ServerProcess_CountLines(server->process, left), 0);
        Client_Reset(client);
        CHECK(ServerProcess_WaitForLine(server->process, left, NULL, WAIT_MS));
        CHECK(Server_ServesNewClient(server));
    }
    Server_CheckStop(server);
}

const ContractTest leaveTests[] = {
    {"leave: half-close after 700 KB, reading all along", HalfCloseWhileReading, 1, LAST_STAGE, 40},
    {"leave: half-close after 700 KB, then reading", HalfCloseBeforeReading, 1, LAST_STAGE, 40},
    {"leave: half-close of a slow reader", HalfCloseOfSlowReader, 1, LAST_STAGE, 40},
    {"leave: half-close at once", HalfCloseAtOnce, 1, LAST_STAGE, 20},
    {"leave: 100 connect and leave", ConnectAndLeave, 1, LAST_STAGE, 30},
    {"leave: without reading the echo", LeaveWithoutReading, 1, LAST_STAGE, 30},
    {"leave: 30 resets at every moment", Resets, 1, LAST_STAGE, 40},
    {"leave: 200 resets before the accept", ResetsBeforeAccept, 1, LAST_STAGE, 60},
    {"leave: resets in bursts", ResetsAtOnce, 2, LAST_STAGE, 40},
    {"leave: reset while the server is stuck sending", ResetWhileSending, 1, LAST_STAGE, 60},
    {NULL, NULL, 0, 0, 0},
};
