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
        FAULT_IF(!Probe_Send(speaker->probe, message, MESSAGE_SIZE), "Session_Send returned false");
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
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = FILL_LIMIT);
    Probe *probe = Probe_Open(server, 0);

    for (int i = 0; i < SENDERS; i++) {
        speakers[i].probe = probe;
        speakers[i].number = i;
        Threads_Start(Speak, &speakers[i]);
    }
    CHECK(ReceiveMessages(probe->peer));
    Threads_Join();
    CHECK(Peer_IsQuiet(probe->peer));
    CHECK_INT(Session_GetQueuedBytes(&probe->session), 0);
    SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES),
                      SENDERS * MESSAGES * MESSAGE_SIZE));
}

/* --- Gathering ------------------------------------------------------------------------------- */

/* Sends until the system takes no more. Returns the bytes; they are of the pattern. */
static LONG64 FillUp(Probe *probe)
{
    LONG64 sent = 0;

    while (Session_GetQueuedBytes(&probe->session) < FILL_QUEUED && sent < FILL_LIMIT) {
        NEED_TRUE(Probe_SendPattern(probe, FILL_PIECE, sent));
        sent += FILL_PIECE;
    }
    return sent;
}

/* 1,000 buffers wait behind a send that is outstanding; then the peer reads. */
TEST("send: small buffers are gathered", .firstStage = 7)
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = FILL_LIMIT);
    Probe *probe = Probe_Open(server, NARROW);
    LONG64 sent = FillUp(probe);
    LONG64 calls = Service_GetCounter(&server->service, COUNTER_SEND_CALLS);

    for (int i = 0; i < GATHERED; i++)
        CHECK(Probe_SendPattern(probe, GATHERED_SIZE, sent + (LONG64)i * GATHERED_SIZE));
    CHECK(Peer_ReceivePattern(probe->peer, 0, sent + GATHERED * GATHERED_SIZE));
    CHECK(Peer_IsQuiet(probe->peer));
    CHECK(Service_GetCounter(&server->service, COUNTER_SEND_BYTES) ==
          sent + GATHERED * GATHERED_SIZE);
    CHECK_AT_MOST(Service_GetCounter(&server->service, COUNTER_SEND_CALLS) - calls,
                  GATHERED / 16 + 100);
}

/* Buffers of no byte at all between others. */
TEST("send: buffers without a byte")
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = FILL_LIMIT);
    char bytes[300];
    Probe *probe = Probe_Open(server, 0);

    for (int i = 0; i < 300; i++) {
        SendBuffer *buffer = NEED(SendBuffer_Open(10));
        int size = i % 3 == 0 ? 1 : 0;

        buffer->data[0] = (char)i;
        SendBuffer_Close(buffer, size);
        CHECK(Session_SendAndRelease(&probe->session, buffer));
        CHECK(Session_IsConnected(&probe->session));
    }
    CHECK(Peer_Receive(probe->peer, bytes, 100));
    for (int i = 0; i < 100; i++)
        CHECK(bytes[i] == (char)(i * 3));
    CHECK(Peer_IsQuiet(probe->peer));
    SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_SEND_BYTES), 100));
}

/* --- The pause ------------------------------------------------------------------------------- */

TEST("send: a peer that does not read is not read")
{
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .pauseBytes = PAUSE);
    LONG64 received;
    int queued;
    Probe *probe = Probe_Open(server, NARROW);
    SOCKET other = Peer_Open(server);

    for (int round = 0; round < 2; round++) {
        Peer_StartSending(probe->peer, PAUSED_BYTES);
        received = Host_WaitForPause(server);
        CHECK(received > 0 && received < PAUSED_BYTES * (round + 1));
        queued = Session_GetQueuedBytes(&probe->session);
        SINCE_4(CHECK_AT_MOST(queued, PAUSE + server->settings.session.recvBufferMax));
        CHECK(queued > PAUSE / 2);
        CHECK(Peer_Echo(other, 1));
        SINCE_7(CHECK(Service_GetCounter(&server->service, COUNTER_RECV_BYTES) == received + 1));
        CHECK(Peer_ReceivePattern(probe->peer, 0, PAUSED_BYTES));
        Threads_Join();
    }
    CHECK_INT(server->disconnected, 0);
}

/*
 * A message that is on its way pauses the session, and nothing else is outstanding then. Whoever ends
 * the send receives on: that needs no packet, which the port might not take.
 */
TEST("send: a pause ends where the port takes no packet")
{
    Host *server =
        START_SERVER(&echoBehaviour, .keepsSessions = true, .workerCount = 2, .pauseBytes = 1);
    Probe *probe = Probe_Open(server, NARROW);
    IocpCore *core = &server->service.core;
    HANDLE port = core->port;
    LONG64 owed;

    Peer_StartSending(probe->peer, PAUSED_BYTES);
    owed = Host_WaitForPause(server);
    core->port = NULL;
    CHECK(Peer_ReceivePattern(probe->peer, 0, owed));
    WAIT_WHILE(probe->consumed == owed && probe->disconnected == 0);
    core->port = port;
    CHECK(Peer_ReceivePattern(probe->peer, owed, PAUSED_BYTES - owed));
    Threads_Join();
    CHECK_INT(server->disconnected, 0);
}

/* What others send counts, too: the session goes on to receive when that is sent. */
TEST("send: a session that others have filled up")
{
    char bytes[5];
    Host *server = START_SERVER(&echoBehaviour, .keepsSessions = true, .limitBytes = FILL_LIMIT);
    Probe *probe = Probe_Open(server, NARROW);
    LONG64 sent = FillUp(probe);

    CHECK(Peer_Send(probe->peer, "hello", 5));
    CHECK(Peer_ReceivePattern(probe->peer, 0, sent));
    CHECK(Peer_Receive(probe->peer, bytes, 5));
    CHECK(memcmp(bytes, "hello", 5) == 0);
    CHECK(Peer_Echo(probe->peer, 1000));
}

/* --- From callbacks -------------------------------------------------------------------------- */

static int SendLarge(Probe *probe, const char *data, int length)
{
    (void)data;
    for (int i = 0; i < length; i++) {
        FAULT_IF(!Probe_SendPattern(probe, LARGE, 0), "Session_Send returned false");
    }
    return length;
}

TEST("send: much inside OnRecv")
{
    static const Behaviour behaviour = {.OnRecv = SendLarge};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true, .limitBytes = FILL_LIMIT);
    SOCKET peer = Peer_Open(server);

    CHECK(Peer_Send(peer, "abc", 3));
    for (int i = 0; i < 3; i++)
        CHECK(Peer_ReceivePattern(peer, 0, LARGE));
    CHECK(Peer_IsQuiet(peer));
}

/* --- Broadcast ------------------------------------------------------------------------------- */

/* One buffer for all of them; it is freed when the last has sent it. */
TEST("send: a broadcast")
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = FILL_LIMIT);
    SOCKET peers[LISTENERS];
    SendBuffer *last = NULL;
    char bytes[1000];

    SINCE_5(CHECK_INT(Service_GetSessionCount(&server->service), 0));
    for (int i = 0; i < LISTENERS; i++)
        peers[i] = Probe_Open(server, 0)->peer;
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
    WAIT_WHILE(last->references > 1);
    CHECK_INT(last->references, 1);
    Peer_Close(&peers[0]);
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK_INT(Service_Broadcast(&server->service, last), LISTENERS - 1);
    Host_Stop(server);
    CHECK_INT(last->references, 1);
    SendBuffer_Release(last);
}
