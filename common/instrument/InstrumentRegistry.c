/*
 * InstrumentRegistry: which sockets, handles and operations there are, and the rules for them.
 * See InstrumentCore.h.
 *
 * A resource is found by its handle. When it is closed its entry stays, so that a later use of the
 * handle can be told from that of one that never was. The system gives a closed handle's number to
 * the next one that is opened; verify takes the number with an event that nobody uses, for as long
 * as the next KEPT_MAX handles are closed, so that whoever still uses it is found out.
 *
 * An operation is outstanding from just before the call that begins it until its completion was
 * taken: from the port, by its routine, or by its event. `id` tells it from a later one with the
 * same OVERLAPPED, which may begin on another thread before the first call has returned.
 */
#include "InstrumentCore.h"

#define BUCKETS  4096
#define KEPT_MAX 16

#define STATUS_OF_PENDING ((ULONG_PTR)0x103) /* OVERLAPPED.Internal while it is outstanding */

/* How the program learns of the completion. */
typedef enum Way { BY_PORT, BY_ROUTINE, BY_EVENT, BY_HAND } Way;

typedef struct Range {
    const char *memory;
    size_t size;
} Range;

typedef struct Operation {
    struct Operation *next;        /* in its bucket */
    struct Operation *nextOnStack; /* of the same thread */
    OVERLAPPED *overlapped;
    LONG id;
    Api api;
    InstrumentPlace place;
    Thread *thread;
    Resource *resource;
    Way way;
    int posted; /* by hand, and not yet taken */
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine;
    SOCKET acceptSocket;
    bool isCalling; /* the call that begins it has not returned */
    bool isOnStack;
    bool wasPending; /* its OVERLAPPED is on the stack, and said so when it was last looked at */
    bool isReported; /* its memory is gone, which was told */
    int rangeCount;
    Range ranges[1]; /* the OVERLAPPED, then the buffers */
} Operation;

static SRWLOCK lock = SRWLOCK_INIT;
static Resource *resources[BUCKETS];
static Operation *operations[BUCKETS];
static HANDLE kept[KEPT_MAX];
static int keptNext;
static LONG lastId;
static int sessionCount, socketCount;
static int startups;
static InstrumentPlace startupPlace;

static Resource **ResourceBucket(HANDLE handle)
{
    return &resources[((uintptr_t)handle >> 2) % BUCKETS];
}

static Operation **OperationBucket(const void *overlapped)
{
    return &operations[((uintptr_t)overlapped >> 4) % BUCKETS];
}

/* Under the lock. */
static void Enter(Resource *resource, Inside *inside, const Call *call)
{
    inside->call = call;
    inside->next = resource->inside;
    resource->inside = inside;
}

static void Leave(Resource *resource, const Inside *inside)
{
    Inside **at = &resource->inside;

    while (*at != inside)
        at = &(*at)->next;
    *at = inside->next;
}

static bool IsNoHandle(HANDLE handle)
{
    return handle == NULL || handle == INVALID_HANDLE_VALUE;
}

static const char *GetTypeName(ResourceType type)
{
    static const char *const names[] = {"a socket", "an event", "a completion port",
                                        "a thread handle"};

    return names[type];
}

/* Under the lock. NULL: a handle that the registry does not know. */
static Resource *FindHandle(HANDLE handle)
{
    Resource *resource = *ResourceBucket(handle);

    while (resource != NULL && resource->handle != handle)
        resource = resource->next;
    return resource;
}

/* --- Opening and closing -------------------------------------------------------------------- */

/* Under the lock. The entry of a closed handle with the same number goes, if nobody is at it. */
static Resource *AddResource(HANDLE handle)
{
    Resource **bucket = ResourceBucket(handle);
    Resource *resource;

    for (Resource **at = bucket; *at != NULL; at = &(*at)->next) {
        Resource *old = *at;

        if (old->handle != handle)
            continue;
        *at = old->next;
        if (old->inside == NULL && old->operations == 0)
            Instrument_Release(old);
        break;
    }
    resource = (Resource *)Instrument_Allocate(sizeof(*resource));
    resource->handle = handle;
    resource->isOpen = true;
    resource->next = *bucket;
    *bucket = resource;
    return resource;
}

