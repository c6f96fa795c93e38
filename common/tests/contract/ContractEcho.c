/*
 * ContractEcho: bytes come back in order, unchanged, NULs and all, for any sizes and any pace.
 */
#include "Contract.h"

#include <stdio.h>
#include <string.h>

static void SingleBytes(void)
{
    Server *server = NEED(Server_Start());
    Client *client = NEED(Client_Open(server));

    for (int value = 0; value < 256; value++) {
        unsigned char sent = (unsigned char)value;
        unsigned char received = (unsigned char)~value;

        REQUIRE(CHECK(Client_Send(client, &sent, 1)));
        REQUIRE(CHECK(Client_Receive(client, &received, 1)));
        REQUIRE(CHECK_INT(received, value));
    }
    Client_Close(client);
    CHECK(Server_WaitForLeft(server, 1));
    CHECK_INT(Server_SumReceived(server), 256);
    Server_CheckStop(server);
}

/* The system hands them over in whatever pieces it likes. */
static void SingleBytesWithoutWaiting(void)
{
    Client_CheckTransfer(&(Transfer){.size = 3000, .sendPiece = 1}, 0);
}

static void SizesAroundBoundaries(void)
{
    static const size_t sizes[] = {1,     2,     3,     511,   512,   513,    1023,   1024,  1025,
                                   2047,  2048,  2049,  4094,  4095,  4096,   4097,   4098,  8191,
                                   8192,  8193,  12287, 12288, 12289, 16383,  16384,  16385, 32767,
                                   32768, 32769, 65535, 65536, 65537, 131071, 131072, 131073};
    Server *server = NEED(Server_Start());
    size_t sum = 0;
    Client *client = NEED(Client_Open(server));

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        REQUIRE(CHECK(Client_Echo(client, sizes[i])));
        sum += sizes[i];
    }
    Client_Close(client);
    CHECK(Server_WaitForLeft(server, 1));
    CHECK_INT(Server_SumReceived(server), sum);
    Server_CheckStop(server);
}

/* Each size in one send, on a connection of its own, with the end right behind it. */
static void SizesWithHalfClose(void)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 8191, 8192, 8193, 65536};
    Server *server = NEED(Server_Start());
    int count = (int)(sizeof(sizes) / sizeof(sizes[0]));

    for (int i = 0; i < count; i++) {
        Transfer transfer = {.size = sizes[i], .halfClose = true};
        Client *client = NEED(Client_Open(server));

        REQUIRE(CHECK(Client_Transfer(client, &transfer)));
        Client_Close(client);
    }
    CHECK(Server_WaitForLeft(server, count));
    Server_CheckStop(server);
}

static void OnlyNuls(void)
{
    static const char sent[3 * BUFFER_SIZE + 1];
    static char received[sizeof(sent)];
    Server *server = NEED(Server_Start());
    Client *client = NEED(Client_Open(server));

    memset(received, 'x', sizeof(received));
    REQUIRE(CHECK(Client_Send(client, sent, (int)sizeof(sent))));
    REQUIRE(CHECK(Client_Receive(client, received, (int)sizeof(received))));
    CHECK(memcmp(sent, received, sizeof(sent)) == 0);
    Client_Close(client);
    Server_CheckStop(server);
}

static void FourMegabytes(void)
{
    Client_CheckTransfer(&(Transfer){.size = 4u << 20, .halfClose = true}, 0);
}

/* Pieces of odd sizes in both directions, so that no piece of a side is a piece of the other. */
static void OddPieces(void)
{
    static const size_t pieces[][2] = {{1000, 77}, {4095, 4097}, {4097, 4095}, {13, 60000}};
    Server *server = NEED(Server_Start());
    Client *client = NEED(Client_Open(server));

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        Transfer transfer = {.size = 30000};

        transfer.sendPiece = pieces[i][0];
        transfer.recvPiece = pieces[i][1];
        REQUIRE(CHECK(Client_Transfer(client, &transfer)));
    }
    Client_Close(client);
    Server_CheckStop(server);
}

/* Small buffers and pauses: the server's sends are short, or have to wait, again and again. */
static void SlowReader(void)
{
    const Transfer transfer = {.size = 512u << 10, .recvPiece = 8192, .recvPauseMs = 5};

    Client_CheckTransfer(&transfer, 8192);
}

