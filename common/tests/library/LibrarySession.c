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

static void CheckAddress(Probe *probe, const NetAddress *expected)
{
    char text[NET_ADDRESS_TEXT_SIZE], expectedText[NET_ADDRESS_TEXT_SIZE];

    CHECK_TEXT(NetAddress_ToText(Session_GetAddress(&probe->session), text, sizeof(text)),
               NetAddress_ToText(expected, expectedText, sizeof(expectedText)));
}

TEST("session: echo, address and counters", .firstStage = 7)
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true);
    NetAddress own;
    Probe *probe;

    Host_Stop(server);
    Host_Start(server);
    probe = Probe_Open(server, 0);
    CHECK(SocketUtils_GetLocalAddress(probe->peer, &own));
    CheckAddress(probe, &own);
    CHECK(Session_IsConnected(&probe->session));
    CHECK(SocketUtils_GetOption(probe->session.socket, SOL_SOCKET, SO_KEEPALIVE) > 0);
    Peer_StartSending(probe->peer, MOVED);
    CHECK(Peer_ReceivePattern(probe->peer, 0, MOVED));
    Threads_Join();
    CHECK(Peer_IsQuiet(probe->peer));
    CHECK_INT(Session_GetQueuedBytes(&probe->session), 0);
    SINCE_5(CHECK_INT(Service_GetSessionCount(&server->service), 1));
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES), MOVED);
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES), MOVED);
    CHECK_INT(probe->consumed, MOVED);
    CHECK(Service_GetCounter(&server->service, COUNTER_RECV_CALLS) > 0);
    CHECK(Service_GetCounter(&server->service, COUNTER_SEND_CALLS) > 0);
    Peer_Close(&probe->peer);
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 1));
    CHECK_INT(probe->error, 0);
    CheckAddress(probe, &own);
    CHECK(!Probe_Send(probe, "x", 1));
}

/* --- References ------------------------------------------------------------------------------ */

static void TakeAndGive(void *argument)
{
    Session *session = &((Probe *)argument)->session;

    for (int i = 0; i < REFERENCES && !Test_IsOver(); i++) {
        Session_AddRef(session);
        Session_Release(session);
    }
}

/* Eight threads take and give references to a session that works; then its last one goes. */
TEST("session: references from eight threads")
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true);
    Probe *probe = Probe_Open(server, 0);

    for (int i = 0; i < HOLDERS; i++)
        Threads_Start(TakeAndGive, probe);
    for (int i = 0; i < 50; i++)
        CHECK(Peer_Echo(probe->peer, 500));
    Threads_Join();
    Peer_Close(&probe->peer);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK_INT(probe->destroyed, 0);
    SINCE_5(WAIT_WHILE(Service_GetSessionCount(&server->service) > 0));
    Host_StopService(server);
    CHECK_INT(probe->session.object.references, 1);
    CHECK_INT(probe->destroyed, 0);
    Host_CheckStopped(server);
    CHECK_INT(probe->destroyed, 1);
}

/* --- What OnRecv consumes -------------------------------------------------------------------- */

/* Half of it, or none, or all, at random; a buffer that is full is never left so. */
static int ConsumePart(Probe *probe, const char *data, int length)
{
    int capacity = probe->host->settings.session.recvBufferSize;

    Probe_CheckPattern(probe, data, length);
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
        Host *server = START_SERVER(&behaviour, .recvBufferSize = capacities[i]);
        SOCKET peer = Peer_Open(server);

        CHECK(Peer_SendPattern(peer, 0, i < 2 ? 3000 : 300000));
        Peer_Close(&peer);
        CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 1));
        SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES),
                          i < 2 ? 3000 : 300000));
        Host_Stop(server);
    }
}

/* The first three bytes; later all. */
static int ConsumeThree(Probe *probe, const char *data, int length)
{
    Probe_CheckPattern(probe, data, length);
    probe->state = length;
    return length < 8 ? 0 : length == 10 ? 3 : length;
}

TEST("session: what is left is there again")
{
    static const Behaviour behaviour = {.OnRecv = ConsumeThree};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true);
    Probe *probe = Probe_Open(server, 0);

    CHECK(Peer_SendPattern(probe->peer, 0, 10));
    CHECK(WAIT_FOR(probe->recvCalls, 1));
    Sleep(QUIET_MS);
    CHECK_INT(probe->recvCalls, 1);
    CHECK_INT(probe->state, 10);
    CHECK(Peer_SendPattern(probe->peer, 10, 1));
    CHECK(WAIT_FOR(probe->recvCalls, 2));
    Sleep(QUIET_MS);
    CHECK_INT(probe->recvCalls, 2);
    CHECK_INT(probe->state, 8);
    CHECK_INT(probe->consumed, 11);
}

/* --- Callbacks ------------------------------------------------------------------------------- */

/* Waits inside the callback, until the test has made its calls or it takes too long. */
static void Block(Probe *probe)
{
    InterlockedExchange(&probe->state, 1);
    FAULT_IF(WaitForSingleObject(gate, BLOCK_MS) != WAIT_OBJECT_0,
             "a call of the program waited for a callback to return");
}

