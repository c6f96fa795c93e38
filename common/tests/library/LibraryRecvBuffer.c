/*
 * LibraryRecvBuffer: a RecvBuffer keeps what was received, in order, and never more than it can; and
 * a session's follows its stream.
 */
#include "Library.h"

#include <limits.h>

#define SMALL      24
#define GUARD      16
#define MODEL_SIZE 100

static bool Make(RecvBuffer *buffer, int capacity)
{
    memset(buffer, 0, sizeof(*buffer));
    return RecvBuffer_Resize(buffer, capacity);
}

/* Writes `count` bytes of the pattern, of which `position` were written before. */
static bool Write(RecvBuffer *buffer, int count, LONG64 *position)
{
    if (count <= RecvBuffer_FreeSize(buffer))
        Pattern_Fill(RecvBuffer_WritePos(buffer), count, *position);
    if (!RecvBuffer_OnWrite(buffer, count))
        return false;
    *position += count;
    return true;
}

/* There are `size` bytes to be read, the pattern from `position` on, and the rest is free. */
static bool Has(const RecvBuffer *buffer, int size, LONG64 position)
{
    if (buffer->size != size || RecvBuffer_FreeSize(buffer) != buffer->capacity - size)
        return Test_Explain("%d bytes of %d, and %d are free", buffer->size, buffer->capacity,
                            RecvBuffer_FreeSize(buffer));
    if (RecvBuffer_WritePos(buffer) != buffer->data + size)
        return Test_Explain("%d bytes are not at the front", size);
    return Pattern_IsRight(buffer->data, size, position) ||
           Test_Explain("wrong bytes: %d from %ld on", size, (long)position);
}

TEST("recv buffer: every operation")
{
    RecvBuffer buffer;
    LONG64 written = 0;

    REQUIRE(CHECK(Make(&buffer, 16)));
    CHECK_INT(buffer.capacity, 16);
    CHECK(Has(&buffer, 0, 0));
    CHECK(Write(&buffer, 10, &written));
    CHECK(Has(&buffer, 10, 0));
    CHECK(RecvBuffer_OnRead(&buffer, 4));
    CHECK(Has(&buffer, 6, 4));
    CHECK(Write(&buffer, 10, &written));
    CHECK(Has(&buffer, 16, 4));
    CHECK(RecvBuffer_OnRead(&buffer, 16));
    CHECK(Has(&buffer, 0, 20));
    RecvBuffer_Free(&buffer);
}

/* Calls that must be refused, and change nothing. */
static void CheckBounds(RecvBuffer *buffer)
{
    RecvBuffer before = *buffer;
    int tooMuchData = buffer->size + 1;
    int tooMuchRoom = RecvBuffer_FreeSize(buffer) + 1;

    CHECK(!RecvBuffer_OnRead(buffer, tooMuchData));
    CHECK(!RecvBuffer_OnRead(buffer, INT_MAX));
    CHECK(!RecvBuffer_OnRead(buffer, -1));
    CHECK(!RecvBuffer_OnRead(buffer, INT_MIN));
    CHECK(!RecvBuffer_OnWrite(buffer, tooMuchRoom));
    CHECK(!RecvBuffer_OnWrite(buffer, INT_MAX));
    CHECK(!RecvBuffer_OnWrite(buffer, -1));
    CHECK(!RecvBuffer_OnWrite(buffer, INT_MIN));
    CHECK(memcmp(buffer, &before, sizeof(before)) == 0);
    CHECK(RecvBuffer_OnRead(buffer, 0));
    CHECK(RecvBuffer_OnWrite(buffer, 0));
    CHECK_INT(buffer->size, tooMuchData - 1);
}

TEST("recv buffer: what is too much is refused")
{
    RecvBuffer buffer;
    LONG64 written = 0;

    REQUIRE(CHECK(Make(&buffer, 1)));
    CheckBounds(&buffer);
    CHECK(RecvBuffer_OnWrite(&buffer, 1));
    CheckBounds(&buffer);
    CHECK(RecvBuffer_OnRead(&buffer, 1));
    CheckBounds(&buffer);
    CHECK_INT(RecvBuffer_FreeSize(&buffer), 1);
    RecvBuffer_Free(&buffer);

    REQUIRE(CHECK(Make(&buffer, 100)));
    CHECK(Write(&buffer, 70, &written));
    CheckBounds(&buffer);
    CHECK(RecvBuffer_OnRead(&buffer, 60));
    CheckBounds(&buffer);
    CHECK(Write(&buffer, 30, &written));
    CheckBounds(&buffer);
    RecvBuffer_Free(&buffer);
}

/* A buffer with guards around it, of which `w` bytes were written and `r` are read. */
static bool MovesRight(int capacity, int r, int w)
{
    char memory[SMALL + 2 * GUARD];
    RecvBuffer buffer = {.data = memory + GUARD, .size = w, .capacity = capacity};

    memset(memory, 0x55, sizeof(memory));
    Pattern_Fill(buffer.data, w, 0);
    if (!RecvBuffer_OnRead(&buffer, r) || !Has(&buffer, w - r, r))
        return false;
    for (int i = 0; i < GUARD; i++) {
        if (memory[i] != 0x55 || buffer.data[capacity + i] != 0x55)
            return Test_Explain("capacity %d, read %d, written %d: wrote outside", capacity, r, w);
    }
    return true;
}

TEST("recv buffer: reads up to every position")
{
    for (int capacity = 1; capacity <= SMALL; capacity++) {
        for (int w = 0; w <= capacity; w++) {
            for (int r = 0; r <= w; r++)
                REQUIRE(CHECK(MovesRight(capacity, r, w)));
        }
    }
}

