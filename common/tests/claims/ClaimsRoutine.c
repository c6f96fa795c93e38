/*
 * ClaimsRoutine: claims about completion routines and alertable waits.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nc-winsock2-lpwsaoverlapped_completion_routine
 * https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-sleepex
 */
#include "Claims.h"
#include "ThreadManager.h"

#define CALL_MAX 100

/* What a completion routine has been called with. hEvent of the operation leads to it. */
typedef struct Call {
    volatile LONG count;
    DWORD error;
    DWORD bytes;
    DWORD thread;
    const WSAOVERLAPPED *overlapped;
} Call;

static Call calls[CALL_MAX]; /* none is used twice: a routine may still be due after its claim */
static int callCount;

static Call *NewCall(void)
{
    /* Should there be more claims than calls, CHECK says so, and the last one serves them all. */
    if (CHECK(callCount < CALL_MAX))
        callCount++;
    return &calls[callCount - 1];
}

static void CALLBACK Note(DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped, DWORD flags)
{
    Call *call = (Call *)overlapped->hEvent;

    (void)flags;
    call->error = error;
    call->bytes = bytes;
    call->thread = GetCurrentThreadId();
    call->overlapped = overlapped;
    InterlockedIncrement(&call->count);
}

static void CALLBACK NoteApc(ULONG_PTR call)
{
    ((Call *)call)->thread = GetCurrentThreadId();
    InterlockedIncrement(&((Call *)call)->count);
}

/* Begins a receive with the routine Note. Returns 0 or the error. */
static int BeginReceive(SOCKET socket, Operation *operation, Call *call)
{
    DWORD flags = 0;
    WSABUF buffer;

    buffer.buf = operation->data;
    buffer.len = OPERATION_DATA_SIZE;
    operation->overlapped.hEvent = (HANDLE)call;
    return WSARecv(socket, &buffer, 1, NULL, &flags, &operation->overlapped, Note) == 0
               ? 0
               : WSAGetLastError();
}

/* What most claims begin with. */
static bool Begin(SOCKET *client, SOCKET *server, Operation **operation, Call **call)
{
    int error;

    *operation = Claims_NewOperation();
    *call = NewCall();
    if (!Peer_OpenPair(client, server))
        return false;
    error = BeginReceive(*server, *operation, *call);
    return error == WSA_IO_PENDING || Test_Explain("WSARecv gave %d", error);
}

/* "The completion routine will not be invoked until the thread is in an alertable wait state" */
static void OnlyInAlertableWait(void)
{
    Operation *operation;
    Call *call;
    SOCKET client, server;

    REQUIRE(CHECK(Begin(&client, &server, &operation, &call)));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForCompletion(operation));
    Sleep(SHORT_QUIET_MS);
    CHECK_INT(call->count, 0);
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
}

/* What it gets: error, bytes, and the OVERLAPPED of its operation. */
static void WhatItGets(void)
{
    Operation *operation;
    Call *call;
    SOCKET client, server;

    REQUIRE(CHECK(Begin(&client, &server, &operation, &call)));
    CHECK(Claims_Send(client, "hello"));
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK_INT(call->error, 0);
    CHECK_INT(call->bytes, 5);
    CHECK(call->overlapped == &operation->overlapped);
    CHECK_TEXT(operation->data, "hello");
}

/* --- Whose thread -----------------------------------------------------------------------------*/

typedef struct Owner {
    SOCKET socket;
    Operation *operation;
    Call *call;
    volatile LONG begun;
    HANDLE mayWait;
    DWORD thread;
    DWORD slept;
} Owner;

/* Begins the operation, and waits alertably only when it is told to. */
static void RunOwner(void *argument)
{
    Owner *owner = argument;

    owner->thread = GetCurrentThreadId();
    if (BeginReceive(owner->socket, owner->operation, owner->call) == WSA_IO_PENDING)
        InterlockedExchange(&owner->begun, 1);
    WaitForSingleObject(owner->mayWait, WAIT_MS);
    owner->slept = SleepEx(WAIT_MS, TRUE);
}

/* "the same thread that called the extended I/O function", says the page of SleepEx */
static void OnlyOnItsThread(void)
{
    static Owner owner;
    ThreadManager threads = {0};
    SOCKET client, server;

    owner = (Owner){INVALID_SOCKET, Claims_NewOperation(), NewCall(), 0, Claims_OpenEvent(), 0, 0};
    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    owner.socket = server;
    REQUIRE(CHECK(ThreadManager_Launch(&threads, RunOwner, &owner)));
    CHECK(Claims_WaitForValue(&owner.begun, 1, WAIT_MS));
    CHECK(Claims_Send(client, "x"));

    /* This thread waits alertably, and nothing runs here. */
    CHECK_INT(SleepEx(2 * SHORT_QUIET_MS, TRUE), 0);
    CHECK_INT(owner.call->count, 0);
    SetEvent(owner.mayWait);
    ThreadManager_Join(&threads);
    CHECK_INT(owner.slept, WAIT_IO_COMPLETION);
    CHECK_INT(owner.call->count, 1);
    CHECK(owner.call->thread == owner.thread);
}

