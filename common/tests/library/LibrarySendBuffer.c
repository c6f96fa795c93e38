/*
 * LibrarySendBuffer: SendBuffers do not overlap, live as long as somebody has a reference, on any
 * thread.
 */
#include "Library.h"

#include <limits.h>

#define KEPT_BUFFERS 1000
#define SHARERS      8
#define SLOTS        64
#define EXCHANGES    20000

/* A buffer of `size` bytes of the pattern from `size` on; `capacity` was asked for. */
static SendBuffer *Make(int capacity, int size)
{
    SendBuffer *buffer = SendBuffer_Open(capacity);

    if (buffer == NULL)
        return NULL;
    /* All that may be written is written: whoever is overlapped by it shows. */
    memset(buffer->data, 0x77, (size_t)capacity);
    Pattern_Fill(buffer->data, size, size);
    SendBuffer_Close(buffer, size);
    return buffer;
}

static bool IsRight(const SendBuffer *buffer, int size)
{
    return buffer->size == size && Pattern_IsRight(buffer->data, size, size);
}

TEST("send buffer: open, close, references")
{
    SendBuffer *buffer = NEED(SendBuffer_Open(100));

    CHECK_INT(buffer->references, 1);
    CHECK(buffer->capacity >= 100);
    memset(buffer->data, 'x', 100);
    SendBuffer_Close(buffer, 60);
    CHECK_INT(buffer->size, 60);
    CHECK_INT(buffer->references, 1);
    SendBuffer_AddRef(buffer);
    CHECK_INT(buffer->references, 2);
    SendBuffer_Release(buffer);
    CHECK_INT(buffer->references, 1);
    CHECK_INT(buffer->data[0], 'x');
    CHECK_INT(buffer->data[59], 'x');
    SendBuffer_Release(buffer);

    buffer = NEED(SendBuffer_Copy("hello", 5));
    CHECK_INT(buffer->size, 5);
    CHECK(memcmp(buffer->data, "hello", 5) == 0);
    SendBuffer_Release(buffer);
}

/* 1,000 at the same time, of all sizes: none overlaps another, and each can be used as it is. */
TEST("send buffer: buffers do not overlap")
{
    SendBuffer *buffers[KEPT_BUFFERS];
    uint32_t seed = 11;
    int sizes[KEPT_BUFFERS];

    for (int i = 0; i < KEPT_BUFFERS; i++) {
        int capacity = 1 + (int)Random_Next(&seed, i % 10 == 0 ? 40000 : 200);

        sizes[i] = (int)Random_Next(&seed, (uint32_t)capacity + 1);
        buffers[i] = NEED(Make(capacity, sizes[i]));
        CHECK((uintptr_t)buffers[i] % sizeof(void *) == 0);
    }
    for (int i = 0; i < KEPT_BUFFERS; i++)
        REQUIRE(CHECK(IsRight(buffers[i], sizes[i])));
    for (int i = 0; i < KEPT_BUFFERS; i += 2)
        SendBuffer_Release(buffers[i]);
    for (int i = 1; i < KEPT_BUFFERS; i += 2) {
        REQUIRE(CHECK(IsRight(buffers[i], sizes[i])));
        SendBuffer_Release(buffers[i]);
    }
}

/* One thread writes into two of them in turn. */
TEST("send buffer: two are open at once")
{
    SendBuffer *first = NEED(SendBuffer_Open(3000));
    SendBuffer *second = NEED(SendBuffer_Open(200));

    Pattern_Fill(first->data, 1000, 1000);
    Pattern_Fill(second->data, 200, 200);
    Pattern_Fill(first->data + 1000, 2000, 2000);
    SendBuffer_Close(second, 200);
    SendBuffer_Close(first, 3000);
    CHECK(IsRight(second, 200));
    CHECK(Pattern_IsRight(first->data, 3000, 1000));
    SendBuffer_Release(first);
    SendBuffer_Release(second);
}

