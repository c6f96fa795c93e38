/*
 * ContractStop: Ctrl+C ends the server in time and in order, whatever it is busy with.
 */
#include "Contract.h"
#include "ThreadManager.h"

#define STOP_CLIENTS 100 /* of a stage that can have more */
#define RETRY_MS     50

/*
 * Starts another server on the port that the first one had. Windows may hold the port for a moment,
 * until connections that were accepted from it are gone.
 */
static void CheckPortIsFree(const Server *stopped)
{
    ULONGLONG deadline = Test_Now() + WAIT_MS;
    Server *next;

    do {
        next = Server_StartWith(ARGUMENTS("--port", TestProgram_GetPort(&stopped->address)));
        if (next == NULL)
            Sleep(RETRY_MS);
    } while (next == NULL && Test_Now() < deadline);
    REQUIRE(CHECK(next != NULL));
    CHECK(Server_ServesNewClient(next));
}

TEST("stop: idle")
{
    Server *server = Server_Start();

    Server_CheckStop(server);
    CheckPortIsFree(server);
}

/* After clients have come and gone there is nobody either. */
TEST("stop: after clients have left")
{
    Server *server = Server_Start();

    for (int i = 0; i < 3; i++)
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    Server_CheckStop(server);
    CheckPortIsFree(server);
}

/* Clients that are connected and silent: each sees its end, and each is logged. */
TEST("stop: with clients")
{
    static Client *clients[STOP_CLIENTS];
    int count = Stage_GetClientMax() < STOP_CLIENTS ? Stage_GetClientMax() : STOP_CLIENTS;
    Server *server = Server_Start();

    for (int i = 0; i < count; i++) {
        clients[i] = Client_Open(server);
        REQUIRE(CHECK(Client_Echo(clients[i], 10)));
    }
    Server_CheckStop(server);
    CHECK_INT(Server_Count(server, "Client Disconnected! "), count);
    for (int i = 0; i < count; i++) {
        CHECK_INT(Server_Count(server, Client_GetLine(clients[i], "Client Disconnected!")), 1);
        CHECK(Peer_WaitForEnd(clients[i]->socket, NULL));
    }
    CheckPortIsFree(server);
}

/* 01: those who wait in the listener's queue see their end too. */
TEST("stop: with clients in the queue", .lastStage = 1)
{
    enum { COUNT = 4 };
    Server *server = Server_Start();
    Client *clients[COUNT];

    for (int i = 0; i < COUNT; i++) {
        clients[i] = Client_Open(server);
        REQUIRE(CHECK(Peer_Send(clients[i]->socket, "hello", 5)));
    }
    REQUIRE(CHECK(Peer_IsReadable(clients[0]->socket, WAIT_MS)));
    Server_CheckStop(server);
    for (int i = 0; i < COUNT; i++)
        CHECK(Peer_WaitForEnd(clients[i]->socket, NULL));
}

TEST("stop: busy")
{
    int count = Stage_GetNumber() == 1 ? 1 : 4;
    Server *server = Server_Start();

    for (int i = 0; i < count; i++) {
        Client *client = Client_Open(server);

        /* The first echo tells that the server has accepted it. */
        REQUIRE(CHECK(Client_Echo(client, 10) && Client_StartFlood(client)));
    }
    WAIT_WHILE(Flood_GetBytes() == 0);
    CHECK(Flood_GetBytes() > 0);
    Server_CheckStop(server);
    CHECK(Flood_IsRight());
    CHECK_INT(Server_Count(server, "Client Disconnected! "), count);
}

TEST("stop: with clients that never read")
{
    int count = Stage_GetNumber() == 1 ? 1 : 3;
    Server *server = Server_Start();
    Client *clients[3];

    for (int i = 0; i < count; i++)
        clients[i] = Client_OpenStuck(server);
    Server_CheckStop(server);
    CHECK_INT(Server_Count(server, "Client Disconnected! "), count);
    for (int i = 0; i < count; i++)
        CHECK(Peer_WaitForEnd(clients[i]->socket, NULL));
    CheckPortIsFree(server);
}

/* A client that has said its last and does not read what it is owed. */
TEST("stop: with a stuck client that has half-closed")
{
    Server *server = Server_Start();
    Client *client = Client_OpenStuck(server);

    REQUIRE(CHECK(Peer_HalfClose(client->socket)));
    Server_CheckStop(server);
    CHECK(Peer_WaitForEnd(client->socket, NULL));
}

static bool isPressed; /* by the thread of the test whose clients keep coming */

static void Press(void *server)
{
    isPressed = ServerProcess_PressCtrlC(((Server *)server)->process);
}

/*
 * Nothing that is pressed cuts the cleaning up short. The server is held in a print while all of
 * them are pressed, so that none comes too late.
 */
TEST("stop: pressed three times")
{
    enum { TIMES = 3, SILENT = 20 };
    int silent = Stage_GetNumber() == 1 ? 0 : SILENT;
    Server *server = Server_Start();
    Client *client;
    LONG64 before;

    for (int i = 0; i < silent; i++) {
        client = Client_Open(server);
        REQUIRE(CHECK(Client_Echo(client, 10)));
    }
    client = Client_Open(server);
    ServerProcess_PauseReading(server->process, true);
    REQUIRE(CHECK(Client_StartFlood(client)));
    do {
        before = Flood_GetBytes();
        Sleep(QUIET_MS);
    } while (before == 0 || Flood_GetBytes() > before);
    for (int i = 0; i < TIMES; i++)
        CHECK(TestProgram_PressCtrlC(server->process));
    Sleep(QUIET_MS);
    CHECK(ServerProcess_IsRunning(server->process));
    ServerProcess_PauseReading(server->process, false);
    Server_CheckStopped(server);
    CHECK_INT(Server_Count(server, "Client Disconnected! "), silent + 1);
}

/* Clients that come while it stops are neither served nor a reason to go on. */
TEST("stop: while clients keep coming")
{
    Server *server = Server_Start();
    ThreadManager pressers;

    ThreadManager_Init(&pressers);
    CHECK(ThreadManager_Launch(&pressers, Press, server));
    for (ULONGLONG start = Test_Now(); ServerProcess_IsRunning(server->process);) {
        SOCKET peer = Peer_OpenTo(&server->address, 0);

        Peer_Reset(&peer);
        if (!CHECK_AT_MOST(Test_Now() - start, 2 * STOP_LIMIT_MS))
            break;
    }
    ThreadManager_Join(&pressers);
    /* Checks are the main thread's: where the other could not press, this one says why. */
    CHECK(isPressed || TestProgram_PressCtrlC(server->process));
    Server_CheckStopped(server);
}
