/*
 * LibraryCause: why a session ends, told once and rightly, while the others are served.
 */
#include "Library.h"
#include "SessionCore.h"

#include <limits.h>

#define IDLE_MS     400
#define CAP         10
#define LIMIT       (256 * 1024)
#define PIECE       4096
#define FULL_SIZE   512
#define HALF_CLOSED (8 * 1024 * 1024)
#define SMALL_QUEUE 8192 /* of the system's own buffers at a peer that does not read */

static Host *StartKeepingServer(const Behaviour *behaviour)
{
    Host *server = Host_Create(SERVICE_SERVER, behaviour);

    if (server == NULL)
        return NULL;
    server->keepsSessions = true;
    return Host_Start(server) ? server : NULL;
}

/* --- The peer leaves ------------------------------------------------------------------------- */

TEST("cause: the peer closes")
{
    Host *server = NEED(Host_StartServer(&echoBehaviour));
    SOCKET first = NEED_SOCKET(Peer_Open(server));
    SOCKET second = NEED_SOCKET(Peer_Open(server));

    CHECK(Peer_Echo(first, 100));
    Peer_Close(&first);
    Peer_Close(&second);
    CHECK(Host_WaitForDisconnected(server, 2));
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 2));
    Host_Stop(server);
}

/* A half-close: what was sent before it is answered, all of it, though much is still queued. */
TEST("cause: the peer closes its side")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    bool isClean = false;
    SOCKET peer;
    Probe *probe;

    server->keepsSessions = true;
    server->settings.session.pauseBytes = 2 * HALF_CLOSED;
    server->settings.session.limitBytes = 2 * HALF_CLOSED;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_OpenWithBuffers(server, SMALL_QUEUE));
    probe = NEED(Host_WaitForProbe(server, 0));
    CHECK(Peer_StartSending(peer, HALF_CLOSED));
    Threads_Join();
    CHECK_INT(shutdown(peer, SD_SEND), 0);
    Sleep(QUIET_MS);
    CHECK(Session_GetQueuedBytes(Probe_GetSession(probe)) > 0);
    CHECK(Peer_ReceivePattern(peer, 0, HALF_CLOSED));
    CHECK(Peer_WaitForEnd(peer, NULL, &isClean));
    CHECK(isClean);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 1));
    Host_Stop(server);
}

/* The same, but the peer takes nothing any more: it does not stay for ever. */
TEST("cause: the peer closes its side and is stuck")
{
    static char bytes[LIMIT];
    Host *server = NEED(Host_Create(SERVICE_SERVER, &silentBehaviour));
    SOCKET peer;

    server->keepsSessions = true;
    server->settings.session.halfClosedMs = IDLE_MS;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_OpenWithBuffers(server, SMALL_QUEUE));
    CHECK(Probe_Send(NEED(Host_WaitForProbe(server, 0)), bytes, LIMIT));
    CHECK_INT(shutdown(peer, SD_SEND), 0);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 1));
    Host_Stop(server);
}

/* Waits until each of `count` sessions, after one echo, has a receive outstanding: under Wine 8.0 one
   that begins after a reset ends as if the peer had closed. */
static bool WaitUntilReceiving(Host *server, int count)
{
    ULONGLONG deadline = Test_Now() + WAIT_MS;

    while (Service_GetCounter(&server->service, COUNTER_RECV_CALLS) < 2 * count) {
        if (Test_Now() >= deadline)
            return Test_Explain("the sessions do not receive again");
        Sleep(1);
    }
    /* The call is counted, and made, under the session's lock. */
    for (int i = 0; i < count; i++)
        Session_GetQueuedBytes(Probe_GetSession(server->kept[i]));
    return true;
}

TEST("cause: the peer resets")
{
    Host *server = NEED(StartKeepingServer(&echoBehaviour));
    SOCKET peers[3];

    for (int i = 0; i < 3; i++) {
        peers[i] = NEED_SOCKET(Peer_Open(server));
        CHECK(Peer_Echo(peers[i], 100));
        REQUIRE(CHECK(Host_WaitForProbe(server, i) != NULL));
    }
    CHECK(WaitUntilReceiving(server, 3));
    Peer_Reset(&peers[0]);
    Peer_Reset(&peers[1]);
    CHECK(WAIT_FOR(server->disconnected, 2));
    CHECK_INT(server->causes[CAUSE_PEER_RESET], 2);
    CHECK(server->kept[0]->error != 0);
    CHECK(Session_GetError(Probe_GetSession(server->kept[0])) == server->kept[0]->error);
    CHECK(Peer_Echo(peers[2], 100));
    Host_Stop(server);
}

