/*
 * ContractLimits: what each model cannot do, and what it does instead.
 */
#include "Contract.h"

#define SET_MAX   63   /* clients of 02 and 03 */
#define MANY      1000 /* clients of 04 and up */
#define AT_A_TIME 50   /* connections that are opened before the server must have answered one */

/* 01: the second client is connected, by the system, and waits for the first to leave. */
TEST("limit: the second client waits for the first", .lastStage = 1)
{
    Client *clients[3];

    for (int i = 0; i < 3; i++) {
        clients[i] = Client_Open();
        REQUIRE(CHECK(Peer_Send(clients[i]->socket, "hello", 5)));
    }
    for (int i = 0; i < 3; i++) {
        char received[5];

        REQUIRE(CHECK(Peer_Receive(clients[i]->socket, received, 5)));
        CHECK(Client_Echo(clients[i], 1000));
        if (i < 2) {
            CHECK(Peer_IsQuiet(clients[i + 1]->socket));
            CHECK_INT(Client_Count(clients[i + 1], "Client Connected!"), 0);
        }
        CHECK(Client_Echo(clients[i], 1000));
        Peer_Close(&clients[i]->socket);
    }
    CHECK(Server_WaitForLeft(3));
}

/* 01: a first client that is stuck holds up the second until it is gone. */
TEST("limit: the second client waits for a stuck one", .lastStage = 1)
{
    char received[5];
    Client *stuck = Client_OpenStuck();
    Client *second = Client_Open();

    REQUIRE(CHECK(Peer_Send(second->socket, "hello", 5)));
    CHECK(Peer_IsQuiet(second->socket));
    Peer_Reset(&stuck->socket);
    CHECK(Peer_Receive(second->socket, received, 5));
    Peer_Close(&second->socket);
    CHECK(Server_WaitForLeft(2));
}

/* All of them have to be connected at the same time. */
static bool EchoAll(Client *clients[], int count)
{
    static SOCKET sockets[MANY];

    for (int i = 0; i < count; i++)
        sockets[i] = clients[i]->socket;
    return Peers_Echo(sockets, count);
}

static void OpenClients(Client *clients[], int count)
{
    for (int i = 0; i < count; i++) {
        clients[i] = Client_Open();
        /* Now and then its echo, so that the queue of the listener does not run over. */
        NEED_TRUE(i % AT_A_TIME != AT_A_TIME - 1 || Client_Echo(clients[i], 10));
    }
    NEED_TRUE(EchoAll(clients, count));
}

/* One more than fits: its connection ends, with a line that says who it was, and why. */
static void CheckRefused(void)
{
    Client *client = Client_Open();
    char refused[NET_ADDRESS_TEXT_SIZE + 32];

    snprintf(refused, sizeof(refused), "Client Refused! %s (", client->address);
    CHECK(Peer_WaitForEnd(client->socket, NULL));
    CHECK(TestProgram_Says(server, refused));
    CHECK_INT(Client_Count(client, "Client Connected!"), 0);
    Peer_Close(&client->socket);
}

/* 02 and 03: 63 are served at once, the 64th is refused, and its place is free when one leaves. */
TEST("limit: client 64 is refused", .firstStage = 2, .lastStage = 3)
{
    static Client *clients[SET_MAX];
    static const int leaving[] = {0, 31, SET_MAX - 1};

    OpenClients(clients, SET_MAX);
    CHECK_INT(Server_Count("Client Refused! "), 0);
    for (int i = 1; i <= 3; i++) {
        CheckRefused();
        CHECK_INT(Server_Count("Client Refused! "), i);
    }
    REQUIRE(CHECK(EchoAll(clients, SET_MAX)));
    for (int i = 0; i < 3; i++) {
        Peer_Close(&clients[leaving[i]]->socket);
        REQUIRE(CHECK(Server_WaitForLeft(i + 1)));
        clients[leaving[i]] = Client_Open();
        REQUIRE(CHECK(EchoAll(clients, SET_MAX)));
        CheckRefused();
    }
    CHECK_INT(Server_Count("Client Connected! "), SET_MAX + 3);
}

/* The full house, several times over: all places are free again, whatever the order of leaving. */
TEST("limit: 63 clients, again and again", .firstStage = 2, .lastStage = 3)
{
    static const int steps[] = {1, 5, 62};
    static Client *clients[SET_MAX];

    for (int round = 0; round < 3; round++) {
        OpenClients(clients, SET_MAX);
        CheckRefused();
        for (int i = 0; i < SET_MAX; i++) {
            /* In order, in steps of 5, and backwards: 63 shares no divisor with 5 or 62. */
            Client *client = clients[i * steps[round] % SET_MAX];

            Client_Leave(client, i % 2 == 0);
        }
        REQUIRE(CHECK(Server_WaitForLeft((round + 1) * SET_MAX)));
    }
}

/* 04 and up: a thousand at once, all served, none refused, nothing left of them. */
TEST("limit: 1,000 clients at once", .firstStage = 4)
{
    static Client *clients[MANY];
    int handles;

    REQUIRE(CHECK(Server_ServesNewClient()));
    handles = ServerProcess_GetHandleCount(server);
    CHECK(handles > 0);
    OpenClients(clients, MANY);
    REQUIRE(CHECK(EchoAll(clients, MANY)));
    CHECK_INT(Server_Count("Client Refused! "), 0);
    /* Each has a socket there. Some that came or went may have been counted before. */
    CHECK(ServerProcess_GetHandleCount(server) >= handles + MANY - 20);
    CHECK(Server_ServesNewClient());
    for (int i = 0; i < MANY; i++)
        Client_Leave(clients[i], i % 4 == 0);
    CHECK(Server_WaitForLeft(MANY + 2));
    Server_CheckHandles(handles + 4);
}
