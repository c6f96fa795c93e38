/*
 * IocpCore: see IocpCore.h.
 */
#include "IocpCore.h"

bool IocpCore_Create(IocpCore *core)
{
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
    HANDLE handle = object->vtbl->GetHandle(object);

    return CreateIoCompletionPort(handle, core->port, (ULONG_PTR)object, 0) != NULL;
}

DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs)
{
    DWORD bytes = 0, error = 0;
    ULONG_PTR key = 0;
    LPOVERLAPPED overlapped = NULL;
    IocpObject *object;

    /* Four outcomes. TRUE with an overlapped: an operation succeeded. TRUE without one:
       IocpCore_PostQuit posted this packet. FALSE with an overlapped: an operation failed; its
       object gets the error. FALSE without one: nothing was taken from the port. */
    if (!GetQueuedCompletionStatus(core->port, &bytes, &key, &overlapped, timeoutMs))
        error = GetLastError();
    if (overlapped == NULL) {
        if (error == 0)
            return DISPATCH_QUIT;
        return error == WAIT_TIMEOUT ? DISPATCH_TIMEOUT : DISPATCH_FAILED;
    }
    object = (IocpObject *)key;
    object->vtbl->Dispatch(object, CONTAINING_RECORD(overlapped, IocpEvent, overlapped), bytes,
                           error);
    return DISPATCH_DONE;
}

bool IocpCore_PostQuit(IocpCore *core)
{
    return PostQueuedCompletionStatus(core->port, 0, 0, NULL);
}
