/*
 * IocpCore: see IocpCore.h.
 */
#include "IocpCore.h"

/* The most completions that one thread takes at a time: the others shall have work, too. */
#define MAX_BATCH 32

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

bool IocpCore_Create(IocpCore *core)
{
    /* It fails with NULL, where other functions that return a HANDLE have INVALID_HANDLE_VALUE. */
    core->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    return core->port != NULL;
}

void IocpCore_Close(IocpCore *core)
{
    if (core->port != NULL)
        CloseHandle(core->port);
    core->port = NULL;
}

/*
 * Asks for no completion where the call has succeeded. Some third-party Winsock providers hand out
 * handles that are not the system's; with those the system would get it wrong.
 */
static bool SkipOnSuccess(HANDLE handle)
{
    WSAPROTOCOL_INFOW info;
    int size = (int)sizeof(info);

    if (getsockopt((SOCKET)handle, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) != 0 ||
        (info.dwServiceFlags1 & XP1_IFS_HANDLES) == 0)
        return false;
    return SetFileCompletionNotificationModes(handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
                                                          FILE_SKIP_SET_EVENT_ON_HANDLE);
}

bool IocpCore_Register(IocpCore *core, IocpObject *object)
{
    HANDLE handle = object->vtbl->GetHandle(object);

    /* The key is not used: the event leads to its owner. */
    if (CreateIoCompletionPort(handle, core->port, 0, 0) == NULL)
        return false;
    object->isSkipping = SkipOnSuccess(handle);
    return true;
}

/*
 * Has the owner of the event handle it. The event's reference keeps the owner alive meanwhile. Returns
 * the owner, and with it the reference, if it is to continue; NULL: it is done.
 */
static IocpObject *DispatchEntry(const OVERLAPPED_ENTRY *entry)
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
        return owner;
    IocpObject_Release(owner);
    return NULL;
}

/*
 * What objects begin after the whole batch finds more done already. A receive, above all: while the
 * others were sent their answers, the next message of this one has often come. So they take turns.
 */
static void ContinueAll(IocpObject *objects[], ULONG count)
{
    while (count > 0) {
        ULONG left = 0;

        for (ULONG i = 0; i < count; i++) {
            if (objects[i]->vtbl->Continue(objects[i]))
                objects[left++] = objects[i];
            else
                IocpObject_Release(objects[i]);
        }
        count = left;
    }
}

DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs)
{
    OVERLAPPED_ENTRY entries[MAX_BATCH];
    IocpObject *unfinished[MAX_BATCH];
    ULONG count = 0, unfinishedCount = 0, quits = 0;

    if (!GetQueuedCompletionStatusEx(core->port, entries, MAX_BATCH, &count, timeoutMs, FALSE))
        return GetLastError() == WAIT_TIMEOUT ? DISPATCH_TIMEOUT : DISPATCH_FAILED;
    for (ULONG i = 0; i < count; i++) {
        IocpObject *object = NULL;

        if (entries[i].lpOverlapped == NULL)
            quits++;
        else
            object = DispatchEntry(&entries[i]);
        if (object != NULL)
            unfinished[unfinishedCount++] = object;
    }
    ContinueAll(unfinished, unfinishedCount);

    /* One is for this thread. It may have taken those of others, too, who would wait for ever if one
       were lost: so it is tried until it succeeds. */
    for (ULONG i = 1; i < quits; i++) {
        while (!IocpCore_PostQuit(core))
            Sleep(1);
    }
    return quits > 0 ? DISPATCH_QUIT : DISPATCH_DONE;
}

bool IocpCore_Post(IocpCore *core, IocpEvent *event, DWORD bytes)
{
    return PostQueuedCompletionStatus(core->port, bytes, 0, &event->overlapped);
}

bool IocpCore_PostQuit(IocpCore *core)
{
    return PostQueuedCompletionStatus(core->port, 0, 0, NULL);
}
