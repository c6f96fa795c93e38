/*
 * InstrumentOperation: see InstrumentOperation.h.
 */
#include "InstrumentOperation.h"
#include "InstrumentGuardHeap.h"
#include "InstrumentMemory.h"

#define BUCKETS 4096

#define STATUS_OF_PENDING ((ULONG_PTR)0x103) /* OVERLAPPED.Internal while it is outstanding */

static Operation *operations[BUCKETS];
static LONG lastId;

static Operation **OperationBucket(const void *overlapped)
{
    return &operations[((uintptr_t)overlapped >> 4) % BUCKETS];
}

Operation *Operation_Find(const void *overlapped)
{
    Operation *operation = *OperationBucket(overlapped);

    while (operation != NULL && operation->overlapped != overlapped)
        operation = operation->next;
    return operation;
}

/* The program may have freed the memory without our seeing it: a plain access could crash. */
bool Operation_IsPending(const OVERLAPPED *overlapped)
{
    ULONG_PTR status = 0;

    return ReadProcessMemory(GetCurrentProcess(), &overlapped->Internal, &status, sizeof(status),
                             NULL) &&
           status == STATUS_OF_PENDING;
}

bool Operation_IsOutstanding(const Operation *operation)
{
    if (operation->isReported)
        return false;
    return operation->way != BY_EVENT || Operation_IsPending(operation->overlapped);
}

static bool IsOnStack(const Thread *thread, const void *memory)
{
    return (const char *)memory >= thread->stackEnd && (const char *)memory < thread->stackTop;
}

/* Operation_IsOutstanding where the function whose variable the OVERLAPPED is may have returned. */
static bool WasOutstanding(const Operation *operation)
{
    if (operation->way == BY_EVENT && IsOnStack(operation->thread, operation->overlapped))
        return operation->wasPending && !operation->isReported;
    return Operation_IsOutstanding(operation);
}

void Operation_LookAtStatus(Operation *operation)
{
    if (IsOnStack(operation->thread, operation->overlapped))
        operation->wasPending = operation->overlapped->Internal == STATUS_OF_PENDING;
}

void Operation_AddBegan(const Operation *operation, Finding *finding)
{
    Finding_AddPlace(finding, "began", apiInfos[operation->api].name, operation->place,
                     operation->thread);
}

/* --- The list ------------------------------------------------------------------------------- */

Operation *Operation_Add(Call *call, OVERLAPPED *overlapped, DWORD buffers)
{
    size_t size = sizeof(Operation) + (buffers + 2) * sizeof(Range);
    Operation *operation = (Operation *)Memory_Allocate(size);
    Operation **bucket = OperationBucket(overlapped);

    operation->overlapped = overlapped;
    operation->id = ++lastId;
    operation->api = call->api;
    operation->place = call->place;
    operation->thread = call->thread;
    operation->acceptSocket = INVALID_SOCKET;
    operation->isCalling = true;
    operation->next = *bucket;
    *bucket = operation;
    call->operation = operation->id;
    return operation;
}

void Operation_AddRange(Operation *operation, const void *memory, size_t size)
{
    Range *range = &operation->ranges[operation->rangeCount++];

    range->memory = (const char *)memory;
    range->size = size;
    GuardHeap_Pin(memory, 1);
    if (!operation->isOnStack && IsOnStack(operation->thread, memory)) {
        operation->isOnStack = true;
        operation->nextOnStack = operation->thread->stackOperations;
        operation->thread->stackOperations = operation;
    }
}

static void PinRanges(const Operation *operation, int change)
{
    for (int i = 0; i < operation->rangeCount; i++)
        GuardHeap_Pin(operation->ranges[i].memory, change);
}

void Operation_Remove(Operation *operation)
{
    Operation **at = OperationBucket(operation->overlapped);

    while (*at != operation)
        at = &(*at)->next;
    *at = operation->next;
    if (operation->isOnStack) {
        at = &operation->thread->stackOperations;
        while (*at != operation)
            at = &(*at)->nextOnStack;
        *at = operation->nextOnStack;
    }
    if (operation->resource != NULL) {
        operation->resource->operations--;
        if (operation->api == API_WSARecv)
            operation->resource->receives--;
    }
    if (!operation->isReported)
        PinRanges(operation, -1);
    Memory_Release(operation);
}

void Operation_RemoveOver(const Resource *resource)
{
    for (int i = 0; i < BUCKETS; i++) {
        Operation *next;

        for (Operation *operation = operations[i]; operation != NULL; operation = next) {
            next = operation->next;
            if (operation->resource == resource && operation->way == BY_EVENT &&
                !operation->isCalling && !WasOutstanding(operation))
                Operation_Remove(operation);
        }
    }
}

/* --- Memory that goes ----------------------------------------------------------------------- */

static bool Overlaps(const Operation *operation, const char *memory, size_t size)
{
    for (int i = 0; i < operation->rangeCount; i++) {
        const Range *range = &operation->ranges[i];

        if (range->memory < memory + size && memory < range->memory + range->size)
            return true;
    }
    return false;
}

