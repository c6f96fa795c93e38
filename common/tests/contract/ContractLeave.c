/*
 * ContractLeave: the ways in which a client leaves. Each ends that client and nobody else.
 */
#include "Contract.h"

TEST("leave: half-close at once")
{
    Client *client = Client_Open();

    REQUIRE(CHECK(Peer_HalfClose(client->socket)));
    REQUIRE(CHECK(Peer_WaitForCleanEnd(client->socket)));
    CHECK(Server_WaitForLeft(1));
    CHECK(Server_ServesNewClient());
}

TEST("leave: 100 connect and leave")
{
    enum { COUNT = 100 };

    for (int i = 0; i < COUNT; i++)
        Client_Leave(Client_Open(), true);
    CHECK(Server_WaitForLeft(COUNT));
    CHECK(Server_ServesNewClient());
}

/* The client leaves while its echo is on the way, and never reads it. */
TEST("leave: without reading the echo")
{
    enum { COUNT = 20 };
    static const char bytes[3 * BUFFER_SIZE];

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open();

        REQUIRE(CHECK(Peer_Send(client->socket, bytes, (int)sizeof(bytes))));
        Peer_Close(&client->socket);
    }
    CHECK(Server_WaitForLeft(COUNT));
    CHECK(Server_ServesNewClient());
}

TEST("leave: 30 resets at every moment")
{
    enum { COUNT = 30 };

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open();

        REQUIRE(CHECK(Client_ComeToMoment(client, i % LEAVE_MOMENTS)));
        Peer_Reset(&client->socket);
        REQUIRE(CHECK(Server_ServesNewClient()));
    }
    /* Who was gone before the accept may not have been seen at all; but who came also went. */
    CHECK(Server_WaitForAllLeft());
    CHECK(Server_Count("Client Connected! ") >= COUNT);
}

/*
 * Clients that are gone before they are accepted. It is not a failure of the server, nothing to
 * pause for or to complain about: the next one is served at once.
 */
TEST("leave: 200 resets before the accept")
{
    enum { COUNT = 200, MOST_MS = 3000 };
    ULONGLONG start;

    Server_Start();
    start = Test_Now();
    for (int i = 0; i < COUNT; i++)
        Client_Leave(Client_Open(), false);
    CHECK(Server_ServesNewClient());
    CHECK_AT_MOST(Test_Now() - start, MOST_MS);
    CHECK_INT(Server_Count("Client Refused! "), 0);
}

/*
 * Clients that connect and reset in the same moment: most of them are gone when their accept is
 * handled, and it completes with an error. Each of those accepts has to be begun again.
 */
TEST("leave: 100 connect and reset in one moment")
{
    enum { ROUNDS = 3, COUNT = 100 };

    Server_Start();
    for (int round = 0; round < ROUNDS; round++) {
        SOCKET sockets[COUNT];

        for (int i = 0; i < COUNT; i++) {
            sockets[i] = NEED_SOCKET(Peer_Create(AF_INET));
            REQUIRE(CHECK(SocketUtils_SetNonBlocking(sockets[i], true)));
        }
        for (int i = 0; i < COUNT; i++) {
            /* False with WSAEWOULDBLOCK: it is on the way. */
            SocketUtils_Connect(sockets[i], &serverAddress);
            Peer_Reset(&sockets[i]);
        }
        REQUIRE(CHECK(Server_ServesNewClient()));
    }
    CHECK(Server_WaitForAllLeft());
}

/* Resets in a burst, so that they come while the server is busy with others of them. */
TEST("leave: resets in bursts", .firstStage = 2)
{
    enum { ROUNDS = 5, COUNT = 12, MOMENTS = 4 };

    for (int round = 0; round < ROUNDS; round++) {
        Client *clients[COUNT];

        for (int i = 0; i < COUNT; i++) {
            clients[i] = Client_Open();
            REQUIRE(CHECK(Client_ComeToMoment(clients[i], i % MOMENTS)));
        }
        for (int i = 0; i < COUNT; i++)
            Peer_Reset(&clients[i]->socket);
        REQUIRE(CHECK(Server_ServesNewClient()));
    }
}

TEST("leave: reset while the server is stuck sending")
{
    for (int i = 0; i < 2; i++) {
        Client *client = Client_OpenStuck();

        CHECK_INT(Client_Count(client, "Client Disconnected!"), 0);
        Peer_Reset(&client->socket);
        CHECK(Client_IsLogged(client, "Client Disconnected!"));
        CHECK(Server_ServesNewClient());
    }
}
