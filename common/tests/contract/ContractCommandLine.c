/*
 * ContractCommandLine: the words behind server.exe, and what it says where it cannot start.
 */
#include "Contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_CANNOT_LISTEN 1
#define EXIT_USAGE         2

/* What a server that ended by itself has left. */
typedef struct Result {
    DWORD exitCode;
    char *output;
    char *errors;
} Result;

static void Result_Free(Result *result)
{
    free(result->output);
    free(result->errors);
    result->output = NULL;
    result->errors = NULL;
}

/* Waits for the end of a server that does not start. False: it goes on. */
static bool GetResult(Server *server, Result *result)
{
    memset(result, 0, sizeof(*result));
    if (!ServerProcess_WaitForExit(server->process, 2 * WAIT_MS, &result->exitCode))
        return Test_Explain("the server did not end by itself");
    result->output = ServerProcess_CopyOutput(server->process, 0);
    result->errors = ServerProcess_CopyErrors(server->process);
    if (result->output != NULL && result->errors != NULL)
        return true;
    Result_Free(result);
    return Test_Explain("no memory");
}

static void Help(void)
{
    static const char *const arguments[] = {"--help", NULL};
    static const char *const words[] = {"Usage",  "server.exe", "--address", "--port", "--quiet",
                                        "--help", "7777",       "127.0.0.1", "\n"};
    Server *server = NEED(Server_Launch(arguments));
    Result result;

    REQUIRE(CHECK(GetResult(server, &result)));
    CHECK_INT(result.exitCode, 0);
    CHECK_TEXT(result.errors, "");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        CHECK_CONTAINS(result.output, words[i]);
    Result_Free(&result);
}

/* A command line that is wrong, and the word that stderr must name in quotes or as it is. */
typedef struct BadLine {
    const char *arguments[6];
    const char *named;
} BadLine;

static const BadLine badLines[] = {
    {{"--what", NULL}, "--what"},
    {{"-p", "7777", NULL}, "-p"},
    {{"--PORT", "0", NULL}, "--PORT"},
    {{"--port=0", NULL}, "--port=0"},
    {{"--quiet=1", NULL}, "--quiet=1"},
    {{"--port", "0", "extra", NULL}, "extra"},
    {{"--port", "0", "", NULL}, "''"},
    {{"7777", NULL}, "7777"},
    {{"--port", NULL}, "--port"},
    {{"--quiet", "--address", NULL}, "--address"},
    {{"--port", "", NULL}, "''"},
    {{"--port", "-1", NULL}, "-1"},
    {{"--port", "+1", NULL}, "+1"},
    {{"--port", "65536", NULL}, "65536"},
    {{"--port", "4294967296", NULL}, "4294967296"},
    {{"--port", "99999999999999999999999", NULL}, "99999999999999999999999"},
    {{"--port", "80x", NULL}, "80x"},
    {{"--port", " 80", NULL}, "' 80'"},
    {{"--port", "0x50", NULL}, "0x50"},
    {{"--port", "--quiet", NULL}, "--quiet"},
    {{"--address", "", NULL}, "''"},
    {{"--address", "localhost", NULL}, "localhost"},
    {{"--address", "256.0.0.1", NULL}, "256.0.0.1"},
    {{"--address", "1.2.3", NULL}, "1.2.3"},
    {{"--address", "127.0.0.1:80", NULL}, "127.0.0.1:80"},
    {{"--address", "[::1]", NULL}, "[::1]"},
    {{"--address", "::g", NULL}, "::g"},
    {{"--address", "--port", "0", NULL}, "'0'"},
    {{"--port", "0", "--address", "a \"b\\", NULL}, "a \"b\\"},
};

#define BAD_LINE_COUNT (sizeof(badLines) / sizeof(badLines[0]))

static void BadArguments(void)
{
    Server *started[BAD_LINE_COUNT];

    /* All at the same time: it is mostly waiting. */
    for (size_t i = 0; i < BAD_LINE_COUNT; i++) {
        started[i] = NEED(Server_Launch(badLines[i].arguments));
    }
    for (size_t i = 0; i < BAD_LINE_COUNT; i++) {
        Result result;

        REQUIRE(CHECK(GetResult(started[i], &result)));
        CHECK_INT(result.exitCode, EXIT_USAGE);
        CHECK_TEXT(result.output, "");
        CHECK_CONTAINS(result.errors, badLines[i].named);
        CHECK_CONTAINS(result.errors, "\nUsage: server.exe ");
        Result_Free(&result);
    }
}

