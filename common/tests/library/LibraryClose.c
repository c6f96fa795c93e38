/*
 * LibraryClose: Session_Close ends in peace, Session_Disconnect at once, wherever they are called.
 */
#include "Library.h"

#define QUEUED   (1024 * 1024) /* queued when Session_Close is called */
#define LIMIT    (8 * 1024 * 1024)
#define LONG_MS  10000 /* to end in peace, where the test is to see the end itself */
#define SHORT_MS 300
#define MUCH     (16 * 1024 * 1024) /* more than all buffers on the way take */
#define WAITING  64                 /* sessions that wait for a client; there are fewer */

#define CAUSE_OURS  ((DisconnectCause)(CAUSE_PROGRAM + 1))
#define CAUSE_LATER ((DisconnectCause)(CAUSE_PROGRAM + 2))

static Host *StartServer(const Behaviour *behaviour, DWORD drainMs)
{
    Host *server = Host_Create(SERVICE_SERVER, behaviour);

    if (server == NULL)
        return NULL;
    server->keepsSessions = true;
    server->settings.session.limitBytes = LIMIT;
    server->settings.session.drainMs = drainMs;
    return Host_Start(server) ? server : NULL;
}

/* Queues bytes of the pattern. */
static bool Queue(Probe *probe, int size)
{
    char bytes[4096];

    for (int i = 0; i < size; i += (int)sizeof(bytes)) {
        int piece = size - i < (int)sizeof(bytes) ? size - i : (int)sizeof(bytes);

        Pattern_Fill(bytes, piece, i);
        if (!Probe_Send(probe, bytes, piece))
            return false;
    }
    return true;
}

static void QueueAndClose(Probe *probe, int size)
{
    if (!Queue(probe, size))
        Host_AddViolation(probe->host, "Session_Send returned false before Session_Close");
    Session_Close(Probe_GetSession(probe), CAUSE_OURS);
    if (Probe_Send(probe, "x", 1))
        Host_AddViolation(probe->host, "Session_Send returned true after Session_Close");
}

/* --- Session_Close --------------------------------------------------------------------------- */

/* A peer of the server, and what the server knows of it. */
static SOCKET OpenPeer(Host *server, int bufferSize, Probe **probe)
{
    int number = server->connected;
    SOCKET peer = NEED_SOCKET(Peer_OpenWithBuffers(server, bufferSize));

    *probe = NEED(Host_WaitForProbe(server, number));
    return peer;
}

TEST("close: all that was queued arrives")
{
    Host *server = NEED(StartServer(&silentBehaviour, LONG_MS));
    bool isClean = false;
    Probe *probe;
    SOCKET peer = OpenPeer(server, 8192, &probe);

    QueueAndClose(probe, QUEUED);
    CHECK(!Session_IsConnected(Probe_GetSession(probe)));
    CHECK(Peer_ReceivePattern(peer, 0, QUEUED));
    CHECK(Peer_WaitForEnd(peer, NULL, &isClean));
    CHECK(isClean);

    /* It waits for our side: what we still say must not reset the connection. */
    CHECK(Peer_Send(peer, "goodbye", 7));
    Sleep(QUIET_MS);
    CHECK_INT(probe->disconnected, 0);
    CHECK_INT(probe->recvCalls, 0);
    Session_Close(Probe_GetSession(probe), CAUSE_LATER);
    Peer_Close(&peer);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_OURS, 1));
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES), QUEUED);
    Host_Stop(server);
}

/* The peer sends and sends, and must get all it is owed, and no reset. */
TEST("close: while the peer sends")
{
    Host *server = NEED(StartServer(&silentBehaviour, LONG_MS));
    bool isClean = false;
    Probe *probe;
    SOCKET peer = OpenPeer(server, 0, &probe);

    REQUIRE(CHECK(Peer_StartSending(peer, -1)));
    CHECK(WAIT_FOR(probe->recvCalls, 5));
    QueueAndClose(probe, QUEUED);
    CHECK(Peer_ReceivePattern(peer, 0, QUEUED));
    CHECK(Peer_WaitForEnd(peer, NULL, &isClean));
    CHECK(isClean);
    CHECK_INT(probe->disconnected, 0);
    shutdown(peer, SD_SEND);
    Threads_Join();
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_OURS, 1));
    Host_Stop(server);
}

/*
 * A session that is paused, because its peer does not read, is closed. It reads again, and throws
 * away: a peer that says all it has to say before it reads gets what it is owed.
 */