/* --- When and how many ------------------------------------------------------------------------*/

/* "In this case, the completion routine will have already been scheduled to be called" */
static void ImmediateSuccessQueues(void)
{
    Operation *operation = Claims_NewOperation();
    Call *call = NewCall();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK(Claims_Send(client, "hello"));
    REQUIRE(CHECK(Claims_WaitForBytes(server, 5)));
    CHECK_INT(BeginReceive(server, operation, call), 0);
    CHECK_INT(call->count, 0);
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK_INT(call->bytes, 5);
}

/* "all waiting completion routines are called before the alertable thread's wait is satisfied" */
static void OneWaitRunsAll(void)
{
    Operation *operations[3];
    Call *owned[3];
    SOCKET client, server;

    REQUIRE(CHECK(Begin(&client, &server, &operations[0], &owned[0])));
    for (int i = 1; i < 3; i++) {
        operations[i] = Claims_NewOperation();
        owned[i] = NewCall();
        CHECK_INT(BeginReceive(server, operations[i], owned[i]), WSA_IO_PENDING);
    }
    CHECK_INT(shutdown(client, SD_SEND), 0);
    for (int i = 0; i < 3; i++)
        CHECK(Claims_WaitForCompletion(operations[i]));
    Sleep(SHORT_QUIET_MS);
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    for (int i = 0; i < 3; i++)
        CHECK_INT(owned[i]->count, 1);
}

/*
 * The wait ends with WSA_WAIT_IO_COMPLETION, and the event is not signalled.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsawaitformultipleevents
 */
