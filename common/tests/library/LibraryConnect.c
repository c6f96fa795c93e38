/*
 * LibraryConnect: a client dials at any time, again and later; wrong settings and wrong use are
 * refused with a sentence.
 */
#include "Library.h"

#define DIALLED  5
#define FAILURES 3
#define DELAY_MS 300

/* --- Service_Connect ------------------------------------------------------------------------- */

static void DialAgain(Probe *probe)
{
    Host *host = probe->host;

    if (probe->cause == CAUSE_CONNECT_FAILED && host->causes[probe->cause] < FAILURES)
        FAULT_IF(!Service_Connect(&host->service, 1), "Service_Connect failed with error %lu",
                 GetLastError());
}

/* In OnDisconnected: the session that has failed is still in the set, but takes nobody's place. */
TEST("connect: again, in OnDisconnected")
{
    static const Behaviour behaviour = {.OnDisconnected = DialAgain};
    Host *client = Host_Create(SERVICE_CLIENT, &behaviour);

    NEED_SOCKET(Peer_Bind(&client->settings.address));
    client->settings.maxSessionCount = 1;
    Host_Start(client);
    CHECK(WAIT_FOR(client->destroyed, FAILURES));
    CHECK(Host_CheckCause(client, CAUSE_CONNECT_FAILED, FAILURES));
    CHECK_INT(Service_GetSessionCount(&client->service), 0);
}

TEST("connect: at any time")
{
    Host *server = START_SERVER(&echoBehaviour);
    Host *client = Host_CreateClient(server, &silentBehaviour, DIALLED);
    SendBuffer *buffer = NEED(SendBuffer_Copy("hello", 5));

    client->settings.connectCount = 0;
    Host_Start(client);
    CHECK_INT(Service_GetSessionCount(&client->service), 0);
    for (int i = 0; i < DIALLED; i++)
        CHECK(Service_Connect(&client->service, 0));
    CHECK_ERROR(!Service_Connect(&client->service, 0), ERROR_CONNECTION_COUNT_LIMIT);
    CHECK(WAIT_FOR(client->connected, DIALLED));
    CHECK_INT(Service_Broadcast(&client->service, buffer), DIALLED);
    SendBuffer_Release(buffer);
    CHECK_ERROR(!Service_Connect(&server->service, 0), ERROR_INVALID_FUNCTION);
    Host_StopService(client);
    CHECK_ERROR(!Service_Connect(&client->service, 0), ERROR_SHUTDOWN_IN_PROGRESS);
}

TEST("connect: later", .firstStage = 6)
{
    Host *server = START_SERVER(&echoBehaviour);
    Host *client = Host_CreateClient(server, &silentBehaviour, 2);
    ULONGLONG start;

    client->settings.connectCount = 0;
    Host_Start(client);
    start = Test_Now();
    CHECK(Service_Connect(&client->service, DELAY_MS));
    CHECK(WAIT_FOR(client->connected, 1));
    CHECK(Test_Now() - start >= DELAY_MS);

    /* The one that is still to dial is told, too. */
    CHECK(Service_Connect(&client->service, 1000 * WAIT_MS));
    Host_StopService(client);
    CHECK(Host_CheckCause(client, CAUSE_SERVICE_STOPPED, 2));
}

/* --- Wrong use ------------------------------------------------------------------------------- */

static void CheckRefused(const ServiceSettings *settings, const char *part)
{
    static Service service;

    CHECK_ERROR(!Service_Start(&service, settings), ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(Service_GetError(&service), part);
    CHECK(Service_Stop(&service));
}

/* Each is wrong in one way, and that is what the sentence names. */
TEST("use: wrong settings are named")
{
    ServiceSettings right = Service_GetDefaults(), wrong;

    CheckRefused(&right, "address");
    NetAddress_FromText(&right.address, "127.0.0.1", 0);
    CheckRefused(&right, "createSession");
    right.createSession = Probe_Create;
#define WRONG(member, value)                                                                       \
    wrong = right;                                                                                 \
    wrong.member = (value);                                                                        \
    CheckRefused(&wrong, strrchr("." #member, '.') + 1)
    WRONG(type, (ServiceType)7);
    WRONG(maxSessionCount, 0);
    WRONG(connectCount, -1);
    WRONG(connectCount, right.maxSessionCount + 1);
    WRONG(workerCount, -1);
    WRONG(session.recvBufferSize, 0);
    WRONG(session.recvBufferMax, right.session.recvBufferSize - 1);
    WRONG(session.pauseBytes, -1);
    WRONG(session.limitBytes, right.session.pauseBytes - 1);
    right.session.pauseBytes = 0;
    WRONG(session.limitBytes, BUFFER_COST); /* not one byte could be sent */
#undef WRONG
}

static void StopInRecv(Probe *probe)
{
    FAULT_IF(Service_Stop(&probe->host->service) || GetLastError() != ERROR_POSSIBLE_DEADLOCK,
             "Service_Stop in OnRecv: error %lu", GetLastError());
}

TEST("use: a service is not stopped in a callback")
{
    static const Behaviour behaviour = {.OnBytes = StopInRecv};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true);
    SOCKET peer = Peer_Open(server);

    CHECK(Peer_Send(peer, "x", 1));
    Peer_Close(&peer);
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK(Peer_Open(server) != INVALID_SOCKET);
}

/* --- What OnError is told -------------------------------------------------------------------- */

static volatile LONG isFailing;

/* Fails on a worker, and when it is tried again, on the keeper: threads of the service, both. */
static Session *StopAndFail(Service *service, int family)
{
    if (isFailing == 0)
        return Probe_Create(service, family);
    FAULT_IF(Service_Stop(service) || GetLastError() != ERROR_POSSIBLE_DEADLOCK,
             "Service_Stop in createSession: error %lu", GetLastError());
    if (SINCE_6(ThreadManager_IsCaller(&service->keeper.thread) &&) true)
        InterlockedExchange(&isFailing, 0);
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
}

TEST("use: an accept without a session is createSession's failure", .firstStage = 6)
{
    Host *server = Host_Create(SERVICE_SERVER, &echoBehaviour);

    server->settings.createSession = StopAndFail;
    isFailing = 0;
    Host_Start(server);
    isFailing = 1;
    CHECK(Peer_Echo(Peer_Open(server), 10));
    CHECK(WAIT_FOR(server->errors, 2));
    CHECK_INT(isFailing, 0);
    CHECK_TEXT(server->failedCall, "createSession");
    CHECK(Peer_Echo(Peer_Open(server), 10));
}

static Session *CreateForIpv4(Service *service, int family)
{
    (void)family;
    return Probe_Create(service, AF_INET);
}

/* bind comes before ConnectEx, and fails where the ports have run out, or here: a wrong socket. */
TEST("use: a session without a port is bind's failure")
{
    Host *client = Host_Create(SERVICE_CLIENT, &silentBehaviour);

    REQUIRE(CHECK(NetAddress_FromText(&client->settings.address, "::1", 1)));
    client->settings.createSession = CreateForIpv4;
    Host_Start(client);
    CHECK(WAIT_FOR(client->errors, 1));
    CHECK_TEXT(client->failedCall, "bind");
    CHECK(WAIT_FOR(client->destroyed, 1));
    CHECK(Host_CheckCause(client, CAUSE_CONNECT_FAILED, 1));
}
