/*
 * ContractServer: the servers of the contract suite, and what goes on around each test.
 * See Contract.h.
 */
#include "Contract.h"

#define SERVER_MAX     64
#define CLIENT_MAX_04  1000
#define CLIENT_MAX_SET 63 /* FD_SETSIZE, WSA_MAXIMUM_WAIT_EVENTS: 64, less one for the listener */

static const char *serverPath;
static int stageNumber;
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

/* --- Around each test ------------------------------------------------------------------------ */

void Fixture_Init(const char *path, int stage)
{
    serverPath = path;
    stageNumber = stage;
}

void Fixture_End(void)
{
    Clients_CloseAll();
    serverCount = 0;
}

/* --- Starting -------------------------------------------------------------------------------- */

/* The entry for one that has been started. NULL: there is none. */
static Server *Keep(ServerProcess *process)
{
    if (process == NULL || serverCount == SERVER_MAX)
        return NULL;
    servers[serverCount] = (Server){.process = process};
    return &servers[serverCount++];
}

Server *Server_Launch(const char *const arguments[])
{
    return Keep(TestProgram_Start(serverPath, arguments));
}

Server *Server_StartWith(const char *const arguments[])
{
    NetAddress address;
    Server *server = Keep(TestProgram_StartServer(serverPath, arguments, &address));

    if (server != NULL) {
        server->address = address;
        server->mayStop = true;
    }
    return server;
}

Server *Server_Start(void)
{

    return NEED(Server_StartWith(ARGUMENTS("--port", "0")));
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
    char *output;

    server->mayStop = false;
    TestProgram_CheckStopped(server->process, STOP_LIMIT_MS);
    output = ServerProcess_CopyOutput(server->process, 0);
    CHECK(output != NULL && EndsWith(output, "\nServer stopped.\n"));
    free(output);
}

void Server_CheckStop(Server *server)
{
    CHECK(ServerProcess_IsRunning(server->process));
    REQUIRE(CHECK(TestProgram_PressCtrlC(server->process)));
    Server_CheckStopped(server);
}

void Servers_CheckStop(void)
{
    for (int i = 0; i < serverCount; i++) {
        if (servers[i].mayStop)
            Server_CheckStop(&servers[i]);
    }
}

/* --- The log --------------------------------------------------------------------------------- */

bool Server_WaitForLeft(Server *server, int count)
{
    if (ServerProcess_WaitForCount(server->process, "Client Disconnected! ", count, WAIT_MS))
        return true;
    return Test_Explain("expected %d lines with \"Client Disconnected!\", but there are %d", count,
                        Server_Count(server, "Client Disconnected! "));
}

int Server_Count(Server *server, const char *text)
{
    return ServerProcess_CountLines(server->process, text);
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
    /* A server closes a socket a moment after it has printed that the client has left. */
    WAIT_WHILE(ServerProcess_GetHandleCount(server->process) > most);
    return ServerProcess_GetHandleCount(server->process);
}

bool Server_ServesNewClient(Server *server)
{
    Client *client;

    if (!ServerProcess_IsRunning(server->process))
        return Test_Explain("the server has ended");
    client = Client_Open(server);
    if (client == NULL || !Client_Echo(client, 100))
        return false;
    Peer_Close(&client->socket);
    return TestProgram_Says(server->process, Client_GetLine(client, "Client Disconnected!"));
}