void Registry_Open(Call *call, HANDLE handle, ResourceType type)
{
    Resource *resource;

    if (!instrument.isOn || IsNoHandle(handle))
        return;
    AcquireSRWLockExclusive(&lock);
    resource = AddResource(handle);
    resource->type = type;
    resource->opened = call->place;
    resource->openedBy = call->api;
    if (type == TYPE_SOCKET)
        snprintf(resource->name, sizeof(resource->name), "socket %d", ++socketCount);
    call->second = resource;
    Enter(resource, &call->secondInside, call);
    ReleaseSRWLockExclusive(&lock);
}

static void ReportNoHandle(const Call *call, HANDLE handle)
{
    Finding finding;

    Finding_Begin(&finding, 8, "%s is given %s, the sign of a call that failed",
                  apiInfos[call->api].name,
                  handle == NULL                   ? "NULL"
                  : call->api < API_WSACreateEvent ? "INVALID_SOCKET"
                                                   : "INVALID_SOCKET or INVALID_HANDLE_VALUE");
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding, "the call that was to give it has failed, and nobody has looked");
}

static void ReportClosed(const Call *call, const Resource *resource, bool isClose)
{
    Finding finding;

    Finding_Begin(&finding, 6,
                  isClose ? "%s is closed for the second time" : "%s is used after it was closed",
                  GetTypeName(resource->type));
    Finding_AddPlace(&finding, "opened", apiInfos[resource->openedBy].name, resource->opened, NULL);
    Finding_AddPlace(&finding, "closed", apiInfos[resource->closedBy].name, resource->closed, NULL);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding, "the system gives a closed handle's number to the next one: this may hit "
                          "somebody else's");
}

/* Under the lock. NULL: there is none, which was told. */
static Resource *FindOpen(const Call *call, HANDLE handle)
{
    Resource *resource = FindHandle(handle);

    if (resource != NULL && !resource->isOpen && instrument.isVerifying)
        ReportClosed(call, resource, false);
    return resource;
}

/* Returns its entry; NULL: there is none. */
static Resource *Use(Call *call, HANDLE handle, Inside *inside)
{
    Resource *resource;

    Call_PassesHandles(call, 1);
    if (IsNoHandle(handle)) {
        if (instrument.isVerifying)
            ReportNoHandle(call, handle);
        return NULL;
    }
    AcquireSRWLockExclusive(&lock);
    resource = FindOpen(call, handle);
    if (resource != NULL)
        Enter(resource, inside, call);
    ReleaseSRWLockExclusive(&lock);
    return resource;
}

void Registry_Use(Call *call, HANDLE handle)
{
    if (instrument.isOn)
        call->resource = Use(call, handle, &call->inside);
    SetLastError(call->error);
}

void Registry_UseSecond(Call *call, HANDLE handle)
{
    if (instrument.isOn)
        call->second = Use(call, handle, &call->secondInside);
    SetLastError(call->error);
}

void Registry_CheckOpen(const Call *call, HANDLE handle)
{
    if (!instrument.isVerifying || IsNoHandle(handle))
        return;
    AcquireSRWLockExclusive(&lock);
    FindOpen(call, handle);
    ReleaseSRWLockExclusive(&lock);
    SetLastError(call->error);
}

void Registry_UseAll(const Call *call, DWORD count, const HANDLE *handles)
{
    Call_PassesHandles(call, (LONG)count);
    for (DWORD i = 0; i < count; i++)
        Registry_CheckOpen(call, handles[i]);
}

