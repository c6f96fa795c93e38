/*
 * LibraryClose: Session_Close ends in peace, Session_Disconnect at once, wherever they are called.
 */
#include "Library.h"

#define QUEUED   (1024 * 1024) /* queued when Session_Close is called */
#define PIECE    4096
#define LIMIT    (8 * 1024 * 1024)
#define LONG_MS  10000 /* to end in peace, where the test is to see the end itself */
#define SHORT_MS 300
#define MUCH     (16 * 1024 * 1024) /* more than all buffers on the way take */
#define WAITING  64                 /* sessions that wait for a client; there are fewer */

#define CAUSE_OURS  ((DisconnectCause)(CAUSE_PROGRAM + 1))
#define CAUSE_LATER ((DisconnectCause)(CAUSE_PROGRAM + 2))

/* A server for these tests. */
#define START_CLOSING(behaviour, time)                                                             \
    START_SERVER(behaviour, .keepsSessions = true, .limitBytes = LIMIT, .drainMs = (time))

/* Queues bytes of the pattern, in many buffers. */
static bool Queue(Probe *probe, int size)
{
    for (int i = 0; i < size; i += PIECE) {
        if (!Probe_SendPattern(probe, size - i < PIECE ? size - i : PIECE, i))
            return false;
    }
    return true;
}

static void QueueAndClose(Probe *probe, int size)
{
    FAULT_IF(!Queue(probe, size), "Session_Send returned false before Session_Close");
    Session_Close(&probe->session, CAUSE_OURS);
    FAULT_IF(Probe_Send(probe, "x", 1), "Session_Send returned true after Session_Close");
}

/* --- Session_Close --------------------------------------------------------------------------- */

TEST("close: all that was queued arrives")
{
    Host *server = START_CLOSING(&silentBehaviour, LONG_MS);
    Probe *probe = Probe_Open(server, NARROW);

    QueueAndClose(probe, QUEUED);
    CHECK(!Session_IsConnected(&probe->session));
    CHECK(Peer_ReceivePattern(probe->peer, 0, QUEUED));
    CHECK(Peer_WaitForCleanEnd(probe->peer));

    /* It waits for our side: what we still say must not reset the connection. */
    CHECK(Peer_Send(probe->peer, "goodbye", 7));
    Sleep(QUIET_MS);
    CHECK_INT(probe->disconnected, 0);
    CHECK_INT(probe->recvCalls, 0);
    Session_Close(&probe->session, CAUSE_LATER);
    Peer_Close(&probe->peer);
    CHECK(Host_AllEnd(server, CAUSE_OURS, 1));
    SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES), QUEUED));
}

/* The peer sends and sends, and must get all it is owed, and no reset. */
TEST("close: while the peer sends")
{
    Host *server = START_CLOSING(&silentBehaviour, LONG_MS);
    Probe *probe = Probe_Open(server, 0);

    Peer_StartSending(probe->peer, ENDLESS);
    CHECK(WAIT_FOR(probe->recvCalls, 5));
    QueueAndClose(probe, QUEUED);
    CHECK(Peer_ReceivePattern(probe->peer, 0, QUEUED));
    CHECK(Peer_WaitForCleanEnd(probe->peer));
    CHECK_INT(probe->disconnected, 0);
    shutdown(probe->peer, SD_SEND);
    Threads_Join();
    CHECK(Host_AllEnd(server, CAUSE_OURS, 1));
}

/*
 * A session that is paused, because its peer does not read, is closed. It reads again, and throws
 * away: a peer that says all it has to say before it reads gets what it is owed.
 */
TEST("close: while the session is paused")
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .drainMs = LONG_MS);
    Probe *probe = Probe_Open(server, NARROW);
    ULONGLONG start;
    LONG64 owed;

    Peer_StartSending(probe->peer, MUCH);
    owed = Host_WaitForPause(server);
    CHECK(owed > 0 && owed < MUCH);
    start = Test_Now();
    Session_Close(&probe->session, CAUSE_OURS);
    Threads_Join();
    CHECK_AT_MOST(Test_Now() - start, WAIT_MS / 2);
    CHECK(Peer_ReceivePattern(probe->peer, 0, owed));
    CHECK(Peer_WaitForCleanEnd(probe->peer));
    shutdown(probe->peer, SD_SEND);
    CHECK(Host_AllEnd(server, CAUSE_OURS, 1));
    CHECK(probe->consumed == owed);
}

