/*
 * ContractLog: what the server prints is true and complete.
 */
#include "Contract.h"

#define LINE_SIZE 200

/* Skips "[thread 123] ". NULL: the text does not begin with it. */
static const char *SkipThread(const char *line, long *thread)
{
    static const char prefix[] = "[thread ";
    char *end;

    if (strncmp(line, prefix, strlen(prefix)) != 0)
        return NULL;
    line += strlen(prefix);
    if (*line < '1' || *line > '9')
        return NULL;
    *thread = strtol(line, &end, 10);
    return strncmp(end, "] ", 2) == 0 ? end + 2 : NULL;
}

/* The event without the thread, which is there only in the stages with several threads. */
static const char *GetEvent(const char *line, long *thread)
{
    const char *event = SkipThread(line, thread);

    if (Stage_GetNumber() < 5)
        return event == NULL ? line : "an event without [thread N]";
    return event != NULL ? event : "an event with [thread N]";
}

TEST("log: the address of the peer")
{
    Server *server = Server_Start();

    for (int i = 0; i < 3; i++) {
        Client *client = Client_Open(server);
        char line[LINE_SIZE], connected[LINE_SIZE], disconnected[LINE_SIZE];
        long thread = 0;

        snprintf(connected, sizeof(connected), "Client Connected! %s", client->address);
        snprintf(disconnected, sizeof(disconnected), "Client Disconnected! %s", client->address);
        CHECK(Server_WaitForLine(server, connected, NULL, line, (int)sizeof(line)));
        CHECK_TEXT(GetEvent(line, &thread), connected);
        CHECK(Client_Echo(client, 10));
        CHECK_INT(Server_Count(server, disconnected), 0);
        Peer_Close(&client->socket);

        /* The whole line: who leaves in order leaves without an error. */
        CHECK(Server_WaitForLine(server, disconnected, NULL, line, (int)sizeof(line)));
        CHECK_TEXT(GetEvent(line, &thread), disconnected);
    }
}

TEST("log: what was received")
{
    Server *server = Server_Start();
    char line[LINE_SIZE];
    long thread = 0;
    Client *client = Client_Open(server);

    CHECK(Client_Echo(client, 5));
    CHECK(Server_WaitForLine(server, "Recv Data Len", NULL, line, (int)sizeof(line)));
    CHECK_TEXT(GetEvent(line, &thread), "Recv Data Len = 5");
    CHECK_INT(Server_Count(server, "Recv Data Len"), 1);
    Peer_Close(&client->socket);
}

TEST("log: the lengths add up")
{
    enum { COUNT = 10 };
    Server *server = Server_Start();
    long sum = 0;

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open(server);
        size_t size = (size_t)i * 3001 + 1;

        REQUIRE(CHECK(Client_Echo(client, size)));
        sum += (long)size;
        Peer_Close(&client->socket);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK_INT(Server_SumReceived(server), sum);
    CHECK_INT(Server_Count(server, "Client Connected! "), COUNT);
    CHECK_INT(Server_Count(server, "Client Disconnected! "), COUNT);
    CHECK_INT(Server_Count(server, "Client Refused! "), 0);
}

TEST("log: --quiet prints no events")
{
    Server *server = NEED(Server_StartWith(ARGUMENTS("--quiet", "--port", "0")));
    char address[NET_ADDRESS_TEXT_SIZE];
    char expected[LINE_SIZE];
    char *output;

    for (int i = 0; i < 3; i++) {
        Client *client = Client_Open(server);

        CHECK(Client_Echo(client, 10000));
        if (i == 0)
            Peer_Reset(&client->socket);
        else
            Peer_Close(&client->socket);
    }
    Server_CheckStop(server);
    NetAddress_ToText(&server->address, address, (int)sizeof(address));
    snprintf(expected, sizeof(expected), "Listening on %s\nServer stopped.\n", address);
    output = ServerProcess_CopyOutput(server->process, 0);
    if (CHECK(output != NULL))
        CHECK_TEXT(output, expected);
    free(output);
}

/* With many clients that are active at once, more than one thread serves them. */
TEST("log: several threads serve", .firstStage = 5)
{
    enum { COUNT = 8 };
    Server *server = Server_Start();
    size_t position = 0;
    long first = 0, thread = 0;
    char line[LINE_SIZE];

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open(server);

        REQUIRE(CHECK(Client_StartFlood(client)));
    }
    while (thread == first) {
        /* The floods go on until another thread turns up, or the test's time is over. */
        REQUIRE(
            CHECK(Server_WaitForLine(server, "Recv Data Len", &position, line, (int)sizeof(line))));
        REQUIRE(CHECK(SkipThread(line, &thread) != NULL));
        if (first == 0)
            first = thread;
    }
    CHECK(Flood_IsRight());
}
