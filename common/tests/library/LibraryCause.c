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

/* --- The peer leaves ------------------------------------------------------------------------- */

TEST("cause: the peer closes")
{
    Host *server = START_SERVER(&echoBehaviour);
    SOCKET first = Peer_Open(server);
    SOCKET second = Peer_Open(server);

    CHECK(Peer_Echo(first, 100));
    Peer_Close(&first);
    Peer_Close(&second);
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 2));
}

/* A half-close: what was sent before it is answered, all of it, though much is still queued. */
TEST("cause: the peer closes its side")
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true,
                                .pauseBytes = 2 * HALF_CLOSED, .limitBytes = 2 * HALF_CLOSED);
    Probe *probe = Probe_Open(server, NARROW);

    CHECK(Peer_SendPattern(probe->peer, 0, HALF_CLOSED));
    CHECK_INT(shutdown(probe->peer, SD_SEND), 0);
    Sleep(QUIET_MS);
    CHECK(Session_GetQueuedBytes(&probe->session) > 0);
    CHECK(Peer_ReceivePattern(probe->peer, 0, HALF_CLOSED));
    CHECK(Peer_WaitForCleanEnd(probe->peer));
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 1));
}

/* The same, but the peer takes nothing any more: it does not stay for ever. */
TEST("cause: the peer closes its side and is stuck")
{
    static char bytes[LIMIT];
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .halfClosedMs = IDLE_MS);
    Probe *probe = Probe_Open(server, NARROW);

    CHECK(Probe_Send(probe, bytes, LIMIT));
    CHECK_INT(shutdown(probe->peer, SD_SEND), 0);
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 1));
}

/* Waits until each of `count` sessions, after one echo, has a receive outstanding: under Wine 8.0 one
   that begins after a reset ends as if the peer had closed. */
static void WaitUntilReceiving(Host *server, int count)
{
    WAIT_WHILE(Service_GetCounter(&server->service, COUNTER_RECV_CALLS) < 2 * count);
    /* The call is counted, and made, under the session's lock. */
    for (int i = 0; i < count; i++)
        Session_GetQueuedBytes(&server->kept[i]->session);
}

TEST("cause: the peer resets", .firstStage = 7)
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true);
    Probe *probes[3];

    for (int i = 0; i < 3; i++) {
        probes[i] = Probe_Open(server, 0);
        CHECK(Peer_Echo(probes[i]->peer, 100));
    }
    WaitUntilReceiving(server, 3);
    Peer_Reset(&probes[0]->peer);
    Peer_Reset(&probes[1]->peer);
    CHECK(WAIT_FOR(server->disconnected, 2));
    CHECK_INT(server->causes[CAUSE_PEER_RESET], 2);
    CHECK(probes[0]->error != 0);
    CHECK(Session_GetError(&probes[0]->session) == probes[0]->error);
    CHECK(Peer_Echo(probes[2]->peer, 100));
}

/* --- Connecting ------------------------------------------------------------------------------ */

TEST("cause: nobody listens")
{
    Host *client = Host_Create(SERVICE_CLIENT, &silentBehaviour);

    NEED_SOCKET(Peer_Bind(&client->settings.address));
    client->settings.maxSessionCount = 3;
    client->settings.connectCount = 3;
    Host_Start(client);
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
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .limitBytes = LIMIT);
    int most = 0, sends = 0;
    Probe *probe = Probe_Open(server, NARROW);
    SOCKET other = Peer_Open(server);

    while (Probe_Send(probe, bytes, PIECE) && !Test_IsOver()) {
        int queued = Session_GetQueuedBytes(&probe->session);

        most = queued > most ? queued : most;
        if (++sends % 100 == 0)
            CHECK(Peer_Echo(other, 1000));
    }
    CHECK_AT_MOST(most, LIMIT + PIECE);
    CHECK(most > LIMIT / 2);
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK_INT(probe->cause, CAUSE_SLOW_RECEIVER);
    CHECK(Peer_WaitForReset(probe->peer));
    CHECK(Peer_Echo(other, 1000));
    CHECK_INT(Session_GetQueuedBytes(&probe->session), 0);
    CHECK_INT(Service_GetSessionCount(&server->service), 1);
}

/* The same by broadcast: who reads gets all of it, who does not is disconnected. */
TEST("cause: a slow receiver of a broadcast")
{
    enum { COUNT = 2000 };
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = LIMIT);
    Probe *slow = Probe_Open(server, NARROW);
    Probe *reader = Probe_Open(server, 0);
    char bytes[PIECE];
    int sends = 0;

    for (; sends < COUNT && server->disconnected == 0 && !Test_IsOver(); sends++) {
        SendBuffer *buffer = NEED(SendBuffer_Open(PIECE));

        Pattern_Fill(buffer->data, PIECE, (LONG64)sends * PIECE);
        SendBuffer_Close(buffer, PIECE);
        Service_Broadcast(&server->service, buffer);
        SendBuffer_Release(buffer);
        REQUIRE(CHECK(Peer_Receive(reader->peer, bytes, PIECE)));
        REQUIRE(CHECK(Pattern_IsRight(bytes, PIECE, (LONG64)sends * PIECE)));
    }
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK(Host_CheckCause(server, CAUSE_SLOW_RECEIVER, 1));
    CHECK_INT(slow->disconnected, 1);
    CHECK(Session_IsConnected(&reader->session));
}