/* --- Connecting ------------------------------------------------------------------------------ */

TEST("cause: nobody listens")
{
    Host *client = NEED(Host_Create(SERVICE_CLIENT, &silentBehaviour));

    REQUIRE(CHECK(Peer_Bind(&client->settings.address) != INVALID_SOCKET));
    client->settings.maxSessionCount = 3;
    client->settings.connectCount = 3;
    REQUIRE(CHECK(Host_Start(client)));
    CHECK(Test_WaitForValue(&client->causes[CAUSE_CONNECT_FAILED], 3, 3 * WAIT_MS,
                            "the number of CAUSE_CONNECT_FAILED"));
    CHECK_INT(client->connected, 0);
    for (Probe *probe = client->probes; probe != NULL; probe = probe->next) {
        CHECK_INT(probe->disconnected, 1);
        CHECK(probe->error != 0);
    }
    CHECK(Host_CheckCause(client, CAUSE_CONNECT_FAILED, 3));
    Host_Stop(client);
    CHECK_INT(client->created, 3);
}

/* --- The slow receiver ----------------------------------------------------------------------- */

TEST("cause: a slow receiver")
{
    static char bytes[PIECE];
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    SOCKET slow, other;
    Probe *probe;
    int most = 0, sends = 0;

    server->keepsSessions = true;
    server->settings.session.limitBytes = LIMIT;
    REQUIRE(CHECK(Host_Start(server)));
    slow = NEED_SOCKET(Peer_OpenWithBuffers(server, SMALL_QUEUE));
    probe = NEED(Host_WaitForProbe(server, 0));
    other = NEED_SOCKET(Peer_Open(server));
    while (Probe_Send(probe, bytes, PIECE) && !Test_IsOver()) {
        int queued = Session_GetQueuedBytes(Probe_GetSession(probe));

        most = queued > most ? queued : most;
        if (++sends % 100 == 0)
            CHECK(Peer_Echo(other, 1000));
    }
    CHECK_AT_MOST(most, LIMIT + PIECE);
    CHECK(most > LIMIT / 2);
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK_INT(probe->cause, CAUSE_SLOW_RECEIVER);
    CHECK(Peer_WaitForReset(slow));
    CHECK(Peer_Echo(other, 1000));
    CHECK_INT(Session_GetQueuedBytes(Probe_GetSession(probe)), 0);
    CHECK_INT(Service_GetSessionCount(&server->service), 1);
    Host_Stop(server);
}

/* The same by broadcast: who reads gets all of it, who does not is disconnected. */
TEST("cause: a slow receiver of a broadcast")
{
    enum { COUNT = 2000 };
    Host *server = NEED(Host_Create(SERVICE_SERVER, &silentBehaviour));
    SOCKET slow, reader;
    char bytes[PIECE];
    int sends = 0;

    server->keepsSessions = true;
    server->settings.session.limitBytes = LIMIT;
    REQUIRE(CHECK(Host_Start(server)));
    slow = Peer_OpenWithBuffers(server, SMALL_QUEUE);
    REQUIRE(CHECK(slow != INVALID_SOCKET && Host_WaitForProbe(server, 0) != NULL));
    reader = Peer_Open(server);
    REQUIRE(CHECK(reader != INVALID_SOCKET && Host_WaitForProbe(server, 1) != NULL));
    for (; sends < COUNT && server->disconnected == 0 && !Test_IsOver(); sends++) {
        SendBuffer *buffer = NEED(SendBuffer_Open(PIECE));

        Pattern_Fill(buffer->data, PIECE, (LONG64)sends * PIECE);
        SendBuffer_Close(buffer, PIECE);
        Service_Broadcast(&server->service, buffer);
        SendBuffer_Release(buffer);
        REQUIRE(CHECK(Peer_Receive(reader, bytes, PIECE)));
        REQUIRE(CHECK(Pattern_IsRight(bytes, PIECE, (LONG64)sends * PIECE)));
    }
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK(Host_CheckCause(server, CAUSE_SLOW_RECEIVER, 1));
    CHECK_INT(server->kept[0]->disconnected, 1);
    CHECK(Session_IsConnected(Probe_GetSession(server->kept[1])));
    Host_Stop(server);
}