static void WaitForEventsAlertably(void)
{
    HANDLE event = Claims_OpenEvent();
    Operation *operation;
    Call *call;
    SOCKET client, server;

    REQUIRE(CHECK(Begin(&client, &server, &operation, &call)));
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(WSAWaitForMultipleEvents(1, &event, FALSE, WAIT_MS, TRUE), WSA_WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK(!Claims_IsSignalled(event));
    CHECK_INT(WSA_WAIT_IO_COMPLETION, 192);
}

/* The routine gets Winsock's number, where a completion port gives the system's. */
static void ResetIs10054(void)
{
    Operation *operation;
    Call *call;
    SOCKET client, server;

    REQUIRE(CHECK(Begin(&client, &server, &operation, &call)));
    Peer_Reset(&client);
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK_INT(call->error, WSAECONNRESET);
    CHECK_INT(call->bytes, 0);
}

/* https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex */
static void CancelIs995(void)
{
    Operation *operation;
    Call *call;
    SOCKET client, server;

    REQUIRE(CHECK(Begin(&client, &server, &operation, &call)));
    CHECK(CancelIoEx((HANDLE)server, &operation->overlapped));
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(call->count, 1);
    CHECK_INT(call->error, WSA_OPERATION_ABORTED);
}

/* It may begin the next operation: that is how a session goes on. */
static Call *nextCall;
static Operation *nextOperation;
static int nextError;
static SOCKET nextSocket;

static void CALLBACK BeginNext(DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped, DWORD flags)
{
    Note(error, bytes, overlapped, flags);
    nextError = BeginReceive(nextSocket, nextOperation, nextCall);
}

static void BeginsTheNext(void)
{
    Operation *operation = Claims_NewOperation();
    Call *call = NewCall();
    SOCKET client, server;
    WSABUF buffer;
    DWORD flags = 0;

    nextOperation = Claims_NewOperation();
    nextCall = NewCall();
    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    nextSocket = server;
    buffer.buf = operation->data;
    buffer.len = OPERATION_DATA_SIZE;
    operation->overlapped.hEvent = (HANDLE)call;
    CHECK_INT(WSARecv(server, &buffer, 1, NULL, &flags, &operation->overlapped, BeginNext),
              SOCKET_ERROR);
    CHECK_INT(WSAGetLastError(), WSA_IO_PENDING);
    CHECK(Claims_Send(client, "a"));
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(nextError, WSA_IO_PENDING);
    CHECK(Claims_Send(client, "b"));
    CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(nextCall->count, 1);
    CHECK_TEXT(nextOperation->data, "b");
}

/* --- Blocking calls ---------------------------------------------------------------------------*/

typedef struct LateSender {
    SOCKET socket;
    Call *call;
} LateSender;

/* Sends when the call has been made, or after a while. */
static void SendLate(void *argument)
{
    LateSender *sender = argument;

    Claims_WaitForValue(&sender->call->count, 1, 4 * SHORT_QUIET_MS);
    send(sender->socket, "x", 1, 0);
}

/*
 * "Winsock performs an alertable wait in this situation, which can be interrupted by an
 * asynchronous procedure call (APC) scheduled on the same thread."
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-recv
 */
static void InsideBlockingCall(void)
{
    static LateSender sender;
    ThreadManager threads = {0};
    SOCKET client, server;
    LONG inside;
    char byte;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    sender.socket = client;
    sender.call = NewCall();
    CHECK(QueueUserAPC(NoteApc, GetCurrentThread(), (ULONG_PTR)sender.call) != 0);
    REQUIRE(CHECK(ThreadManager_Launch(&threads, SendLate, &sender)));
    CHECK_INT(recv(server, &byte, 1, 0), 1);
    inside = sender.call->count;
    Claims_Report("an APC that is due while the thread waits inside recv", "may run inside recv",
                  "%s", inside == 1 ? "runs inside recv" : "waits for an alertable wait");
    if (inside == 0)
        CHECK_INT(SleepEx(WAIT_MS, TRUE), WAIT_IO_COMPLETION);
    CHECK_INT(sender.call->count, 1);
    ThreadManager_Join(&threads);
}

/* --- A thread that ends -----------------------------------------------------------------------*/

typedef struct Beginner {
    SOCKET socket;
    Operation *operation;
    int error;
} Beginner;

static void RunBeginner(void *argument)
{
    Beginner *beginner = argument;

    beginner->error = Claims_BeginReceive(beginner->socket, beginner->operation, 10);
}

/* Has another thread begin a receive and end. */
static bool BeginOnOtherThread(SOCKET socket, Operation *operation)
{
    Beginner beginner = {socket, operation, 0};
    ThreadManager threads = {0};

    if (!ThreadManager_Launch(&threads, RunBeginner, &beginner))
        return Test_Explain("no thread: error %lu", GetLastError());
    ThreadManager_Join(&threads);
    return beginner.error == WSA_IO_PENDING || Test_Explain("WSARecv gave %d", beginner.error);
}

/*
 * "all pending I/O initiated by the thread that is not associated with a completion port is
 * canceled"
 * https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
 */
static void EndOfThread(void)
{
    static const char topic[] = "a receive of a thread that has ended, socket without a port";
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginOnOtherThread(server, operation)));
    if (Claims_HasCompletedWithin(operation, 4 * SHORT_QUIET_MS)) {
        CHECK_INT(Claims_GetError(operation), ERROR_OPERATION_ABORTED);
        Claims_Report(topic, "is cancelled, 995", "is cancelled, %lu", Claims_GetError(operation));
    } else {
        Claims_Report(topic, "is cancelled, 995", "goes on");
        CHECK(Claims_Send(client, "x"));
        CHECK(Claims_WaitForCompletion(operation));
    }
}

static void EndOfThreadWithPort(void)
{
    HANDLE port = Claims_OpenPort(0);
    Operation *operation = Claims_NewOperation();
    SOCKET client, server;
    Packet packet;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(Claims_Associate(server, port, 1)));
    REQUIRE(CHECK(BeginOnOtherThread(server, operation)));
    CHECK(Claims_IsPortQuiet(port));
    CHECK(Claims_Send(client, "x"));
    packet = Claims_Take(port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, operation, 1));
}

const Claim routineClaims[] = {
    {"routine: it runs only in an alertable wait", OnlyInAlertableWait},
    {"routine: it gets the error, the bytes and the OVERLAPPED; hEvent is free", WhatItGets},
    {"routine: it runs only on the thread that began the operation", OnlyOnItsThread},
    {"routine: an immediate success still queues the routine", ImmediateSuccessQueues},
    {"routine: one alertable wait runs all that are due", OneWaitRunsAll},
    {"routine: it ends a wait for events with 192", WaitForEventsAlertably},
    {"routine: a reset comes as 10054", ResetIs10054},
    {"routine: CancelIoEx comes as 995", CancelIs995},
    {"routine: it may begin the next operation", BeginsTheNext},
    {"routine: an APC may run inside a blocking call", InsideBlockingCall},
    {"routine: a thread that ends may take its operations with it", EndOfThread},
    {"routine: a thread that ends leaves operations of a port's sockets", EndOfThreadWithPort},
    {NULL, NULL},
};
