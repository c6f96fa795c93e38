/*
 * ChatTest: the example programs of 07 from the outside.
 *
 *     chat.exe [--verify] FOLDER [--list] [FILTER]     see TestMain.h
 *
 * In FOLDER are ChatServer.exe, ChatClient.exe, DummyClient.exe, Minimal.exe and the echo server,
 * server.exe. --verify wants programs that make WATCHED=1 has built: they run with INSTRUMENT=verify,
 * and a finding fails the test in which it came. The clients here know the packets from the comment
 * of ChatPacket.h and not from its code. What they receive is compared as text: "Said kim|hello".
 */
#include "ChatTest.h"
#include "TestMain.h"

/* A program, the words for it, and what must come of it. */
static void CheckArguments(const char *name, const char *const arguments[], DWORD exitCode,
                           const char *error)
{
    ServerProcess *process = NEED(TestProgram_Start(Program_Find(name), arguments));

    TestProgram_CheckEnd(process, WAIT_MS, exitCode, error);
}

/* The same with a word or two. */
static void CheckCommandLine(const char *name, const char *word, const char *value, DWORD exitCode,
                             const char *error)
{
    CheckArguments(name, ARGUMENTS(word, value), exitCode, error);
}

TEST("examples: command lines of ChatServer")
{
    CheckCommandLine("ChatServer.exe", "--help", NULL, 0, "");
    CheckCommandLine("ChatServer.exe", "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine("ChatServer.exe", "--port", NULL, 2, "--port needs a value");
    CheckCommandLine("ChatServer.exe", "--max", "1001", 2, "'1001'");
    CheckCommandLine("ChatServer.exe", "--address", "here", 2, "Address 'here'");
}

TEST("examples: command lines of DummyClient")
{
    CheckCommandLine("DummyClient.exe", "--help", NULL, 0, "");
    CheckCommandLine("DummyClient.exe", "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine("DummyClient.exe", "--sessions", "0", 2, "'0' of --sessions");
    CheckCommandLine("DummyClient.exe", "--sessions", "10001", 2, "'10001' of --sessions");
    CheckCommandLine("DummyClient.exe", "--seconds", NULL, 2, "--seconds needs a value");
    CheckCommandLine("DummyClient.exe", "--address", "here", 2, "Address 'here'");
}

TEST("examples: command lines of ChatClient")
{
    CheckCommandLine("ChatClient.exe", "--help", NULL, 0, "");
    CheckCommandLine("ChatClient.exe", NULL, NULL, 2, "Who are you? Use --name NAME.");
    CheckCommandLine("ChatClient.exe", "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine("ChatClient.exe", "--name", NULL, 2, "--name needs a value");
    CheckCommandLine("ChatClient.exe", "--name", "", 2, "Name ''");
    CheckCommandLine("ChatClient.exe", "--name", "123456789012345678901", 2,
                     "Name '123456789012345678901'");
    CheckCommandLine("ChatClient.exe", "--port", "0", 2, "Port '0'");
    CheckCommandLine("ChatClient.exe", "--port", "65536", 2, "Port '65536'");
    CheckArguments("ChatClient.exe", ARGUMENTS("--name", "mina", "--address", "here"), 2,
                   "Address 'here'");
}

TEST("examples: port taken")
{
    Chat_Start();
    CheckCommandLine("ChatServer.exe", "--port", TestProgram_GetPort(&chatAddress), 1,
                     "Cannot listen on 127.0.0.1:");
}

static bool isVerifying;

/* Programs that were built in the usual way would pass all tests with no finding. */
TEST("verify: the programs watch their own calls", .isWanted = &isVerifying)
{
    NetAddress address;
    ServerProcess *server = NEED(TestProgram_StartServer(
        Program_Find("server.exe"), ARGUMENTS("--port", "0", "--quiet"), &address));

    Chat_Start();
    CHECK(TestProgram_IsWatched(server));
    CHECK(TestProgram_IsWatched(chatServer));
}

/* --- The program ----------------------------------------------------------------------------- */

static int Begin(const char *const words[])
{
    programFolder = words[0];
    TestPrograms_SetVerify(isVerifying);
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
        .endTest = Fixture_End,
    };

    return Test_Main(&suite, argc, argv);
}