/* A single buffer that costs more than the limit cannot be sent at all. */
TEST("cause: a buffer larger than the limit")
{
    static char bytes[LIMIT + 1];
    Host *server = NEED(Host_Create(SERVICE_SERVER, &silentBehaviour));
    Probe *first, *second;
    SOCKET peer;

    server->keepsSessions = true;
    server->settings.session.limitBytes = LIMIT;
    REQUIRE(CHECK(Host_Start(server)));
    REQUIRE(CHECK(Peer_Open(server) != INVALID_SOCKET));
    first = NEED(Host_WaitForProbe(server, 0));
    peer = NEED_SOCKET(Peer_Open(server));
    second = NEED(Host_WaitForProbe(server, 1));
    CHECK(!Probe_Send(first, bytes, LIMIT - BUFFER_COST + 1));
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK(Host_CheckCause(server, CAUSE_SLOW_RECEIVER, 1));
    Pattern_Fill(bytes, LIMIT, 0);
    CHECK(Probe_Send(second, bytes, LIMIT - BUFFER_COST));
    CHECK(Peer_ReceivePattern(peer, 0, LIMIT - BUFFER_COST));
    CHECK(Session_IsConnected(Probe_GetSession(second)));
    Host_Stop(server);
}

/* --- Idle ------------------------------------------------------------------------------------ */

TEST("cause: idle")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    SOCKET idle, active;
    ULONGLONG start;

    server->keepsSessions = true;
    server->settings.session.idleTimeoutMs = IDLE_MS;
    REQUIRE(CHECK(Host_Start(server)));
    idle = NEED_SOCKET(Peer_Open(server));
    active = NEED_SOCKET(Peer_Open(server));
    start = Test_Now();
    CHECK(Peer_Echo(idle, 10));
    while (server->disconnected == 0 && Test_Now() < start + WAIT_MS) {
        REQUIRE(CHECK(Peer_Echo(active, 10)));
        Sleep(20);
    }
    CHECK(Test_Now() - start >= IDLE_MS - 20);
    CHECK_AT_MOST(Test_Now() - start, IDLE_MS + 1000);
    CHECK(Host_CheckCause(server, CAUSE_IDLE, 1));
    CHECK(Peer_WaitForReset(idle));
    for (int i = 0; i < 20; i++) {
        REQUIRE(CHECK(Peer_Echo(active, 10)));
        Sleep(40);
    }
    CHECK(WAIT_FOR(server->disconnected, 2));
    CHECK(Host_CheckCause(server, CAUSE_IDLE, 2));
    CHECK(server->kept[0]->disconnected == 1 && server->kept[1]->disconnected == 1);
    Host_Stop(server);
}

/* What is sent to it keeps a session alive, too. */
TEST("cause: not idle while it is sent to")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &silentBehaviour));
    SOCKET peer;
    Probe *probe;
    char byte;

    server->keepsSessions = true;
    server->settings.session.idleTimeoutMs = IDLE_MS;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_Open(server));
    probe = NEED(Host_WaitForProbe(server, 0));
    for (int i = 0; i < 20; i++) {
        REQUIRE(CHECK(Probe_Send(probe, "x", 1)));
        REQUIRE(CHECK(Peer_Receive(peer, &byte, 1)));
        Sleep(IDLE_MS / 8);
    }
    CHECK_INT(server->disconnected, 0);
    Host_Stop(server);
    CHECK(Host_CheckCause(server, CAUSE_SERVICE_STOPPED, 1));
}

/* --- The cap --------------------------------------------------------------------------------- */

TEST("cause: the cap")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    SOCKET peers[CAP], extra;

    server->settings.maxSessionCount = CAP;
    REQUIRE(CHECK(Host_Start(server)));
    for (int i = 0; i < CAP; i++) {
        peers[i] = NEED_SOCKET(Peer_Open(server));
        REQUIRE(CHECK(Peer_Echo(peers[i], 10)));
    }
    CHECK_INT(Service_GetSessionCount(&server->service), CAP);
    for (int i = 1; i <= 40; i++) {
        LONG64 bytes = -1;

        extra = NEED_SOCKET(Peer_Open(server));
        REQUIRE(CHECK(Peer_WaitForEnd(extra, &bytes, NULL)));
        CHECK_INT(bytes, 0);
        REQUIRE(CHECK(WAIT_FOR(server->refused, i)));
        Peer_Close(&extra);
    }
    CHECK_INT(server->refused, 40);
    CHECK_INT(server->connected, CAP);
    for (int i = 0; i < CAP; i++)
        CHECK(Peer_Echo(peers[i], 10));
    for (int i = 0; i < 3; i++) {
        Peer_Close(&peers[i]);
        CHECK(WAIT_FOR(server->disconnected, i + 1));
        peers[i] = NEED_SOCKET(Peer_Open(server));
        REQUIRE(CHECK(Peer_Echo(peers[i], 10)));
    }
    CHECK_INT(server->refused, 40);
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 3));
    Host_Stop(server);
    CHECK_INT(server->connected, CAP + 3);
}

