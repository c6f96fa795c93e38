/*
 * LibrarySession: the life of a session, what OnRecv may consume, and what callbacks may do.
 */
#include "Library.h"

#define MOVED        (2 * 1024 * 1024)
#define BLOCK_MS     1500
#define HOLDERS      8
#define REFERENCES   200000
#define FLOODS       3
#define FAIR_ECHOES  20
#define FAIR_ECHO_MS 2000

TEST("session: echo, address and counters")
{
    Host *server = NEED(Host_StartServer(&echoBehaviour));
    char text[NET_ADDRESS_TEXT_SIZE], expected[NET_ADDRESS_TEXT_SIZE];
    BOOL isKeptAlive = FALSE;
    int size = (int)sizeof(isKeptAlive);
    NetAddress own;
    SOCKET peer;
    Probe *probe;

    Host_Stop(server);
    server->keepsSessions = true;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_Open(server));
    probe = NEED(Host_WaitForProbe(server, 0));
    CHECK(SocketUtils_GetLocalAddress(peer, &own));
    CHECK_TEXT(NetAddress_ToText(Session_GetAddress(Probe_GetSession(probe)), text, sizeof(text)),
               NetAddress_ToText(&own, expected, sizeof(expected)));
    CHECK(Session_IsConnected(Probe_GetSession(probe)));
    getsockopt(Probe_GetSession(probe)->socket, SOL_SOCKET, SO_KEEPALIVE, (char *)&isKeptAlive,
               &size);
    CHECK(isKeptAlive);
    CHECK(Peer_StartSending(peer, MOVED));
    CHECK(Peer_ReceivePattern(peer, 0, MOVED));
    Threads_Join();
    CHECK(Peer_IsQuiet(peer));
    CHECK_INT(Session_GetQueuedBytes(Probe_GetSession(probe)), 0);
    CHECK_INT(Service_GetSessionCount(&server->service), 1);
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES), MOVED);
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES), MOVED);
    CHECK_INT(probe->consumed, MOVED);
    CHECK(Service_GetCounter(&server->service, COUNTER_RECV_CALLS) > 0);
    CHECK(Service_GetCounter(&server->service, COUNTER_SEND_CALLS) > 0);
    Peer_Close(&peer);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 1));
    CHECK_INT(probe->error, 0);
    CHECK_TEXT(NetAddress_ToText(Session_GetAddress(Probe_GetSession(probe)), text, sizeof(text)),
               expected);
    CHECK(!Probe_Send(probe, "x", 1));
    Host_Stop(server);
}

/* --- References ------------------------------------------------------------------------------ */

static void TakeAndGive(void *argument)
{
    Session *session = Probe_GetSession((Probe *)argument);

    for (int i = 0; i < REFERENCES && !Test_IsOver(); i++) {
        Session_AddRef(session);
        Session_Release(session);
    }
}

/* Eight threads take and give references to a session that works; then its last one goes. */
TEST("session: references from eight threads")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    SOCKET peer;
    Probe *probe;

    server->keepsSessions = true;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_Open(server));
    probe = NEED(Host_WaitForProbe(server, 0));
    for (int i = 0; i < HOLDERS; i++)
        REQUIRE(CHECK(Threads_Start(TakeAndGive, probe)));
    for (int i = 0; i < 50; i++)
        CHECK(Peer_Echo(peer, 500));
    Threads_Join();
    Peer_Close(&peer);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK_INT(probe->destroyed, 0);
    for (int i = 0; i < 100 && Service_GetSessionCount(&server->service) > 0; i++)
        Sleep(10);
    Host_StopService(server);
    CHECK_INT(Probe_GetSession(probe)->object.references, 1);
    CHECK_INT(probe->destroyed, 0);
    Host_CheckStopped(server);
    CHECK_INT(probe->destroyed, 1);
}

/* --- What OnRecv consumes -------------------------------------------------------------------- */

/* What comes must go on where the last call has stopped to consume. */
static bool IsContinued(Probe *probe, const char *data, int length)
{
    if (Pattern_IsRight(data, length, probe->consumed))
        return true;
    Host_AddViolation(probe->host, "OnRecv got wrong bytes after %ld", (long)probe->consumed);
    return false;
}

