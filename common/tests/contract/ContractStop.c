/*
 * ContractStop: Ctrl+C ends the server in time and in order, whatever it is busy with.
 */
#include "Contract.h"
#include "ThreadManager.h"

#include <stdio.h>

#define STOP_CLIENTS 100 /* of a stage that can have more */
#define RETRY_MS     50

/*
 * Starts another server on the port that the first one had. Windows may hold the port for a moment,
 * until connections that were accepted from it are gone.
 */
static void CheckPortIsFree(const Server *stopped)
{
    char port[16];
    const char *arguments[] = {"--port", port, NULL};
    ULONGLONG deadline = Test_Now() + WAIT_MS;
    Server *next;

    snprintf(port, sizeof(port), "%u", (unsigned)NetAddress_GetPort(&stopped->address));
    do {
        next = Server_StartWith(arguments);
        if (next == NULL)
            Sleep(RETRY_MS);
    } while (next == NULL && Test_Now() < deadline);
    REQUIRE(CHECK(next != NULL));
    CHECK(Server_ServesNewClient(next));
    Server_CheckStop(next);
}

static void Idle(void)
{
    Server *server = NEED(Server_Start());

    Server_CheckStop(server);
    CheckPortIsFree(server);
}

/* After clients have come and gone there is nobody either. */
static void IdleAfterClients(void)
{
    Server *server = NEED(Server_Start());

    for (int i = 0; i < 3; i++)
        REQUIRE(CHECK(Server_ServesNewClient(server)));
    Server_CheckStop(server);
    CheckPortIsFree(server);
}

/* Clients that are connected and silent: each sees its end, and each is logged. */
static void ManyClients(void)
{
    static Client *clients[STOP_CLIENTS];
    int count = Stage_GetClientMax() < STOP_CLIENTS ? Stage_GetClientMax() : STOP_CLIENTS;
    Server *server = NEED(Server_Start());

    for (int i = 0; i < count; i++) {
        clients[i] = NEED(Client_Open(server));
        REQUIRE(CHECK(Client_Echo(clients[i], 10)));
    }
    Server_CheckStop(server);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "), count);
    for (int i = 0; i < count; i++) {
        char left[NET_ADDRESS_TEXT_SIZE + 32];

        snprintf(left, sizeof(left), "Client Disconnected! %s", clients[i]->address);
        CHECK_INT(ServerProcess_CountLines(server->process, left), 1);
        CHECK(Client_WaitForEnd(clients[i], NULL));
    }
    CheckPortIsFree(server);
}

/* 01: those who wait in the listener's queue see their end too. */
static void WaitingClients(void)
{
    enum { COUNT = 4 };
    Server *server = NEED(Server_Start());
    Client *clients[COUNT];

    for (int i = 0; i < COUNT; i++) {
        clients[i] = NEED(Client_Open(server));
        REQUIRE(CHECK(Client_Send(clients[i], "hello", 5)));
    }
    REQUIRE(CHECK(Client_IsReadable(clients[0], WAIT_MS)));
    Server_CheckStop(server);
    for (int i = 0; i < COUNT; i++)
        CHECK(Client_WaitForEnd(clients[i], NULL));
}

static void Busy(void)
{
    int count = Stage_GetNumber() == 1 ? 1 : 4;
    Server *server = NEED(Server_Start());
    ULONGLONG start;

    for (int i = 0; i < count; i++) {
        Client *client = NEED(Client_Open(server));

        REQUIRE(CHECK(Client_StartFlood(client)));
    }
    for (start = Test_Now(); Flood_GetBytes() == 0;) {
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, WAIT_MS));
        Sleep(10);
    }
    Server_CheckStop(server);
    CHECK(Flood_IsRight());
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "), count);
}

