/*
 * ClaimsRoutine: claims about completion routines and alertable waits.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nc-winsock2-lpwsaoverlapped_completion_routine
 * https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-sleepex
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsawaitformultipleevents
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex
 */
#include "Claims.h"

/* What a completion routine has been called with. hEvent of the operation leads to it. */
typedef struct Call {
    volatile LONG count;
    DWORD error;
    DWORD bytes;
    DWORD thread;
    const WSAOVERLAPPED *overlapped;
} Call;

static Call *call; /* what the routine of the claim's operation is called with */

static void CALLBACK Note(DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped, DWORD flags)
{
    Call *noted = (Call *)overlapped->hEvent;

    (void)flags;
    noted->error = error;
    noted->bytes = bytes;
    noted->thread = GetCurrentThreadId();
    noted->overlapped = overlapped;
    InterlockedIncrement(&noted->count);
}

static void CALLBACK NoteApc(ULONG_PTR noted)
{
    InterlockedIncrement(&((Call *)noted)->count);
}

/* Begins a receive of the server's. Returns 0 or the error. */
static int BeginReceive(LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    operation->overlapped.hEvent = (HANDLE)call;
    return Claims_BeginReceiveWith(server, operation, OPERATION_DATA_SIZE, routine);
}

/* Both stay when the claim is over: the routine may still be due. */
static void Renew(void)
{
    call = (Call *)NEED(calloc(1, sizeof(*call)));
    operation = Claims_NewOperation();
}

static void Open(void)
{
    Claims_OpenPair();
    Renew();
}

/* The same, with a receive that has nothing to receive. */
static void OpenPending(void)
{
    Open();
    NEED_TRUE(BeginReceive(Note) == WSA_IO_PENDING);
}

/* Waits alertably: the routine is called, once, and with this. */
static void CheckCall(DWORD error, DWORD bytes)
{
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK_INT(call->error, error);
    CHECK_INT(call->bytes, bytes);
}

/* "The completion routine will not be invoked until the thread is in an alertable wait state" */
TEST("routine: it runs only in an alertable wait")
{
    OpenPending();
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForCompletion(operation));
    Sleep(SHORT_QUIET_MS);
    CHECK_INT(call->count, 0);
    CheckCall(0, 5);
}

TEST("routine: it gets the error, the bytes and the OVERLAPPED; hEvent is free")
{
    OpenPending();
    CHECK(Claims_Send(client, "hello"));
    CheckCall(0, 5);
    CHECK(call->overlapped == &operation->overlapped);
    CHECK_TEXT(operation->data, "hello");
}

static volatile LONG hasBegun;
static DWORD owner, slept; /* the thread that has begun it, and what its wait has returned */

/* Begins the operation, and waits alertably only when the event is signalled. */
static void RunOwner(void *unused)
{
    (void)unused;
    owner = GetCurrentThreadId();
    if (BeginReceive(Note) == WSA_IO_PENDING)
        InterlockedExchange(&hasBegun, 1);
    WaitForSingleObject(event, WAIT_MS);
    slept = SleepEx(WAIT_MS, TRUE);
}

