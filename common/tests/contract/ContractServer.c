/*
 * ContractServer: the server of a contract test. See Contract.h.
 */
#include "Contract.h"

#define SET_MAX 63 /* FD_SETSIZE, WSA_MAXIMUM_WAIT_EVENTS: 64, less one for the listener */

ServerProcess *server;
NetAddress serverAddress;

int Stage_GetClientMax(int most)
{
    if (stageNumber > 3)
        return most;
    return min(most, stageNumber == 1 ? 1 : SET_MAX);
}

/* --- Starting -------------------------------------------------------------------------------- */

ServerProcess *Server_Launch(const char *const arguments[])
{
    return NEED(TestProgram_Start(serverPath, arguments));
}

bool Server_TryStart(const char *const arguments[])
{
    server = TestProgram_StartServer(serverPath, arguments, &serverAddress);
    return server != NULL;
}

void Server_StartWith(const char *const arguments[])
{
    NEED_TRUE(Server_TryStart(arguments));
}

void Server_Start(void)
{
    Server_StartWith(ARGUMENTS("--port", "0"));
}

/* --- The log --------------------------------------------------------------------------------- */

int Server_Count(const char *text)
{
    return ServerProcess_CountLines(server, text);
}

bool Server_WaitForLeft(int count)
{
    if (ServerProcess_WaitForCount(server, "Client Disconnected! ", count, WAIT_MS))
        return true;
    return Test_Explain("expected %d lines with \"Client Disconnected!\", but there are %d", count,
                        Server_Count("Client Disconnected! "));
}

bool Server_WaitForAllLeft(void)
{
    return Server_WaitForLeft(Server_Count("Client Connected! "));
}

long Server_SumReceived(void)
{
    static const char received[] = "Recv Data Len = ";
    char *output = NEED(ServerProcess_CopyOutput(server, 0));
    const char *at = strstr(output, received);
    long sum = 0;

    while (at != NULL) {
        at += strlen(received);
        sum += strtol(at, NULL, 10);
        at = strstr(at, received);
    }
    free(output);
    return sum;
}

void Server_CheckHandles(int most)
{
    WAIT_WHILE(ServerProcess_GetHandleCount(server) > most);
    CHECK_AT_MOST(ServerProcess_GetHandleCount(server), most);
}

bool Server_ServesNewClient(void)
{
    Client *client = Client_OpenServed();

    Peer_Close(&client->socket);
    return Client_IsLogged(client, "Client Disconnected!");
}
