/*
 * ContractLog: what the server prints is true and complete.
 */
#include "Contract.h"

#define LINE_SIZE 200

/* Skips "[thread 123] ". NULL: the text does not begin with it. */
static const char *SkipThread(const char *line, long *thread)
{
    char prefix[32];

    if (sscanf_s(line, "[thread %ld]", thread) != 1 || *thread <= 0)
        return NULL;
    snprintf(prefix, sizeof(prefix), "[thread %ld] ", *thread);
    return strncmp(line, prefix, strlen(prefix)) == 0 ? line + strlen(prefix) : NULL;
}

/* Waits for a line with the text from `position` on, which moves behind it. Until the next call. */
static const char *WaitForLine(const char *text, size_t *position)
{
    static char line[LINE_SIZE];
    size_t start = *position;
    char *output, *lineStart;

    NEED_TRUE(ServerProcess_WaitForLine(server, text, position, WAIT_MS) ||
              Test_Explain("there is no line with \"%s\"", text));
    output = NEED(ServerProcess_CopyOutput(server, start));
    output[*position - start - 1] = '\0';
    lineStart = strrchr(output, '\n');
    snprintf(line, sizeof(line), "%s", lineStart != NULL ? lineStart + 1 : output);
    free(output);
    return line;
}

/* The line with the event has nothing else, but the thread in the stages with several threads. */
static void CheckEvent(const char *event)
{
    size_t position = 0;
    long thread;
    const char *line = WaitForLine(event, &position);
    const char *behindThread = SkipThread(line, &thread);

    CHECK_INT(behindThread != NULL, stageNumber >= 5);
    CHECK_TEXT(behindThread != NULL ? behindThread : line, event);
}

TEST("log: the address of the peer")
{
    for (int i = 0; i < 3; i++) {
        Client *client = Client_Open();

        CheckEvent(Client_GetLine(client, "Client Connected!"));
        CHECK(Client_Echo(client, 10));
        CHECK_INT(Client_Count(client, "Client Disconnected!"), 0);
        Peer_Close(&client->socket);

        /* The whole line: who leaves in order leaves without an error. */
        CheckEvent(Client_GetLine(client, "Client Disconnected!"));
    }
}

TEST("log: what was received")
{
    CHECK(Client_Echo(Client_Open(), 5));
    CheckEvent("Recv Data Len = 5");
    CHECK_INT(Server_Count("Recv Data Len"), 1);
}

TEST("log: the lengths add up")
{
    enum { COUNT = 10 };
    long sum = 0;

    for (int i = 0; i < COUNT; i++) {
        Client *client = Client_Open();
        size_t size = (size_t)i * 3001 + 1;

        REQUIRE(CHECK(Client_Echo(client, size)));
        sum += (long)size;
        Peer_Close(&client->socket);
    }
    CHECK(Server_WaitForLeft(COUNT));
    CHECK_INT(Server_SumReceived(), sum);
    CHECK_INT(Server_Count("Client Connected! "), COUNT);
    CHECK_INT(Server_Count("Client Disconnected! "), COUNT);
    CHECK_INT(Server_Count("Client Refused! "), 0);
}

TEST("log: --quiet prints no events")
{
    char expected[LINE_SIZE];
    char *output;

    Server_StartWith(ARGUMENTS("--quiet", "--port", "0"));
    for (int i = 0; i < 3; i++) {
        Client *client = Client_Open();

        CHECK(Client_Echo(client, 10000));
        Client_Leave(client, i > 0);
    }
    TestProgram_CheckStop(server, STOP_LIMIT_MS);
    snprintf(expected, sizeof(expected), "Listening on %s\nServer stopped.\n",
             Peer_ToText(&serverAddress));
    output = NEED(ServerProcess_CopyOutput(server, 0));
    CHECK_TEXT(output, expected);
    free(output);
}

/* With many clients that are active at once, more than one thread serves them. */
TEST("log: several threads serve", .firstStage = 5)
{
    enum { COUNT = 8 };
    size_t position = 0;
    long first = 0, thread;

    for (int i = 0; i < COUNT; i++)
        Client_StartFlood(Client_Open());
    do {
        /* The floods go on until another thread turns up, or the test's time is over. */
        REQUIRE(CHECK(SkipThread(WaitForLine("Recv Data Len", &position), &thread) != NULL));
        if (first == 0)
            first = thread;
    } while (thread == first);
    CHECK(Flood_IsRight());
}