/* The call does not wait for the port: whoever ends the send receives on. */
TEST("close: the session is paused, and the port takes no packet")
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .drainMs = LONG_MS);
    Probe *probe = Probe_Open(server, NARROW);
    HANDLE port = server->service.core.port;
    ULONGLONG start;
    LONG64 owed;

    Peer_StartSending(probe->peer, MUCH);
    owed = Host_WaitForPause(server);
    server->service.core.port = NULL;
    start = Test_Now();
    Session_Close(&probe->session, CAUSE_OURS);
    CHECK_AT_MOST(Test_Now() - start, QUIET_MS);
    server->service.core.port = port;
    CHECK(owed > 0 && owed < MUCH);
    CHECK(Peer_ReceivePattern(probe->peer, 0, owed));
    CHECK(Peer_WaitForCleanEnd(probe->peer));
    Threads_Join();
    shutdown(probe->peer, SD_SEND);
    CHECK(Host_AllEnd(server, CAUSE_OURS, 1));
}

/* The peer never closes its side: the wait has a limit, and so has one that does not even read. */
TEST("close: the peer stays")
{
    Host *server = START_CLOSING(&silentBehaviour, SHORT_MS);
    Probe *reading = Probe_Open(server, 0);
    Probe *stuck = Probe_Open(server, NARROW);
    ULONGLONG start = Test_Now();

    QueueAndClose(reading, 1000);
    QueueAndClose(stuck, 4 * QUEUED);
    CHECK(Peer_ReceivePattern(reading->peer, 0, 1000));
    CHECK(Peer_WaitForEnd(reading->peer, NULL));
    CHECK(Host_AllEnd(server, CAUSE_OURS, 2));
    CHECK(Test_Now() - start >= SHORT_MS - 20);
    CHECK_AT_MOST(Test_Now() - start, SHORT_MS + 1500);
}

/* The peer has closed its side, and does not read what it is owed: that has a limit, too. */
TEST("close: the peer stays, and has closed its side")
{
    Host *server = START_CLOSING(&silentBehaviour, SHORT_MS);
    Probe *after = Probe_Open(server, NARROW);
    Probe *before = Probe_Open(server, NARROW);
    ULONGLONG start = Test_Now();

    /* One closes its side after Session_Close, one before. */
    QueueAndClose(after, 4 * QUEUED);
    CHECK_INT(shutdown(after->peer, SD_SEND), 0);
    CHECK(Queue(before, 4 * QUEUED));
    CHECK_INT(shutdown(before->peer, SD_SEND), 0);
    Sleep(50);
    Session_Close(&before->session, CAUSE_OURS);
    CHECK(WAIT_FOR(after->disconnected, 1));
    CHECK(WAIT_FOR(before->disconnected, 1));
    CHECK_AT_MOST(Test_Now() - start, SHORT_MS + 1500);
    CHECK_INT(after->cause, CAUSE_OURS);
}

/* Session_Disconnect cuts the wait short; the first cause counts. */
TEST("close: disconnected while it closes")
{
    Host *server = START_CLOSING(&silentBehaviour, LONG_MS);
    Probe *probe = Probe_Open(server, NARROW);
    ULONGLONG start = Test_Now();

    QueueAndClose(probe, 4 * QUEUED);
    Sleep(50);
    CHECK_INT(probe->disconnected, 0);
    Session_Disconnect(&probe->session, CAUSE_LATER);
    CHECK(Host_AllEnd(server, CAUSE_OURS, 1));
    CHECK_AT_MOST(Test_Now() - start, 2000);
    CHECK(Peer_WaitForReset(probe->peer));
}

/* --- In callbacks ---------------------------------------------------------------------------- */

static void CloseInRecv(Probe *probe)
{
    FAULT_IF(probe->state++ > 0, "OnRecv was called after Session_Close");
    QueueAndClose(probe, QUEUED);
}

static void CloseInConnected(Probe *probe)
{
    QueueAndClose(probe, QUEUED);
}

