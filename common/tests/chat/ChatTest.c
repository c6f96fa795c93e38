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

/* What must come of a program that is given these words. */
#define CHECK_LINE(name, exitCode, error, ...)                                                     \
    TestProgram_CheckEnd(NEED(TestProgram_Start(Program_Find(name), ARGUMENTS(__VA_ARGS__))),      \
                         WAIT_MS, exitCode, error)

TEST("examples: command lines of ChatServer")
{
    CHECK_LINE("ChatServer.exe", 0, "", "--help");
    CHECK_LINE("ChatServer.exe", 2, "Unknown option '--what'", "--what");
    CHECK_LINE("ChatServer.exe", 2, "--port needs a value", "--port");
    CHECK_LINE("ChatServer.exe", 2, "'1001'", "--max", "1001");
    CHECK_LINE("ChatServer.exe", 2, "Address 'here'", "--address", "here");
}

TEST("examples: command lines of DummyClient")
{
    CHECK_LINE("DummyClient.exe", 0, "", "--help");
    CHECK_LINE("DummyClient.exe", 2, "Unknown option '--what'", "--what");
    CHECK_LINE("DummyClient.exe", 2, "'0' of --sessions", "--sessions", "0");
    CHECK_LINE("DummyClient.exe", 2, "'10001' of --sessions", "--sessions", "10001");
    CHECK_LINE("DummyClient.exe", 2, "--seconds needs a value", "--seconds");
    CHECK_LINE("DummyClient.exe", 2, "Address 'here'", "--address", "here");
}

TEST("examples: command lines of ChatClient")
{
    CHECK_LINE("ChatClient.exe", 0, "", "--help");
    CHECK_LINE("ChatClient.exe", 2, "Who are you? Use --name NAME.", NULL);
    CHECK_LINE("ChatClient.exe", 2, "Unknown option '--what'", "--what");
    CHECK_LINE("ChatClient.exe", 2, "--name needs a value", "--name");
    CHECK_LINE("ChatClient.exe", 2, "Name ''", "--name", "");
    CHECK_LINE("ChatClient.exe", 2, "Name '123456789012345678901'", "--name",
               "123456789012345678901");
    CHECK_LINE("ChatClient.exe", 2, "Port '0'", "--port", "0");
    CHECK_LINE("ChatClient.exe", 2, "Port '65536'", "--port", "65536");
    CHECK_LINE("ChatClient.exe", 2, "Address 'here'", "--name", "mina", "--address", "here");
}

TEST("examples: port taken")
{
    Chat_Start();
    CHECK_LINE("ChatServer.exe", 1, "Cannot listen on 127.0.0.1:", "--port",
               TestProgram_GetPort(&chatAddress));
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
