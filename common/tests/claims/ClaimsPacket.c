/*
 * ClaimsPacket: claims about the queue of a completion port: posting, the order of packets, and the
 * ways to take them.
 * https://learn.microsoft.com/windows/win32/fileio/postqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/fileio/getqueuedcompletionstatusex-func
 */
#include "Claims.h"

#define RACE_MS 3000 /* the longest that a claim tries its luck */

/* Nothing looks into them: the OVERLAPPED of a posted packet may be any pointer. */
static OVERLAPPED marks[5];

/* Opens a port, and posts each of the marks to it, with its index as the key and the bytes. */
static void OpenWithMarks(void)
{
    Claims_OpenPort(0);
    for (ULONG_PTR i = 0; i < COUNT_OF(marks); i++)
        Claims_Post((DWORD)i, i, &marks[i]);
}

TEST("packet: PostQueuedCompletionStatus gives what it was given, NULL, too")
{
    Claims_OpenPort(0);
    Claims_Post(0xfffffffe, (ULONG_PTR)-3, &marks[2]);
    CHECK(Claims_Takes(0xfffffffe, (ULONG_PTR)-3, &marks[2]));

    /* TRUE with NULL: a packet to end a worker with, say. */
    Claims_Post(0, 0, NULL);
    CHECK(Claims_Takes(0, 0, NULL));
}

/* "queued in first-in-first-out (FIFO) order"; also those that nobody waits for yet. */
TEST("packet: packets come out first in, first out")
{
    OpenWithMarks();
    for (ULONG_PTR i = 0; i < 5; i++)
        CHECK(Claims_Takes((DWORD)i, i, &marks[i]));
}

TEST("packet: completions and posted packets stand in one queue")
{
    Claims_OpenPairWithPort();
    Claims_SendToServer("x");
    Claims_Post(0, 2, &marks[0]);
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    CHECK(Claims_Takes(0, 2, &marks[0]));
    CHECK(Claims_TakesPacketOf(operation, 1));
}

/* "the function times out, returns FALSE, and sets *lpOverlapped to NULL" */
TEST("packet: a timeout is FALSE with NULL and 258")
{
    Claims_OpenPort(0);
    CHECK(Claims_TakeFails(0, WAIT_TIMEOUT));
    CHECK(Claims_TakeFails(20, WAIT_TIMEOUT));
    CHECK_INT(WAIT_TIMEOUT, 258);
}

/* The wait itself has failed: FALSE and NULL, and the next wait will fail as well. */
TEST("packet: a wait on a port that is closed fails with NULL")
{
    Claims_OpenPort(0);
    CloseHandle(port);
    CHECK(Claims_TakeFails(WAIT_MS, ERROR_INVALID_HANDLE));
}

/* --- GetQueuedCompletionStatusEx --------------------------------------------------------------*/

static OVERLAPPED_ENTRY entries[8];
static ULONG entryCount;

/* Takes up to `max` packets into the entries. */
static bool TakeSeveral(ULONG max, DWORD timeoutMs, bool isAlertable)
{
    entryCount = 77;
    return GetQueuedCompletionStatusEx(port, entries, max, &entryCount, timeoutMs, isAlertable);
}

TEST("packet: GetQueuedCompletionStatusEx takes several at once")
{
    OpenWithMarks();
    CHECK(TakeSeveral(8, WAIT_MS, false));
    REQUIRE(CHECK_INT(entryCount, 5));
    for (ULONG_PTR i = 0; i < 5; i++) {
        CHECK(entries[i].lpOverlapped == &marks[i]);
        CHECK_INT(entries[i].lpCompletionKey, i);
        CHECK_INT(entries[i].dwNumberOfBytesTransferred, i);
    }
}

/* "The maximum number of entries to remove": the rest stays for the next call. */
TEST("packet: GetQueuedCompletionStatusEx takes no more than was asked for")
{
    OpenWithMarks();
    CHECK(TakeSeveral(3, WAIT_MS, false));
    CHECK_INT(entryCount, 3);
    CHECK(TakeSeveral(3, WAIT_MS, false));
    CHECK_INT(entryCount, 2);
    CHECK(entries[0].lpOverlapped == &marks[3]);
}