/* Half of it, or none, or all, at random; a buffer that is full is never left so. */
static int ConsumePart(Probe *probe, const char *data, int length)
{
    int capacity = probe->host->settings.session.recvBufferSize;

    IsContinued(probe, data, length);
    switch (Random_Next(&probe->seed, 4)) {
    case 0:
        return length;
    case 1:
        return length < capacity ? 0 : 1;
    default:
        return 1 + (int)Random_Next(&probe->seed, (uint32_t)length);
    }
}

TEST("session: OnRecv consumes part")
{
    static const Behaviour behaviour = {.OnRecv = ConsumePart};
    static const int capacities[] = {2, 7, 64, 4096};

    for (int i = 0; i < 4; i++) {
        Host *server = NEED(Host_Create(SERVICE_SERVER, &behaviour));
        SOCKET peer;

        server->settings.session.recvBufferSize = capacities[i];
        REQUIRE(CHECK(Host_Start(server)));
        peer = NEED_SOCKET(Peer_Open(server));
        CHECK(Peer_StartSending(peer, i < 2 ? 3000 : 300000));
        Threads_Join();
        Peer_Close(&peer);
        CHECK(Host_WaitForDisconnected(server, 1));
        CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 1));
        CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES), i < 2 ? 3000 : 300000);
        Host_Stop(server);
    }
}

/* The first three bytes; later all. */
static int ConsumeThree(Probe *probe, const char *data, int length)
{
    IsContinued(probe, data, length);
    probe->state = length;
    return length < 8 ? 0 : length == 10 ? 3 : length;
}

TEST("session: what is left is there again")
{
    static const Behaviour behaviour = {.OnRecv = ConsumeThree};
    Host *server = NEED(Host_Create(SERVICE_SERVER, &behaviour));
    char bytes[20];
    SOCKET peer;
    Probe *probe;

    server->keepsSessions = true;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_Open(server));
    probe = NEED(Host_WaitForProbe(server, 0));
    Pattern_Fill(bytes, (int)sizeof(bytes), 0);
    CHECK(Peer_Send(peer, bytes, 10));
    CHECK(WAIT_FOR(probe->recvCalls, 1));
    Sleep(QUIET_MS);
    CHECK_INT(probe->recvCalls, 1);
    CHECK_INT(probe->state, 10);
    CHECK(Peer_Send(peer, bytes + 10, 1));
    CHECK(WAIT_FOR(probe->recvCalls, 2));
    Sleep(QUIET_MS);
    CHECK_INT(probe->recvCalls, 2);
    CHECK_INT(probe->state, 8);
    CHECK_INT(probe->consumed, 11);
    Host_Stop(server);
}

/* --- Callbacks ------------------------------------------------------------------------------- */

static HANDLE unblock;

/* Waits inside the callback, until the test has made its calls or it takes too long. */
static int Block(Probe *probe, const char *data, int length)
{
    (void)data;
    InterlockedExchange((volatile LONG *)&probe->state, 1);
    if (WaitForSingleObject(unblock, BLOCK_MS) != WAIT_OBJECT_0)
        Host_AddViolation(probe->host, "a call of the program waited for a callback to return");
    return length;
}

/* While a callback runs, every function can be called by others, for this session, too. */
TEST("session: no lock is held in a callback")
{
    static const Behaviour behaviour = {.OnRecv = Block};
    Host *server = Host_Create(SERVICE_SERVER, &behaviour);
    SendBuffer *buffer = SendBuffer_Copy("hello", 5);
    char received[10];
    SOCKET peer;
    Probe *probe;

    unblock = NEED(CreateEventW(NULL, TRUE, FALSE, NULL));
    REQUIRE(CHECK(server != NULL));
    REQUIRE(CHECK(buffer != NULL));
    server->keepsSessions = true;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_Open(server));
    probe = NEED(Host_WaitForProbe(server, 0));
    CHECK(Peer_Send(peer, "x", 1));
    CHECK(Test_WaitForValue((volatile LONG *)&probe->state, 1, WAIT_MS, "the call of OnRecv"));
    CHECK(Session_Send(Probe_GetSession(probe), buffer));
    CHECK_INT(Service_Broadcast(&server->service, buffer), 1);
    CHECK_INT(Service_GetSessionCount(&server->service), 1);
    CHECK(Session_GetQueuedBytes(Probe_GetSession(probe)) <= 10);
    CHECK(Peer_Receive(peer, received, 10));
    CHECK(memcmp(received, "hellohello", 10) == 0);
    Session_Disconnect(Probe_GetSession(probe), CAUSE_PROGRAM);
    CHECK(!Session_IsConnected(Probe_GetSession(probe)));
    Sleep(50);
    CHECK_INT(probe->disconnected, 0);
    SetEvent(unblock);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_PROGRAM, 1));
    SendBuffer_Release(buffer);
    Host_Stop(server);
    CloseHandle(unblock);
}

