/*
 * LibraryShare: all workers share the work, and what is queued is bounded.
 */
#include "Library.h"

#include <string.h>

#define WORKERS      8
#define CLIENTS      64
#define CALLBACK_MS  5
#define STREAM_SIZE  900000
#define IDLE_MS      1000
#define PACKETS      20000
#define PACKET_BYTES 96
#define SINGLE_BYTES 10000
#define ECHO_BYTES   8192

/* --- Workers --------------------------------------------------------------------------------- */

static volatile LONG threads[WORKERS];
static volatile LONG waiting, mostWaiting;

/* Notes the thread, and waits as a database would let it wait. */
static int Wait(Probe *probe, const char *data, int length)
{
    LONG id = (LONG)GetCurrentThreadId(), now = InterlockedIncrement(&waiting);

    for (int i = 0; i < WORKERS; i++) {
        if (threads[i] == id || InterlockedCompareExchange(&threads[i], id, 0) == 0)
            break;
    }
    while (now > mostWaiting)
        InterlockedExchange(&mostWaiting, now);
    Sleep(CALLBACK_MS);
    InterlockedDecrement(&waiting);
    Probe_Send(probe, data, length);
    return length;
}

/* A burst of messages: no worker keeps more than one of them to itself while another is idle. */
TEST("share: a burst is served by all workers")
{
    static const Behaviour behaviour = {.OnRecv = Wait};
    Host *server = NEED(Host_Create(SERVICE_SERVER, &behaviour));
    SOCKET peers[CLIENTS];
    int used = 0;

    server->settings.workerCount = WORKERS;
    REQUIRE(CHECK(Host_Start(server)));
    for (int i = 0; i < CLIENTS; i++)
        peers[i] = NEED_SOCKET(Peer_Open(server));
    CHECK(WAIT_FOR(server->connected, CLIENTS));
    memset((void *)threads, 0, sizeof(threads));
    mostWaiting = 0;
    for (int i = 0; i < CLIENTS; i++)
        REQUIRE(CHECK(Peer_Send(peers[i], &i, (int)sizeof(i))));
    for (int i = 0; i < CLIENTS; i++) {
        int received = -1;

        REQUIRE(CHECK(Peer_Receive(peers[i], &received, (int)sizeof(received))));
        CHECK_INT(received, i);
    }
    for (int i = 0; i < WORKERS; i++)
        used += threads[i] != 0 ? 1 : 0;
    CHECK_INT(used, WORKERS);
    CHECK_INT(mostWaiting, WORKERS);
    Host_Stop(server);
}

/* --- Memory ---------------------------------------------------------------------------------- */

/* From outside: one client sends single bytes and reads nothing while others talk. */
TEST("share: a queue of single bytes costs what its settings say")
{
    ServerProcess *server;
    NetAddress address;
    SOCKET silent, others[2];
    int before, grown;

    server = NEED(Server_Start(7, &address));
    silent = NEED_SOCKET(Peer_OpenTo(&address, 8192));
    for (int i = 0; i < 2; i++) {
        others[i] = NEED_SOCKET(Peer_OpenTo(&address, 0));
        CHECK(Peer_Echo(others[i], ECHO_BYTES));
    }
    before = ServerProcess_GetMemoryKib(server);
    for (int i = 0; i < SINGLE_BYTES; i++) {
        REQUIRE(CHECK(Peer_Send(silent, "x", 1)));
        if (i % 100 == 0)
            REQUIRE(CHECK(Peer_Echo(others[i / 100 % 2], ECHO_BYTES)));
    }
    grown = ServerProcess_GetMemoryKib(server) - before;
    CHECK_AT_MOST(grown, 2048);
    TestProgram_CheckStop(server, WAIT_MS);
}

/* A long buffer to a slow reader: it goes in pieces, so that it is seen that it goes. */
TEST("share: one long buffer to a slow reader")
{
    static char bytes[STREAM_SIZE];
    Host *server = NEED(Host_Create(SERVICE_SERVER, &silentBehaviour));
    SOCKET peer;
    Probe *probe;

    server->keepsSessions = true;
    server->settings.session.idleTimeoutMs = IDLE_MS;
    REQUIRE(CHECK(Host_Start(server)));
    peer = NEED_SOCKET(Peer_OpenWithBuffers(server, 8192));
    probe = NEED(Host_WaitForProbe(server, 0));
    Pattern_Fill(bytes, STREAM_SIZE, 0);
    CHECK(Probe_Send(probe, bytes, STREAM_SIZE));
    for (int i = 0; i < STREAM_SIZE; i += STREAM_SIZE / 30) {
        Sleep(100);
        REQUIRE(CHECK(Peer_ReceivePattern(peer, i, STREAM_SIZE / 30)));
    }
    CHECK_INT(server->disconnected, 0);
    Host_Stop(server);
}

/* --- Packets --------------------------------------------------------------------------------- */

static void CountPacket(Probe *probe, uint16_t id, const char *body, int length)
{
    (void)probe;
    (void)id;
    (void)body;
    (void)length;
}

/* A stream of small packets costs few calls, though a remainder is always left in the buffer. */
TEST("share: a stream of small packets")
{
    static const Behaviour behaviour = {.OnRecvPacket = CountPacket, .maxPacketSize = 65535};
    Host *server = NEED(Host_StartServer(&behaviour));
    SendBuffer *packet = NEED(Packet_Make(1, "x", 1));
    static char stream[PACKETS * (PACKET_BYTES + 4)];
    SOCKET peer = NEED_SOCKET(Peer_Open(server));

    SendBuffer_Release(packet);
    for (int i = 0; i < PACKETS; i++) {
        stream[i * (PACKET_BYTES + 4)] = PACKET_BYTES + 4;
        stream[i * (PACKET_BYTES + 4) + 2] = 1;
    }
    CHECK(Peer_Send(peer, stream, (int)sizeof(stream)));
    CHECK(WAIT_FOR(server->packets, PACKETS));
    CHECK_AT_MOST(Service_GetCounter(&server->service, COUNTER_RECV_CALLS),
                  (LONG64)sizeof(stream) / 20000 + 20);
    Host_Stop(server);
}
