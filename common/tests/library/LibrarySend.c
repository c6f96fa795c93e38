/*
 * LibrarySend: what is sent arrives whole and in order, from any thread, in few calls, and a peer
 * that does not read is not read either.
 */
#include "Library.h"

#define SENDERS       6
#define MESSAGES      1500 /* of each sender */
#define MESSAGE_SIZE  20
#define GATHERED      1000 /* small buffers */
#define GATHERED_SIZE 10
#define FILL_PIECE    65536
#define FILL_QUEUED   (256 * 1024)
#define FILL_LIMIT    (64 * 1024 * 1024)
#define PAUSE         (64 * 1024)
#define PAUSED_BYTES  (16 * 1024 * 1024)
#define LARGE         (2 * 1024 * 1024)
#define BROADCASTS    300
#define LISTENERS     5

static Host *StartServer(const Behaviour *behaviour)
{
    Host *server = Host_Create(SERVICE_SERVER, behaviour);

    if (server == NULL)
        return NULL;
    server->keepsSessions = true;
    server->settings.session.limitBytes = FILL_LIMIT;
    return Host_Start(server) ? server : NULL;
}

/* --- From many threads ----------------------------------------------------------------------- */

typedef struct Speaker {
    Probe *probe;
    int number;
} Speaker;

/* A message has its sender, its number, and bytes that follow from both. */
static void MakeMessage(char *message, int sender, int number)
{
    message[0] = (char)sender;
    message[1] = (char)(number & 0xff);
    message[2] = (char)(number >> 8);
    Pattern_Fill(message + 3, MESSAGE_SIZE - 3, number * 100 + sender);
}

static void Speak(void *argument)
{
    const Speaker *speaker = (const Speaker *)argument;
    char message[MESSAGE_SIZE];

    for (int i = 0; i < MESSAGES; i++) {
        MakeMessage(message, speaker->number, i);
        if (!Probe_Send(speaker->probe, message, MESSAGE_SIZE))
            Host_AddViolation(speaker->probe->host, "Session_Send returned false");
    }
}

/* Whole messages, in the order of each sender. */
static bool ReceiveMessages(SOCKET peer)
{
    int next[SENDERS] = {0};

    for (int i = 0; i < SENDERS * MESSAGES; i++) {
        char message[MESSAGE_SIZE], expected[MESSAGE_SIZE];
        int sender;

        if (!Peer_Receive(peer, message, MESSAGE_SIZE))
            return Test_Explain("after %d messages: error %d", i, WSAGetLastError());
        sender = message[0];
        if (sender < 0 || sender >= SENDERS)
            return Test_Explain("after %d messages: torn ones", i);
        MakeMessage(expected, sender, next[sender]++);
        if (memcmp(message, expected, MESSAGE_SIZE) != 0)
            return Test_Explain("message %d of sender %d did not come at its place",
                                next[sender] - 1, sender);
    }
    return true;
}

TEST("send: from any thread, in order")
{
    static Speaker speakers[SENDERS];
    Host *server = NEED(StartServer(&silentBehaviour));
    SOCKET peer = NEED_SOCKET(Peer_Open(server));
    Probe *probe = NEED(Host_WaitForProbe(server, 0));

    for (int i = 0; i < SENDERS; i++) {
        speakers[i].probe = probe;
        speakers[i].number = i;
        REQUIRE(CHECK(Threads_Start(Speak, &speakers[i])));
    }
    CHECK(ReceiveMessages(peer));
    Threads_Join();
    CHECK(Peer_IsQuiet(peer));
    CHECK_INT(Session_GetQueuedBytes(Probe_GetSession(probe)), 0);
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES),
              SENDERS * MESSAGES * MESSAGE_SIZE);
    Host_Stop(server);
}

/* --- Gathering ------------------------------------------------------------------------------- */

/* Sends until the system takes no more. Returns the bytes; they are of the pattern. */
static LONG64 FillUp(Probe *probe)
{
    static char bytes[FILL_PIECE];
    LONG64 sent = 0;

    while (Session_GetQueuedBytes(Probe_GetSession(probe)) < FILL_QUEUED && sent < FILL_LIMIT) {
        Pattern_Fill(bytes, FILL_PIECE, sent);
        if (!Probe_Send(probe, bytes, FILL_PIECE))
            return -1;
        sent += FILL_PIECE;
    }
    return sent;
}

