/*
 * ContractServer: the servers of the contract suite, and what goes on around each test.
 * See Contract.h.
 */
#include "Contract.h"
#include "TestProgram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_MAX     64
#define CLIENT_MAX_04  1000
#define CLIENT_MAX_SET 63 /* FD_SETSIZE, WSA_MAXIMUM_WAIT_EVENTS: 64, less one for the listener */

static const char *serverPath;
static int stageNumber;
static bool isVerifying;                   /* the servers run with INSTRUMENT=verify */
static SRWLOCK serversLock = SRWLOCK_INIT; /* the watching thread kills, the main thread closes */
static Server servers[SERVER_MAX];
static int serverCount;

/* --- Stages ---------------------------------------------------------------------------------- */

int Stage_GetNumber(void)
{
    return stageNumber;
}

int Stage_GetClientMax(void)
{
    if (stageNumber == 1)
        return 1;
    return stageNumber <= 3 ? CLIENT_MAX_SET : CLIENT_MAX_04;
}

bool Stage_RefusesClients(void)
{
    return stageNumber == 2 || stageNumber == 3;
}

/* --- Around each test ------------------------------------------------------------------------ */

void Fixture_Init(const char *path, int stage, bool verify)
{
    serverPath = path;
    stageNumber = stage;
    isVerifying = verify;
    SetEnvironmentVariableA("INSTRUMENT", verify ? "verify" : NULL);
}

void Fixture_Begin(void)
{
    serverCount = 0;
}

void Fixture_End(bool failed)
{
    if (failed) {
        for (int i = 0; i < serverCount; i++)
            TestProgram_Print(servers[i].process, "the server");
    }
    Clients_CloseAll();
    for (int i = 0; i < serverCount && isVerifying && !failed; i++)
        TestProgram_CheckFindings(servers[i].process, "the server", STOP_LIMIT_MS);
    AcquireSRWLockExclusive(&serversLock);
    for (int i = 0; i < serverCount; i++)
        ServerProcess_Close(servers[i].process);
    serverCount = 0;
    ReleaseSRWLockExclusive(&serversLock);
}

/* Without the servers every connection ends, and so does every wait for them. */
void Fixture_OverTime(void)
{
    AcquireSRWLockExclusive(&serversLock);
    for (int i = 0; i < serverCount; i++)
        ServerProcess_Kill(servers[i].process);
    ReleaseSRWLockExclusive(&serversLock);
}

/* --- Starting -------------------------------------------------------------------------------- */

const char *Server_GetPath(void)
{
    return serverPath;
}

Server *Server_Launch(const char *const arguments[])
{
    Server *server = NULL;
    ServerProcess *process;

    if (serverCount == SERVER_MAX) {
        Test_Explain("SERVER_MAX is too small");
        return NULL;
    }
    process = ServerProcess_Start(serverPath, arguments, NULL, NULL);
    if (process == NULL) {
        Test_Explain("%s does not start: error %lu", serverPath, GetLastError());
        return NULL;
    }
    AcquireSRWLockExclusive(&serversLock);
    server = &servers[serverCount++];
    server->process = process;
    ReleaseSRWLockExclusive(&serversLock);
    return server;
}

Server *Server_StartWith(const char *const arguments[])
{
    Server *server = Server_Launch(arguments);

    if (server == NULL)
        return NULL;
    if (ServerProcess_WaitForListening(server->process, &server->address, 2 * WAIT_MS))
        return server;
    Test_Explain("there is no line \"Listening on ADDRESS:PORT\"");
    return NULL;
}

Server *Server_Start(void)
{
    static const char *const arguments[] = {"--port", "0", NULL};

    return Server_StartWith(arguments);
}

/* --- Stopping -------------------------------------------------------------------------------- */

static bool EndsWith(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t endLength = strlen(end);

    return length >= endLength && strcmp(text + length - endLength, end) == 0;
}

void Server_CheckStopped(Server *server)
{
    DWORD exitCode = 0;
    char *output;
    char *errors;

    REQUIRE(CHECK(ServerProcess_WaitForExit(server->process, STOP_LIMIT_MS, &exitCode)));
    CHECK_INT(exitCode, 0);
    output = ServerProcess_CopyOutput(server->process, 0);
    errors = ServerProcess_CopyErrors(server->process);
    if (CHECK(output != NULL && errors != NULL)) {
        CHECK(EndsWith(output, "\nServer stopped.\n"));
        CHECK_TEXT(isVerifying ? TestProgram_RemoveWarnings(errors) : errors, "");
    }
    free(output);
    free(errors);
    CHECK_INT(ServerProcess_CountLines(server->process, "Server stopped."), 1);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "),
              ServerProcess_CountLines(server->process, "Client Connected! "));
}

bool Server_PressCtrlC(Server *server)
{
    return TestProgram_PressCtrlC(server->process);
}

void Server_CheckStop(Server *server)
{
    CHECK(ServerProcess_IsRunning(server->process));
    REQUIRE(CHECK(Server_PressCtrlC(server)));
    Server_CheckStopped(server);
}

/* --- The log --------------------------------------------------------------------------------- */

bool Server_WaitForLeft(Server *server, int count)
{
    if (ServerProcess_WaitForCount(server->process, "Client Disconnected! ", count, WAIT_MS))
        return true;
    return Test_Explain("expected %d lines with \"Client Disconnected!\", but there are %d", count,
                        ServerProcess_CountLines(server->process, "Client Disconnected! "));
}

bool Server_WaitForLine(Server *server, const char *text, size_t *position, char *line, int size)
{
    size_t start = position != NULL ? *position : 0;
    size_t end = start;
    char *output;
    char *lineStart;

    line[0] = '\0';
    if (!ServerProcess_WaitForLine(server->process, text, &end, WAIT_MS))
        return Test_Explain("there is no line with \"%s\"", text);
    output = ServerProcess_CopyOutput(server->process, start);
    if (output == NULL)
        return Test_Explain("no memory");
    output[end - start - 1] = '\0';
    lineStart = strrchr(output, '\n');
    snprintf(line, (size_t)size, "%s", lineStart != NULL ? lineStart + 1 : output);
    free(output);
    if (position != NULL)
        *position = end;
    return true;
}

long Server_SumReceived(Server *server)
{
    static const char received[] = "Recv Data Len = ";
    char *output = ServerProcess_CopyOutput(server->process, 0);
    const char *at = output != NULL ? strstr(output, received) : NULL;
    long sum = 0;

    while (at != NULL) {
        at += strlen(received);
        sum += strtol(at, NULL, 10);
        at = strstr(at, received);
    }
    free(output);
    return sum;
}

int Server_SettleHandles(Server *server, int most)
{
    ULONGLONG deadline = Test_Now() + WAIT_MS;
    int handles = ServerProcess_GetHandleCount(server->process);

    /* A server closes a socket a moment after it has printed that the client has left. */
    while (handles > most && Test_Now() < deadline) {
        Sleep(20);
        handles = ServerProcess_GetHandleCount(server->process);
    }
    return handles;
}

bool Server_ServesNewClient(Server *server)
{
    char left[NET_ADDRESS_TEXT_SIZE + 32];
    Client *client;

    if (!ServerProcess_IsRunning(server->process))
        return Test_Explain("the server has ended");
    client = Client_Open(server);
    if (client == NULL || !Client_Echo(client, 100))
        return false;
    snprintf(left, sizeof(left), "Client Disconnected! %s", client->address);
    Client_Close(client);
    if (!ServerProcess_WaitForLine(server->process, left, NULL, WAIT_MS))
        return Test_Explain("there is no line with \"%s\"", left);
    return true;
}
