/*
 * LibraryStop: Service_Stop lets what is queued go, ends in time, and leaves nothing behind; a
 * Service_Start that fails gives all back.
 */
#include "Library.h"

#include <psapi.h>

#define READERS     5
#define OWED        (512 * 1024)
#define PIECE       16384
#define LONG_MS     10000
#define SHORT_MS    300
#define GRACE_MS    2000 /* beyond the time that the drain may take */
#define CONNECTORS  4
#define WARM_UP     5
#define TURNS       50
#define TURN_KIB    512
#define TURN_HANDLE 4

/* --- The drain ------------------------------------------------------------------------------- */

/* Its peer reads slowly to the end. The state is 1 if it got what it is owed. */
static void ReadSlowly(void *argument)
{
    Probe *probe = (Probe *)argument;
    bool isRight = true;

    for (int i = 0; i < OWED && isRight; i += PIECE) {
        isRight = Peer_ReceivePattern(probe->peer, i, PIECE);
        Sleep(1);
    }
    probe->state = isRight && Peer_WaitForCleanEnd(probe->peer);
    shutdown(probe->peer, SD_SEND);
}

/* A server with `count` peers that do not read, each owed OWED bytes. */
static Host *StartOwing(Probe **probes, int count, DWORD drainMs)
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .drainMs = drainMs);

    for (int i = 0; i < count; i++) {
        probes[i] = Probe_Open(server, NARROW);
        NEED_TRUE(Probe_SendPattern(probes[i], OWED, 0));
    }
    return server;
}

TEST("stop: what is queued arrives")
{
    Probe *probes[READERS];
    Host *server = StartOwing(probes, READERS, LONG_MS);
    ULONGLONG start;

    for (int i = 0; i < READERS; i++)
        Threads_Start(ReadSlowly, probes[i]);
    start = Test_Now();
    Host_Stop(server);
    CHECK_AT_MOST(Test_Now() - start, LONG_MS / 2);
    Threads_Join();
    for (int i = 0; i < READERS; i++)
        CHECK_INT(probes[i]->state, 1);
    CHECK(Host_CheckCause(server, CAUSE_SERVICE_STOPPED, READERS));
}

TEST("stop: stuck clients do not hold it up")
{
    Probe *probes[3];
    Host *server = StartOwing(probes, 3, SHORT_MS);
    ULONGLONG start = Test_Now();

    Host_Stop(server);
    CHECK(Test_Now() - start >= SHORT_MS - 20);
    CHECK_AT_MOST(Test_Now() - start, SHORT_MS + GRACE_MS);
    CHECK(Host_CheckCause(server, CAUSE_SERVICE_STOPPED, 3));
    for (int i = 0; i < 3; i++)
        CHECK(Peer_WaitForReset(probes[i]->peer));
}

/* One that reads and one that is stuck: the first gets all of it. */
TEST("stop: one reads and one is stuck")
{
    Probe *probes[2];
    Host *server = StartOwing(probes, 2, LONG_MS / 5);
    ULONGLONG start = Test_Now();

    Threads_Start(ReadSlowly, probes[1]);
    Host_Stop(server);
    CHECK_AT_MOST(Test_Now() - start, LONG_MS / 5 + GRACE_MS);
    Threads_Join();
    CHECK_INT(probes[1]->state, 1);
}

/* Nobody waits for a callback that runs, but Service_Stop. */
static void Dawdle(Probe *probe)
{
    InterlockedExchange(&probe->state, 1);
    Sleep(SHORT_MS);
    InterlockedExchange(&probe->state, 2);
}

TEST("stop: while a callback runs")
{
    static const Behaviour behaviour = {.OnBytes = Dawdle};
    Host *server = Host_Create(SERVICE_SERVER, &behaviour);
    Probe *probe;

    server->keepsSessions = true;
    server->settings.session.drainMs = 0;
    Host_Start(server);
    probe = Probe_Open(server, 0);
    CHECK(Peer_Send(probe->peer, "x", 1));
    CHECK(WAIT_FOR(probe->state, 1));
    Host_StopService(server);
    CHECK_INT(probe->state, 2);
    Host_CheckStopped(server);
}

