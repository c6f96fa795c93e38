/*
 * LibraryPacketSession: packets through real sessions, split and joined by the network.
 */
#include "Library.h"

#define MAX_PACKET  300
#define RECV_SIZE   512 /* of the receive buffer: a packet or two */
#define PACKETS     4000
#define STREAM_SIZE (PACKETS * MAX_PACKET)
#define ECHO_MAX    4096
#define ECHO_COUNT  2000

/* The packet number n has id n and a body of the pattern from n on. */
static int GetBodyLength(int number)
{
    return (int)((uint32_t)number * 2654435761u >> 8) % (MAX_PACKET - PACKET_HEADER_SIZE + 1);
}

/* Writes `count` packets. Returns how many bytes they have. */
static int AppendPackets(char *stream, int first, int count)
{
    int length = 0;

    for (int i = first; i < first + count; i++)
        length += Packet_Append(stream + length, GetBodyLength(i) + PACKET_HEADER_SIZE, i);
    return length;
}

/* probe->state is the number of the packet that must come next, with so many bytes. */
static void ExpectNext(Probe *probe, int expected, uint16_t id, const char *body, int length)
{
    int number = probe->state++;

    FAULT_IF(id != number || length != expected || !Pattern_IsRight(body, length, number),
             "expected packet %d of %d bytes, but %d of %d came", number, expected, id, length);
}

static void CheckPacket(Probe *probe, uint16_t id, const char *body, int length)
{
    ExpectNext(probe, GetBodyLength(probe->state), id, body, length);
}

static const Behaviour checkBehaviour = {
    .OnRecvPacket = CheckPacket,
    .maxPacketSize = MAX_PACKET,
};

#define START_PACKET_SERVER(behaviour) START_SERVER(behaviour, .recvBufferSize = RECV_SIZE)

/* All packets in pieces of random sizes, small and large. */
static void SendInPieces(SOCKET peer, const char *stream, int length)
{
    uint32_t seed = 99;
    int sent = 0;

    while (sent < length) {
        int piece = 1 + (int)Random_Next(&seed, Random_Next(&seed, 4) == 0 ? 8 : 5000);

        piece = min(piece, length - sent);
        NEED_TRUE(Peer_Send(peer, stream + sent, piece));
        sent += piece;
    }
}

TEST("packet session: split and joined on the way")
{
    char *stream = NEED((char *)malloc(STREAM_SIZE));
    Host *server = START_PACKET_SERVER(&checkBehaviour);
    SOCKET peer = Peer_Open(server);
    int length = AppendPackets(stream, 0, PACKETS);

    SendInPieces(peer, stream, length);
    free(stream);
    CHECK(WAIT_FOR(server->packets, PACKETS));
    Peer_Close(&peer);
    CHECK(Host_AllEnd(server, CAUSE_PEER_CLOSED, 1));
    CHECK_INT(server->packets, PACKETS);
    SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_PACKETS), PACKETS));
    SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_RECV_BYTES), length));
}

/* Each byte in a segment of its own, as far as the system lets it. */
TEST("packet session: byte by byte")
{
    Host *server = START_PACKET_SERVER(&checkBehaviour);
    char stream[5 * MAX_PACKET];
    int length = AppendPackets(stream, 0, 5);
    SOCKET peer = Peer_Open(server);

    for (int i = 0; i < length; i++)
        REQUIRE(CHECK(Peer_Send(peer, stream + i, 1)));
    CHECK(WAIT_FOR(server->packets, 5));
}

/* Three good packets, an invalid header, and packets that must not be delivered. */
static int MakeBadStream(char *stream, int badSize)
{
    int length = AppendPackets(stream, 0, 3);

    Packet_Append(stream + length, PACKET_HEADER_SIZE, 3);
    stream[length] = (char)(badSize & 0xff);
    stream[length + 1] = (char)(badSize >> 8);
    length += PACKET_HEADER_SIZE;
    return length + AppendPackets(stream + length, 3, 3);
}

/* Sends such a stream in pieces; the session has to end in the middle of it. */
static bool EndsSession(Host *server, int badSize, int piece)
{
    char stream[8 * MAX_PACKET];
    int length = MakeBadStream(stream, badSize);
    SOCKET peer = Peer_Open(server);

    /* What comes behind the bad header may be refused by the system already. */
    for (int i = 0; i < length; i += piece)
        Peer_Send(peer, stream + i, min(length - i, piece));
    if (!Peer_WaitForReset(peer) || !Host_WaitForDisconnected(server, 1))
        return false;
    return server->packets == 3 ||
           Test_Explain("size %d: %ld packets of 3 were delivered", badSize, server->packets);
}

TEST("packet session: an invalid size ends it")
{
    static const int sizes[] = {0, 1, 2, 3, MAX_PACKET + 1, RECV_SIZE, RECV_SIZE + 1, 65535};

    for (int i = 0; i < 2 * (int)COUNT_OF(sizes); i++) {
        Host *server = START_PACKET_SERVER(&checkBehaviour);

        REQUIRE(CHECK(EndsSession(server, sizes[i / 2], i % 2 == 0 ? 7 : 8 * MAX_PACKET)));
        CHECK(Host_CheckCause(server, CAUSE_BAD_PACKET, 1));
        SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_PACKETS), 3));
        Host_Stop(server);
    }
}

