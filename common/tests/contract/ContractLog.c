/*
 * ContractLog: what the server prints is true and complete.
 */
#include "Contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void PeersAddress(void)
{
    Server *server = NEED(Server_Start());

    for (int i = 0; i < 3; i++) {
        Client *client = NEED(Client_Open(server));
        char line[LINE_SIZE], connected[LINE_SIZE], disconnected[LINE_SIZE];
        long thread = 0;

        snprintf(connected, sizeof(connected), "Client Connected! %s", client->address);
        snprintf(disconnected, sizeof(disconnected), "Client Disconnected! %s", client->address);
        CHECK(Server_WaitForLine(server, connected, NULL, line, (int)sizeof(line)));
        CHECK_TEXT(GetEvent(line, &thread), connected);
        CHECK(Client_Echo(client, 10));
        CHECK_INT(ServerProcess_CountLines(server->process, disconnected), 0);
        Client_Close(client);

        /* The whole line: who leaves in order leaves without an error. */
        CHECK(Server_WaitForLine(server, disconnected, NULL, line, (int)sizeof(line)));
        CHECK_TEXT(GetEvent(line, &thread), disconnected);
    }
    Server_CheckStop(server);
}

static void ReceivedLine(void)
{
    Server *server = NEED(Server_Start());
    char line[LINE_SIZE];
    long thread = 0;
    Client *client = NEED(Client_Open(server));

    CHECK(Client_Echo(client, 5));
    CHECK(Server_WaitForLine(server, "Recv Data Len", NULL, line, (int)sizeof(line)));
    CHECK_TEXT(GetEvent(line, &thread), "Recv Data Len = 5");
    CHECK_INT(ServerProcess_CountLines(server->process, "Recv Data Len"), 1);
    Client_Close(client);
    Server_CheckStop(server);
}

static void LengthsAddUp(void)
{
    enum { COUNT = 10 };
    Server *server = NEED(Server_Start());
    long sum = 0;

    for (int i = 0; i < COUNT; i++) {
        Client *client = NEED(Client_Open(server));
        size_t size = (size_t)i * 3001 + 1;

        REQUIRE(CHECK(Client_Echo(client, size)));
        sum += (long)size;
        Client_Close(client);
    }
    CHECK(Server_WaitForLeft(server, COUNT));
    CHECK_INT(Server_SumReceived(server), sum);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Connected! "), COUNT);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "), COUNT);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Refused! "), 0);
    Server_CheckStop(server);
}

static void Quiet(void)
{
    static const char *const arguments[] = {"--quiet", "--port", "0", NULL};
    Server *server = NEED(Server_StartWith(arguments));
    char address[NET_ADDRESS_TEXT_SIZE];
    char expected[LINE_SIZE];
    char *output;

    for (int i = 0; i < 3; i++) {
        Client *client = NEED(Client_Open(server));

        CHECK(Client_Echo(client, 10000));
        if (i == 0)
            Client_Reset(client);
        else
            Client_Close(client);
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
static void SeveralThreads(void)
{
    enum { COUNT = 8 };
    Server *server = NEED(Server_Start());
    size_t position = 0;
    long first = 0, thread = 0;
    char line[LINE_SIZE];

    for (int i = 0; i < COUNT; i++) {
        Client *client = NEED(Client_Open(server));

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

const ContractTest logTests[] = {
    {"log: the address of the peer", PeersAddress, 1, LAST_STAGE, 20},
    {"log: what was received", ReceivedLine, 1, LAST_STAGE, 20},
    {"log: the lengths add up", LengthsAddUp, 1, LAST_STAGE, 20},
    {"log: --quiet prints no events", Quiet, 1, LAST_STAGE, 20},
    {"log: several threads serve", SeveralThreads, 5, LAST_STAGE, 20},
    {NULL, NULL, 0, 0, 0},
};