/* Invalid sizes, and enormous ones: no memory, or memory that is really there. */
TEST("send buffer: sizes at the end of int")
{
    static const int sizes[] = {INT_MAX, INT_MAX - 1, INT_MAX - 16, INT_MAX - 100};

    for (int i = 0; i < 4; i++) {
        SendBuffer *buffer = SendBuffer_Open(sizes[i]);

        if (buffer == NULL)
            continue;
        CHECK(buffer->capacity >= sizes[i]);
        buffer->data[sizes[i] - 1] = 'x';
        SendBuffer_Close(buffer, 0);
        SendBuffer_Release(buffer);
    }
    CHECK(SendBuffer_Open(-1) == NULL);
}

TEST("send buffer: no byte at all")
{
    for (int i = 0; i < 10000; i++) {
        SendBuffer *buffer = NEED(Make(1 + i % 3000, 0));

        CHECK_INT(buffer->size, 0);
        SendBuffer_Release(buffer);
    }
}

/* --- Threads --------------------------------------------------------------------------------- */

static struct Shared {
    SendBuffer *buffer;          /* that all threads read */
    PVOID volatile slots[SLOTS]; /* buffers that one thread puts here and another takes */
    volatile LONG wrong;
    volatile LONG turn;
} shared;

/* Reads the buffer and gives one reference back. */
static void ReadShared(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        SendBuffer_AddRef(shared.buffer);
        if (i % 100 == 0 && !IsRight(shared.buffer, 5000))
            InterlockedIncrement(&shared.wrong);
        SendBuffer_Release(shared.buffer);
    }
    SendBuffer_Release(shared.buffer);
}

/* One buffer, eight threads, and the last of them releases it. */
TEST("send buffer: references across threads")
{
    shared.wrong = 0;
    for (int round = 0; round < 5; round++) {
        shared.buffer = NEED(Make(6000, 5000));
        for (int i = 0; i < SHARERS; i++)
            SendBuffer_AddRef(shared.buffer);
        for (int i = 0; i < SHARERS; i++)
            Threads_Start(ReadShared, NULL);
        Threads_Join();
        CHECK_INT(shared.buffer->references, 1);
        CHECK(IsRight(shared.buffer, 5000));
        SendBuffer_Release(shared.buffer);
    }
    CHECK_INT(shared.wrong, 0);
}

/* Opens buffers and puts them where others take them; releases what it finds there. */
static void Exchange(void *argument)
{
    uint32_t seed = *(uint32_t *)argument;

    for (int i = 0; i < EXCHANGES && !Test_IsOver(); i++) {
        int capacity = 1 + (int)Random_Next(&seed, i % 500 == 0 ? 20000 : 300);
        SendBuffer *buffer = Make(capacity, (int)Random_Next(&seed, (uint32_t)capacity + 1));
        SendBuffer *old;

        if (buffer == NULL) {
            InterlockedIncrement(&shared.wrong);
            continue;
        }
        old = (SendBuffer *)InterlockedExchangePointer(&shared.slots[Random_Next(&seed, SLOTS)],
                                                       buffer);
        if (old == NULL)
            continue;
        if (old->references != 1 || !IsRight(old, old->size))
            InterlockedIncrement(&shared.wrong);
        SendBuffer_Release(old);
    }
}

/* Runs it on all threads, and releases what is left. */
static void RunExchange(int round)
{
    static uint32_t seeds[SHARERS];

    for (int i = 0; i < SHARERS; i++) {
        seeds[i] = (uint32_t)(round * 100 + i + 1);
        Threads_Start(Exchange, &seeds[i]);
    }
    Threads_Join();
    for (int i = 0; i < SLOTS; i++) {
        SendBuffer *left = (SendBuffer *)InterlockedExchangePointer(&shared.slots[i], NULL);

        if (left != NULL)
            SendBuffer_Release(left);
    }
}

TEST("send buffer: threads release each other's")
{
    shared.wrong = 0;
    for (int round = 0; round < 4; round++)
        RunExchange(round);
    CHECK_INT(shared.wrong, 0);
}