/* The program may end the session while there are more packets in what was received. */
static void CloseAtThird(Probe *probe, uint16_t id, const char *body, int length)
{
    (void)body;
    (void)length;
    if (id == 2)
        Session_Disconnect(&probe->session, (DisconnectCause)(CAUSE_PROGRAM + 3));
    FAULT_IF(id > 2, "packet %d came after Session_Disconnect", id);
}

TEST("packet session: disconnected inside a packet")
{
    static const Behaviour behaviour = {.OnRecvPacket = CloseAtThird, .maxPacketSize = MAX_PACKET};
    Host *server = START_PACKET_SERVER(&behaviour);
    char stream[20 * PACKET_HEADER_SIZE];
    SOCKET peer = Peer_Open(server);

    for (int i = 0; i < 20; i++)
        Packet_Append(stream + i * PACKET_HEADER_SIZE, PACKET_HEADER_SIZE, i);
    CHECK(Peer_Send(peer, stream, (int)sizeof(stream)));
    CHECK(Peer_WaitForEnd(peer, NULL));
    CHECK(Host_AllEnd(server, (DisconnectCause)(CAUSE_PROGRAM + 3), 1));
}

/* --- Both ends of the library ---------------------------------------------------------------- */

static int GetEchoLength(int number)
{
    static const int lengths[] = {0, 1, 96, ECHO_MAX - PACKET_HEADER_SIZE, 7, 1000};

    return lengths[number % 6];
}

static void EchoPacket(Probe *probe, uint16_t id, const char *body, int length)
{
    FAULT_IF(!Session_SendAndRelease(&probe->session, Packet_Make(id, body, length)),
             "a packet could not be sent");
}

static void SendNumber(Probe *probe, int number)
{
    char body[ECHO_MAX];

    Pattern_Fill(body, GetEchoLength(number), number);
    EchoPacket(probe, (uint16_t)number, body, GetEchoLength(number));
}

/* Twenty are under way at a time. */
static void SendFirst(Probe *probe)
{
    for (int i = 0; i < 20; i++)
        SendNumber(probe, i);
}

static void CheckEcho(Probe *probe, uint16_t id, const char *body, int length)
{
    ExpectNext(probe, GetEchoLength(probe->state), id, body, length);
    if (probe->state + 19 < ECHO_COUNT)
        SendNumber(probe, probe->state + 19);
}

TEST("packet session: both ends, all sizes", .firstStage = 5)
{
    static const Behaviour serverSide = {.OnRecvPacket = EchoPacket, .maxPacketSize = ECHO_MAX};
    static const Behaviour clientSide = {
        .OnConnected = SendFirst, .OnRecvPacket = CheckEcho, .maxPacketSize = ECHO_MAX};
    Host *server = START_SERVER(&serverSide);
    Host *client = Host_StartClient(server, &clientSide, 2);

    CHECK(WAIT_FOR(client->packets, 2 * ECHO_COUNT));
    SINCE_7(CHECK_INT(Service_GetCounter(&client->service, COUNTER_PACKETS), 2 * ECHO_COUNT));
    SINCE_7(CHECK_INT(Service_GetCounter(&server->service, COUNTER_PACKETS), 2 * ECHO_COUNT));
    CHECK(Service_GetCounter(&client->service, COUNTER_RECV_BYTES) ==
          Service_GetCounter(&server->service, COUNTER_RECV_BYTES));
}

/* --- PacketSession_New ----------------------------------------------------------------------- */

static volatile LONG destroyCount;

static void CountDestroy(Session *session)
{
    InterlockedIncrement(&destroyCount);
    free(session);
}

static bool CanInit(Host *host, int maxPacketSize)
{
    static const PacketSessionVtbl vtbl = {
        .session = {.OnRecv = PacketSession_OnRecv, .Destroy = CountDestroy}};
    Session *session =
        PacketSession_New(&host->service, &vtbl, sizeof(PacketSession), AF_INET, maxPacketSize);

    if (session == NULL)
        return false;
    Session_Release(session);
    return true;
}

TEST("packet session: sizes that it is made with")
{
    enum { MANY = 50 };
    static const PacketSessionVtbl withoutOnRecv = {.OnRecvPacket = NULL};
    Host *server = START_SERVER(&silentBehaviour, .recvBufferMax = 100000);
    int handles;

    destroyCount = 0;
    CHECK(CanInit(server, PACKET_HEADER_SIZE));
    CHECK(CanInit(server, 65535));
    CHECK_INT(destroyCount, 2);
    handles = ServerProcess_CountHandles(GetCurrentProcess());
    for (int i = 0; i < MANY; i++) {
        CHECK(!CanInit(server, PACKET_HEADER_SIZE - 1));
        CHECK(!CanInit(server, 0));
        CHECK(!CanInit(server, -1));
        CHECK(!CanInit(server, 65536));
        CHECK(PacketSession_New(&server->service, &withoutOnRecv, sizeof(PacketSession), AF_INET,
                                100) == NULL);
    }
    CHECK_INT(destroyCount, 2);
    /* The threads of the service may have some more by now, but none for each failure. */
    CHECK_AT_MOST(ServerProcess_CountHandles(GetCurrentProcess()), handles + MANY / 2);

    server = START_SERVER(&silentBehaviour, .recvBufferSize = 100, .recvBufferMax = RECV_SIZE);
    CHECK(CanInit(server, RECV_SIZE));
    CHECK(!CanInit(server, RECV_SIZE + 1));
}
