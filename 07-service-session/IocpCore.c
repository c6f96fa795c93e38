/*
 * IocpCore: see IocpCore.h.
 *
 * How the work is shared. A thread waits for one completion. If nobody else waits then, all are at
 * work, and it fetches more without waiting, many with one call, into a list. Whoever is done first
 * takes the next from there. A thread waits only when the list is empty, and the list is filled only
 * while nobody waits, both under the lock: so nothing is in the list that an idle thread could do.
 */
#include "IocpCore.h"

#define MAX_FETCH 16 /* completions that one call takes from the port */

void IocpObject_Init(IocpObject *object, const IocpObjectVtbl *vtbl)
{
    object->vtbl = vtbl;
    object->references = 1;
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

bool IocpCore_Create(IocpCore *core)
{
    ZeroMemory(core, sizeof(*core));
    InitializeSRWLock(&core->lock);

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
    /* The key is not used: the event leads to its owner. */
    return CreateIoCompletionPort(object->vtbl->GetHandle(object), core->port, 0, 0) != NULL;
}

/* --- The list; the lock is held ------------------------------------------------------------- */

/* At the end. But an accept goes behind MAX_FETCH others at most: in a long list all would talk before
   the next few clients are let in. */
static void IocpCore_Insert(IocpCore *core, IocpEvent *event)
{
    bool isLast = core->first != NULL && event->type != EVENT_ACCEPT;
    IocpEvent **link = isLast ? &core->last->next : &core->first;

    for (int i = 0; *link != NULL && i < MAX_FETCH; i++)
        link = &(*link)->next;
    event->next = *link;
    *link = event;
    if (event->next == NULL)
        core->last = event;
}

/* Fetches what has come to the port. The call does not wait. */
static void IocpCore_Fetch(IocpCore *core)
{
    OVERLAPPED_ENTRY entries[MAX_FETCH];
    ULONG count = 0;

    /* A failure that lasts is met again by the thread that waits next. */
    if (!GetQueuedCompletionStatusEx(core->port, entries, MAX_FETCH, &count, 0, FALSE))
        count = 0;
    for (ULONG i = 0; i < count; i++) {
        if (entries[i].lpOverlapped == NULL)
            core->quits++;
        else
            IocpCore_Insert(core,
                            CONTAINING_RECORD(entries[i].lpOverlapped, IocpEvent, overlapped));
    }
    /* A full batch was perhaps not all. */
    core->isLookDue = count == MAX_FETCH;
    core->roundEnd = core->last;
}

/* The event whose turn it is. NULL: none. */
static IocpEvent *IocpCore_TakeFirst(IocpCore *core)
{
    IocpEvent *event;

    if (core->isLookDue && (core->first == NULL || core->first->type == EVENT_RESUME))
        IocpCore_Fetch(core);
    event = core->first;
    if (event != NULL)
        core->first = event->next;

    /* A look that finds nothing is a call, too: once a round is enough, and who has come joins it.
       After an accept the next client may be there. */
    if (core->first != NULL && (event == core->roundEnd || event->type == EVENT_ACCEPT))
        core->isLookDue = true;
    return event;
}

/* Waits for one completion; the lock is not held meanwhile. `*event` is set for DISPATCH_DONE. */
static DispatchResult IocpCore_Wait(IocpCore *core, DWORD timeoutMs, IocpEvent **event)
{
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key;
    DWORD bytes, error;

    core->waiting++;
    ReleaseSRWLockExclusive(&core->lock);
    error = GetQueuedCompletionStatus(core->port, &bytes, &key, &overlapped, timeoutMs)
                ? 0
                : GetLastError();
    AcquireSRWLockExclusive(&core->lock);
    core->waiting--;

    /* With an OVERLAPPED `error` is the operation's. The OVERLAPPED has it as well. */
    if (overlapped != NULL) {
        *event = CONTAINING_RECORD(overlapped, IocpEvent, overlapped);
        if (core->waiting == 0)
            IocpCore_Fetch(core);
        return DISPATCH_DONE;
    }
    SetLastError(error);
    if (error != 0)
        return error == WAIT_TIMEOUT ? DISPATCH_TIMEOUT : DISPATCH_FAILED;
    return DISPATCH_QUIT;
}

/* --- For the threads ------------------------------------------------------------------------ */

/* Has the owner of the event handle it. The event's reference keeps the owner alive meanwhile. */
static void DispatchEvent(IocpEvent *event)
{
    IocpObject *owner = event->owner;
    DWORD bytes = (DWORD)event->overlapped.InternalHigh, error = 0;

    /* The operation's status is in the OVERLAPPED, 0 for success. */
    if (event->overlapped.Internal != 0 &&
        !GetOverlappedResult(owner->vtbl->GetHandle(owner), &event->overlapped, &bytes, FALSE))
        error = GetLastError();
    event->owner = NULL;
    owner->vtbl->Dispatch(owner, event, bytes, error);
    IocpObject_Release(owner);
}

DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs)
{
    DispatchResult result = DISPATCH_DONE;
    IocpEvent *event;

    AcquireSRWLockExclusive(&core->lock);
    event = IocpCore_TakeFirst(core);
    if (event == NULL && core->quits > 0) {
        core->quits--;
        result = DISPATCH_QUIT;
    } else if (event == NULL) {
        result = IocpCore_Wait(core, timeoutMs, &event);
    }
    ReleaseSRWLockExclusive(&core->lock);
    if (event != NULL)
        DispatchEvent(event);
    return result;
}

bool IocpCore_TakeTurns(IocpCore *core, IocpEvent *event, IocpObject *owner, bool isLong)
{
    bool isQueued;

    AcquireSRWLockExclusive(&core->lock);
    isQueued = core->waiting == 0 && (isLong || core->first != NULL);
    if (isQueued) {
        IocpEvent_Begin(event, EVENT_RESUME, owner);
        IocpCore_Insert(core, event);
        core->isLookDue = core->isLookDue || isLong;
    }
    ReleaseSRWLockExclusive(&core->lock);
    return isQueued;
}

bool IocpCore_Post(IocpCore *core, IocpEvent *event)
{
    return PostQueuedCompletionStatus(core->port, 0, 0, &event->overlapped);
}

bool IocpCore_PostQuit(IocpCore *core)
{
    return PostQueuedCompletionStatus(core->port, 0, 0, NULL);
}
