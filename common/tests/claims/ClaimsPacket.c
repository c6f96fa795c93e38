/*
 * ClaimsPacket: claims about the queue of a completion port: posting, the order of packets, and the
 * ways to take them.
 * https://learn.microsoft.com/windows/win32/fileio/postqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/fileio/getqueuedcompletionstatusex-func
 */
#include "Claims.h"
#include "ThreadManager.h"

#define RACE_MS 3000 /* the longest that a claim tries its luck */

/* Nothing looks into them: the OVERLAPPED of a posted packet may be any pointer. */
static OVERLAPPED marks[5];

/* Posts each of the marks, with its index as the key and the bytes. */
static void PostAll(HANDLE port)
{
    for (ULONG_PTR i = 0; i < COUNT_OF(marks); i++)
        CHECK(PostQueuedCompletionStatus(port, (DWORD)i, i, &marks[i]));
}

/* A pair, and a port to which its server belongs, with the key 1. */
static HANDLE OpenPairWithPort(void)
{
    HANDLE port = Claims_OpenPort(0);

    Claims_OpenPair();
    NEED_TRUE(Claims_Associate(server, port, 1));
    return port;
}

/* What was posted comes out: bytes, key and pointer are whatever the program likes, NULL, too. */
TEST("packet: PostQueuedCompletionStatus gives what it was given, NULL, too")
{
    HANDLE port = Claims_OpenPort(0);
    Packet packet;

    CHECK(PostQueuedCompletionStatus(port, 0xfffffffe, (ULONG_PTR)-3, &marks[2]));
    packet = Claims_Take(port, WAIT_MS);
    CHECK(packet.succeeded);
    CHECK(packet.bytes == 0xfffffffe);
    CHECK(packet.key == (ULONG_PTR)-3);
    CHECK(packet.overlapped == &marks[2]);

    /* TRUE with NULL: a packet to end a worker with, say. */
    CHECK(PostQueuedCompletionStatus(port, 0, 0, NULL));
    packet = Claims_Take(port, WAIT_MS);
    CHECK(packet.succeeded);
    CHECK(packet.overlapped == NULL);
    CHECK_INT(packet.bytes, 0);
}

/* "queued in first-in-first-out (FIFO) order"; also those that nobody waits for yet. */
TEST("packet: packets come out first in, first out")
{
    HANDLE port = Claims_OpenPort(0);

    PostAll(port);
    for (ULONG_PTR i = 0; i < 5; i++) {
        Packet packet = Claims_Take(port, WAIT_MS);

        CHECK(packet.succeeded);
        CHECK_INT(packet.bytes, i);
        CHECK(packet.overlapped == &marks[i]);
    }
}

/* Completions of operations and posted packets stand in one queue. */
TEST("packet: completions and posted packets stand in one queue")
{
    HANDLE port = OpenPairWithPort();
    Operation *operation = Claims_NewOperation();
    Packet packet;

    Claims_SendToServer("x");
    CHECK(PostQueuedCompletionStatus(port, 0, 2, &marks[0]));
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    packet = Claims_Take(port, WAIT_MS);
    CHECK(packet.succeeded && packet.key == 2 && packet.overlapped == &marks[0]);
    CHECK(Claims_TakesPacketOf(port, 1, operation, 1));
}

/* "the function times out, returns FALSE, and sets *lpOverlapped to NULL" */
TEST("packet: a timeout is FALSE with NULL and 258")
{
    HANDLE port = Claims_OpenPort(0);

    for (DWORD timeout = 0; timeout <= 20; timeout += 20) {
        Packet packet = Claims_Take(port, timeout);

        CHECK(!packet.succeeded);
        CHECK_INT(packet.error, WAIT_TIMEOUT);
        CHECK(packet.overlapped == NULL);
    }
    CHECK_INT(WAIT_TIMEOUT, 258);
}

/* The wait itself has failed: FALSE and NULL, and the next wait will fail as well. */
TEST("packet: a wait on a port that is closed fails with NULL")
{
    HANDLE port = Claims_OpenPort(0);
    HANDLE copy = port;
    Packet packet;

    Claims_CloseHandle(&port);
    packet = Claims_Take(copy, WAIT_MS);
    CHECK(!packet.succeeded);
    CHECK(packet.overlapped == NULL);
    CHECK_INT(packet.error, ERROR_INVALID_HANDLE);
}

/* --- GetQueuedCompletionStatusEx --------------------------------------------------------------*/

TEST("packet: GetQueuedCompletionStatusEx takes several at once")
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entries[8];
    ULONG count = 0;

    PostAll(port);
    CHECK(GetQueuedCompletionStatusEx(port, entries, 8, &count, WAIT_MS, FALSE));
    REQUIRE(CHECK_INT(count, 5));
    for (ULONG_PTR i = 0; i < 5; i++) {
        CHECK(entries[i].lpOverlapped == &marks[i]);
        CHECK_INT(entries[i].lpCompletionKey, i);
        CHECK_INT(entries[i].dwNumberOfBytesTransferred, i);
    }
}