/* --- What OnRecv returns --------------------------------------------------------------------- */

static int ReturnBad(Probe *probe, const char *data, int length)
{
    (void)data;
    if (probe->state++ > 0)
        Host_AddViolation(probe->host, "OnRecv was called after it returned a bad number");
    switch (probe->number) {
    case 0:
        return -1;
    case 1:
        return length + 1;
    case 2:
        return INT_MIN;
    default:
        return INT_MAX;
    }
}

TEST("cause: OnRecv returns what cannot be")
{
    static const Behaviour behaviour = {.OnRecv = ReturnBad};
    Host *server = NEED(StartKeepingServer(&behaviour));

    for (int i = 0; i < 4; i++) {
        SOCKET peer = NEED_SOCKET(Peer_Open(server));

        CHECK(Peer_Send(peer, "hello", 5));
        REQUIRE(CHECK(Peer_WaitForReset(peer)));
        REQUIRE(CHECK(Host_WaitForDisconnected(server, i + 1)));
    }
    CHECK(Host_CheckCause(server, CAUSE_BAD_CONSUME, 4));
    Host_Stop(server);
}

static int ConsumeNothing(Probe *probe, const char *data, int length)
{
    if (!Pattern_IsRight(data, length, 0))
        Host_AddViolation(probe->host, "what was not consumed has changed");
    if (length <= probe->state)
        Host_AddViolation(probe->host, "OnRecv was called with nothing more than before");
    probe->state = length;
    return 0;
}

TEST("cause: OnRecv consumes nothing")
{
    static const Behaviour behaviour = {.OnRecv = ConsumeNothing};
    Host *server = NEED(Host_Create(SERVICE_SERVER, &behaviour));
    char bytes[FULL_SIZE];
    SOCKET peer;
    Probe *probe;

    server->keepsSessions = true;
    server->settings.session.recvBufferSize = FULL_SIZE;
    server->settings.session.recvBufferMax = FULL_SIZE;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_Open(server));
    probe = NEED(Host_WaitForProbe(server, 0));
    Pattern_Fill(bytes, FULL_SIZE, 0);
    CHECK(Peer_Send(peer, bytes, FULL_SIZE - 1));
    CHECK(Peer_IsQuiet(peer));
    CHECK_INT(probe->state, FULL_SIZE - 1);
    CHECK_INT(probe->disconnected, 0);
    CHECK(Peer_Send(peer, bytes + FULL_SIZE - 1, 1));
    CHECK(Peer_WaitForReset(peer));
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_BUFFER_FULL, 1));
    CHECK_INT(probe->state, FULL_SIZE);
    Host_Stop(server);
}

TEST("cause: what the system lacks is no fault of the peer")
{
    static const DWORD lacks[] = {WSAENOBUFS, ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES,
                                  ERROR_NOT_ENOUGH_QUOTA};

    for (size_t i = 0; i < COUNT_OF(lacks); i++)
        CHECK_INT(DisconnectCause_FromError(lacks[i]), CAUSE_NO_MEMORY);
    CHECK_INT(DisconnectCause_FromError(ERROR_NETNAME_DELETED), CAUSE_PEER_RESET);
}

TEST("cause: a text for each")
{
    for (int i = CAUSE_NONE; i <= CAUSE_PROGRAM + 3; i++) {
        const char *text = DisconnectCause_GetText((DisconnectCause)i);

        CHECK(text != NULL && strlen(text) > 3);
        for (int j = CAUSE_NONE; j < i && i <= CAUSE_PROGRAM; j++)
            CHECK(strcmp(text, DisconnectCause_GetText((DisconnectCause)j)) != 0);
    }
}