void Registry_Leave(Call *call)
{
    if (call->resource == NULL && call->second == NULL)
        return;
    AcquireSRWLockExclusive(&lock);
    if (call->resource != NULL)
        Leave(call->resource, &call->inside);
    if (call->second != NULL)
        Leave(call->second, &call->secondInside);
    ReleaseSRWLockExclusive(&lock);
}

/* Under the lock: another thread's call may be inside, and it does not leave meanwhile. */
static void CheckUnused(const Call *call, const Resource *resource)
{
    const Inside *other = resource->inside;
    bool isPort = resource->type == TYPE_PORT;
    Finding finding;

    while (other != NULL && other->call->thread == call->thread)
        other = other->next;
    if (other == NULL || resource->type == TYPE_THREAD)
        return;
    Finding_Begin(&finding, isPort ? 7 : 6,
                  "%s is closed while another thread is inside %s with it",
                  GetTypeName(resource->type), apiInfos[other->call->api].name);
    Finding_AddPlace(&finding, "inside", apiInfos[other->call->api].name, other->call->place,
                     other->call->thread);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding,
                isPort ? "the threads at the port are told to end, and joined, before it is closed"
                       : "that thread may go on with the number when it belongs to something else");
}

bool Registry_BeginClose(Call *call, HANDLE handle)
{
    Resource *resource;
    bool wasOpen = true;

    if (!instrument.isOn)
        return true;
    Call_PassesHandles(call, 1);
    if (IsNoHandle(handle)) {
        if (instrument.isVerifying)
            ReportNoHandle(call, handle);
        SetLastError(call->error);
        return true;
    }
    AcquireSRWLockExclusive(&lock);
    resource = FindHandle(handle);
    if (resource != NULL) {
        wasOpen = resource->isOpen || !instrument.isVerifying;
        if (!wasOpen)
            ReportClosed(call, resource, true);
        else if (instrument.isVerifying)
            CheckUnused(call, resource);
        if (wasOpen) {
            resource->isOpen = false;
            resource->closed = call->place;
            resource->closedBy = call->api;
        }
        call->resource = resource;
        Enter(resource, &call->inside, call);
    }
    ReleaseSRWLockExclusive(&lock);
    SetLastError(call->error);
    return wasOpen;
}

/* It can be waited for by nobody: a program that does it gets an error, as without verify. */
static HANDLE CreatePlaceholder(void)
{
    return CreateEventExW(NULL, NULL, CREATE_EVENT_MANUAL_RESET, 0);
}

void Registry_EndClose(const Call *call, HANDLE handle, bool isClosed)
{
    HANDLE placeholder, oldest;

    if (!instrument.isOn || IsNoHandle(handle))
        return;
    if (!isClosed) {
        /* closesocket fails where it would have to wait: the socket is there still. */
        if (call->resource != NULL)
            call->resource->isOpen = true;
        return;
    }
    if (!instrument.isVerifying)
        return;
    placeholder = CreatePlaceholder();
    AcquireSRWLockExclusive(&lock);
    oldest = kept[keptNext];
    kept[keptNext] = placeholder;
    keptNext = (keptNext + 1) % KEPT_MAX;
    ReleaseSRWLockExclusive(&lock);
    if (oldest != NULL)
        CloseHandle(oldest);
    SetLastError(call->error);
}

void Registry_Init(void)
{
    /* From the start: who counts the handles of the program shall not see them become more. */
    for (int i = 0; i < KEPT_MAX && instrument.isVerifying; i++)
        kept[i] = CreatePlaceholder();
}

void Registry_CountStartup(int change, InstrumentPlace place)
{
    startups += change;
    if (change > 0)
        startupPlace = place;
}

/* --- Sockets -------------------------------------------------------------------------------- */

void Registry_NameSession(Resource *resource)
{
    AcquireSRWLockExclusive(&lock);
    snprintf(resource->name, sizeof(resource->name), "session %d", ++sessionCount);
    ReleaseSRWLockExclusive(&lock);
}

