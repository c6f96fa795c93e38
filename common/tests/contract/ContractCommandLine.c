/*
 * ContractCommandLine: the words behind server.exe, and what it says where it cannot start.
 */
#include "Contract.h"

#define EXIT_CANNOT_LISTEN 1
#define EXIT_USAGE         2

/* Waits for the end of a server that does not start: this is in its stderr, and nothing in stdout. */
static void CheckRefusal(ServerProcess *process, DWORD exitCode, const char *errors)
{
    TestProgram_CheckEnd(process, 2 * WAIT_MS, exitCode, errors);
    CHECK_INT(ServerProcess_GetPosition(process), 0);
}

TEST("command line: --help")
{
    static const char *const words[] = {"Usage",   "server.exe", "--address", "--port",
                                        "--quiet", "--help",     "7777",      "127.0.0.1"};
    ServerProcess *process = Server_Launch(ARGUMENTS("--help"));

    TestProgram_CheckEnd(process, 2 * WAIT_MS, 0, "");
    for (size_t i = 0; i < COUNT_OF(words); i++)
        CHECK(TestProgram_Says(process, words[i]));
}

/* A command line that is wrong, and the word that stderr must name in quotes or as it is. */
typedef struct BadLine {
    const char *arguments[6]; /* up to a NULL */
    const char *named;
} BadLine;

static const BadLine badLines[] = {
    {{"--what"}, "--what"},
    {{"-p", "7777"}, "-p"},
    {{"--PORT", "0"}, "--PORT"},
    {{"--port=0"}, "--port=0"},
    {{"--quiet=1"}, "--quiet=1"},
    {{"--port", "0", "extra"}, "extra"},
    {{"--port", "0", ""}, "''"},
    {{"7777"}, "7777"},
    {{"--port"}, "--port"},
    {{"--quiet", "--address"}, "--address"},
    {{"--port", ""}, "''"},
    {{"--port", "-1"}, "-1"},
    {{"--port", "+1"}, "+1"},
    {{"--port", "65536"}, "65536"},
    {{"--port", "4294967296"}, "4294967296"},
    {{"--port", "99999999999999999999999"}, "99999999999999999999999"},
    {{"--port", "80x"}, "80x"},
    {{"--port", " 80"}, "' 80'"},
    {{"--port", "0x50"}, "0x50"},
    {{"--port", "--quiet"}, "--quiet"},
    {{"--address", ""}, "''"},
    {{"--address", "localhost"}, "localhost"},
    {{"--address", "256.0.0.1"}, "256.0.0.1"},
    {{"--address", "1.2.3"}, "1.2.3"},
    {{"--address", "127.0.0.1:80"}, "127.0.0.1:80"},
    {{"--address", "[::1]"}, "[::1]"},
    {{"--address", "::g"}, "::g"},
    {{"--address", "--port", "0"}, "'0'"},
    {{"--port", "0", "--address", "a \"b\\"}, "a \"b\\"},
};

TEST("command line: bad arguments")
{
    ServerProcess *started[COUNT_OF(badLines)];

    /* All at the same time: it is mostly waiting. */
    for (size_t i = 0; i < COUNT_OF(badLines); i++)
        started[i] = Server_Launch(badLines[i].arguments);
    for (size_t i = 0; i < COUNT_OF(badLines); i++) {
        CheckRefusal(started[i], EXIT_USAGE, badLines[i].named);
        CheckRefusal(started[i], EXIT_USAGE, "\nUsage: server.exe ");
    }
}

/* The first thing wrong is what counts, and a help that comes before it. */
TEST("command line: --help among others")
{
    ServerProcess *first = Server_Launch(ARGUMENTS("--port", "0", "--help", "--what"));
    ServerProcess *second = Server_Launch(ARGUMENTS("--what", "--help"));

    TestProgram_CheckEnd(first, 2 * WAIT_MS, 0, "");
    CheckRefusal(second, EXIT_USAGE, "--what");
}

/* Checks the sentence of a server that cannot listen; it names one of the two numbers. */
static void CheckCannotListen(ServerProcess *process, const char *endpoint, const char *number,
                              const char *other)
{
    char *errors;

    CheckRefusal(process, EXIT_CANNOT_LISTEN, endpoint);
    errors = NEED(ServerProcess_CopyErrors(process));
    CHECK_CONTAINS(errors, "bind");
    if (strstr(errors, number) == NULL)
        CHECK_CONTAINS(errors, other);
    free(errors);
}

TEST("command line: the port is taken")
{
    Server_Start();
    CheckCannotListen(Server_Launch(ARGUMENTS("--port", TestProgram_GetPort(&serverAddress))),
                      Peer_ToText(&serverAddress), "10013", "10048");

    /* The first one does not notice. */
    CHECK(Server_ServesNewClient());
}

/* A reserved address (RFC 5737) that no machine has. */
TEST("command line: an address of no machine")
{
    CheckCannotListen(Server_Launch(ARGUMENTS("--address", "203.0.113.1", "--port", "7999")),
                      "203.0.113.1:7999", "10049", "10049");
}

/* It listens on the address that it was told, and on no other one. */
TEST("command line: only the address that was asked for")
{
    NetAddress other;

    Server_StartWith(ARGUMENTS("--port", "0", "--address", "127.0.0.2"));
    CHECK_CONTAINS(Peer_ToText(&serverAddress), "127.0.0.2:");
    CHECK(NetAddress_GetPort(&serverAddress) != 0);
    CHECK(Server_ServesNewClient());

    other = Peer_GetAddress("127.0.0.1", NetAddress_GetPort(&serverAddress));
    CHECK(!SocketUtils_Connect(NEED_SOCKET(Peer_Create(AF_INET)), &other));
}

/* The last one of an option given twice counts, and the order is free. */
TEST("command line: options in any order")
{
    Server_StartWith(
        ARGUMENTS("--port", "1", "--quiet", "--address", "127.0.0.1", "--quiet", "--port", "0"));
    CHECK(NetAddress_GetPort(&serverAddress) > 1);
    CHECK(Client_Echo(Client_Open(), 100));
}