/* --- Clients that come at that moment -------------------------------------------------------- */

static volatile LONG connectorsStop;
static volatile LONG connections;

/* Connects, says something, and leaves, again and again. */
static void ConnectOn(void *argument)
{
    const NetAddress *address = (const NetAddress *)argument;

    while (connectorsStop == 0 && !Test_IsOver()) {
        SOCKET peer = SocketUtils_CreateSocket(NetAddress_GetFamily(address));

        if (peer != INVALID_SOCKET && SocketUtils_Connect(peer, address)) {
            InterlockedIncrement(&connections);
            send(peer, "hello", 5, 0);
            SocketUtils_SetLinger(peer, true, 0);
        }
        SocketUtils_Close(&peer);
    }
}

TEST("stop: while clients come")
{
    for (int i = 0; i < 10; i++) {
        Host *server = Host_Create(SERVICE_SERVER, &echoBehaviour);

        server->settings.session.drainMs = i % 2 == 0 ? 0 : 50;
        Host_Start(server);
        connectorsStop = connections = 0;
        for (int j = 0; j < CONNECTORS; j++)
            Threads_Start(ConnectOn, &server->service.settings.address);
        CHECK(WAIT_FOR(connections, 20));
        Host_Stop(server);
        InterlockedExchange(&connectorsStop, 1);
        Threads_Join();
        CHECK(server->connected > 0);
    }
}

/* A client service that has hardly begun to connect. */
TEST("stop: a client service that connects")
{
    Host *server = START_SERVER(&echoBehaviour);

    for (int i = 0; i < 10; i++) {
        Host *client = Host_CreateClient(server, &silentBehaviour, 30);

        client->settings.session.drainMs = i % 2 == 0 ? 0 : 100;
        Host_Start(client);
        Host_Stop(client);
        CHECK_INT(client->created, 30);
    }
}

/* --- Again and again ------------------------------------------------------------------------- */

/* Of this process. */
static int GetMemoryKib(void)
{
    PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof(counters)};

    if (!K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters)))
        return -1;
    return (int)(counters.PagefileUsage / 1024);
}

static void TurnOnce(void)
{
    Host *server = START_SERVER(&echoBehaviour);
    SOCKET peer = Peer_Open(server);

    Host_StartClient(server, &silentBehaviour, 3);
    NEED_TRUE(Peer_Echo(peer, 1000));
    Peer_Close(&peer);
    Hosts_CloseAll();
}

TEST("stop: started and stopped fifty times")
{
    int handles, memory;

    for (int i = 0; i < WARM_UP; i++)
        TurnOnce();
    handles = ServerProcess_CountHandles(GetCurrentProcess());
    memory = GetMemoryKib();
    CHECK(handles > 0 && memory > 0);
    for (int i = 0; i < TURNS; i++)
        TurnOnce();
    CHECK_AT_MOST(ServerProcess_CountHandles(GetCurrentProcess()), handles + TURN_HANDLE);

    /* Under verify no memory is used a second time, so that the process grows in any case; verify
       itself tells what was not freed. */
    if (GetEnvironmentVariableA("INSTRUMENT", NULL, 0) <= 1) /* not even its NUL */
        CHECK_AT_MOST(GetMemoryKib() - memory, TURN_KIB);
}

/* --- Starts that fail ------------------------------------------------------------------------ */

/* Starts the host and requires that it fails, with a sentence that has `part`. */
static void CheckStartFails(Host *host, const char *part)
{
    CHECK(!Service_Start(&host->service, &host->settings));
    CHECK(GetLastError() != 0);
    CHECK_CONTAINS(Service_GetError(&host->service), part);
}