/* "the same thread that called the extended I/O function", says the page of SleepEx */
TEST("routine: it runs only on the thread that began the operation")
{
    Open();
    hasBegun = 0;
    Claims_Launch(RunOwner);
    CHECK(WAIT_FOR(hasBegun, 1));
    CHECK(Claims_Send(client, "x"));

    /* This thread waits alertably, and nothing runs here. */
    CHECK_INT(SleepEx(2 * SHORT_QUIET_MS, TRUE), 0);
    CHECK_INT(call->count, 0);
    SetEvent(event);
    Claims_Join();
    CHECK_INT(slept, WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK(call->thread == owner);
}

/* "In this case, the completion routine will have already been scheduled to be called" */
TEST("routine: an immediate success still queues the routine")
{
    Open();
    Claims_SendToServer("hello");
    CHECK_INT(BeginReceive(Note), 0);
    CHECK_INT(call->count, 0);
    CheckCall(0, 5);
}

/* "all waiting completion routines are called before the alertable thread's wait is satisfied" */
TEST("routine: one alertable wait runs all that are due")
{
    Operation *operations[3];
    Call *owned[3];

    Open();
    for (int i = 0; i < 3; i++) {
        Renew();
        operations[i] = operation;
        owned[i] = call;
        CHECK_INT(BeginReceive(Note), WSA_IO_PENDING);
    }
    CHECK_INT(shutdown(client, SD_SEND), 0);
    for (int i = 0; i < 3; i++)
        CHECK(Claims_WaitForCompletion(operations[i]));
    Sleep(SHORT_QUIET_MS);
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    for (int i = 0; i < 3; i++)
        CHECK_INT(owned[i]->count, 1);
}

/* The wait ends with WSA_WAIT_IO_COMPLETION, and the event is not signalled. */
TEST("routine: it ends a wait for events with 192")
{
    OpenPending();
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(WSAWaitForMultipleEvents(1, &event, FALSE, WAIT_MS, TRUE), WSA_WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK(!Claims_IsSignalled(event));
    CHECK_INT(WSA_WAIT_IO_COMPLETION, 192);
}

/* The routine gets Winsock's number, where a completion port gives the system's. */
TEST("routine: a reset comes as 10054")
{
    OpenPending();
    Peer_Reset(&client);
    CheckCall(WSAECONNRESET, 0);
}

TEST("routine: CancelIoEx comes as 995")
{
    OpenPending();
    CHECK(CancelIoEx((HANDLE)server, &operation->overlapped));
    CheckCall(WSA_OPERATION_ABORTED, 0);
}

/* It may begin the next operation: that is how a session goes on. */
static void CALLBACK BeginNext(DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped, DWORD flags)
{
    Note(error, bytes, overlapped, flags);
    Renew();
    CHECK_INT(BeginReceive(Note), WSA_IO_PENDING);
}

TEST("routine: it may begin the next operation")
{
    Open();
    CHECK_INT(BeginReceive(BeginNext), WSA_IO_PENDING);
    CHECK(Claims_Send(client, "a"));
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK(Claims_Send(client, "b"));
    CheckCall(0, 1);
    CHECK_TEXT(operation->data, "b");
}

/* Sends when the call has been made, or after a while. */
static void SendLate(void *unused)
{
    (void)unused;
    Test_WaitForValue(&call->count, 1, 4 * SHORT_QUIET_MS, "it");
    send(client, "x", 1, 0);
}

/*
 * "Winsock performs an alertable wait in this situation, which can be interrupted by an
 * asynchronous procedure call (APC) scheduled on the same thread."
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-recv
 */
TEST("routine: an APC may run inside a blocking call")
{
    LONG inside;

    Open();
    CHECK(QueueUserAPC(NoteApc, GetCurrentThread(), (ULONG_PTR)call) != 0);
    Claims_Launch(SendLate);
    CHECK_INT(Claims_ReceiveByte(server), 1);
    inside = call->count;
    Claims_Report("an APC that is due while the thread waits inside recv", "may run inside recv",
                  "%s", inside == 1 ? "runs inside recv" : "waits for an alertable wait");
    if (inside == 0)
        CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    Claims_Join();
}

static int otherError;

static void BeginOnce(void *unused)
{
    (void)unused;
    otherError = Claims_BeginReceive(server, operation, 10);
}

/* Has another thread begin the server's receive and end. */
static void BeginOnOtherThread(void)
{
    Claims_Launch(BeginOnce);
    Claims_Join();
    CHECK_INT(otherError, WSA_IO_PENDING);
}

/*
 * "all pending I/O initiated by the thread that is not associated with a completion port is
 * canceled"
 * https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
 */
TEST("routine: a thread that ends may take its operations with it")
{
    bool isOver;

    Open();
    BeginOnOtherThread();
    isOver = Claims_HasCompletedWithin(operation, 4 * SHORT_QUIET_MS);
    Claims_ReportError("a receive of a thread that has ended, socket without a port",
                       "is cancelled, 995", isOver ? (int)Claims_GetError(operation) : 0, "goes on",
                       "is cancelled");
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForCompletion(operation));
    CHECK_INT(Claims_GetError(operation), isOver ? ERROR_OPERATION_ABORTED : 0);
}

TEST("routine: a thread that ends leaves operations of a port's sockets")
{
    Claims_OpenPairWithPort();
    BeginOnOtherThread();
    CHECK(Claims_IsPortQuiet());
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_TakesPacketOf(operation, 1));
}
