/*
 * InstrumentOverlapped: see InstrumentOverlapped.h.
 */
#include "InstrumentOverlapped.h"
#include "InstrumentFault.h"
#include "InstrumentGuardHeap.h"
#include "InstrumentOperation.h"
#include "InstrumentOptions.h"
#include "InstrumentTrace.h"

static void CALLBACK CompletionRoutine(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped,
                                       DWORD flags);

/* --- The call that begins it ---------------------------------------------------------------- */

static void ReportReuse(const Call *call, const Operation *operation)
{
    Finding finding;

    Finding_Begin(&finding, 5, "%s is given an OVERLAPPED that a %s still uses",
                  apiInfos[call->api].name, apiInfos[operation->api].name);
    Operation_AddBegan(operation, &finding);
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding,
                "both write their result into it, and a completion no longer says which of "
                "them it is of");
}

/* In an operation on a file the offset says where in the file. */
static void CheckZeroed(const Call *call, const OVERLAPPED *overlapped)
{
    bool isFile =
        call->api == API_ReadFile || call->api == API_WriteFile || call->api == API_TransmitFile;
    Finding finding;

    if (overlapped->Internal == 0 && overlapped->InternalHigh == 0 &&
        (isFile || (overlapped->Offset == 0 && overlapped->OffsetHigh == 0)))
        return;
    Finding_Begin(&finding, 5, "%s is given an OVERLAPPED that is not zeroed",
                  apiInfos[call->api].name);
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding, "what it holds is of an operation before, or of nothing at all: the call "
                          "may fail or find a wrong event");
}

/* Under the lock. One that is outstanding stays in the list: its completion is still to come. */
static void CheckReuse(const Call *call, const OVERLAPPED *overlapped)
{
    Operation *operation = Operation_Find(overlapped);

    while (operation != NULL && operation->way == BY_EVENT && !Operation_IsOutstanding(operation)) {
        Operation_Remove(operation);
        operation = Operation_Find(overlapped);
    }
    if (!instrument.isVerifying)
        return;
    if (operation != NULL && Operation_IsOutstanding(operation))
        ReportReuse(call, operation);
    else if (call->api != API_PostQueuedCompletionStatus)
        CheckZeroed(call, overlapped);
}

static void CheckReceives(const Call *call, Resource *resource)
{
    Finding finding;

    if (resource->receives > 0)
        Operation_RemoveOver(resource);
    if (++resource->receives != 2 || !instrument.isVerifying)
        return;
    Finding_Begin(&finding, RULE_WARNING, "a second receive is outstanding on one socket");
    Call_AddPlace(call, &finding, "");
    Finding_End(&finding, "the buffers fill in order, but two threads may handle them in any");
}

static Way GetWay(const Call *call, const OVERLAPPED *overlapped, bool hasRoutine)
{
    if (hasRoutine)
        return BY_ROUTINE;
    if (call->resource != NULL && call->resource->port != NULL &&
        ((uintptr_t)overlapped->hEvent & 1) == 0)
        return BY_PORT;
    return BY_EVENT;
}

void Overlapped_Begin(Call *call, void *overlapped, const WSABUF *buffers, DWORD count,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE *routine)
{
    bool hasRoutine = routine != NULL && *routine != NULL;
    OVERLAPPED *own = (OVERLAPPED *)overlapped;
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    GuardHeap_CheckRange(call, overlapped, sizeof(*own), "an OVERLAPPED");
    GuardHeap_CheckBuffers(call, buffers, count);
    if (instrument.isVerifying)
        Registry_CheckOpen(call, (HANDLE)((uintptr_t)own->hEvent & ~(uintptr_t)1));
    AcquireSRWLockExclusive(&registryLock);
    CheckReuse(call, own);
    operation = Operation_Add(call, own, count);
    operation->resource = call->resource;
    operation->way = GetWay(call, own, hasRoutine);
    if (hasRoutine) {
        operation->routine = *routine;
        *routine = CompletionRoutine;
    }
    Operation_AddRange(operation, overlapped, sizeof(*own));
    for (DWORD i = 0; i < count; i++)
        Operation_AddRange(operation, buffers[i].buf, buffers[i].len);
    if (call->resource != NULL) {
        call->resource->operations++;
        if (call->api == API_WSARecv)
            CheckReceives(call, call->resource);
    }
    ReleaseSRWLockExclusive(&registryLock);
    Trace_AddFlow(call->thread, 's', call->api, call->operation);
    SetLastError(call->error);
}