/* A single buffer that costs more than the limit cannot be sent at all. */
TEST("cause: a buffer larger than the limit")
{
    static char bytes[LIMIT + 1];
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = LIMIT);
    Probe *first = Probe_Open(server, 0);
    Probe *second = Probe_Open(server, 0);

    CHECK(!Probe_Send(first, bytes, LIMIT - BUFFER_COST + 1));
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK(Host_CheckCause(server, CAUSE_SLOW_RECEIVER, 1));
    Pattern_Fill(bytes, LIMIT, 0);
    CHECK(Probe_Send(second, bytes, LIMIT - BUFFER_COST));
    CHECK(Peer_ReceivePattern(second->peer, 0, LIMIT - BUFFER_COST));
    CHECK(Session_IsConnected(&second->session));
}

/* --- Idle ------------------------------------------------------------------------------------ */

TEST("cause: idle")
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .idleTimeoutMs = IDLE_MS);
    SOCKET idle = Peer_Open(server);
    SOCKET active = Peer_Open(server);
    ULONGLONG start = Test_Now();

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
    CHECK(Host_AllEnd(server, CAUSE_IDLE, 2));
    CHECK(server->kept[0]->disconnected == 1 && server->kept[1]->disconnected == 1);
}

/* What is sent to it keeps a session alive, too. */
TEST("cause: not idle while it is sent to")
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .idleTimeoutMs = IDLE_MS);
    char byte;
    Probe *probe = Probe_Open(server, 0);

    for (int i = 0; i < 20; i++) {
        REQUIRE(CHECK(Probe_Send(probe, "x", 1)));
        REQUIRE(CHECK(Peer_Receive(probe->peer, &byte, 1)));
        Sleep(IDLE_MS / 8);
    }
    CHECK_INT(server->disconnected, 0);
    Host_Stop(server);
    CHECK(Host_CheckCause(server, CAUSE_SERVICE_STOPPED, 1));
}

/* --- The cap --------------------------------------------------------------------------------- */

TEST("cause: the cap")
{
    Host *server = START_SERVER(&echoBehaviour, .maxSessionCount = CAP);
    SOCKET peers[CAP];

    for (int i = 0; i < CAP; i++) {
        peers[i] = Peer_Open(server);
        REQUIRE(CHECK(Peer_Echo(peers[i], 10)));
    }
    CHECK_INT(Service_GetSessionCount(&server->service), CAP);
    for (int i = 1; i <= 40; i++) {
        SOCKET extra = Peer_Open(server);
        LONG64 bytes = -1;

        REQUIRE(CHECK(Peer_WaitForEnd(extra, &bytes)));
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
        peers[i] = Peer_Open(server);
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
    const int badNumbers[] = {-1, length + 1, INT_MIN, INT_MAX};

    (void)data;
    FAULT_IF(probe->state++ > 0, "OnRecv was called after it returned a bad number");
    return badNumbers[probe->number];
}

TEST("cause: OnRecv returns what cannot be")
{
    static const Behaviour behaviour = {.OnRecv = ReturnBad};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true);

    for (int i = 0; i < 4; i++) {
        SOCKET peer = Peer_Open(server);

        CHECK(Peer_Send(peer, "hello", 5));
        REQUIRE(CHECK(Peer_WaitForReset(peer)));
        REQUIRE(CHECK(Host_WaitForDisconnected(server, i + 1)));
    }
    CHECK(Host_CheckCause(server, CAUSE_BAD_CONSUME, 4));
}

static int ConsumeNothing(Probe *probe, const char *data, int length)
{
    FAULT_IF(!Pattern_IsRight(data, length, 0), "what was not consumed has changed");
    FAULT_IF(length <= probe->state, "OnRecv was called with nothing more than before");
    probe->state = length;
    return 0;
}

TEST("cause: OnRecv consumes nothing")
{
    static const Behaviour behaviour = {.OnRecv = ConsumeNothing};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true, .recvBufferSize = FULL_SIZE,
                                .recvBufferMax = FULL_SIZE);
    Probe *probe = Probe_Open(server, 0);

    CHECK(Peer_SendPattern(probe->peer, 0, FULL_SIZE - 1));
    CHECK(Peer_IsQuiet(probe->peer));
    CHECK_INT(probe->state, FULL_SIZE - 1);
    CHECK_INT(probe->disconnected, 0);
    CHECK(Peer_SendPattern(probe->peer, FULL_SIZE - 1, 1));
    CHECK(Peer_WaitForReset(probe->peer));
    CHECK(Host_AllEnd(server, CAUSE_BUFFER_FULL, 1));
    CHECK_INT(probe->state, FULL_SIZE);
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