/* 1,000 buffers wait behind a send that is outstanding; then the peer reads. */
TEST("send: small buffers are gathered")
{
    Host *server = NEED(StartServer(&silentBehaviour));
    LONG64 sent, calls;
    SOCKET peer = NEED_SOCKET(Peer_OpenWithBuffers(server, 8192));
    Probe *probe = NEED(Host_WaitForProbe(server, 0));

    sent = FillUp(probe);
    REQUIRE(CHECK(sent > 0));
    calls = Service_GetCounter(&server->service, COUNTER_SEND_CALLS);
    for (int i = 0; i < GATHERED; i++) {
        char bytes[GATHERED_SIZE];

        Pattern_Fill(bytes, GATHERED_SIZE, sent + (LONG64)i * GATHERED_SIZE);
        CHECK(Probe_Send(probe, bytes, GATHERED_SIZE));
    }
    CHECK(Peer_ReceivePattern(peer, 0, sent + GATHERED * GATHERED_SIZE));
    CHECK(Peer_IsQuiet(peer));
    CHECK(Service_GetCounter(&server->service, COUNTER_SEND_BYTES) ==
          sent + GATHERED * GATHERED_SIZE);
    CHECK_AT_MOST(Service_GetCounter(&server->service, COUNTER_SEND_CALLS) - calls,
                  GATHERED / 16 + 100);
    Host_Stop(server);
}

/* Buffers of no byte at all between others. */
TEST("send: buffers without a byte")
{
    Host *server = NEED(StartServer(&silentBehaviour));
    char bytes[300];
    SOCKET peer = NEED_SOCKET(Peer_Open(server));
    Probe *probe = NEED(Host_WaitForProbe(server, 0));

    for (int i = 0; i < 300; i++) {
        SendBuffer *buffer = NEED(SendBuffer_Open(10));
        int size = i % 3 == 0 ? 1 : 0;

        buffer->data[0] = (char)i;
        SendBuffer_Close(buffer, size);
        CHECK(Session_Send(Probe_GetSession(probe), buffer));
        CHECK_INT(Session_IsConnected(Probe_GetSession(probe)), 1);
        SendBuffer_Release(buffer);
    }
    CHECK(Peer_Receive(peer, bytes, 100));
    for (int i = 0; i < 100; i++)
        CHECK(bytes[i] == (char)(i * 3));
    CHECK(Peer_IsQuiet(peer));
    CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES), 100);
    Host_Stop(server);
}

/* --- The pause ------------------------------------------------------------------------------- */

/* Waits until the server receives nothing more. Returns how much it has received. */
static LONG64 WaitForPause(Host *server)
{
    LONG64 before, now = Service_GetCounter(&server->service, COUNTER_RECV_BYTES);
    ULONGLONG deadline = Test_Now() + 2 * WAIT_MS;

    do {
        before = now;
        Sleep(QUIET_MS);
        now = Service_GetCounter(&server->service, COUNTER_RECV_BYTES);
    } while ((now != before || now == 0) && Test_Now() < deadline);
    return now;
}

TEST("send: a peer that does not read is not read")
{
    Host *server = NEED(Host_Create(SERVICE_SERVER, &echoBehaviour));
    LONG64 received;
    SOCKET peer, other;
    Probe *probe;
    int queued;

    server->keepsSessions = true;
    server->settings.session.pauseBytes = PAUSE;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_OpenWithBuffers(server, 8192));
    probe = NEED(Host_WaitForProbe(server, 0));
    other = NEED_SOCKET(Peer_Open(server));
    for (int round = 0; round < 2; round++) {
        REQUIRE(CHECK(Peer_StartSending(peer, PAUSED_BYTES)));
        received = WaitForPause(server);
        CHECK(received > 0 && received < PAUSED_BYTES * (round + 1));
        queued = Session_GetQueuedBytes(Probe_GetSession(probe));
        CHECK_AT_MOST(queued, PAUSE + server->settings.session.recvBufferMax);
        CHECK(queued > PAUSE / 2);
        CHECK(Peer_Echo(other, 1));
        CHECK(Service_GetCounter(&server->service, COUNTER_RECV_BYTES) == received + 1);
        CHECK(Peer_ReceivePattern(peer, 0, PAUSED_BYTES));
        Threads_Join();
    }
    CHECK_INT(server->disconnected, 0);
    Host_Stop(server);
}

