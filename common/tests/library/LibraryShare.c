/*
 * LibraryShare: all workers share the work, and a stream costs few calls.
 */
#include "Library.h"

#define WORKERS      8
#define CLIENTS      64
#define BUSY         100
#define NEW          40
#define PIECE        16
#define PIECES       25
#define STREAM_SIZE  900000
#define IDLE_MS      1000
#define PACKETS      20000
#define PACKET_SIZE  100
#define TALKERS      10
#define MESSAGES     20 /* of each, and some before, until the buffers have their size */
#define MESSAGE_SIZE 65536

/* --- Workers --------------------------------------------------------------------------------- */

static volatile LONG atWork;

/* Waits until all workers are in this callback. */
static int Meet(Probe *probe, const char *data, int length)
{
    if (InterlockedIncrement(&atWork) == WORKERS)
        SetEvent(gate);
    WaitForSingleObject(gate, WAIT_MS);
    InterlockedDecrement(&atWork);
    Probe_Send(probe, data, length);
    return length;
}

/* Whether a worker sees more than its own message is chance: so it is done again and again. */
static void CheckBursts(int count, int rounds)
{
    static const Behaviour behaviour = {.OnRecv = Meet};
    Host *server = START_SERVER(&behaviour, .workerCount = WORKERS);
    SOCKET peers[CLIENTS];

    for (int i = 0; i < count; i++)
        peers[i] = Peer_Open(server);
    CHECK(WAIT_FOR(server->connected, count));
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++)
            REQUIRE(CHECK(Peer_Send(peers[i], &i, (int)sizeof(i))));
        REQUIRE(CHECK_INT(WaitForSingleObject(gate, WAIT_MS / 2), WAIT_OBJECT_0));
        for (int i = 0; i < count; i++) {
            int received = -1;

            REQUIRE(CHECK(Peer_Receive(peers[i], &received, (int)sizeof(received))));
            CHECK_INT(received, i);
        }
        ResetEvent(gate);
    }
}

/* No worker keeps a message to itself while another is idle: neither of as many as there are workers, */
TEST("share: a message for each worker is served by all workers")
{
    CheckBursts(WORKERS, 50);
}

/* nor of more. */
TEST("share: a burst is served by all workers")
{
    CheckBursts(CLIENTS, 10);
}

/* --- Who is new ------------------------------------------------------------------------------ */

static LONG packetsAt[BUSY + NEW]; /* how many there were when each session was connected */

static void NotePackets(Probe *probe)
{
    packetsAt[probe->number] = probe->host->packets;
}

static int Ponder(Probe *probe, const char *data, int length)
{
    (void)data;
    InterlockedIncrement(&probe->host->packets);
    Sleep(1);
    return length;
}

/* The others have more to say than fits into their buffers, and go on in turns. */
TEST("share: a new client does not wait for a turn of all others")
{
    static const Behaviour behaviour = {.OnConnected = NotePackets, .OnRecv = Ponder};
    static const char much[PIECE * PIECES];
    Host *server =
        START_SERVER(&behaviour, .workerCount = 2, .recvBufferSize = PIECE, .recvBufferMax = PIECE);
    LONG before[NEW];

    for (int i = 0; i < BUSY; i++)
        CHECK(Peer_Send(Peer_Open(server), much, (int)sizeof(much)));
    CHECK(WAIT_FOR(server->packets, 3 * BUSY));
    for (int i = 0; i < NEW; i++) {
        Peer_Open(server);
        before[i] = server->packets;
    }
    CHECK(WAIT_FOR(server->connected, BUSY + NEW));
    for (int i = 0; i < NEW; i++)
        CHECK_AT_MOST(packetsAt[BUSY + i] - before[i], 2 * BUSY);
    CHECK(WAIT_FOR(server->packets, BUSY * PIECES));
}

/* --- Bytes ----------------------------------------------------------------------------------- */

/* A long buffer to a slow reader: it goes in pieces, so that it is seen that it goes. */
TEST("share: one long buffer to a slow reader")
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .idleTimeoutMs = IDLE_MS);
    Probe *probe = Probe_Open(server, NARROW);

    CHECK(Probe_SendPattern(probe, STREAM_SIZE, 0));
    for (int i = 0; i < STREAM_SIZE; i += STREAM_SIZE / 30) {
        Sleep(100);
        REQUIRE(CHECK(Peer_ReceivePattern(probe->peer, i, STREAM_SIZE / 30)));
    }
    CHECK_INT(server->disconnected, 0);
}

/* All send before any of them reads, each message with one call. */
static bool EchoMessages(const SOCKET *peers, int count)
{
    static char message[MESSAGE_SIZE];

    Pattern_Fill(message, MESSAGE_SIZE, 0);
    for (int round = 0; round < count; round++) {
        for (int i = 0; i < TALKERS; i++) {
            if (!Peer_Send(peers[i], message, MESSAGE_SIZE))
                return false;
        }
        for (int i = 0; i < TALKERS; i++) {
            if (!Peer_ReceivePattern(peers[i], 0, MESSAGE_SIZE))
                return false;
        }
    }
    return true;
}

/* A buffer that has grown stays large from one message to the next. */
TEST("share: messages of 64 KiB cost two receives each")
{
    Host *server = START_SERVER(&echoBehaviour);
    SOCKET peers[TALKERS];
    LONG64 before;

    for (int i = 0; i < TALKERS; i++)
        peers[i] = Peer_Open(server);
    REQUIRE(CHECK(EchoMessages(peers, MESSAGES / 4)));
    before = Service_GetCounter(&server->service, COUNTER_RECV_CALLS);
    REQUIRE(CHECK(EchoMessages(peers, MESSAGES)));
    CHECK_AT_MOST(Service_GetCounter(&server->service, COUNTER_RECV_CALLS) - before,
                  2 * TALKERS * MESSAGES);
}

/* --- Packets --------------------------------------------------------------------------------- */

/* A stream of small packets costs few calls, though a remainder is always left in the buffer. */
TEST("share: a stream of small packets")
{
    static const Behaviour behaviour = {.maxPacketSize = 65535};
    Host *server = START_SERVER(&behaviour);
    static char stream[PACKETS * PACKET_SIZE];
    SOCKET peer = Peer_Open(server);

    for (int i = 0; i < PACKETS; i++)
        Packet_Append(stream + i * PACKET_SIZE, PACKET_SIZE, 1);
    CHECK(Peer_Send(peer, stream, (int)sizeof(stream)));
    CHECK(WAIT_FOR(server->packets, PACKETS));
    CHECK_AT_MOST(Service_GetCounter(&server->service, COUNTER_RECV_CALLS),
                  (LONG64)sizeof(stream) / 20000 + 20);
}