void Overlapped_AddRange(Call *call, void *overlapped, const void *memory, size_t size)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    GuardHeap_CheckRange(call, memory, size, "a buffer");
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    if (operation != NULL && operation->id == call->operation)
        Operation_AddRange(operation, memory, size);
    ReleaseSRWLockExclusive(&registryLock);
    SetLastError(call->error);
}

void Overlapped_SetAcceptSocket(void *overlapped, SOCKET socket)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    if (operation != NULL)
        operation->acceptSocket = socket;
    ReleaseSRWLockExclusive(&registryLock);
}

/* Under the lock. The socket of an AcceptEx or ConnectEx has become a connected one. */
static void MarkConnected(const Operation *operation)
{
    if (operation->api == API_ConnectEx && operation->resource != NULL)
        operation->resource->lacksConnectContext = true;
    if (operation->api == API_AcceptEx)
        Registry_SetAccepted((HANDLE)operation->acceptSocket, operation->resource);
}

void Overlapped_Returned(Call *call, void *overlapped, bool isDone)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    /* Another thread may have taken the completion already, and begun the next operation. */
    if (operation != NULL && operation->id == call->operation) {
        bool isOver = isDone && operation->way == BY_PORT && operation->resource != NULL &&
                      operation->resource->isSkipping;

        operation->isCalling = false;
        Operation_LookAtStatus(operation);
        if (isOver)
            MarkConnected(operation);
        if (isOver || (!isDone && call->error != WSA_IO_PENDING))
            Operation_Remove(operation);
    }
    ReleaseSRWLockExclusive(&registryLock);
    if (!isDone && call->error == WSA_IO_PENDING)
        Call_SetResult(call, "pending");
    SetLastError(call->error);
}

/* --- Packets that are posted by hand -------------------------------------------------------- */

void Overlapped_BeginPost(Call *call, void *overlapped)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    if (operation == NULL || operation->way != BY_HAND) {
        CheckReuse(call, (const OVERLAPPED *)overlapped);
        operation = Operation_Add(call, (OVERLAPPED *)overlapped, 0);
        operation->way = BY_HAND;
        Operation_AddRange(operation, overlapped, sizeof(OVERLAPPED));
    }
    operation->posted++;
    call->operation = operation->id;
    ReleaseSRWLockExclusive(&registryLock);
    Trace_AddFlow(call->thread, 's', call->api, call->operation);
    SetLastError(call->error);
}

/* Under the lock: one packet less is in the queue. */
static void TakePosted(Operation *operation)
{
    if (--operation->posted == 0)
        Operation_Remove(operation);
}

void Overlapped_EndPost(Call *call, void *overlapped, bool isPosted)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL || isPosted)
        return;
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    if (operation != NULL && operation->id == call->operation)
        TakePosted(operation);
    ReleaseSRWLockExclusive(&registryLock);
    SetLastError(call->error);
}

/* --- The completion ------------------------------------------------------------------------- */

/* What has begun the operation. False: none is outstanding, or it was posted by hand. */
static bool GetApi(void *overlapped, Api *api, InstrumentPlace *place)
{
    Operation *operation;
    bool isFound;

    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    isFound = operation != NULL && operation->way != BY_HAND;
    if (isFound) {
        *api = operation->api;
        *place = operation->place;
    }
    ReleaseSRWLockExclusive(&registryLock);
    return isFound;
}

bool Overlapped_HasFault(void *overlapped, DWORD *error)
{
    InstrumentPlace began;
    Api api;

    return instrument.isFaulting && overlapped != NULL && GetApi(overlapped, &api, &began) &&
           Fault_ForOutcome(OUTCOME_COMPLETION, api, began, error);
}