/* Much data that moves by little: what memcpy would get wrong. */
TEST("recv buffer: reading little moves much")
{
    static const int sizes[] = {100, 1000, 4096, 65536, 1000003};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (int r = 1; r <= 65; r += 16) {
            RecvBuffer buffer;
            LONG64 written = 0;

            REQUIRE(CHECK(Make(&buffer, sizes[i])));
            CHECK(Write(&buffer, sizes[i], &written));
            CHECK(RecvBuffer_OnRead(&buffer, r));
            CHECK(Has(&buffer, sizes[i] - r, r));
            RecvBuffer_Free(&buffer);
        }
    }
}

/* Writes and reads at random; what is to be read is the pattern from `read` on. */
TEST("recv buffer: a random row of operations")
{
    RecvBuffer buffer;
    LONG64 written = 0, read = 0;
    uint32_t seed = 20240501;
    bool holds;

    REQUIRE(CHECK(Make(&buffer, MODEL_SIZE)));
    for (int i = 0; i < 300000; i++) {
        int amount = (int)Random_Next(&seed, MODEL_SIZE + 20);
        int data = (int)(written - read);
        int room = RecvBuffer_FreeSize(&buffer);

        if (Random_Next(&seed, 2) == 0) {
            holds = Write(&buffer, amount, &written) == (amount <= room);
        } else {
            holds = RecvBuffer_OnRead(&buffer, amount) == (amount <= data);
            read += amount <= data ? amount : 0;
        }
        REQUIRE(CHECK(holds && Has(&buffer, (int)(written - read), read)));
    }
    RecvBuffer_Free(&buffer);
}

/* What is to be read stays, and has to fit. */
TEST("recv buffer: another capacity")
{
    RecvBuffer buffer;
    LONG64 written = 0;

    REQUIRE(CHECK(Make(&buffer, 10)));
    CHECK(Write(&buffer, 10, &written));
    CHECK(RecvBuffer_OnRead(&buffer, 4));
    CHECK(!RecvBuffer_Resize(&buffer, 5));
    CHECK_INT(buffer.capacity, 10);
    CHECK(Has(&buffer, 6, 4));
    CHECK(RecvBuffer_Resize(&buffer, 20));
    CHECK_INT(buffer.capacity, 20);
    CHECK(Has(&buffer, 6, 4));
    CHECK(Write(&buffer, 14, &written));
    CHECK(Has(&buffer, 20, 4));
    CHECK(RecvBuffer_OnRead(&buffer, 14));
    CHECK(RecvBuffer_Resize(&buffer, 6));
    CHECK_INT(buffer.capacity, 6);
    CHECK(Has(&buffer, 6, 18));
    RecvBuffer_Free(&buffer);
}

/* --- A session's buffer ---------------------------------------------------------------------- */

#define LEAST   256
#define MOST    4096
#define LENGTHS 16

/* What OnRecv was called with. */
static int lengths[LENGTHS];

static int NoteLength(Probe *probe, const char *data, int length)
{
    Probe_CheckPattern(probe, data, length);
    if (probe->recvCalls <= LENGTHS)
        lengths[probe->recvCalls - 1] = length;
    if (probe->recvCalls == 1)
        WaitForSingleObject(gate, WAIT_MS);
    return length;
}

static void WaitForConsumed(const Probe *probe, LONG64 bytes)
{
    WAIT_WHILE(probe->consumed < bytes);
    CHECK_INT(probe->consumed, bytes);
}

/* Sends while the first OnRecv waits, so that it is known how much is there for each receive. */
static void Converse(Probe *probe)
{
    CHECK(Peer_SendPattern(probe->peer, 0, LEAST));
    CHECK(WAIT_FOR(probe->recvCalls, 1));
    CHECK(Peer_SendPattern(probe->peer, LEAST, 10000));
    Sleep(QUIET_MS);
    SetEvent(gate);
    WaitForConsumed(probe, LEAST + 10000);
    CHECK(Peer_SendPattern(probe->peer, LEAST + 10000, 1));
    WaitForConsumed(probe, LEAST + 10001);
    Sleep(QUIET_MS);
    CHECK(Peer_SendPattern(probe->peer, LEAST + 10001, 1000));
    WaitForConsumed(probe, LEAST + 11001);

    /* Without need it does not stay large, though nothing is received. */
    WAIT_WHILE(probe->session.recvBuffer.capacity > LEAST);
    CHECK_INT(probe->session.recvBuffer.capacity, LEAST);
    CHECK(Peer_SendPattern(probe->peer, LEAST + 11001, 1000));
    WaitForConsumed(probe, LEAST + 12001);
}

static void CheckLengths(int recvBufferMax, const int *expected)
{
    static const Behaviour behaviour = {.OnRecv = NoteLength};
    Host *server = START_SERVER(&behaviour, .keepsSessions = true, .recvBufferSize = LEAST,
                                .recvBufferMax = recvBufferMax);

    memset(lengths, 0, sizeof(lengths));
    Converse(Probe_Open(server, 0));
    for (int i = 0; i < LENGTHS && expected[i] != 0; i++)
        CHECK_INT(lengths[i], expected[i]);
}

/* It doubles while receives fill it, and is small again when that was not needed for a while. */
TEST("recv buffer: a session's grows with its stream", .firstStage = 6)
{
    static const int expected[] = {256, 512, 1024, 2048, 4096, 2320, 1, 1000, 256, 512, 232, 0};

    CheckLengths(MOST, expected);
}

TEST("recv buffer: a session's stays where it may not grow")
{
    static const int expected[] = {256, 256, 256, 256, 256, 256, 256, 256, 256, 256, 256, 0};

    CheckLengths(LEAST, expected);
}