bool Registry_IsBlocking(const Call *call)
{
    return call->resource == NULL || !call->resource->isNonBlocking;
}

void Registry_NeedContext(const Call *call)
{
    const Resource *resource = call->resource;
    const char *option;
    Finding finding;

    if (!instrument.isVerifying || resource == NULL ||
        (!resource->lacksAcceptContext && !resource->lacksConnectContext))
        return;
    option =
        resource->lacksAcceptContext ? "SO_UPDATE_ACCEPT_CONTEXT" : "SO_UPDATE_CONNECT_CONTEXT";
    Finding_Begin(&finding, RULE_CONTEXT, "%s on a socket that %s has connected, before %s is set",
                  apiInfos[call->api].name, resource->lacksAcceptContext ? "AcceptEx" : "ConnectEx",
                  option);
    Finding_AddPlace(&finding, "opened", apiInfos[resource->openedBy].name, resource->opened, NULL);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding, "until then Windows does not know the socket as connected, and the call "
                          "fails with WSAENOTCONN");
    SetLastError(call->error);
}

void Registry_SetContext(const Call *call, const void *value, int size)
{
    Resource *resource = call->resource;
    Finding finding;

    if (resource == NULL)
        return;
    if (instrument.isVerifying && resource->lacksAcceptContext &&
        (size != (int)sizeof(SOCKET) || memcmp(value, &resource->listener, sizeof(SOCKET)) != 0)) {
        Finding_Begin(&finding, RULE_CONTEXT,
                      "SO_UPDATE_ACCEPT_CONTEXT is not given the socket that listens");
        Finding_AddPlace(&finding, "opened", apiInfos[resource->openedBy].name, resource->opened,
                         NULL);
        Finding_AddPlace(&finding, "broken", "setsockopt", call->place, call->thread);
        Finding_End(&finding,
                    "its value is the listener's SOCKET, its size sizeof(SOCKET); Windows "
                    "fails with WSAEFAULT or WSAENOTSOCK");
    }
    resource->lacksAcceptContext = false;
    SetLastError(call->error);
}

/* --- Operations ----------------------------------------------------------------------------- */

static Operation *FindOperation(const void *overlapped)
{
    Operation *operation = *OperationBucket(overlapped);

    while (operation != NULL && operation->overlapped != overlapped)
        operation = operation->next;
    return operation;
}

/* The program may have freed the memory without our seeing it: a plain access could crash. */
static bool IsPending(const OVERLAPPED *overlapped)
{
    ULONG_PTR status = 0;

    return ReadProcessMemory(GetCurrentProcess(), &overlapped->Internal, &status, sizeof(status),
                             NULL) &&
           status == STATUS_OF_PENDING;
}

/* One that is told by its event is over when the system says so in the OVERLAPPED. */
static bool IsOutstanding(const Operation *operation)
{
    if (operation->isReported)
        return false;
    return operation->way != BY_EVENT || IsPending(operation->overlapped);
}

static bool IsOnStack(const Thread *thread, const void *memory)
{
    return (const char *)memory >= thread->stackEnd && (const char *)memory < thread->stackTop;
}

/* The same where the function whose variable the OVERLAPPED is may have returned. */
static bool WasOutstanding(const Operation *operation)
{
    if (operation->way == BY_EVENT && IsOnStack(operation->thread, operation->overlapped))
        return operation->wasPending && !operation->isReported;
    return IsOutstanding(operation);
}

/* Its function has not returned. Whoever looks afterwards may find another function's variables. */
static void LookAtStatus(Operation *operation)
{
    if (IsOnStack(operation->thread, operation->overlapped))
        operation->wasPending = operation->overlapped->Internal == STATUS_OF_PENDING;
}

static void PinRanges(const Operation *operation, int change)
{
    for (int i = 0; i < operation->rangeCount; i++)
        GuardHeap_Pin(operation->ranges[i].memory, change);
}