/* Every function, from inside every callback. */
static void CallEverything(Probe *probe)
{
    Service *service = &probe->host->service;
    Session *session = Probe_GetSession(probe);
    SendBuffer *buffer = SendBuffer_Copy("abc", 3);

    Session_AddRef(session);
    if (buffer != NULL) {
        Service_Broadcast(service, buffer);
        Session_Send(session, buffer);
        SendBuffer_Release(buffer);
    }
    if (Service_GetSessionCount(service) < 1)
        Host_AddViolation(probe->host, "a session that calls back is not in the set");
    Service_GetCounter(service, COUNTER_SESSIONS);
    Session_GetQueuedBytes(session);
    Session_GetError(session);
    if (NetAddress_GetPort(Session_GetAddress(session)) == 0)
        Host_AddViolation(probe->host, "a session that calls back has no address");
    Session_Release(session);
}

static int CallInRecv(Probe *probe, const char *data, int length)
{
    (void)data;
    CallEverything(probe);
    return length;
}

static void CallAtEnd(Probe *probe, DisconnectCause cause)
{
    CallEverything(probe);
    Session_Close(Probe_GetSession(probe), cause);
    Session_Disconnect(Probe_GetSession(probe), cause);
}

TEST("session: every function inside callbacks")
{
    static const Behaviour behaviour = {
        .OnConnected = CallEverything, .OnRecv = CallInRecv, .OnDisconnected = CallAtEnd};
    Host *server = NEED(Host_StartServer(&behaviour));
    SOCKET peers[5];

    for (int i = 0; i < 5; i++) {
        peers[i] = NEED_SOCKET(Peer_Open(server));
        CHECK(Peer_Send(peers[i], "hello", 5));
    }
    for (int i = 0; i < 5; i++) {
        char bytes[12];

        CHECK(Peer_Receive(peers[i], bytes, (int)sizeof(bytes)));
        Peer_Close(&peers[i]);
    }
    CHECK(Host_WaitForDisconnected(server, 5));
    Host_Stop(server);
}

/* --- One worker, and clients that always have something to say ------------------------------- */

/* Who comes after the floods gets an echo. */
static int EchoToLast(Probe *probe, const char *data, int length)
{
    if (probe->number >= FLOODS)
        Probe_Send(probe, data, length);
    return length;
}

/* The bound on what is handled at once: one client must not hold the only worker. */
TEST("session: one client does not hold a worker")
{
    static const Behaviour behaviour = {.OnRecv = EchoToLast};
    SOCKET floods[FLOODS], peer;
    Host *server = NEED(Host_Create(SERVICE_SERVER, &behaviour));

    server->settings.workerCount = 1;
    REQUIRE(CHECK(Host_Start(server)));
    for (int i = 0; i < FLOODS; i++) {
        floods[i] = NEED_SOCKET(Peer_Open(server));
        REQUIRE(CHECK(WAIT_FOR(server->connected, i + 1)));
    }
    peer = Peer_Open(server);
    REQUIRE(CHECK(peer != INVALID_SOCKET && Peer_Echo(peer, 100)));
    for (int i = 0; i < FLOODS; i++)
        REQUIRE(CHECK(Peer_StartSending(floods[i], -1)));
    for (int i = 0; i < FAIR_ECHOES; i++) {
        ULONGLONG start = Test_Now();

        REQUIRE(CHECK(Peer_Echo(peer, 100)));
        CHECK_AT_MOST(Test_Now() - start, FAIR_ECHO_MS);
    }
    for (int i = 0; i < FLOODS; i++)
        shutdown(floods[i], SD_BOTH);
    Threads_Join();
    Peer_Close(&peer);
    Host_Stop(server);
}