/* "The maximum number of entries to remove": the rest stays for the next call. */
TEST("packet: GetQueuedCompletionStatusEx takes no more than was asked for")
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entries[8];
    ULONG count = 0;

    PostAll(port);
    CHECK(GetQueuedCompletionStatusEx(port, entries, 3, &count, WAIT_MS, FALSE));
    CHECK_INT(count, 3);
    CHECK(GetQueuedCompletionStatusEx(port, entries, 3, &count, WAIT_MS, FALSE));
    CHECK_INT(count, 2);
    CHECK(entries[0].lpOverlapped == &marks[3]);
}

/*
 * "returns TRUE when at least one pending I/O is completed, but it is possible that one or more I/O
 * operations failed"
 */
TEST("packet: GetQueuedCompletionStatusEx is TRUE for a failed operation, too")
{
    HANDLE port = OpenPairWithPort();
    Operation *operation = Claims_NewOperation();
    OVERLAPPED_ENTRY entry;
    ULONG count = 0;

    CHECK_INT(Claims_BeginReceive(server, operation, 10), WSA_IO_PENDING);
    CHECK(CancelIoEx((HANDLE)server, NULL));
    CHECK(GetQueuedCompletionStatusEx(port, &entry, 1, &count, WAIT_MS, FALSE));
    REQUIRE(CHECK_INT(count, 1));
    CHECK(entry.lpOverlapped == &operation->overlapped);
    CHECK_INT(Claims_GetError(operation), ERROR_OPERATION_ABORTED);
}

TEST("packet: GetQueuedCompletionStatusEx fails with 258 at a timeout")
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entries[2];
    ULONG count = 77;

    CHECK_ERROR(!GetQueuedCompletionStatusEx(port, entries, 2, &count, 0, FALSE), WAIT_TIMEOUT);
    Claims_Report("the count of GetQueuedCompletionStatusEx after a timeout, 77 before",
                  "means something only after TRUE", "%lu", count);
}

/* --- Alertable or not -------------------------------------------------------------------------*/

static volatile LONG apcCount;

static void CALLBACK CountApc(ULONG_PTR unused)
{
    (void)unused;
    InterlockedIncrement(&apcCount);
}

/* A worker that waits with GetQueuedCompletionStatus runs no routines; Ex can be told to. */
TEST("packet: GetQueuedCompletionStatus runs no APC, the Ex can")
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entry;
    ULONG count = 0;

    apcCount = 0;
    CHECK(QueueUserAPC(CountApc, GetCurrentThread(), 0) != 0);
    CHECK(Claims_IsPortQuiet(port));
    CHECK_INT(apcCount, 0);
    CHECK(!GetQueuedCompletionStatusEx(port, &entry, 1, &count, WAIT_MS, TRUE));
    CHECK_INT(apcCount, 1);
}

/* --- The packet is faster than the call -------------------------------------------------------*/

static HANDLE racePort;
static volatile LONG takenRound; /* of the last packet that the worker has taken */

static void TakeRounds(void *unused)
{
    Packet packet;

    (void)unused;
    /* The key of the socket is 1; the packet that ends this is posted with key 0. */
    while ((packet = Claims_Take(racePort, 2 * WAIT_MS)).succeeded && packet.key != 0)
        InterlockedIncrement(&takenRound);
}

/*
 * A worker may have handled the completion before the call that began the operation has returned:
 * what the call's thread does afterwards with the session can be too late.
 */
TEST("packet: it can be handled before the call has returned")
{
    ThreadManager threads = {0};
    Operation *operation = Claims_NewOperation();
    ULONGLONG start = Test_Now();
    bool isOvertaken = false;

    racePort = OpenPairWithPort();
    takenRound = 0;
    REQUIRE(CHECK(ThreadManager_Launch(&threads, TakeRounds, NULL)));
    for (LONG round = 1; !isOvertaken && Test_Now() - start < RACE_MS; round++) {
        memset(&operation->overlapped, 0, sizeof(operation->overlapped));
        Claims_BeginSend(server, operation, "x");
        isOvertaken = takenRound == round;
        if (!CHECK(WAIT_FOR(takenRound, round)))
            break;
        if (round % 1000 == 0)
            CHECK(Claims_Discard(client) >= 0);
    }
    Claims_Report("a packet that is handled before the call has returned", "possible", "%s",
                  isOvertaken ? "seen" : "not seen");
    CHECK(PostQueuedCompletionStatus(racePort, 0, 0, NULL));
    ThreadManager_Join(&threads);
    CHECK(takenRound > 0);
}

/* The part of it that needs no luck: the call has returned 0, and the packet is on its way. */
TEST("packet: a call that has succeeded has sent its packet")
{
    HANDLE port = OpenPairWithPort();
    Operation *operation = Claims_NewOperation();
    Packet packet;

    Claims_SendToServer("hello");
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    packet = Claims_Take(port, 0);
    Claims_Report("the packet of a call that has succeeded, looked for without waiting",
                  "not documented", "%s", packet.succeeded ? "there" : "not there yet");
    if (!packet.succeeded)
        packet = Claims_Take(port, WAIT_MS);
    CHECK(packet.succeeded && packet.overlapped == &operation->overlapped && packet.bytes == 5);
}
