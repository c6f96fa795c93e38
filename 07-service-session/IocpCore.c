/*
 * IocpCore: see IocpCore.h.
 */
#include "IocpCore.h"

#include <stdlib.h>

#define MAX_BATCH   64   /* completions that one call takes */
#define MAX_AT_HAND 1024 /* objects that a thread has at hand: the others shall have work, too */
#define MAX_TAKES   8    /* so often a thread takes before it has done with what it took */

/* What a thread has taken: objects that are to continue, each with a reference. */
typedef struct AtHand {
    IocpObject *objects[MAX_AT_HAND];
    ULONG count;
    ULONG quits; /* what IocpCore_PostQuit has posted, taken, too */
} AtHand;

void IocpObject_Init(IocpObject *object, const IocpObjectVtbl *vtbl)
{
    object->vtbl = vtbl;
    object->references = 1;
    object->isSkipping = false;
}

void IocpObject_AddRef(IocpObject *object)
{
    InterlockedIncrement(&object->references);
}

void IocpObject_Release(IocpObject *object)
{
    if (InterlockedDecrement(&object->references) == 0)
        object->vtbl->Destroy(object);
}

/*
 * May sockets be asked to queue no completion where a call has succeeded? Some third-party Winsock
 * providers hand out handles that are not the system's; with those the system would get it wrong.
 * https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setfilecompletionnotificationmodes
 */
static bool AreHandlesOfSystem(void)
{
    INT tcp[] = {IPPROTO_TCP, 0};
    DWORD size = 0;
    WSAPROTOCOL_INFOW *providers;
    int count;
    bool areOfSystem = true;

    WSAEnumProtocolsW(tcp, NULL, &size);
    providers = (WSAPROTOCOL_INFOW *)malloc(size);
    if (providers == NULL)
        return false;
    count = WSAEnumProtocolsW(tcp, providers, &size);
    for (int i = 0; i < count; i++)
        areOfSystem = areOfSystem && (providers[i].dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
    free(providers);
    return count > 0 && areOfSystem;
}

bool IocpCore_Create(IocpCore *core)
{
    core->isSkipping = AreHandlesOfSystem();

    /* It fails with NULL, not with INVALID_HANDLE_VALUE as some other functions do. */
    core->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    return core->port != NULL;
}

void IocpCore_Close(IocpCore *core)
{
    if (core->port != NULL)
        CloseHandle(core->port);
    core->port = NULL;
}

bool IocpCore_Register(IocpCore *core, IocpObject *object)
{
    const UCHAR modes = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE;
    HANDLE handle = object->vtbl->GetHandle(object);

    /* The key is not used: the event leads to its owner. */
    if (CreateIoCompletionPort(handle, core->port, 0, 0) == NULL)
        return false;
    object->isSkipping = core->isSkipping && SetFileCompletionNotificationModes(handle, modes);
    return true;
}

/* Has the owner of the event handle it. The event's reference keeps the owner alive meanwhile. */
static void DispatchEntry(AtHand *atHand, const OVERLAPPED_ENTRY *entry)
{
    IocpEvent *event = CONTAINING_RECORD(entry->lpOverlapped, IocpEvent, overlapped);
    IocpObject *owner = event->owner;
    DWORD bytes = entry->dwNumberOfBytesTransferred, error = 0;

    /* An entry carries no error. The operation's status is in the OVERLAPPED, 0 for success. */
    if (entry->lpOverlapped->Internal != 0 &&
        !GetOverlappedResult(owner->vtbl->GetHandle(owner), entry->lpOverlapped, &bytes, FALSE))
        error = GetLastError();
    event->owner = NULL;
    if (owner->vtbl->Dispatch(owner, event, bytes, error))
        atHand->objects[atHand->count++] = owner;
    else
        IocpObject_Release(owner);
}

/* Takes what has come, or comes in time, as far as there is room. False: nothing; GetLastError says
   why. */
static bool TakeCompletions(IocpCore *core, AtHand *atHand, DWORD timeoutMs)
{
    OVERLAPPED_ENTRY entries[MAX_BATCH];
    ULONG room = MAX_AT_HAND - atHand->count, count = MAX_BATCH;
    bool hasTaken = false;

    /* A full batch was perhaps not all. */
    for (; count == MAX_BATCH && room >= MAX_BATCH; room -= MAX_BATCH) {
        if (!GetQueuedCompletionStatusEx(core->port, entries, MAX_BATCH, &count,
                                         hasTaken ? 0 : timeoutMs, FALSE))
            return hasTaken;
        hasTaken = true;
        for (ULONG i = 0; i < count; i++) {
            if (entries[i].lpOverlapped == NULL)
                atHand->quits++;
            else
                DispatchEntry(atHand, &entries[i]);
        }
    }
    return hasTaken;
}

static void ContinueEach(AtHand *atHand)
{
    ULONG left = 0;

    for (ULONG i = 0; i < atHand->count; i++) {
        IocpObject *object = atHand->objects[i];

        if (object->vtbl->Continue(object))
            atHand->objects[left++] = object;
        else
            IocpObject_Release(object);
    }
    atHand->count = left;
}

/*
 * Those that have come are answered before any continues, and all take turns. What an object begins
 * then finds more done already: a receive, above all, as the next message of a client has often come
 * while the others were sent their answers. Who comes meanwhile joins in with the next turn.
 */
DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs)
{
    AtHand atHand;

    atHand.count = 0;
    atHand.quits = 0;
    if (!TakeCompletions(core, &atHand, timeoutMs))
        return GetLastError() == WAIT_TIMEOUT ? DISPATCH_TIMEOUT : DISPATCH_FAILED;
    for (int takes = 1; atHand.count > 0; takes++) {
        ContinueEach(&atHand);
        /* One alone has kept nobody waiting, and a look that finds nothing is a call, too. */
        if (takes < MAX_TAKES && atHand.count > 1)
            TakeCompletions(core, &atHand, 0);
    }

    /* One is for this thread. It may have taken those of others, too, who would wait for ever if one
       were lost: so it is tried until it succeeds. */
    for (ULONG i = 1; i < atHand.quits; i++) {
        while (!IocpCore_PostQuit(core))
            Sleep(1);
    }
    return atHand.quits > 0 ? DISPATCH_QUIT : DISPATCH_DONE;
}

bool IocpCore_Post(IocpCore *core, IocpEvent *event, DWORD bytes)
{
    return PostQueuedCompletionStatus(core->port, bytes, 0, &event->overlapped);
}

bool IocpCore_PostQuit(IocpCore *core)
{
    return PostQueuedCompletionStatus(core->port, 0, 0, NULL);
}