/* Under the lock: takes it out of all lists and frees it. */
static void RemoveOperation(Operation *operation)
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
    Instrument_Release(operation);
}

/* Its memory is gone: nothing in it is looked at any more. */
static void ForgetMemory(Operation *operation)
{
    PinRanges(operation, -1);
    operation->isReported = true;
}

static void ReportReuse(const Call *call, const Operation *operation)
{
    Finding finding;

    Finding_Begin(&finding, 5, "%s is given an OVERLAPPED that a %s still uses",
                  apiInfos[call->api].name, apiInfos[operation->api].name);
    Finding_AddPlace(&finding, "began", apiInfos[operation->api].name, operation->place,
                     operation->thread);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
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
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding, "what it holds is of an operation before, or of nothing at all: the call "
                          "may fail or find a wrong event");
}

/* Under the lock: a program may take an event as the end, and never ask for the result. */
static void RemoveOver(const Resource *resource)
{
    for (int i = 0; i < BUCKETS; i++) {
        Operation *next;

        for (Operation *operation = operations[i]; operation != NULL; operation = next) {
            next = operation->next;
            if (operation->resource == resource && operation->way == BY_EVENT &&
                !operation->isCalling && !WasOutstanding(operation))
                RemoveOperation(operation);
        }
    }
}

static void CheckReceives(const Call *call, Resource *resource)
{
    Finding finding;

    if (resource->receives > 0)
        RemoveOver(resource);
    if (++resource->receives != 2 || !instrument.isVerifying)
        return;
    Finding_Begin(&finding, RULE_WARNING, "a second receive is outstanding on one socket");
    Finding_AddPlace(&finding, "", "WSARecv", call->place, NULL);
    Finding_End(&finding, "the buffers fill in order, but two threads may handle them in any");
}

/* Under the lock. One that is outstanding stays in the list: its completion is still to come. */
static void CheckReuse(const Call *call, const OVERLAPPED *overlapped)
{
    Operation *operation = FindOperation(overlapped);

    while (operation != NULL && operation->way == BY_EVENT && !IsOutstanding(operation)) {
        RemoveOperation(operation);
        operation = FindOperation(overlapped);
    }
    if (!instrument.isVerifying)
        return;
    if (operation != NULL && IsOutstanding(operation))
        ReportReuse(call, operation);
    else if (call->api != API_PostQueuedCompletionStatus)
        CheckZeroed(call, overlapped);
}