static void Disconnect(Probe *probe)
{
    Session_Disconnect(&probe->session, CAUSE_OURS);
    Session_Disconnect(&probe->session, CAUSE_LATER);
    FAULT_IF(Session_IsConnected(&probe->session),
             "Session_IsConnected is true after Session_Disconnect");
    FAULT_IF(Probe_Send(probe, "x", 1), "Session_Send returned true after Session_Disconnect");
}

static void DisconnectInRecv(Probe *probe)
{
    FAULT_IF(probe->state++ > 0, "OnRecv was called after Session_Disconnect");
    Disconnect(probe);
}

/* Each of three peers says something and gets a megabyte and the end, or where it is cut off a reset. */
static void CheckEnds(const Behaviour *behaviour, bool isCutOff)
{
    Host *server = START_CLOSING(behaviour, LONG_MS);

    for (int i = 0; i < 3; i++) {
        SOCKET peer = Peer_Open(server);

        CHECK(Peer_Send(peer, "hello", 5) || isCutOff);
        if (isCutOff) {
            CHECK(Peer_WaitForReset(peer));
        } else {
            CHECK(Peer_ReceivePattern(peer, 0, QUEUED));
            CHECK(Peer_WaitForCleanEnd(peer));
        }
        Peer_Close(&peer);
        CHECK(Host_WaitForDisconnected(server, i + 1));
    }
    CHECK(Host_CheckCause(server, CAUSE_OURS, 3));
}

TEST("close: inside callbacks")
{
    static const Behaviour inConnected = {.OnConnected = CloseInConnected};
    static const Behaviour inRecv = {.OnBytes = CloseInRecv};

    CheckEnds(&inConnected, false);
    CheckEnds(&inRecv, false);
}

TEST("close: Session_Disconnect inside callbacks")
{
    static const Behaviour inConnected = {.OnConnected = Disconnect};
    static const Behaviour inRecv = {.OnBytes = DisconnectInRecv};

    CheckEnds(&inConnected, true);
    CheckEnds(&inRecv, true);
}

/* Eight threads at once: one cause, one OnDisconnected. */
static void DisconnectKept(void *argument)
{
    Probe *probe = (Probe *)argument;

    for (int i = 0; i < 20; i++)
        Session_Disconnect(&probe->session, CAUSE_OURS);
}

TEST("close: Session_Disconnect by eight threads")
{
    Host *server = START_CLOSING(&echoBehaviour, LONG_MS);

    for (int i = 0; i < 10; i++) {
        Probe *probe = Probe_Open(server, 0);

        CHECK(Peer_Send(probe->peer, "hello", 5));
        for (int j = 0; j < 8; j++)
            Threads_Start(DisconnectKept, probe);
        Threads_Join();
        CHECK(Host_WaitForDisconnected(server, i + 1));
        Peer_Close(&probe->peer);
    }
    CHECK(Host_CheckCause(server, CAUSE_OURS, 10));
}

/* Has each session that waits for a client disconnected, and keeps it. Returns how many. */
static int DisconnectWaiting(Host *server, Session **sessions)
{
    int count = 0;

    AcquireSRWLockShared(&server->lock);
    for (Probe *probe = server->probes; probe != NULL && count < WAITING; probe = probe->next)
        sessions[count++] = &probe->session;
    ReleaseSRWLockShared(&server->lock);
    for (int i = 0; i < count; i++) {
        Session_AddRef(sessions[i]);
        Session_Disconnect(sessions[i], CAUSE_OURS);
    }
    return count;
}

/* A program that knows the sessions that it makes may disconnect them before their clients come. */
TEST("close: Session_Disconnect before the client comes")
{
    Host *server = START_CLOSING(&echoBehaviour, LONG_MS);
    Session *sessions[WAITING];
    int count = DisconnectWaiting(server, sessions);
    SOCKET peer;

    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        LONG64 bytes = -1;

        peer = Peer_Open(server);
        REQUIRE(CHECK(Peer_WaitForEnd(peer, &bytes)));
        CHECK_INT(bytes, 0);
        Peer_Close(&peer);
    }
    CHECK_INT(server->connected, 0);
    peer = Peer_Open(server);
    CHECK(Peer_Echo(peer, 10));
    Peer_Close(&peer);
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 1));
    for (int i = 0; i < count; i++)
        Session_Release(sessions[i]);
}