/* While a callback runs, every function can be called by others, for this session, too. */
TEST("session: no lock is held in a callback")
{
    static const Behaviour behaviour = {.OnBytes = Block};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true);
    SendBuffer *buffer = NEED(SendBuffer_Copy("hello", 5));
    Probe *probe = Probe_Open(server, 0);
    char received[10];

    CHECK(Peer_Send(probe->peer, "x", 1));
    CHECK(WAIT_FOR(probe->state, 1));
    CHECK(Session_Send(&probe->session, buffer));
    CHECK_INT(Service_Broadcast(&server->service, buffer), 1);
    SINCE_5(CHECK_INT(Service_GetSessionCount(&server->service), 1));
    CHECK(Session_GetQueuedBytes(&probe->session) <= 10);
    CHECK(Peer_Receive(probe->peer, received, 10));
    CHECK(memcmp(received, "hellohello", 10) == 0);
    Session_Disconnect(&probe->session, CAUSE_PROGRAM);
    CHECK(!Session_IsConnected(&probe->session));
    Sleep(50);
    CHECK_INT(probe->disconnected, 0);
    SetEvent(gate);
    CHECK(Host_AllEnd(server, CAUSE_PROGRAM, 1));
    SendBuffer_Release(buffer);
}

/* Every function, from inside every callback. */
static void CallEverything(Probe *probe)
{
    Service *service = &probe->host->service;
    Session *session = &probe->session;
    SendBuffer *buffer = SendBuffer_Copy("abc", 3);

    Session_AddRef(session);
    if (buffer != NULL) {
        Service_Broadcast(service, buffer);
        Session_Send(session, buffer);
        SendBuffer_Release(buffer);
    }
    SINCE_5(FAULT_IF(Service_GetSessionCount(service) < 1, "who calls back is not in the set"));
    Service_GetCounter(service, COUNTER_SESSIONS);
    Session_GetQueuedBytes(session);
    Session_GetError(session);
    FAULT_IF(NetAddress_GetPort(Session_GetAddress(session)) == 0,
             "a session that calls back has no address");
    Session_Release(session);
}

static void CallAtEnd(Probe *probe)
{
    CallEverything(probe);
    Session_Close(&probe->session, probe->cause);
    Session_Disconnect(&probe->session, probe->cause);
}

TEST("session: every function inside callbacks")
{
    static const Behaviour behaviour = {
        .OnConnected = CallEverything, .OnBytes = CallEverything, .OnDisconnected = CallAtEnd};
    Host *server = START_SERVER(&behaviour);
    SOCKET peers[5];

    for (int i = 0; i < 5; i++) {
        peers[i] = Peer_Open(server);
        CHECK(Peer_Send(peers[i], "hello", 5));
    }
    for (int i = 0; i < 5; i++) {
        char bytes[12];

        CHECK(Peer_Receive(peers[i], bytes, (int)sizeof(bytes)));
        Peer_Close(&peers[i]);
    }
    CHECK(Host_WaitForDisconnected(server, 5));
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
    Host *server = START_SERVER(&behaviour, .workerCount = 1);

    for (int i = 0; i < FLOODS; i++) {
        floods[i] = Peer_Open(server);
        REQUIRE(CHECK(WAIT_FOR(server->connected, i + 1)));
    }
    peer = Peer_Open(server);
    REQUIRE(CHECK(Peer_Echo(peer, 100)));
    for (int i = 0; i < FLOODS; i++)
        Peer_StartSending(floods[i], ENDLESS);
    for (int i = 0; i < FAIR_ECHOES; i++) {
        ULONGLONG start = Test_Now();

        REQUIRE(CHECK(Peer_Echo(peer, 100)));
        CHECK_AT_MOST(Test_Now() - start, FAIR_ECHO_MS);
    }
    for (int i = 0; i < FLOODS; i++)
        shutdown(floods[i], SD_BOTH);
    Threads_Join();
    Peer_Close(&peer);
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
    Session_Close(&probe->session, CAUSE_PROGRAM);
    return length;
}

/* A SERVICE_CLIENT connects as many as it is told, and they end one by one. */
TEST("session: a client service", .firstStage = 7)
{
    static const Behaviour behaviour = {.OnConnected = SendHello, .OnRecv = CloseAfterFive};
    Host *server = START_SERVER(&echoBehaviour);
    Host *client = Host_StartClient(server, &behaviour, 20);

    CHECK(Host_AllEnd(client, CAUSE_PROGRAM, 20));
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 20));
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES), 100);
    CHECK_INT(Service_GetCounter(&client->service, COUNTER_RECV_BYTES), 100);
}

/* --- Addresses ------------------------------------------------------------------------------- */

/* Listens on `listenOn`; whoever connects to each of `texts`, up to a NULL, is served. */
static void CheckListen(const char *listenOn, const char *const *texts)
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .listenOn = listenOn);
    uint16_t port = NetAddress_GetPort(&server->service.settings.address);
    int count = 0;

    for (; texts[count] != NULL; count++) {
        NetAddress own, address = Peer_GetAddress(texts[count], port);
        SOCKET peer = NEED_SOCKET(Peer_OpenTo(&address, 0));

        CHECK(Peer_Echo(peer, 1000));
        CHECK(SocketUtils_GetLocalAddress(peer, &own));
        CheckAddress(Host_WaitForProbe(server, count), &own);
        Peer_Close(&peer);
    }
    CHECK(Host_WaitForDisconnected(server, count));
}

TEST("session: IPv4, IPv6 and both", .firstStage = 5)
{
    static const char *const four[] = {"127.0.0.1", NULL};
    static const char *const six[] = {"::1", NULL};
    static const char *const both[] = {"127.0.0.1", "::1", "127.0.0.1", NULL};

    CheckListen("127.0.0.1", four);
    CheckListen("0.0.0.0", four);
    CheckListen("::1", six);
    CheckListen("::", both);
}

TEST("session: a client of IPv6", .firstStage = 5)
{
    static const Behaviour behaviour = {.OnConnected = SendHello, .OnRecv = CloseAfterFive};
    Host *server = START_SERVER(&echoBehaviour, .listenOn = "::1");
    Host *client = Host_StartClient(server, &behaviour, 3);

    CHECK(Host_AllEnd(client, CAUSE_PROGRAM, 3));
}