/* What others send counts, too: the session goes on to receive when that is sent. */
TEST("send: a session that others have filled up")
{
    static char bytes[2 * PAUSE];
    Host *server = NEED(StartServer(&echoBehaviour));
    LONG64 sent = 0;
    SOCKET peer = NEED_SOCKET(Peer_OpenWithBuffers(server, 8192));
    Probe *probe = NEED(Host_WaitForProbe(server, 0));

    sent = FillUp(probe);
    REQUIRE(CHECK(sent > 0));
    CHECK(Peer_Send(peer, "hello", 5));
    CHECK(Peer_ReceivePattern(peer, 0, sent));
    CHECK(Peer_Receive(peer, bytes, 5));
    CHECK(memcmp(bytes, "hello", 5) == 0);
    CHECK(Peer_Echo(peer, 1000));
    Host_Stop(server);
}

/* --- From callbacks -------------------------------------------------------------------------- */

static int SendLarge(Probe *probe, const char *data, int length)
{
    char *bytes = (char *)malloc(LARGE);

    (void)data;
    for (int i = 0; i < length && bytes != NULL; i++) {
        Pattern_Fill(bytes, LARGE, 0);
        if (!Probe_Send(probe, bytes, LARGE))
            Host_AddViolation(probe->host, "Session_Send returned false");
    }
    free(bytes);
    return length;
}

TEST("send: much inside OnRecv")
{
    static const Behaviour behaviour = {.OnRecv = SendLarge};
    Host *server = NEED(StartServer(&behaviour));
    SOCKET peer = NEED_SOCKET(Peer_Open(server));

    CHECK(Peer_Send(peer, "abc", 3));
    for (int i = 0; i < 3; i++)
        CHECK(Peer_ReceivePattern(peer, 0, LARGE));
    CHECK(Peer_IsQuiet(peer));
    Host_Stop(server);
}

/* --- Broadcast ------------------------------------------------------------------------------- */

/* One buffer for all of them; it is freed when the last has sent it. */
TEST("send: a broadcast")
{
    Host *server = NEED(StartServer(&silentBehaviour));
    SOCKET peers[LISTENERS];
    SendBuffer *last = NULL;
    char bytes[1000];

    CHECK_INT(Service_GetSessionCount(&server->service), 0);
    for (int i = 0; i < LISTENERS; i++) {
        peers[i] = Peer_Open(server);
        REQUIRE(CHECK(peers[i] != INVALID_SOCKET && Host_WaitForProbe(server, i) != NULL));
    }
    for (int i = 0; i < BROADCASTS; i++) {
        int size = 1 + i % 1000;

        Pattern_Fill(bytes, size, i);
        if (last != NULL)
            SendBuffer_Release(last);
        last = NEED(SendBuffer_Copy(bytes, size));
        CHECK_INT(Service_Broadcast(&server->service, last), LISTENERS);
    }
    for (int i = 0; i < BROADCASTS; i++) {
        for (int j = 0; j < LISTENERS; j++) {
            REQUIRE(CHECK(Peer_Receive(peers[j], bytes, 1 + i % 1000)));
            REQUIRE(CHECK(Pattern_IsRight(bytes, 1 + i % 1000, i)));
        }
    }
    for (int i = 0; i < 100 && last->references > 1; i++)
        Sleep(10);
    CHECK_INT(last->references, 1);
    Peer_Close(&peers[0]);
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK_INT(Service_Broadcast(&server->service, last), LISTENERS - 1);
    Host_Stop(server);
    CHECK_INT(last->references, 1);
    SendBuffer_Release(last);
}
