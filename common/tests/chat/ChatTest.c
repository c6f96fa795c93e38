/*
 * ChatTest: the example programs of 07 from the outside.
 *
 *     chat.exe [--verify] FOLDER [--list] [FILTER]
 *
 * In FOLDER are ChatServer.exe, ChatClient.exe, DummyClient.exe, Minimal.exe and the echo server,
 * server.exe. FILTER runs only the tests whose name contains it. --verify wants programs that make
 * WATCHED=1 has built: they run with INSTRUMENT=verify, and a finding fails the test in which it
 * came. The clients here know the packets from the comment of ChatPacket.h and not from its code.
 * What they receive is compared as text: "Said kim|hello". The last line says "N passed, N failed";
 * exit code 1 where any failed or none ran, 2 where the command line is not understood.
 */
#include "ChatTest.h"
#include "InstrumentState.h"
#include "TestMain.h"

#include <stdio.h>

/* A program, a word or two for it, and what must come of it. */
static void CheckCommandLine(const char *name, const char *word, const char *value, DWORD exitCode,
                             const char *error)
{
    const char *arguments[] = {word, value, NULL};
    ServerProcess *process = NEED(Program_Launch(name, arguments));

    TestProgram_CheckEnd(process, WAIT_MS, exitCode, error);
}

static void ServerCommandLines(void)
{
    CheckCommandLine("ChatServer.exe", "--help", NULL, 0, "");
    CheckCommandLine("ChatServer.exe", "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine("ChatServer.exe", "--port", NULL, 2, "--port needs a value");
    CheckCommandLine("ChatServer.exe", "--max", "1001", 2, "'1001'");
    CheckCommandLine("ChatServer.exe", "--address", "here", 2, "Address 'here'");
}

static void DummyCommandLines(void)
{
    CheckCommandLine("DummyClient.exe", "--help", NULL, 0, "");
    CheckCommandLine("DummyClient.exe", "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine("DummyClient.exe", "--sessions", "0", 2, "'0' of --sessions");
    CheckCommandLine("DummyClient.exe", "--sessions", "10001", 2, "'10001' of --sessions");
    CheckCommandLine("DummyClient.exe", "--seconds", NULL, 2, "--seconds needs a value");
    CheckCommandLine("DummyClient.exe", "--address", "here", 2, "Address 'here'");
}

static void ClientCommandLines(void)
{
    static const char *const badAddress[] = {"--name", "mina", "--address", "here", NULL};
    ServerProcess *client;

    CheckCommandLine("ChatClient.exe", "--help", NULL, 0, "");
    CheckCommandLine("ChatClient.exe", NULL, NULL, 2, "Who are you? Use --name NAME.");
    CheckCommandLine("ChatClient.exe", "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine("ChatClient.exe", "--name", NULL, 2, "--name needs a value");
    CheckCommandLine("ChatClient.exe", "--name", "", 2, "Name ''");
    CheckCommandLine("ChatClient.exe", "--name", "123456789012345678901", 2,
                     "Name '123456789012345678901'");
    CheckCommandLine("ChatClient.exe", "--port", "0", 2, "Port '0'");
    CheckCommandLine("ChatClient.exe", "--port", "65536", 2, "Port '65536'");
    client = NEED(Program_Launch("ChatClient.exe", badAddress));
    TestProgram_CheckEnd(client, WAIT_MS, 2, "Address 'here'");
}

static void PortTaken(void)
{
    char port[16];
    const char *arguments[] = {"--port", port, NULL};
    ServerProcess *second;

    REQUIRE(CHECK(Chat_Start()));
    snprintf(port, sizeof(port), "%u", (unsigned)NetAddress_GetPort(&chatAddress));
    second = NEED(Program_Launch("ChatServer.exe", arguments));
    TestProgram_CheckEnd(second, WAIT_MS, 1, "Cannot listen on 127.0.0.1:");
    TestProgram_CheckStop(chatServer, WAIT_MS);
}

/* Programs that were built in the usual way would pass all tests with no finding. */
static void IsWatched(void)
{
    static const char *const arguments[] = {"--port", "0", "--quiet", NULL};
    char name[INSTRUMENT_STATE_NAME_SIZE];
    NetAddress address;
    ServerProcess *server = Program_StartServer("server.exe", arguments, &address);
    HANDLE section;

    REQUIRE(CHECK(server != NULL && Chat_Start()));
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof(name), INSTRUMENT_STATE_NAME,
                 ServerProcess_GetId(i == 0 ? server : chatServer));
        section = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
        CHECK(section != NULL);
        if (section != NULL)
            CloseHandle(section);
    }
    TestProgram_CheckStop(server, WAIT_MS);
    TestProgram_CheckStop(chatServer, WAIT_MS);
}

/* --- The program ----------------------------------------------------------------------------- */

static const Test exampleTests[] = {
    {"examples: command lines of ChatServer", ServerCommandLines, 60},
    {"examples: command lines of ChatClient", ClientCommandLines, 60},
    {"examples: command lines of DummyClient", DummyCommandLines, 60},
    {"examples: port taken", PortTaken, 30},
    {NULL, NULL, 0},
};

static const Test verifyTests[] = {
    {"verify: the programs watch their own calls", IsWatched, 30},
    {NULL, NULL, 0},
};

static bool isVerifying;

static int Begin(const char *const words[])
{
    static const Test *const groups[] = {serverTests, exampleTests, clientTests, dummyTests,
                                         minimalTests};

    Fixture_Init(words[0]);
    TestPrograms_SetVerify(isVerifying);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        Test_AddAll(groups[i]);
    if (isVerifying)
        Test_AddAll(verifyTests);
    return OPTIONS_RUN;
}

int main(int argc, char *argv[])
{
    static const Option options[] = {{.name = "--verify", .flag = &isVerifying}, {.name = NULL}};
    static const TestSuite suite = {
        .usage = "Usage: chat.exe [--verify] FOLDER [--list] [FILTER]\n",
        .options = options,
        .missing = "In which folder are the programs?",
        .wordMin = 1,
        .wordMax = 1,
        .begin = Begin,
        .endTest = Talkers_CloseAll,
    };

    return Test_Main(&suite, argc, argv);
}