/* Under the lock. */
static Operation *AddOperation(Call *call, OVERLAPPED *overlapped, DWORD buffers)
{
    size_t size = sizeof(Operation) + (buffers + 2) * sizeof(Range);
    Operation *operation = (Operation *)Instrument_Allocate(size);
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

/* Under the lock. */
static void AddRange(Operation *operation, const void *memory, size_t size)
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

void Operation_Begin(Call *call, void *overlapped, const WSABUF *buffers, DWORD count,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    OVERLAPPED *own = (OVERLAPPED *)overlapped;
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    if (instrument.isVerifying) {
        GuardHeap_CheckRange(call, overlapped, sizeof(*own), "an OVERLAPPED");
        Registry_CheckOpen(call, (HANDLE)((uintptr_t)own->hEvent & ~(uintptr_t)1));
    }
    for (DWORD i = 0; i < count && instrument.isVerifying; i++)
        GuardHeap_CheckRange(call, buffers[i].buf, buffers[i].len, "a buffer");
    AcquireSRWLockExclusive(&lock);
    CheckReuse(call, own);
    operation = AddOperation(call, own, count);
    operation->routine = routine;
    operation->resource = call->resource;
    if (routine != NULL)
        operation->way = BY_ROUTINE;
    else if (call->resource != NULL && call->resource->port != NULL &&
             ((uintptr_t)own->hEvent & 1) == 0)
        operation->way = BY_PORT;
    else
        operation->way = BY_EVENT;
    AddRange(operation, overlapped, sizeof(*own));
    for (DWORD i = 0; i < count; i++)
        AddRange(operation, buffers[i].buf, buffers[i].len);
    if (call->resource != NULL) {
        call->resource->operations++;
        if (call->api == API_WSARecv)
            CheckReceives(call, call->resource);
    }
    ReleaseSRWLockExclusive(&lock);
    Trace_AddFlow(call->thread, 's', call->api, call->operation);
    SetLastError(call->error);
}

void Operation_AddRange(Call *call, void *overlapped, const void *memory, size_t size)
{
    Operation *operation;

    if (!instrument.isOn)
        return;
    if (instrument.isVerifying)
        GuardHeap_CheckRange(call, memory, size, "a buffer");
    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    if (operation != NULL && operation->id == call->operation)
        AddRange(operation, memory, size);
    ReleaseSRWLockExclusive(&lock);
    SetLastError(call->error);
}

void Operation_SetAcceptSocket(void *overlapped, SOCKET socket)
{
    Operation *operation;

    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    if (operation != NULL)
        operation->acceptSocket = socket;
    ReleaseSRWLockExclusive(&lock);
}

/* Under the lock. The socket of an AcceptEx or ConnectEx has become a connected one. */
static void MarkConnected(const Operation *operation)
{
    Resource *socket;

    if (operation->api == API_ConnectEx && operation->resource != NULL)
        operation->resource->lacksConnectContext = true;
    if (operation->api != API_AcceptEx)
        return;
    socket = FindHandle((HANDLE)operation->acceptSocket);
    if (socket == NULL)
        return;
    socket->lacksAcceptContext = true;
    if (operation->resource != NULL)
        socket->listener = operation->resource->handle;
    snprintf(socket->name, sizeof(socket->name), "session %d", ++sessionCount);
}

void Operation_Returned(Call *call, void *overlapped, bool isDone)
{
    Operation *operation;

    if (!instrument.isOn)
        return;
    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    /* Another thread may have taken the completion already, and begun the next operation. */
    if (operation != NULL && operation->id == call->operation) {
        bool isOver = isDone && operation->way == BY_PORT && operation->resource != NULL &&
                      operation->resource->isSkipping;

        operation->isCalling = false;
        LookAtStatus(operation);
        if (isOver)
            MarkConnected(operation);
        if (isOver || (!isDone && call->error != WSA_IO_PENDING))
            RemoveOperation(operation);
    }
    ReleaseSRWLockExclusive(&lock);
    if (!isDone && call->error == WSA_IO_PENDING)
        Call_SetResult(call, "pending");
    SetLastError(call->error);
}

void Operation_BeginPost(Call *call, void *overlapped)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    if (operation == NULL || operation->way != BY_HAND) {
        CheckReuse(call, (const OVERLAPPED *)overlapped);
        operation = AddOperation(call, (OVERLAPPED *)overlapped, 0);
        operation->way = BY_HAND;
        AddRange(operation, overlapped, sizeof(OVERLAPPED));
    }
    operation->posted++;
    call->operation = operation->id;
    ReleaseSRWLockExclusive(&lock);
    Trace_AddFlow(call->thread, 's', call->api, call->operation);
    SetLastError(call->error);
}

/* Under the lock: one packet less is in the queue. */
static void TakePosted(Operation *operation)
{
    if (--operation->posted == 0)
        RemoveOperation(operation);
}

void Operation_EndPost(Call *call, void *overlapped, bool isPosted)
{
    Operation *operation;

    if (!instrument.isOn || overlapped == NULL || isPosted)
        return;
    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    if (operation != NULL && operation->id == call->operation)
        TakePosted(operation);
    ReleaseSRWLockExclusive(&lock);
    SetLastError(call->error);
}

