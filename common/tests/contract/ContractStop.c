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
static void CheckPortIsFree(void)
{
    ULONGLONG deadline = Test_Now() + WAIT_MS;

    while (!Server_TryStart(ARGUMENTS("--port", TestProgram_GetPort(&serverAddress)))) {
        REQUIRE(CHECK(Test_Now() < deadline));
        Sleep(RETRY_MS);
    }
    CHECK(Server_ServesNewClient());
}

TEST("stop: idle")
{
    Server_Start();
    TestProgram_CheckStop(server, STOP_LIMIT_MS);
    CheckPortIsFree();
}

/* After clients have come and gone there is nobody either. */
TEST("stop: after clients have left")
{
    for (int i = 0; i < 3; i++)
        REQUIRE(CHECK(Server_ServesNewClient()));
    TestProgram_CheckStop(server, STOP_LIMIT_MS);
    CheckPortIsFree();
}

/* Stops the server with its clients: each sees its end, and each is logged. */
static void CheckStopWith(Client *const clients[], int count)
{
    TestProgram_CheckStop(server, STOP_LIMIT_MS);
    CHECK_INT(Server_Count("Client Disconnected! "), count);
    for (int i = 0; i < count; i++) {
        CHECK_INT(Client_Count(clients[i], "Client Disconnected!"), 1);
        CHECK(Peer_WaitForEnd(clients[i]->socket, NULL));
    }
    CheckPortIsFree();
}

/* They are connected and silent. */
TEST("stop: with clients")
{
    static Client *clients[STOP_CLIENTS];
    int count = Stage_GetClientMax(STOP_CLIENTS);

    for (int i = 0; i < count; i++)
        clients[i] = Client_OpenServed();
    CheckStopWith(clients, count);
}

TEST("stop: with clients that never read")
{
    Client *clients[3];
    int count = Stage_GetClientMax(3);

    for (int i = 0; i < count; i++)
        clients[i] = Client_OpenStuck();
    CheckStopWith(clients, count);
}

/* A client that has said its last and does not read what it is owed. */
TEST("stop: with a stuck client that has half-closed")
{
    Client *client = Client_OpenStuck();

    REQUIRE(CHECK(Peer_HalfClose(client->socket)));
    CheckStopWith(&client, 1);
}

/* 01: those who wait in the listener's queue see their end too. */
TEST("stop: with clients in the queue", .lastStage = 1)
{
    enum { COUNT = 4 };
    Client *clients[COUNT];

    for (int i = 0; i < COUNT; i++) {
        clients[i] = Client_Open();
        REQUIRE(CHECK(Peer_Send(clients[i]->socket, "hello", 5)));
    }
    REQUIRE(CHECK(Peer_IsReadable(clients[0]->socket, WAIT_MS)));
    TestProgram_CheckStop(server, STOP_LIMIT_MS);
    for (int i = 0; i < COUNT; i++)
        CHECK(Peer_WaitForEnd(clients[i]->socket, NULL));
}

TEST("stop: busy")
{
    int count = Stage_GetClientMax(4);

    for (int i = 0; i < count; i++)
        Client_StartFlood(Client_OpenServed());
    WAIT_WHILE(floodBytes == 0);
    TestProgram_CheckStop(server, STOP_LIMIT_MS);
    CHECK(Flood_IsRight());
    CHECK_INT(Server_Count("Client Disconnected! "), count);
}

static bool isPressed; /* by the thread of the test whose clients keep coming */

static void Press(void *unused)
{
    (void)unused;
    isPressed = ServerProcess_PressCtrlC(server);
}

/*
 * Nothing that is pressed cuts the cleaning up short. The server is held in a print while all of
 * them are pressed, so that none comes too late: the pipe has no room for its next line.
 */
TEST("stop: pressed three times")
{
    enum { TIMES = 3, SILENT = 20, LINE_LEAST = 10 };
    int silent = Stage_GetClientMax(SILENT + 1) - 1;
    Client *client;

    for (int i = 0; i < silent; i++)
        Client_OpenServed();
    client = Client_Open();
    ServerProcess_PauseReading(server, true);
    Client_StartFlood(client);
    WAIT_WHILE(ServerProcess_GetUnreadBytes(server) < OUTPUT_PIPE_SIZE - LINE_LEAST);
    for (int i = 0; i < TIMES; i++)
        CHECK(TestProgram_PressCtrlC(server));
    Sleep(QUIET_MS);
    CHECK(ServerProcess_IsRunning(server));
    ServerProcess_PauseReading(server, false);
    TestProgram_CheckStopped(server, STOP_LIMIT_MS);
    CHECK_INT(Server_Count("Client Disconnected! "), silent + 1);
}

/* Clients that come while it stops are neither served nor a reason to go on. */
TEST("stop: while clients keep coming")
{
    ThreadManager pressers;

    Server_Start();
    ThreadManager_Init(&pressers);
    CHECK(ThreadManager_Launch(&pressers, Press, NULL));
    for (ULONGLONG start = Test_Now(); ServerProcess_IsRunning(server);) {
        SOCKET peer = Peer_OpenTo(&serverAddress, 0);

        Peer_Reset(&peer);
        if (!CHECK_AT_MOST(Test_Now() - start, 2 * STOP_LIMIT_MS))
            break;
    }
    ThreadManager_Join(&pressers);
    /* Checks are the main thread's: where the other could not press, this one says why. */
    CHECK(isPressed || TestProgram_PressCtrlC(server));
    TestProgram_CheckStopped(server, STOP_LIMIT_MS);
}