/*
 * "returns TRUE when at least one pending I/O is completed, but it is possible that one or more I/O
 * operations failed"
 */
TEST("packet: GetQueuedCompletionStatusEx is TRUE for a failed operation, too")
{
    Claims_OpenPairWithPort();
    Claims_BeginPending(server, operation);
    CHECK(CancelIoEx((HANDLE)server, NULL));
    CHECK(TakeSeveral(1, WAIT_MS, false));
    CHECK_INT(entryCount, 1);
    CHECK(entries[0].lpOverlapped == &operation->overlapped);
    CHECK_INT(Claims_GetError(operation), ERROR_OPERATION_ABORTED);
}

TEST("packet: GetQueuedCompletionStatusEx fails with 258 at a timeout")
{
    Claims_OpenPort(0);
    CHECK_ERROR(!TakeSeveral(2, 0, false), WAIT_TIMEOUT);
    Claims_Report("the count of GetQueuedCompletionStatusEx after a timeout, 77 before",
                  "means something only after TRUE", "%lu", entryCount);
}

static volatile LONG apcCount;

static void CALLBACK CountApc(ULONG_PTR unused)
{
    (void)unused;
    InterlockedIncrement(&apcCount);
}

/* A worker that waits with GetQueuedCompletionStatus runs no routines; Ex can be told to. */
TEST("packet: GetQueuedCompletionStatus runs no APC, the Ex can")
{
    Claims_OpenPort(0);
    apcCount = 0;
    CHECK(QueueUserAPC(CountApc, GetCurrentThread(), 0) != 0);
    CHECK(Claims_IsPortQuiet());
    CHECK_INT(apcCount, 0);
    CHECK(!TakeSeveral(1, WAIT_MS, true));
    CHECK_INT(apcCount, 1);
}

/* --- The packet is faster than the call -------------------------------------------------------*/

static volatile LONG takenRound; /* of the last packet that the worker has taken */

static void TakeRounds(void *unused)
{
    Packet packet;

    (void)unused;
    /* The packet that ends this is posted with key 0. */
    while ((packet = Claims_Take(2 * WAIT_MS)).succeeded && packet.key != 0)
        InterlockedIncrement(&takenRound);
}

/*
 * A worker may have handled the completion before the call that began the operation has returned:
 * what the call's thread does afterwards with the session can be too late.
 */
TEST("packet: it can be handled before the call has returned")
{
    ULONGLONG start;
    bool isOvertaken = false;

    Claims_OpenPairWithPort();
    takenRound = 0;
    Claims_Launch(TakeRounds);
    start = Test_Now();
    for (LONG round = 1; !isOvertaken && Test_Now() - start < RACE_MS; round++) {
        memset(&operation->overlapped, 0, sizeof(operation->overlapped));
        Claims_BeginSend(server, operation, "x");
        isOvertaken = takenRound == round;
        if (!CHECK(WAIT_FOR(takenRound, round)))
            break;
        if (round % 1000 == 0)
            CHECK(Claims_Discard(client));
    }
    Claims_Report("a packet that is handled before the call has returned", "possible", "%s",
                  isOvertaken ? "seen" : "not seen");
    Claims_Post(0, 0, NULL);
    Claims_Join();
    CHECK(takenRound > 0);
}

/* The part of it that needs no luck: the call has returned 0, and the packet is on its way. */
TEST("packet: a call that has succeeded has sent its packet")
{
    Packet packet;

    Claims_OpenPairWithPort();
    Claims_SendToServer("hello");
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    packet = Claims_Take(0);
    Claims_Report("the packet of a call that has succeeded, looked for without waiting",
                  "not documented", "%s", packet.succeeded ? "there" : "not there yet");
    if (!packet.succeeded)
        packet = Claims_Take(WAIT_MS);
    CHECK(packet.succeeded && packet.overlapped == &operation->overlapped && packet.bytes == 5);
}