/* The first thing wrong is what counts, and a help that comes before it. */
static void HelpAmongOthers(void)
{
    static const char *const helpFirst[] = {"--port", "0", "--help", "--what", NULL};
    static const char *const wrongFirst[] = {"--what", "--help", NULL};
    Server *first = NEED(Server_Launch(helpFirst));
    Server *second = NEED(Server_Launch(wrongFirst));
    Result result;

    REQUIRE(CHECK(GetResult(first, &result)));
    CHECK_INT(result.exitCode, 0);
    CHECK_TEXT(result.errors, "");
    Result_Free(&result);
    REQUIRE(CHECK(GetResult(second, &result)));
    CHECK_INT(result.exitCode, EXIT_USAGE);
    CHECK_TEXT(result.output, "");
    Result_Free(&result);
}

/* Checks the sentence of a server that cannot listen; it names one of the `numbers`. */
static void CheckCannotListen(Server *server, const char *endpoint, const char *call,
                              const char *const numbers[2])
{
    Result result;

    REQUIRE(CHECK(GetResult(server, &result)));
    CHECK_INT(result.exitCode, EXIT_CANNOT_LISTEN);
    CHECK_TEXT(result.output, "");
    CHECK_CONTAINS(result.errors, endpoint);
    CHECK_CONTAINS(result.errors, call);
    if (strstr(result.errors, numbers[0]) == NULL)
        CHECK_CONTAINS(result.errors, numbers[1]);
    Result_Free(&result);
}

static void PortTaken(void)
{
    static const char *const numbers[2] = {"10013", "10048"};
    Server *server = Server_Start();
    Server *second;
    char port[16];
    char endpoint[NET_ADDRESS_TEXT_SIZE];
    const char *arguments[] = {"--port", port, NULL};

    REQUIRE(CHECK(server != NULL));
    snprintf(port, sizeof(port), "%u", (unsigned)NetAddress_GetPort(&server->address));
    NetAddress_ToText(&server->address, endpoint, (int)sizeof(endpoint));
    second = NEED(Server_Launch(arguments));
    CheckCannotListen(second, endpoint, "bind", numbers);

    /* The first one does not notice. */
    CHECK(Server_ServesNewClient(server));
    Server_CheckStop(server);
}

/* A reserved address (RFC 5737) that no machine has. */
static void AddressOfNobody(void)
{
    static const char *const arguments[] = {"--address", "203.0.113.1", "--port", "7999", NULL};
    static const char *const numbers[2] = {"10049", "10049"};
    Server *server = NEED(Server_Launch(arguments));

    CheckCannotListen(server, "203.0.113.1:7999", "bind", numbers);
}

/* It listens on the address that it was told, and on no other one. */
static void OnlyThatAddress(void)
{
    static const char *const arguments[] = {"--port", "0", "--address", "127.0.0.2", NULL};
    Server *server = NEED(Server_StartWith(arguments));
    char text[NET_ADDRESS_TEXT_SIZE];
    NetAddress other;
    SOCKET socket;

    NetAddress_ToText(&server->address, text, (int)sizeof(text));
    CHECK_CONTAINS(text, "127.0.0.2:");
    CHECK(NetAddress_GetPort(&server->address) != 0);
    CHECK(Server_ServesNewClient(server));

    CHECK(NetAddress_FromText(&other, "127.0.0.1", NetAddress_GetPort(&server->address)));
    socket = NEED_SOCKET(SocketUtils_CreateSocket(AF_INET));
    CHECK(!SocketUtils_Connect(socket, &other));
    SocketUtils_Close(&socket);
    Server_CheckStop(server);
}

/* The last one of an option given twice counts, and the order is free. */
static void OptionsInAnyOrder(void)
{
    static const char *const arguments[] = {
        "--port", "1", "--quiet", "--address", "127.0.0.1", "--quiet", "--port", "0", NULL};
    Server *server = NEED(Server_StartWith(arguments));
    Client *client;

    CHECK(NetAddress_GetPort(&server->address) > 1);
    client = NEED(Client_Open(server));
    CHECK(Client_Echo(client, 100));
    Client_Close(client);
    Server_CheckStop(server);
}

const ContractTest commandLineTests[] = {
    {"command line: --help", Help, 1, LAST_STAGE, 20},
    {"command line: --help among others", HelpAmongOthers, 1, LAST_STAGE, 20},
    {"command line: bad arguments", BadArguments, 1, LAST_STAGE, 40},
    {"command line: options in any order", OptionsInAnyOrder, 1, LAST_STAGE, 20},
    {"command line: the port is taken", PortTaken, 1, LAST_STAGE, 20},
    {"command line: an address of no machine", AddressOfNobody, 1, LAST_STAGE, 20},
    {"command line: only the address that was asked for", OnlyThatAddress, 1, LAST_STAGE, 20},
    {NULL, NULL, 0, 0, 0},
};