TEST("close: while the session is paused")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    ULONGLONG start;
    bool isClean = false;
    SOCKET peer;
    Probe *probe;
    LONG64 owed;

    server->keepsSessions = true;
    server->settings.session.drainMs = LONG_MS;
    REQUIRE(CHECK(Host_Start(server)));
    peer = OpenPeer(server, 8192, &probe);
    REQUIRE(CHECK(Peer_StartSending(peer, MUCH)));
    for (int i = 0; i < 200 && Session_GetQueuedBytes(Probe_GetSession(probe)) <=
                                   server->settings.session.pauseBytes;
         i++)
        Sleep(20);
    Sleep(QUIET_MS);
    owed = probe->consumed;
    CHECK(owed > 0 && owed < MUCH);
    start = Test_Now();
    Session_Close(Probe_GetSession(probe), CAUSE_OURS);
    Threads_Join();
    CHECK_AT_MOST(Test_Now() - start, WAIT_MS / 2);
    CHECK(Peer_ReceivePattern(peer, 0, owed));
    CHECK(Peer_WaitForEnd(peer, NULL, &isClean));
    CHECK(isClean);
    shutdown(peer, SD_SEND);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_OURS, 1));
    CHECK(probe->consumed == owed);
    Host_Stop(server);
}

/* The peer never closes its side: the wait has a limit, and so has one that does not even read. */
TEST("close: the peer stays")
{
    Host *server = NEED(StartServer(&silentBehaviour, SHORT_MS));
    ULONGLONG start;
    Probe *probe, *stuckProbe;
    SOCKET reading = OpenPeer(server, 0, &probe);

    OpenPeer(server, 8192, &stuckProbe);
    start = Test_Now();
    QueueAndClose(probe, 1000);
    QueueAndClose(stuckProbe, 4 * QUEUED);
    CHECK(Peer_ReceivePattern(reading, 0, 1000));
    CHECK(Peer_WaitForEnd(reading, NULL, NULL));
    CHECK(Host_WaitForDisconnected(server, 2));
    CHECK(Test_Now() - start >= SHORT_MS - 20);
    CHECK_AT_MOST(Test_Now() - start, SHORT_MS + 1500);
    CHECK(Host_CheckCause(server, CAUSE_OURS, 2));
    Host_Stop(server);
}

/* The peer has closed its side, and does not read what it is owed: that has a limit, too. */
TEST("close: the peer stays, and has closed its side")
{
    Host *server = NEED(StartServer(&silentBehaviour, SHORT_MS));
    ULONGLONG start;
    SOCKET peers[2];
    Probe *probes[2];

    for (int i = 0; i < 2; i++) {
        peers[i] = OpenPeer(server, 8192, &probes[i]);
    }
    start = Test_Now();

    /* One closes its side after Session_Close, one before. */
    QueueAndClose(probes[0], 4 * QUEUED);
    CHECK_INT(shutdown(peers[0], SD_SEND), 0);
    CHECK(Queue(probes[1], 4 * QUEUED));
    CHECK_INT(shutdown(peers[1], SD_SEND), 0);
    Sleep(50);
    Session_Close(Probe_GetSession(probes[1]), CAUSE_OURS);
    CHECK(Test_WaitForValue(&probes[0]->disconnected, 1, WAIT_MS, "the first's OnDisconnected"));
    CHECK(Test_WaitForValue(&probes[1]->disconnected, 1, WAIT_MS, "the second's OnDisconnected"));
    CHECK_AT_MOST(Test_Now() - start, SHORT_MS + 1500);
    CHECK_INT(probes[0]->cause, CAUSE_OURS);
    Host_Stop(server);
}

/* Session_Disconnect cuts the wait short; the first cause counts. */
TEST("close: disconnected while it closes")
{
    Host *server = NEED(StartServer(&silentBehaviour, LONG_MS));
    ULONGLONG start;
    Probe *probe;
    SOCKET peer = OpenPeer(server, 8192, &probe);

    start = Test_Now();
    QueueAndClose(probe, 4 * QUEUED);
    Sleep(50);
    CHECK_INT(probe->disconnected, 0);
    Session_Disconnect(Probe_GetSession(probe), CAUSE_LATER);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK_AT_MOST(Test_Now() - start, 2000);
    CHECK(Host_CheckCause(server, CAUSE_OURS, 1));
    CHECK(Peer_WaitForReset(peer));
    Host_Stop(server);
}

/* --- In callbacks ---------------------------------------------------------------------------- */

static int CloseInRecv(Probe *probe, const char *data, int length)
{
    (void)data;
    if (probe->state++ > 0)
        Host_AddViolation(probe->host, "OnRecv was called after Session_Close");
    QueueAndClose(probe, QUEUED);
    return length;
}

static void CloseInConnected(Probe *probe)
{
    QueueAndClose(probe, QUEUED);
}

