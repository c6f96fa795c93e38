/*
 * ClaimsPacket: claims about the queue of a completion port: posting, the order of packets, and the
 * ways to take them.
 * https://learn.microsoft.com/windows/win32/fileio/postqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/fileio/getqueuedcompletionstatusex-func
 */
#include "Claims.h"
#include "ThreadManager.h"

#include <string.h>

#define RACE_MS 3000 /* the longest that a claim tries its luck */

/* Nothing looks into them: the OVERLAPPED of a posted packet may be any pointer. */
static OVERLAPPED marks[5];

/* What was posted comes out: bytes, key and pointer are whatever the program likes, NULL, too. */
static void PostedAsGiven(void)
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
static void FirstInFirstOut(void)
{
    HANDLE port = Claims_OpenPort(0);

    for (ULONG_PTR i = 0; i < 5; i++)
        CHECK(PostQueuedCompletionStatus(port, (DWORD)i, i, &marks[i]));
    for (ULONG_PTR i = 0; i < 5; i++) {
        Packet packet = Claims_Take(port, WAIT_MS);

        CHECK(packet.succeeded);
        CHECK_INT(packet.bytes, i);
        CHECK(packet.overlapped == &marks[i]);
    }
}

/* Completions of operations and posted packets stand in one queue. */
static void OneQueueForBoth(void)
{
    HANDLE port = Claims_OpenPort(0);
    Operation *operation = Claims_NewOperation();
    SOCKET client, server;
    Packet packet;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(Claims_Associate(server, port, 1)));
    CHECK(Claims_Send(client, "x"));
    REQUIRE(CHECK(Claims_WaitForBytes(server, 1)));
    CHECK(PostQueuedCompletionStatus(port, 0, 2, &marks[0]));
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    packet = Claims_Take(port, WAIT_MS);
    CHECK(packet.succeeded && packet.key == 2 && packet.overlapped == &marks[0]);
    packet = Claims_Take(port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, operation, 1));
}

/* "the function times out, returns FALSE, and sets *lpOverlapped to NULL" */
static void TimeOut(void)
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
static void BadPort(void)
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

static void SeveralAtOnce(void)
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entries[8];
    ULONG count = 0;

    for (ULONG_PTR i = 0; i < 5; i++)
        CHECK(PostQueuedCompletionStatus(port, (DWORD)i, i, &marks[i]));
    CHECK(GetQueuedCompletionStatusEx(port, entries, 8, &count, WAIT_MS, FALSE));
    REQUIRE(CHECK_INT(count, 5));
    for (ULONG_PTR i = 0; i < 5; i++) {
        CHECK(entries[i].lpOverlapped == &marks[i]);
        CHECK_INT(entries[i].lpCompletionKey, i);
        CHECK_INT(entries[i].dwNumberOfBytesTransferred, i);
    }
}

/* "The maximum number of entries to remove": the rest stays for the next call. */
static void NoMoreThanAsked(void)
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entries[8];
    ULONG count = 0;

    for (ULONG_PTR i = 0; i < 5; i++)
        CHECK(PostQueuedCompletionStatus(port, (DWORD)i, i, &marks[i]));
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
static void FailedIsTrue(void)
{
    HANDLE port = Claims_OpenPort(0);
    Operation *operation = Claims_NewOperation();
    OVERLAPPED_ENTRY entry;
    SOCKET client, server;
    ULONG count = 0;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(Claims_Associate(server, port, 1)));
    CHECK_INT(Claims_BeginReceive(server, operation, 10), WSA_IO_PENDING);
    CHECK(CancelIoEx((HANDLE)server, NULL));
    CHECK(GetQueuedCompletionStatusEx(port, &entry, 1, &count, WAIT_MS, FALSE));
    REQUIRE(CHECK_INT(count, 1));
    CHECK(entry.lpOverlapped == &operation->overlapped);
    CHECK_INT(Claims_GetError(operation), ERROR_OPERATION_ABORTED);
}

static void TimeOutOfMany(void)
{
    HANDLE port = Claims_OpenPort(0);
    OVERLAPPED_ENTRY entries[2];
    ULONG count = 77;

    CHECK(!GetQueuedCompletionStatusEx(port, entries, 2, &count, 0, FALSE));
    CHECK_INT(GetLastError(), WAIT_TIMEOUT);
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
static void AlertableOrNot(void)
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
static void PacketBeforeReturn(void)
{
    ThreadManager threads = {0};
    Operation *operation = Claims_NewOperation();
    ULONGLONG start = Test_Now();
    SOCKET client, server;
    bool isOvertaken = false;

    racePort = Claims_OpenPort(0);
    takenRound = 0;
    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(Claims_Associate(server, racePort, 1)));
    REQUIRE(CHECK(ThreadManager_Launch(&threads, TakeRounds, NULL)));
    for (LONG round = 1; !isOvertaken && Test_Now() - start < RACE_MS; round++) {
        memset(&operation->overlapped, 0, sizeof(operation->overlapped));
        Claims_BeginSend(server, operation, "x");
        isOvertaken = takenRound == round;
        if (!CHECK(Claims_WaitForValue(&takenRound, round, WAIT_MS)))
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
static void PacketWithoutWaiting(void)
{
    HANDLE port = Claims_OpenPort(0);
    Operation *operation = Claims_NewOperation();
    SOCKET client, server;
    Packet packet;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(Claims_Associate(server, port, 1)));
    CHECK(Claims_Send(client, "hello"));
    REQUIRE(CHECK(Claims_WaitForBytes(server, 5)));
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    packet = Claims_Take(port, 0);
    Claims_Report("the packet of a call that has succeeded, looked for without waiting",
                  "not documented", "%s", packet.succeeded ? "there" : "not there yet");
    if (!packet.succeeded)
        packet = Claims_Take(port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, operation, 5));
}

const Claim packetClaims[] = {
    {"packet: PostQueuedCompletionStatus gives what it was given, NULL, too", PostedAsGiven},
    {"packet: packets come out first in, first out", FirstInFirstOut},
    {"packet: completions and posted packets stand in one queue", OneQueueForBoth},
    {"packet: a timeout is FALSE with NULL and 258", TimeOut},
    {"packet: a wait on a port that is closed fails with NULL", BadPort},
    {"packet: GetQueuedCompletionStatusEx takes several at once", SeveralAtOnce},
    {"packet: GetQueuedCompletionStatusEx takes no more than was asked for", NoMoreThanAsked},
    {"packet: GetQueuedCompletionStatusEx is TRUE for a failed operation, too", FailedIsTrue},
    {"packet: GetQueuedCompletionStatusEx fails with 258 at a timeout", TimeOutOfMany},
    {"packet: GetQueuedCompletionStatus runs no APC, the Ex can", AlertableOrNot},
    {"packet: it can be handled before the call has returned", PacketBeforeReturn},
    {"packet: a call that has succeeded has sent its packet", PacketWithoutWaiting},
    {NULL, NULL},
};