/* Its memory is gone: nothing in it is looked at any more. */
static void ForgetMemory(Operation *operation)
{
    PinRanges(operation, -1);
    operation->isReported = true;
}

static void ReportFreed(const Call *call, const Operation *operation, const char *memory,
                        size_t size)
{
    bool isOverlapped = (const char *)operation->overlapped >= memory &&
                        (const char *)operation->overlapped < memory + size;
    Finding finding;

    Finding_Begin(&finding, 4, "%s gives back memory with the %s of a %s that is outstanding",
                  apiInfos[call->api].name, isOverlapped ? "OVERLAPPED" : "buffer",
                  apiInfos[operation->api].name);
    Operation_AddBegan(operation, &finding);
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding,
                operation->way == BY_HAND
                    ? "whoever takes the packet from the port gets a pointer to nothing"
                    : "the system will still write there, whoever has the memory by then; "
                      "closesocket and CancelIoEx do not wait for that");
}

void Operation_CheckFreed(Call *call, const void *memory, size_t size)
{
    AcquireSRWLockExclusive(&registryLock);
    for (int i = 0; i < BUCKETS; i++) {
        for (Operation *operation = operations[i]; operation != NULL; operation = operation->next) {
            if (operation->isReported || !Overlaps(operation, (const char *)memory, size))
                continue;
            if (Operation_IsOutstanding(operation))
                ReportFreed(call, operation, (const char *)memory, size);
            ForgetMemory(operation);
        }
    }
    ReleaseSRWLockExclusive(&registryLock);
    SetLastError(call->error);
}

static void ReportStack(const Operation *operation, const char *frame, InstrumentPlace place)
{
    const char *overlapped = (const char *)operation->overlapped;
    bool isOverlapped = IsOnStack(operation->thread, overlapped) && overlapped < frame;
    Finding finding;

    Finding_Begin(&finding, 4, "a %s that had the %s of an outstanding %s among its variables",
                  place.file != NULL ? "function has returned" : "thread has ended",
                  isOverlapped ? "OVERLAPPED" : "buffer", apiInfos[operation->api].name);
    Operation_AddBegan(operation, &finding);
    if (place.file != NULL)
        Finding_AddPlace(&finding, "seen", "the next call", place, operation->thread);
    Finding_End(&finding,
                "the system will still write there, into the variables of whichever function "
                "has that part of the stack by then");
}

/* The lowest address that the operation has on its thread's stack. */
static const char *GetLowest(const Operation *operation)
{
    const char *lowest = operation->thread->stackTop;

    for (int i = 0; i < operation->rangeCount; i++) {
        const char *memory = operation->ranges[i].memory;

        if (IsOnStack(operation->thread, memory) && memory < lowest)
            lowest = memory;
    }
    return lowest;
}

void Operation_LookAtStack(const Thread *thread, const char *frame)
{
    AcquireSRWLockExclusive(&registryLock);
    for (Operation *operation = thread->stackOperations; operation != NULL;
         operation = operation->nextOnStack) {
        if (!operation->isReported && GetLowest(operation) >= frame)
            Operation_LookAtStatus(operation);
    }
    ReleaseSRWLockExclusive(&registryLock);
}

/* The stack grows downwards: what lies below the frame of a running function is nobody's. */
void Operation_CheckStack(const Thread *thread, const char *frame, InstrumentPlace place)
{
    AcquireSRWLockExclusive(&registryLock);
    for (Operation *operation = thread->stackOperations; operation != NULL;
         operation = operation->nextOnStack) {
        if (operation->isReported)
            continue;
        if (GetLowest(operation) >= frame) {
            Operation_LookAtStatus(operation);
            continue;
        }
        if (WasOutstanding(operation))
            ReportStack(operation, frame, place);
        ForgetMemory(operation);
    }
    ReleaseSRWLockExclusive(&registryLock);
}

/* --- What is left at the end ---------------------------------------------------------------- */

static void ReportOutstanding(const Operation *operation)
{
    Finding finding;

    Finding_Begin(&finding, 7, "the program has ended while %s %s is outstanding",
                  operation->way == BY_HAND ? "what" : "a",
                  operation->way == BY_HAND ? "PostQueuedCompletionStatus posted"
                                            : apiInfos[operation->api].name);
    Operation_AddBegan(operation, &finding);
    Finding_End(&finding, operation->way == BY_HAND
                              ? "it was to be taken from the port"
                              : "it was to be cancelled, and its completion taken");
}

void Operation_ReportLeftOver(void)
{
    AcquireSRWLockExclusive(&registryLock);
    for (int i = 0; i < BUCKETS; i++) {
        for (const Operation *operation = operations[i]; operation != NULL;
             operation = operation->next) {
            if (WasOutstanding(operation))
                ReportOutstanding(operation);
        }
    }
    ReleaseSRWLockExclusive(&registryLock);
}