static void ReportUnknown(const Call *call)
{
    Finding finding;

    Finding_Begin(&finding, 5,
                  "a completion came for an OVERLAPPED with which nothing is outstanding");
    Call_AddPlace(call, &finding, "taken");
    Finding_End(&finding,
                "its completion was handled before, or its operation had failed at once, or "
                "its memory was used for something else");
}

static void SetCompletionResult(Call *call, const Operation *operation, DWORD bytes, DWORD error)
{
    if (call->result[0] != '\0')
        Call_SetResult(call, "several completions");
    else if (error != 0)
        Call_SetResult(call, "%s, error %lu", apiInfos[operation->api].name, error);
    else
        Call_SetResult(call, "%s, %lu bytes", apiInfos[operation->api].name, bytes);
}

/* Under the lock: its completion was taken, with this result. */
static void Finish(Call *call, Operation *operation, DWORD bytes, DWORD error)
{
    SetCompletionResult(call, operation, bytes, error);
    if (error == 0)
        MarkConnected(operation);
    if (operation->way == BY_HAND)
        TakePosted(operation);
    else
        Operation_Remove(operation);
}

void Overlapped_Dequeued(Call *call, void *overlapped, DWORD bytes, DWORD error)
{
    Operation *operation;
    Api api = API_COUNT;
    LONG id = 0;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    if (operation != NULL) {
        api = operation->api;
        id = operation->id;
        Finish(call, operation, bytes, error);
    }
    ReleaseSRWLockExclusive(&registryLock);
    if (id != 0)
        Trace_AddFlow(call->thread, 'f', api, id);
    else if (instrument.isVerifying)
        ReportUnknown(call);
    SetLastError(call->error);
}

void Overlapped_Collected(Call *call, void *overlapped, DWORD bytes, DWORD error)
{
    Operation *operation;
    Api api = API_COUNT;
    LONG id = 0;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    /* It may still be pending: WSAGetOverlappedResult has other reasons to fail, too. */
    if (operation != NULL && operation->way == BY_EVENT &&
        !Operation_IsPending(operation->overlapped)) {
        api = operation->api;
        id = operation->id;
        Finish(call, operation, bytes, error);
    }
    ReleaseSRWLockExclusive(&registryLock);
    if (id != 0)
        Trace_AddFlow(call->thread, 'f', api, id);
    SetLastError(call->error);
}

static LPWSAOVERLAPPED_COMPLETION_ROUTINE TakeRoutine(void *overlapped, Api *api, LONG *id)
{
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine = NULL;
    Operation *operation;

    AcquireSRWLockExclusive(&registryLock);
    operation = Operation_Find(overlapped);
    if (operation != NULL) {
        routine = operation->routine;
        *api = operation->api;
        *id = operation->id;
        Operation_Remove(operation);
    }
    ReleaseSRWLockExclusive(&registryLock);
    return routine;
}

/* In place of the program's completion routine; the operation knows which that is. */
static void CALLBACK CompletionRoutine(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped,
                                       DWORD flags)
{
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine;
    Thread *thread = Thread_GetCurrent();
    LONGLONG begin = Trace_Now();
    DWORD fault = WSAECONNRESET;
    Api api = API_COUNT;
    LONG id = 0;
    char result[64];

    if (error == 0 && Overlapped_HasFault(overlapped, &fault)) {
        error = fault;
        bytes = 0;
    }
    routine = TakeRoutine(overlapped, &api, &id);
    if (routine == NULL)
        return;
    snprintf(result, sizeof(result), "%s, %lu %s", apiInfos[api].name, error != 0 ? error : bytes,
             error != 0 ? "is the error" : "bytes");
    Thread_BeginRoutine(thread);
    Trace_AddFlow(thread, 'f', api, id);
    routine(error, bytes, overlapped, flags);
    Thread_EndRoutine(thread);
    if (instrument.isTracing)
        Trace_AddRoutine(thread, begin, result);
}
