/*
 * ContractEcho: bytes come back in order, unchanged, NULs and all, for any sizes and any pace.
 */
#include "Contract.h"

TEST("echo: single bytes, each waited for")
{
    Client *client = Client_Open();

    for (int value = 0; value < 256; value++) {
        unsigned char byte = (unsigned char)value;

        REQUIRE(CHECK(Peer_EchoBytes(client->socket, &byte, 1)));
    }
    Peer_Close(&client->socket);
    CHECK(Server_WaitForLeft(1));
    CHECK_INT(Server_SumReceived(), 256);
}

TEST("echo: sizes around every buffer boundary")
{
    static const size_t sizes[] = {1,     2,     3,     511,   512,   513,    1023,   1024,  1025,
                                   2047,  2048,  2049,  4094,  4095,  4096,   4097,   4098,  8191,
                                   8192,  8193,  12287, 12288, 12289, 16383,  16384,  16385, 32767,
                                   32768, 32769, 65535, 65536, 65537, 131071, 131072, 131073};
    size_t sum = 0;
    Client *client = Client_Open();

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        REQUIRE(CHECK(Client_Echo(client, sizes[i])));
        sum += sizes[i];
    }
    Peer_Close(&client->socket);
    CHECK(Server_WaitForLeft(1));
    CHECK_INT(Server_SumReceived(), sum);
}

/* Each size in one send, on a connection of its own, with the end right behind it. */
TEST("echo: sizes with the end right behind")
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 8191, 8192, 8193, 65536};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        Transfer transfer = {.size = sizes[i], .halfClose = true};
        Client *client = Client_Open();

        REQUIRE(CHECK(Client_Transfer(client, &transfer)));
        Peer_Close(&client->socket);
    }
    CHECK(Server_WaitForLeft(COUNT_OF(sizes)));
}

TEST("echo: nothing but NULs")
{
    static const char sent[3 * BUFFER_SIZE + 1];
    Client *client = Client_Open();

    CHECK(Peer_EchoBytes(client->socket, sent, (int)sizeof(sent)));
}

/* Pieces of odd sizes in both directions, so that no piece of a side is a piece of the other. */
TEST("echo: odd pieces")
{
    static const size_t pieces[][2] = {{1000, 77}, {4095, 4097}, {4097, 4095}, {13, 60000}};
    Client *client = Client_Open();

    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        Transfer transfer = {.size = 30000, .sendPiece = pieces[i][0], .recvPiece = pieces[i][1]};

        REQUIRE(CHECK(Client_Transfer(client, &transfer)));
    }
}

/* What belongs to one client never reaches another: each has bytes of its own. */
TEST("echo: 30 clients at once get their own bytes", .firstStage = 2)
{
    enum { COUNT = 30, ROUNDS = 6 };
    Client *clients[COUNT];

    for (int i = 0; i < COUNT; i++)
        clients[i] = Client_Open();
    for (int round = 0; round < ROUNDS; round++) {
        char sent[COUNT][64];
        char received[64];

        for (int i = 0; i < COUNT; i++) {
            snprintf(sent[i], sizeof(sent[i]), "round %d of %s", round, clients[i]->address);
            REQUIRE(CHECK(Peer_Send(clients[i]->socket, sent[i], (int)sizeof(sent[i]))));
        }
        for (int i = COUNT - 1; i >= 0; i--) {
            REQUIRE(CHECK(Peer_Receive(clients[i]->socket, received, (int)sizeof(received))));
            REQUIRE(CHECK_TEXT(received, sent[i]));
        }
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK(Client_Echo(clients[i], 3 * BUFFER_SIZE + 1));
        Peer_Close(&clients[i]->socket);
    }
    CHECK(Server_WaitForLeft(COUNT));
}

TEST("echo: 2,000 clients in a row", .limitSeconds = 90)
{
    enum { COUNT = 2000 };

    for (int i = 0; i < COUNT; i++) {
        char sent[16];
        Client *client = Client_Open();

        snprintf(sent, sizeof(sent), "client %d", i);
        REQUIRE(CHECK(Peer_EchoBytes(client->socket, sent, (int)sizeof(sent))));
        /* Only one in four in order: the others would use up this machine's ports in TIME_WAIT. */
        Client_Leave(client, i % 4 == 0);
    }
    CHECK(Server_WaitForLeft(COUNT));
    CHECK_INT(Server_Count("Client Connected! "), COUNT);
}

/*
 * The client is ahead of the server all along, so that each operation is done at once: a server that
 * begins the next one inside the last goes deeper with each 4 KiB, and needs 33 MB to come to the end
 * of a stack of 2 MB with 256 bytes a time. A server that is told what is ready has nothing that
 * completes inside a call. That is in the source and not in how it runs, so once, under verify, will do.
 */
TEST("echo: 64 MB in one go", .firstStage = 3, .isWanted = &isVerifying)
{
    static const Transfer transfer = {.size = 64u << 20, .halfClose = true};
    Server_StartWith(ARGUMENTS("--port", "0", "--quiet"));
    CHECK(Client_Transfer(Client_Open(), &transfer));
}

TEST("echo: over IPv6")
{
    Client *client;

    Server_StartWith(ARGUMENTS("--address", "::1", "--port", "0"));
    CHECK_INT(NetAddress_GetFamily(&serverAddress), AF_INET6);
    client = Client_Open();
    CHECK(Client_Echo(client, 100000));
    CHECK_CONTAINS(client->address, "[::1]:");
    Peer_Close(&client->socket);
    CHECK(Client_IsLogged(client, "Client Disconnected!"));
    CHECK(Client_IsLogged(client, "Client Connected!"));
}
