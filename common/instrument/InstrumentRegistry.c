/*
 * InstrumentRegistry: see InstrumentRegistry.h.
 */
#include "InstrumentRegistry.h"
#include "InstrumentMemory.h"
#include "InstrumentOptions.h"

#define BUCKETS  4096
#define KEPT_MAX 16

SRWLOCK registryLock = SRWLOCK_INIT;

static Resource *resources[BUCKETS];
static HANDLE kept[KEPT_MAX];
static int keptNext;
static LONG sessionCount;
static int socketCount;

static Resource **ResourceBucket(HANDLE handle)
{
    return &resources[((uintptr_t)handle >> 2) % BUCKETS];
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

void Registry_AddOpened(const Resource *resource, Finding *finding)
{
    Finding_AddPlace(finding, "opened", apiInfos[resource->openedBy].name, resource->opened, NULL);
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
            Memory_Release(old);
        break;
    }
    resource = (Resource *)Memory_Allocate(sizeof(*resource));
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
    AcquireSRWLockExclusive(&registryLock);
    resource = AddResource(handle);
    resource->type = type;
    resource->opened = call->place;
    resource->openedBy = call->api;
    if (type == TYPE_SOCKET)
        snprintf(resource->name, sizeof(resource->name), "socket %d", ++socketCount);
    call->second = resource;
    Enter(resource, &call->secondInside, call);
    ReleaseSRWLockExclusive(&registryLock);
}

static void ReportNoHandle(const Call *call, HANDLE handle)
{
    Finding finding;

    Finding_Begin(&finding, 8, "%s is given %s, the sign of a call that failed",
                  apiInfos[call->api].name,
                  handle == NULL                   ? "NULL"
                  : call->api < API_WSACreateEvent ? "INVALID_SOCKET"
                                                   : "INVALID_SOCKET or INVALID_HANDLE_VALUE");
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding, "the call that was to give it has failed, and nobody has looked");
}

static void ReportClosed(const Call *call, const Resource *resource, bool isClose)
{
    Finding finding;

    Finding_Begin(&finding, 6,
                  isClose ? "%s is closed for the second time" : "%s is used after it was closed",
                  GetTypeName(resource->type));
    Registry_AddOpened(resource, &finding);
    Finding_AddPlace(&finding, "closed", apiInfos[resource->closedBy].name, resource->closed, NULL);
    Call_AddPlace(call, &finding, "broken");
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
    AcquireSRWLockExclusive(&registryLock);
    resource = FindOpen(call, handle);
    if (resource != NULL)
        Enter(resource, inside, call);
    ReleaseSRWLockExclusive(&registryLock);
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
    AcquireSRWLockExclusive(&registryLock);
    FindOpen(call, handle);
    ReleaseSRWLockExclusive(&registryLock);
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
    AcquireSRWLockExclusive(&registryLock);
    if (call->resource != NULL)
        Leave(call->resource, &call->inside);
    if (call->second != NULL)
        Leave(call->second, &call->secondInside);
    ReleaseSRWLockExclusive(&registryLock);
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
    Call_AddPlace(call, &finding, "broken");
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
    AcquireSRWLockExclusive(&registryLock);
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
    ReleaseSRWLockExclusive(&registryLock);
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
    AcquireSRWLockExclusive(&registryLock);
    oldest = kept[keptNext];
    kept[keptNext] = placeholder;
    keptNext = (keptNext + 1) % KEPT_MAX;
    ReleaseSRWLockExclusive(&registryLock);
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

/* --- Sockets -------------------------------------------------------------------------------- */

void Registry_NameSession(Resource *resource)
{
    snprintf(resource->name, sizeof(resource->name), "session %ld",
             InterlockedIncrement(&sessionCount));
}

void Registry_SetAccepted(HANDLE socket, const Resource *listener)
{
    Resource *resource = FindHandle(socket);

    if (resource == NULL)
        return;
    resource->lacksAcceptContext = true;
    if (listener != NULL)
        resource->listener = listener->handle;
    Registry_NameSession(resource);
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
    Registry_AddOpened(resource, &finding);
    Call_AddPlace(call, &finding, "broken");
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
        Registry_AddOpened(resource, &finding);
        Call_AddPlace(call, &finding, "broken");
        Finding_End(&finding,
                    "its value is the listener's SOCKET, its size sizeof(SOCKET); Windows "
                    "fails with WSAEFAULT or WSAENOTSOCK");
    }
    resource->lacksAcceptContext = false;
    SetLastError(call->error);
}

/* --- What is left at the end ---------------------------------------------------------------- */

static void ReportOpen(const Resource *resource)
{
    Finding finding;

    Finding_Begin(&finding, RULE_LEFT_OVER, "%s is still open at the end",
                  GetTypeName(resource->type));
    Registry_AddOpened(resource, &finding);
    Finding_End(&finding,
                resource->type == TYPE_SOCKET
                    ? "a server that forgets a socket for each client has none left one day"
                    : "what is opened is closed");
}

void Registry_ReportLeftOver(void)
{
    AcquireSRWLockExclusive(&registryLock);
    for (int i = 0; i < BUCKETS; i++) {
        for (const Resource *resource = resources[i]; resource != NULL; resource = resource->next) {
            if (resource->isOpen)
                ReportOpen(resource);
        }
    }
    ReleaseSRWLockExclusive(&registryLock);
}