/* The client reads nothing until the server is stuck with it; then all of it. */
static void LateReader(void)
{
    Client_CheckTransfer(&(Transfer){.size = 16u << 20, .sendFirst = true}, 8192);
}

/* What belongs to one client never reaches another: each has bytes of its own. */
static void ManyAtOnce(void)
{
    enum { COUNT = 30, ROUNDS = 6 };
    Server *server = NEED(Server_Start());
    Client *clients[COUNT];

    for (int i = 0; i < COUNT; i++)
        clients[i] = NEED(Client_Open(server));
    for (int round = 0; round < ROUNDS; round++) {
        char sent[COUNT][64];
        char received[64];

        for (int i = 0; i < COUNT; i++) {
            snprintf(sent[i], sizeof(sent[i]), "round %d of %s", round, clients[i]->address);
            REQUIRE(CHECK(Client_Send(clients[i], sent[i], (int)sizeof(sent[i]))));
        }
        for (int i = COUNT - 1; i >= 0; i--) {
            REQUIRE(CHECK(Client_Receive(clients[i], received, (int)sizeof(received))));
            REQUIRE(CHECK_TEXT(received, sent[i]));
        }
    }
    for (int i = 0; i < COUNT; i++) {
        CHECK(Client_Echo(clients[i], 3 * BUFFER_SIZE + 1));
        Client_Close(clients[i]);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    Server_CheckStop(server);
}

static void ThousandsInARow(void)
{
    enum { COUNT = 2000 };
    Server *server = NEED(Server_Start());

    for (int i = 0; i < COUNT; i++) {
        char sent[16];
        char received[16] = "";
        Client *client = NEED(Client_Open(server));

        snprintf(sent, sizeof(sent), "client %d", i);
        REQUIRE(CHECK(Client_Send(client, sent, (int)sizeof(sent))));
        REQUIRE(CHECK(Client_Receive(client, received, (int)sizeof(received))));
        REQUIRE(CHECK_TEXT(received, sent));
        /* Only one in four in order: the others would use up this machine's ports in TIME_WAIT. */
        if (i % 4 == 0)
            Client_Close(client);
        else
            Client_Reset(client);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Connected! "), COUNT);
    Server_CheckStop(server);
}

static void OverIpv6(void)
{
    static const char *const arguments[] = {"--address", "::1", "--port", "0", NULL};
    Server *server = NEED(Server_StartWith(arguments));
    Client *client;
    char line[200];
    char expected[200];

    CHECK_INT(NetAddress_GetFamily(&server->address), AF_INET6);
    client = NEED(Client_Open(server));
    CHECK(Client_Echo(client, 100000));
    CHECK_CONTAINS(client->address, "[::1]:");
    snprintf(expected, sizeof(expected), "Client Disconnected! %s", client->address);
    Client_Close(client);
    CHECK(Server_WaitForLine(server, expected, NULL, line, (int)sizeof(line)));
    snprintf(expected, sizeof(expected), "Client Connected! %s", client->address);
    CHECK(Server_WaitForLine(server, expected, NULL, line, (int)sizeof(line)));
    Server_CheckStop(server);
}

const ContractTest echoTests[] = {
    {"echo: single bytes, each waited for", SingleBytes, 1, LAST_STAGE, 20},
    {"echo: single bytes without waiting", SingleBytesWithoutWaiting, 1, LAST_STAGE, 20},
    {"echo: sizes around every buffer boundary", SizesAroundBoundaries, 1, LAST_STAGE, 20},
    {"echo: sizes with the end right behind", SizesWithHalfClose, 1, LAST_STAGE, 20},
    {"echo: nothing but NULs", OnlyNuls, 1, LAST_STAGE, 20},
    {"echo: 4 MB both ways at once", FourMegabytes, 1, LAST_STAGE, 40},
    {"echo: odd pieces", OddPieces, 1, LAST_STAGE, 20},
    {"echo: a slow reader", SlowReader, 1, LAST_STAGE, 40},
    {"echo: a reader that begins when the server is stuck", LateReader, 1, LAST_STAGE, 60},
    {"echo: 30 clients at once get their own bytes", ManyAtOnce, 2, LAST_STAGE, 20},
    {"echo: 2,000 clients in a row", ThousandsInARow, 1, LAST_STAGE, 90},
    {"echo: over IPv6", OverIpv6, 1, LAST_STAGE, 20},
    {NULL, NULL, 0, 0, 0},
};