/* Each of three peers says something and gets a megabyte and the end. */
static void CheckClosing(const Behaviour *behaviour)
{
    Host *server = NEED(StartServer(behaviour, LONG_MS));

    for (int i = 0; i < 3; i++) {
        SOCKET peer = NEED_SOCKET(Peer_Open(server));
        bool isClean = false;

        CHECK(Peer_Send(peer, "hello", 5));
        CHECK(Peer_ReceivePattern(peer, 0, QUEUED));
        CHECK(Peer_WaitForEnd(peer, NULL, &isClean));
        CHECK(isClean);
        Peer_Close(&peer);
        CHECK(Host_WaitForDisconnected(server, i + 1));
    }
    CHECK(Host_CheckCause(server, CAUSE_OURS, 3));
    Host_Stop(server);
}

TEST("close: inside callbacks")
{
    static const Behaviour inConnected = {.OnConnected = CloseInConnected};
    static const Behaviour inRecv = {.OnRecv = CloseInRecv};

    CheckClosing(&inConnected);
    CheckClosing(&inRecv);
}

static void Disconnect(Probe *probe)
{
    Session_Disconnect(Probe_GetSession(probe), CAUSE_OURS);
    Session_Disconnect(Probe_GetSession(probe), CAUSE_LATER);
    if (Session_IsConnected(Probe_GetSession(probe)))
        Host_AddViolation(probe->host, "Session_IsConnected is true after Session_Disconnect");
    if (Probe_Send(probe, "x", 1))
        Host_AddViolation(probe->host, "Session_Send returned true after Session_Disconnect");
}

static int DisconnectInRecv(Probe *probe, const char *data, int length)
{
    (void)data;
    if (probe->state++ > 0)
        Host_AddViolation(probe->host, "OnRecv was called after Session_Disconnect");
    Disconnect(probe);
    return length;
}

TEST("close: Session_Disconnect inside callbacks")
{
    static const Behaviour behaviours[] = {
        {.OnConnected = Disconnect},
        {.OnRecv = DisconnectInRecv},
    };

    for (int i = 0; i < 2; i++) {
        Host *server = NEED(StartServer(&behaviours[i], LONG_MS));

        for (int j = 0; j < 3; j++) {
            SOCKET peer = NEED_SOCKET(Peer_Open(server));

            Peer_Send(peer, "hello", 5);
            CHECK(Peer_WaitForReset(peer));
            CHECK(Host_WaitForDisconnected(server, j + 1));
        }
        CHECK(Host_CheckCause(server, CAUSE_OURS, 3));
        Host_Stop(server);
    }
}

/* Eight threads at once: one cause, one OnDisconnected. */
static void DisconnectKept(void *argument)
{
    Probe *probe = (Probe *)argument;

    for (int i = 0; i < 20; i++)
        Session_Disconnect(Probe_GetSession(probe), CAUSE_OURS);
}

TEST("close: Session_Disconnect by eight threads")
{
    Host *server = NEED(StartServer(&echoBehaviour, LONG_MS));

    for (int i = 0; i < 10; i++) {
        Probe *probe;
        SOCKET peer = OpenPeer(server, 0, &probe);

        CHECK(Peer_Send(peer, "hello", 5));
        for (int j = 0; j < 8; j++)
            REQUIRE(CHECK(Threads_Start(DisconnectKept, probe)));
        Threads_Join();
        CHECK(Host_WaitForDisconnected(server, i + 1));
        Peer_Close(&peer);
    }
    CHECK(Host_CheckCause(server, CAUSE_OURS, 10));
    Host_Stop(server);
}

/* Has each session that waits for a client disconnected, and keeps it. Returns how many. */
static int DisconnectWaiting(Host *server, Session **sessions)
{
    int count = 0;

    AcquireSRWLockShared(&server->lock);
    for (Probe *probe = server->probes; probe != NULL && count < WAITING; probe = probe->next)
        sessions[count++] = Probe_GetSession(probe);
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
    Host *server = NEED(StartServer(&echoBehaviour, LONG_MS));
    Session *sessions[WAITING];
    SOCKET peer;
    int count;

    count = DisconnectWaiting(server, sessions);
    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        LONG64 bytes = -1;

        peer = NEED_SOCKET(Peer_Open(server));
        REQUIRE(CHECK(Peer_WaitForEnd(peer, &bytes, NULL)));
        CHECK_INT(bytes, 0);
        Peer_Close(&peer);
    }
    CHECK_INT(server->connected, 0);
    peer = NEED_SOCKET(Peer_Open(server));
    CHECK(Peer_Echo(peer, 10));
    Peer_Close(&peer);
    CHECK(Host_WaitForDisconnected(server, 1));
    CHECK(Host_CheckCause(server, CAUSE_PEER_CLOSED, 1));
    for (int i = 0; i < count; i++)
        Session_Release(sessions[i]);
    Host_Stop(server);
}