TEST("start: the port is taken")
{
    Host *first = START_SERVER(&echoBehaviour);
    Host *second = Host_Create(SERVICE_SERVER, &echoBehaviour);
    char text[NET_ADDRESS_TEXT_SIZE];
    int handles = 0;

    second->settings.address = first->service.settings.address;
    NetAddress_ToText(&second->settings.address, text, sizeof(text));
    for (int i = 0; i < 10; i++) {
        CheckStartFails(second, text);
        if (i == 1)
            handles = ServerProcess_CountHandles(GetCurrentProcess());
    }
    CHECK_AT_MOST(ServerProcess_CountHandles(GetCurrentProcess()), handles);
    CHECK_INT(second->created, second->destroyed);

    CHECK(NetAddress_FromText(&second->settings.address, "127.0.0.1", 0));
    Host_Start(second);
    CHECK(Peer_Echo(Peer_Open(second), 100));
    CHECK(Peer_Echo(Peer_Open(first), 100));
}

/* An address that no interface of this machine has. */
TEST("start: no such address")
{
    Host *server = Host_Create(SERVICE_SERVER, &echoBehaviour);

    CHECK(NetAddress_FromText(&server->settings.address, "192.0.2.1", 0));
    CheckStartFails(server, "192.0.2.1");
}

/* The third session of a client cannot be created: the two before it are ended. */
static int sessionsLeft;

static Session *CreateTwo(Service *service, int family)
{
    if (sessionsLeft-- > 0)
        return Probe_Create(service, family);
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
}

TEST("start: a client without memory")
{
    Host *server = START_SERVER(&echoBehaviour);
    Host *client = Host_CreateClient(server, &silentBehaviour, 5);

    client->settings.createSession = CreateTwo;
    sessionsLeft = 2;
    CheckStartFails(client, "error 8");
    CHECK_INT(client->created, 2);
    CHECK_INT(client->destroyed, 2);
    CHECK_INT(client->disconnected, client->connected);
    sessionsLeft = 5;
    Host_Start(client);
    CHECK(WAIT_FOR(client->connected, 5));
    Host_StopService(client);
    CHECK_INT(client->created, client->destroyed);
}

/* Sessions cannot be created for a while: no accept is lost. */
TEST("start: accepts come back")
{
    Host *server = Host_Create(SERVICE_SERVER, &echoBehaviour);

    /* Where not even one accept can be begun, the service does not start. */
    InterlockedExchange(&server->creationsToFail, 1);
    CheckStartFails(server, "createSession failed with error 8");
    Host_Start(server);
    InterlockedExchange(&server->creationsToFail, 2);
    for (int i = 0; i < 2 * ACCEPT_COUNT; i++) {
        REQUIRE(CHECK(Peer_Echo(Peer_Open(server), 10)));
        if (i % 5 == 4)
            InterlockedExchange(&server->creationsToFail, 3);
    }
    CHECK(server->errors > 0);
    CHECK_INT(server->connected, 2 * ACCEPT_COUNT);
}

/* --- Sessions that outlive their service ----------------------------------------------------- */

static void SendUntilFalse(void *argument)
{
    while (Probe_Send((Probe *)argument, "still here", 10) && !Test_IsOver())
        Sleep(0);
}

TEST("stop: sessions that the program keeps")
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true);
    Probe *probes[4];

    for (int i = 0; i < 4; i++) {
        probes[i] = Probe_Open(server, 0);
        Threads_Start(SendUntilFalse, probes[i]);
    }
    Host_StopService(server);
    Threads_Join();
    for (int i = 0; i < 4; i++) {
        Session *session = &probes[i]->session;

        CHECK_INT(probes[i]->disconnected, 1);
        CHECK_INT(probes[i]->destroyed, 0);
        CHECK(!Session_IsConnected(session));
        CHECK(!Probe_Send(probes[i], "x", 1));
        CHECK_INT(Session_GetQueuedBytes(session), 0);
        CHECK(NetAddress_GetPort(Session_GetAddress(session)) != 0);
        Session_Disconnect(session, CAUSE_PROGRAM);
        Session_Close(session, CAUSE_PROGRAM);
    }
    Host_CheckStopped(server);
}
