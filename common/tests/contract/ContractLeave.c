/*
 * ContractLeave: the ways in which a client leaves. Each ends that client and nobody else.
 */
#include "Contract.h"

TEST("leave: half-close at once")
{
    Server *server = Server_Start();
    Client *client = Client_Open(server);

    REQUIRE(CHECK(Peer_HalfClose(client->socket)));
    REQUIRE(CHECK(Peer_WaitForCleanEnd(client->socket)));
    CHECK(Server_WaitForLeft(server, 1));
    CHECK(Server_ServesNewClient(server));
}

TEST("leave: 100 connect and leave")
{
    enum { COUNT = 100 };
    Server *server = Server_Start();

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open(server);

        Peer_Close(&client->socket);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK(Server_ServesNewClient(server));
}

/* The client leaves while its echo is on the way, and never reads it. */
TEST("leave: without reading the echo")
{
    enum { COUNT = 20 };
    static const char bytes[3 * BUFFER_SIZE];
    Server *server = Server_Start();

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open(server);

        REQUIRE(CHECK(Peer_Send(client->socket, bytes, (int)sizeof(bytes))));
        Peer_Close(&client->socket);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK(Server_ServesNewClient(server));
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
        return Peer_Send(client->socket, bytes, 100);
    case 2: /* nothing is on the way: the server waits in its receive */
        return Client_Echo(client, 1000);
    case 3: /* much is on the way, both ways */
        return Peer_Send(client->socket, bytes, (int)sizeof(bytes));
    case 4: /* part of the echo was read */
        return Peer_Send(client->socket, bytes, 4 * BUFFER_SIZE) &&
               Peer_Receive(client->socket, received, 1000);
    default: /* right behind a half-close */
        return Peer_Send(client->socket, bytes, 2 * BUFFER_SIZE) && Peer_HalfClose(client->socket);
    }
}

TEST("leave: 30 resets at every moment")
{
    enum { COUNT = 30, MOMENTS = 6 };
    Server *server = Server_Start();

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open(server);

        REQUIRE(CHECK(ComeToMoment(client, i % MOMENTS)));
        Peer_Reset(&client->socket);
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    }
    /* Who was gone before the accept may not have been seen at all; but who came also went. */
    CHECK(Server_WaitForLeft(server, Server_Count(server, "Client Connected! ")));
    CHECK(Server_Count(server, "Client Connected! ") >= COUNT);
}

/*
 * Clients that are gone before they are accepted. It is not a failure of the server, nothing to
 * pause for or to complain about: the next one is served at once.
 */
TEST("leave: 200 resets before the accept")
{
    enum { COUNT = 200, MOST_MS = 3000 };
    Server *server = Server_Start();
    ULONGLONG start = Test_Now();

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open(server);

        Peer_Reset(&client->socket);
    }
    CHECK(Server_ServesNewClient(server));
    CHECK_AT_MOST(Test_Now() - start, MOST_MS);
    CHECK_INT(Server_Count(server, "Client Refused! "), 0);
}

/*
 * Clients that connect and reset in the same moment: most of them are gone when their accept is
 * handled, and it completes with an error. Each of those accepts has to be begun again.
 */
TEST("leave: 100 connect and reset in one moment")
{
    enum { ROUNDS = 3, COUNT = 100 };
    Server *server = Server_Start();

    for (int round = 0; round < ROUNDS; round++) {
        SOCKET sockets[COUNT];

        for (int i = 0; i < COUNT; i++) {
            sockets[i] = NEED_SOCKET(Peer_Create(AF_INET));
            REQUIRE(CHECK(SocketUtils_SetNonBlocking(sockets[i], true)));
        }
        for (int i = 0; i < COUNT; i++) {
            /* False with WSAEWOULDBLOCK: it is on the way. */
            SocketUtils_Connect(sockets[i], &server->address);
            Peer_Reset(&sockets[i]);
        }
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    }
    CHECK(Server_WaitForLeft(server, Server_Count(server, "Client Connected! ")));
}

/* Resets in a burst, so that they come while the server is busy with others of them. */
TEST("leave: resets in bursts", .firstStage = 2)
{
    enum { ROUNDS = 5, COUNT = 12, MOMENTS = 4 };
    Server *server = Server_Start();

    for (int round = 0; round < ROUNDS; round++) {
        Client *clients[COUNT];

        for (int i = 0; i < COUNT; i++) {
            clients[i] = Client_Open(server);
            REQUIRE(CHECK(ComeToMoment(clients[i], i % MOMENTS)));
        }
        for (int i = 0; i < COUNT; i++)
            Peer_Reset(&clients[i]->socket);
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    }
}

TEST("leave: reset while the server is stuck sending")
{
    Server *server = Server_Start();

    for (int i = 0; i < 2; i++) {
        Client *client = Client_OpenStuck(server);

        CHECK_INT(Server_Count(server, Client_GetLine(client, "Client Disconnected!")), 0);
        Peer_Reset(&client->socket);
        CHECK(TestProgram_Says(server->process, Client_GetLine(client, "Client Disconnected!")));
        CHECK(Server_ServesNewClient(server));
    }
}
