/*
 * ChatTestDummy: DummyClient, against the echo server of 07 and against servers that do wrong. See
 * ChatTest.c.
 */
#include "ChatTest.h"

/* Starts it against this port, with two more words. */
static ServerProcess *LaunchDummy(const NetAddress *address, const char *option, const char *value)
{
    return NEED(
        TestProgram_Start(Program_Find("DummyClient.exe"),
                          ARGUMENTS("--port", TestProgram_GetPort(address), option, value)));
}

/* Starts the echo server of 07. */
static void StartEcho(NetAddress *address)
{
    NEED(TestProgram_StartServer(Program_Find("server.exe"), ARGUMENTS("--port", "0", "--quiet"),
                                 address));
}

static bool Dummy_Says(ServerProcess *dummy, const char *line)
{
    return ServerProcess_CountLines(dummy, line) == 1 || Test_Explain("\"%s\" is missing", line);
}

TEST("dummy: all is right", .limitSeconds = 120)
{
    NetAddress address;
    ServerProcess *dummy;

    StartEcho(&address);
    dummy = LaunchDummy(&address, "--sessions", "100");
    TestProgram_CheckEnd(dummy, 2 * WAIT_MS, 0, "");
    CHECK(Dummy_Says(dummy, "Connected:     100 of 100 sessions"));
    CHECK(Dummy_Says(dummy, "Messages:      1000"));
    CHECK(Dummy_Says(dummy, "Bytes:         64000"));
    CHECK(Dummy_Says(dummy, "Wrong bytes:   0"));
    CHECK(Dummy_Says(dummy, "Disconnected:  0"));
    CHECK(Dummy_Says(dummy, "Everything came back as it was sent."));
    dummy = LaunchDummy(&address, "--size", "100000");
    TestProgram_CheckEnd(dummy, 2 * WAIT_MS, 0, "");
    CHECK(Dummy_Says(dummy, "Bytes:         100000000"));
}

TEST("dummy: for a time")
{
    NetAddress address;
    ServerProcess *dummy;
    ULONGLONG start;

    StartEcho(&address);
    start = Test_Now();
    dummy = LaunchDummy(&address, "--seconds", "1");
    TestProgram_CheckEnd(dummy, WAIT_MS, 0, "");
    CHECK(Test_Now() - start >= 1000);
    dummy = LaunchDummy(&address, "--seconds", "60");
    Sleep(1000);
    CHECK(TestProgram_PressCtrlC(dummy));
    TestProgram_CheckEnd(dummy, WAIT_MS + 5000, 1, "Ended early by Ctrl+C.");
    CHECK(Dummy_Says(dummy, "Wrong bytes:   0"));
}

/* A server of one connection at a time that does something else than it should. */
typedef enum Misdeed { CORRUPT_BYTE, SWAP_BYTES, DROP_BYTE, ADD_BYTE, HANG_UP, BE_SILENT } Misdeed;

/*
 * Spoils what was received, after so many answers. Returns how many bytes are to go back, -1: none,
 * and the end.
 */
static int Spoil(char *data, int count, Misdeed misdeed, int answers)
{
    char first = data[0];

    switch (misdeed) {
    case CORRUPT_BYTE:
        data[count - 1] = (char)(data[count - 1] ^ 0x10);
        return count;
    case SWAP_BYTES:
        data[0] = data[count / 2];
        data[count / 2] = first;
        return count;
    case DROP_BYTE:
        return count - 1;
    case ADD_BYTE:
        data[count] = data[count - 1];
        return count + 1;
    case BE_SILENT:
        return 0;
    default:
        return answers < 3 ? count : -1;
    }
}

static void ServeFalsely(void *argument)
{
    const Misdeed *misdeed = (const Misdeed *)argument;
    char data[4096];

    for (;;) {
        SOCKET client = FalseServer_Accept();
        int count, answer = 0, answers = 0;

        if (client == INVALID_SOCKET)
            return;
        while (answer >= 0 && (count = recv(client, data, sizeof(data) - 1, 0)) > 0) {
            answer = Spoil(data, count, *misdeed, answers++);
            if (answer > 0)
                send(client, data, answer, 0);
        }
        SocketUtils_Close(&client);
    }
}

/* One session against such a server: the exit code is 1, and a sentence says what. */
static void CheckMisdeed(Misdeed misdeed, DWORD timeoutMs, const char *sentence)
{
    static Misdeed serverMisdeed;
    ServerProcess *dummy;

    serverMisdeed = misdeed;
    dummy = LaunchDummy(FalseServer_Start(ServeFalsely, &serverMisdeed), "--sessions", "1");
    TestProgram_CheckEnd(dummy, timeoutMs, 1, sentence);
    CHECK_INT(ServerProcess_CountLines(dummy, "Everything came back"), 0);
    FalseServer_Stop();
}

TEST("dummy: wrong bytes")
{
    CheckMisdeed(CORRUPT_BYTE, WAIT_MS, "10 bytes came back wrong.");
    CheckMisdeed(SWAP_BYTES, WAIT_MS, "20 bytes came back wrong.");
    CheckMisdeed(ADD_BYTE, WAIT_MS, "bytes came back wrong.");
}

TEST("dummy: bytes that do not come", .limitSeconds = 90)
{
    CheckMisdeed(HANG_UP, WAIT_MS, "1 sessions were disconnected: ");
    CheckMisdeed(DROP_BYTE, WAIT_MS, "1 sessions wait in vain.");
    CheckMisdeed(BE_SILENT, WAIT_MS, "1 sessions wait in vain.");
}

TEST("dummy: nothing listens")
{
    NetAddress address;
    ServerProcess *dummy;

    NEED_SOCKET(Peer_Bind(&address));
    dummy = LaunchDummy(&address, "--sessions", "3");
    TestProgram_CheckEnd(dummy, WAIT_MS, 1, "Nothing listens on 127.0.0.1:");
    CHECK(Dummy_Says(dummy, "Not connected: 3"));
}