/* --- Clients --------------------------------------------------------------------------------- */

static void SendHello(Probe *probe)
{
    Probe_Send(probe, "hello", 5);
}

static int CloseAfterFive(Probe *probe, const char *data, int length)
{
    (void)data;
    if (length < 5)
        return 0;
    Session_Close(Probe_GetSession(probe), CAUSE_PROGRAM);
    return length;
}

/* A SERVICE_CLIENT connects as many as it is told, and they end one by one. */
TEST("session: a client service")
{
    static const Behaviour behaviour = {.OnConnected = SendHello, .OnRecv = CloseAfterFive};
    Host *server = NEED(Host_StartServer(&echoBehaviour));
    Host *client;

    client = Host_CreateClient(server, &behaviour, 20);
    REQUIRE(CHECK(client != NULL && Host_Start(client)));
    CHECK(Host_WaitForDisconnected(client, 20));
    CHECK(Host_CheckCause(client, CAUSE_PROGRAM, 20));
    CHECK(Host_WaitForDisconnected(server, 20));
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 20));
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES), 100);
    CHECK_INT(Service_GetCounter(&client->service, COUNTER_RECV_BYTES), 100);
    Host_Stop(client);
    Host_Stop(server);
}

/* --- Addresses ------------------------------------------------------------------------------- */

/* Listens on `listenOn`; whoever connects to each of `texts`, up to a NULL, is served. */
static void CheckListen(const char *listenOn, const char *const *texts)
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    int count = 0;

    REQUIRE(CHECK(NetAddress_FromText(&server->settings.address, listenOn, 0)));
    server->keepsSessions = true;
    REQUIRE(CHECK(Host_Start(server)));
    for (; texts[count] != NULL; count++) {
        char text[NET_ADDRESS_TEXT_SIZE], expected[NET_ADDRESS_TEXT_SIZE];
        NetAddress address, own;
        Probe *probe;
        SOCKET peer;

        CHECK(NetAddress_FromText(&address, texts[count],
                                  NetAddress_GetPort(&server->service.settings.address)));
        peer = NEED_SOCKET(Peer_OpenTo(&address, 0));
        CHECK(Peer_Echo(peer, 1000));
        probe = NEED(Host_WaitForProbe(server, count));
        CHECK(SocketUtils_GetLocalAddress(peer, &own));
        CHECK_TEXT(
            NetAddress_ToText(Session_GetAddress(Probe_GetSession(probe)), text, sizeof(text)),
            NetAddress_ToText(&own, expected, sizeof(expected)));
        Peer_Close(&peer);
    }
    CHECK(Host_WaitForDisconnected(server, count));
    Host_Stop(server);
}

TEST("session: IPv4, IPv6 and both")
{
    static const char *const four[] = {"127.0.0.1", NULL};
    static const char *const six[] = {"::1", NULL};
    static const char *const both[] = {"127.0.0.1", "::1", "127.0.0.1", NULL};

    CheckListen("127.0.0.1", four);
    CheckListen("0.0.0.0", four);
    CheckListen("::1", six);
    CheckListen("::", both);
}

TEST("session: a client of IPv6")
{
    static const Behaviour behaviour = {.OnConnected = SendHello, .OnRecv = CloseAfterFive};
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    Host *client;

    CHECK(NetAddress_FromText(&server->settings.address, "::1", 0));
    REQUIRE(CHECK(Host_Start(server)));
    client = Host_CreateClient(server, &behaviour, 3);
    REQUIRE(CHECK(client != NULL && Host_Start(client)));
    CHECK(Host_WaitForDisconnected(client, 3));
    CHECK(Host_CheckCause(client, CAUSE_PROGRAM, 3));
    Host_Stop(client);
    Host_Stop(server);
}
