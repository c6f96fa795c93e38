/*
 * ChatTestMinimal: Minimal. See ChatTest.c.
 *
 * It always listens on port 7777, which another program may have, be it the Minimal of tests that
 * run at the same time: so it is started again for a while.
 */
#include "ChatTest.h"

#define PORT     7777
#define ATTEMPTS 15
#define PAUSE_MS 1000
#define LARGE    100000

/* NULL: it does not listen. */
static ServerProcess *StartMinimal(void)
{
    DWORD exitCode = 0;

    for (int i = 0; i < ATTEMPTS; i++) {
        ServerProcess *server =
            TestProgram_StartWithInput(Program_Find("Minimal.exe"), ARGUMENTS(NULL));

        if (server == NULL)
            return NULL;
        if (ServerProcess_WaitForLine(server, "Listening. ", NULL, 2 * WAIT_MS))
            return server;
        if (!ServerProcess_WaitForExit(server, WAIT_MS, &exitCode) || exitCode != 1)
            break;
        Sleep(PAUSE_MS);
    }
    Test_Explain("Minimal does not listen (exit code %lu): has another program port %d?", exitCode,
                 PORT);
    return NULL;
}

static SOCKET OpenClient(void)
{
    NetAddress address = Peer_GetAddress("127.0.0.1", PORT);

    return Peer_OpenTo(&address, 0);
}

/* Sends this and must get that. */
static bool Answers(SOCKET client, const char *sent, const char *expected, int length)
{
    static char received[LARGE + 1];

    return Peer_Send(client, sent, length) && Peer_Receive(client, received, length) &&
           (memcmp(received, expected, (size_t)length) == 0 ||
            Test_Explain("expected \"%.20s\" and got \"%.20s\"", expected, received));
}

TEST("minimal: upper case")
{
    static char sent[LARGE], expected[LARGE];
    ServerProcess *server = NEED(StartMinimal());
    SOCKET clients[3];

    for (int i = 0; i < LARGE; i++) {
        sent[i] = (char)('a' + i % 26);
        expected[i] = (char)('A' + i % 26);
    }
    for (int i = 0; i < 3; i++)
        clients[i] = OpenClient();
    for (int i = 0; i < 3; i++)
        CHECK(Answers(clients[i], "Hello, 3 \0z\xE9!", "HELLO, 3 \0Z\xE9!", 13));
    CHECK(Answers(clients[1], sent, expected, LARGE / 10));
    for (int i = 0; i < 3; i++)
        Peer_Reset(&clients[i]);
    CHECK(ServerProcess_IsRunning(server));
    CHECK(ServerProcess_WriteInput(server, "\n"));
    TestProgram_CheckEnd(server, WAIT_MS, 0, "");
}

/* With a client there; and without a word, where the input ends. */
TEST("minimal: Enter stops it")
{
    ServerProcess *server;
    char byte;

    for (int i = 0; i < 2; i++) {
        SOCKET client;

        server = NEED(StartMinimal());
        client = OpenClient();
        CHECK(Answers(client, "hello", "HELLO", 5));
        if (i == 0)
            CHECK(ServerProcess_WriteInput(server, "\n"));
        else
            ServerProcess_CloseInput(server);
        CHECK_INT(recv(client, &byte, 1, 0), 0);
        Peer_Reset(&client);
        TestProgram_CheckEnd(server, WAIT_MS, 0, "");
    }
}

TEST("minimal: port taken")
{
    ServerProcess *first = NEED(StartMinimal());
    ServerProcess *second =
        NEED(TestProgram_StartWithInput(Program_Find("Minimal.exe"), ARGUMENTS(NULL)));

    TestProgram_CheckEnd(second, WAIT_MS, 1, "Cannot listen on 127.0.0.1:7777: ");
    CHECK(ServerProcess_WriteInput(first, "\n"));
    TestProgram_CheckEnd(first, WAIT_MS, 0, "");
}