static void ReportUnknown(const Call *call)
{
    Finding finding;

    Finding_Begin(&finding, 5,
                  "a completion came for an OVERLAPPED with which nothing is outstanding");
    Finding_AddPlace(&finding, "taken", apiInfos[call->api].name, call->place, call->thread);
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

void Operation_Dequeued(Call *call, void *overlapped, DWORD bytes, DWORD error)
{
    Operation *operation;
    Api api = API_COUNT;
    LONG id = 0;

    if (!instrument.isOn || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    if (operation != NULL) {
        api = operation->api;
        id = operation->id;
        SetCompletionResult(call, operation, bytes, error);
        if (error == 0)
            MarkConnected(operation);
        if (operation->way == BY_HAND)
            TakePosted(operation);
        else
            RemoveOperation(operation);
    }
    ReleaseSRWLockExclusive(&lock);
    if (id != 0)
        Trace_AddFlow(call->thread, 'f', api, id);
    else if (instrument.isVerifying)
        ReportUnknown(call);
    SetLastError(call->error);
}

bool Operation_GetApi(void *overlapped, Api *api, InstrumentPlace *place)
{
    Operation *operation;
    bool isFound;

    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    isFound = operation != NULL && operation->way != BY_HAND;
    if (isFound) {
        *api = operation->api;
        *place = operation->place;
    }
    ReleaseSRWLockExclusive(&lock);
    return isFound;
}

void Operation_Collected(Call *call, void *overlapped, DWORD bytes, DWORD error)
{
    Operation *operation;
    Api api = API_COUNT;
    LONG id = 0;

    if (!instrument.isOn)
        return;
    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    /* It may still be pending: WSAGetOverlappedResult has other reasons to fail, too. */
    if (operation != NULL && operation->way == BY_EVENT && !IsPending(operation->overlapped)) {
        api = operation->api;
        id = operation->id;
        SetCompletionResult(call, operation, bytes, error);
        if (error == 0)
            MarkConnected(operation);
        RemoveOperation(operation);
    }
    ReleaseSRWLockExclusive(&lock);
    if (id != 0)
        Trace_AddFlow(call->thread, 'f', api, id);
    SetLastError(call->error);
}

LPWSAOVERLAPPED_COMPLETION_ROUTINE Operation_BeginRoutine(void *overlapped, Api *api, LONG *id)
{
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine = NULL;
    Operation *operation;

    AcquireSRWLockExclusive(&lock);
    operation = FindOperation(overlapped);
    if (operation != NULL) {
        routine = operation->routine;
        *api = operation->api;
        *id = operation->id;
        RemoveOperation(operation);
    }
    ReleaseSRWLockExclusive(&lock);
    return routine;
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

static void ReportFreed(const Call *call, const Operation *operation, const char *memory,
                        size_t size)
{
    bool isOverlapped = (const char *)operation->overlapped >= memory &&
                        (const char *)operation->overlapped < memory + size;
    Finding finding;

    Finding_Begin(&finding, 4, "%s gives back memory with the %s of a %s that is outstanding",
                  apiInfos[call->api].name, isOverlapped ? "OVERLAPPED" : "buffer",
                  apiInfos[operation->api].name);
    Finding_AddPlace(&finding, "began", apiInfos[operation->api].name, operation->place,
                     operation->thread);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding,
                operation->way == BY_HAND
                    ? "whoever takes the packet from the port gets a pointer to nothing"
                    : "the system will still write there, whoever has the memory by then; "
                      "closesocket and CancelIoEx do not wait for that");
}

void Operation_CheckFreed(Call *call, const void *memory, size_t size)
{
    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < BUCKETS; i++) {
        for (Operation *operation = operations[i]; operation != NULL; operation = operation->next) {
            if (operation->isReported || !Overlaps(operation, (const char *)memory, size))
                continue;
            if (IsOutstanding(operation))
                ReportFreed(call, operation, (const char *)memory, size);
            ForgetMemory(operation);
        }
    }
    ReleaseSRWLockExclusive(&lock);
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
    Finding_AddPlace(&finding, "began", apiInfos[operation->api].name, operation->place,
                     operation->thread);
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
    AcquireSRWLockExclusive(&lock);
    for (Operation *operation = thread->stackOperations; operation != NULL;
         operation = operation->nextOnStack) {
        if (!operation->isReported && GetLowest(operation) >= frame)
            LookAtStatus(operation);
    }
    ReleaseSRWLockExclusive(&lock);
}

/* The stack grows downwards: what lies below the frame of a running function is nobody's. */
void Operation_CheckStack(const Thread *thread, const char *frame, InstrumentPlace place)
{
    AcquireSRWLockExclusive(&lock);
    for (Operation *operation = thread->stackOperations; operation != NULL;
         operation = operation->nextOnStack) {
        if (operation->isReported)
            continue;
        if (GetLowest(operation) >= frame) {
            LookAtStatus(operation);
            continue;
        }
        if (WasOutstanding(operation))
            ReportStack(operation, frame, place);
        ForgetMemory(operation);
    }
    ReleaseSRWLockExclusive(&lock);
}

/* --- What is left at the end ---------------------------------------------------------------- */

static void ReportOutstanding(const Operation *operation)
{
    Finding finding;

    Finding_Begin(&finding, 7, "the program has ended while %s %s is outstanding",
                  operation->way == BY_HAND ? "what" : "a",
                  operation->way == BY_HAND ? "PostQueuedCompletionStatus posted"
                                            : apiInfos[operation->api].name);
    Finding_AddPlace(&finding, "began", apiInfos[operation->api].name, operation->place,
                     operation->thread);
    Finding_End(&finding, operation->way == BY_HAND
                              ? "it was to be taken from the port"
                              : "it was to be cancelled, and its completion taken");
}

static void ReportOpen(const Resource *resource)
{
    Finding finding;

    Finding_Begin(&finding, RULE_LEFT_OVER, "%s is still open at the end",
                  GetTypeName(resource->type));
    Finding_AddPlace(&finding, "opened", apiInfos[resource->openedBy].name, resource->opened, NULL);
    Finding_End(&finding,
                resource->type == TYPE_SOCKET
                    ? "a server that forgets a socket for each client has none left one day"
                    : "what is opened is closed");
}

static void ReportThread(const Thread *thread)
{
    Finding finding;

    Finding_Begin(&finding, 7, "a thread still runs at the end, in the middle of whatever it does");
    Finding_AddPlace(&finding, "began", apiInfos[thread->startedBy].name, thread->started, NULL);
    if (thread->last.file != NULL)
        Finding_AddPlace(&finding, "last", apiInfos[thread->lastApi].name, thread->last, thread);
    Finding_End(&finding,
                "the system just stops it there; it was to be told to end, and waited for");
}

void Registry_ReportLeftOver(void)
{
    AcquireSRWLockExclusive(&lock);
    for (const Thread *thread = Thread_GetFirst(); thread != NULL; thread = thread->next) {
        if (thread->isOwn && !thread->isOver && thread->number != 1)
            ReportThread(thread);
    }
    for (int i = 0; i < BUCKETS; i++) {
        for (const Operation *operation = operations[i]; operation != NULL;
             operation = operation->next) {
            if (WasOutstanding(operation))
                ReportOutstanding(operation);
        }
    }
    for (int i = 0; i < BUCKETS; i++) {
        for (const Resource *resource = resources[i]; resource != NULL; resource = resource->next) {
            if (resource->isOpen)
                ReportOpen(resource);
        }
    }
    if (startups > 0) {
        Finding finding;

        Finding_Begin(&finding, 7, "WSACleanup is missing");
        Finding_AddPlace(&finding, "began", "WSAStartup", startupPlace, NULL);
        Finding_End(&finding, "each WSAStartup that succeeded is owed one");
    }
    ReleaseSRWLockExclusive(&lock);
}