static void Stuck(void)
{
    int count = Stage_GetNumber() == 1 ? 1 : 3;
    Server *server = NEED(Server_Start());
    Client *clients[3];

    for (int i = 0; i < count; i++) {
        clients[i] = NEED(Client_OpenWithBuffers(server, 8192));
        REQUIRE(CHECK(Client_FillUp(clients[i]) > 0));
    }
    Server_CheckStop(server);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "), count);
    for (int i = 0; i < count; i++)
        CHECK(Client_WaitForEnd(clients[i], NULL));
    CheckPortIsFree(server);
}

/* A client that has said its last and does not read what it is owed. */
static void StuckAfterHalfClose(void)
{
    Server *server = NEED(Server_Start());
    Client *client = NEED(Client_OpenWithBuffers(server, 8192));

    REQUIRE(CHECK(Client_FillUp(client) > 0));
    REQUIRE(CHECK(Client_HalfClose(client)));
    Server_CheckStop(server);
    CHECK(Client_WaitForEnd(client, NULL));
}

static bool isPressed; /* by the thread of ClientsKeepComing */

static void Press(void *server)
{
    isPressed = ServerProcess_PressCtrlC(((Server *)server)->process);
}

/*
 * Nothing that is pressed cuts the cleaning up short. The server is held in a print while all of
 * them are pressed, so that none comes too late.
 */
static void PressedAgain(void)
{
    enum { TIMES = 3, SILENT = 20 };
    int silent = Stage_GetNumber() == 1 ? 0 : SILENT;
    Server *server = NEED(Server_Start());
    Client *client;
    size_t before;

    for (int i = 0; i < silent; i++) {
        client = NEED(Client_Open(server));
        REQUIRE(CHECK(Client_Echo(client, 10)));
    }
    client = NEED(Client_Open(server));
    ServerProcess_PauseReading(server->process, true);
    REQUIRE(CHECK(Client_StartFlood(client)));
    do {
        before = Flood_GetBytes();
        Sleep(QUIET_MS);
    } while (before == 0 || Flood_GetBytes() > before);
    for (int i = 0; i < TIMES; i++)
        CHECK(Server_PressCtrlC(server));
    Sleep(QUIET_MS);
    CHECK(ServerProcess_IsRunning(server->process));
    ServerProcess_PauseReading(server->process, false);
    Server_CheckStopped(server);
    CHECK_INT(ServerProcess_CountLines(server->process, "Client Disconnected! "), silent + 1);
}

/* Clients that come while it stops are neither served nor a reason to go on. */
static void ClientsKeepComing(void)
{
    Server *server = NEED(Server_Start());
    ThreadManager pressers;

    ThreadManager_Init(&pressers);
    CHECK(ThreadManager_Launch(&pressers, Press, server));
    for (ULONGLONG start = Test_Now(); ServerProcess_IsRunning(server->process);) {
        Client *client = Client_Open(server);

        if (client != NULL)
            Client_Reset(client);
        if (!CHECK_AT_MOST(Test_Now() - start, 2 * STOP_LIMIT_MS))
            break;
    }
    ThreadManager_Join(&pressers);
    /* Checks are the main thread's: where the other could not press, this one says why. */
    CHECK(isPressed || Server_PressCtrlC(server));
    Server_CheckStopped(server);
}

const ContractTest stopTests[] = {
    {"stop: idle", Idle, 1, LAST_STAGE, 30},
    {"stop: after clients have left", IdleAfterClients, 1, LAST_STAGE, 30},
    {"stop: with clients", ManyClients, 1, LAST_STAGE, 40},
    {"stop: with clients in the queue", WaitingClients, 1, 1, 30},
    {"stop: busy", Busy, 1, LAST_STAGE, 30},
    {"stop: with clients that never read", Stuck, 1, LAST_STAGE, 60},
    {"stop: with a stuck client that has half-closed", StuckAfterHalfClose, 1, LAST_STAGE, 30},
    {"stop: pressed three times", PressedAgain, 1, LAST_STAGE, 30},
    {"stop: while clients keep coming", ClientsKeepComing, 1, LAST_STAGE, 40},
    {NULL, NULL, 0, 0, 0},
};
