/*
 * IocpCore: a completion port, and IocpObject, what is registered with it.
 *
 * An object has a handle on which operations complete, and it handles each completion. Listener and
 * Session are IocpObjects: each has one as a member, and CONTAINING_RECORD leads back.
 */
#ifndef IOCP_CORE_H
#define IOCP_CORE_H

#include "IocpEvent.h"

typedef struct IocpObject IocpObject;

typedef struct IocpObjectVtbl {
    HANDLE (*GetHandle)(IocpObject *object);

    /*
     * `event` has completed. Either `error` is 0 and `bytes` were transferred, or `error` says why
     * it failed, as a number of the system (64, 995), not of Winsock. The event belongs to the
     * object again. Called on the thread that called IocpCore_Dispatch.
     */
    void (*Dispatch)(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);
} IocpObjectVtbl;

struct IocpObject {
    const IocpObjectVtbl *vtbl;
};

typedef struct IocpCore {
    HANDLE port; /* NULL while there is none */
} IocpCore;

/* What IocpCore_Dispatch did. */
typedef enum DispatchResult {
    DISPATCH_DONE,    /* an object was told of a completion */
    DISPATCH_TIMEOUT, /* none came in time */
    DISPATCH_QUIT,    /* this thread took a packet of IocpCore_PostQuit */
    DISPATCH_FAILED   /* the call itself failed; GetLastError says why */
} DispatchResult;

/* Creates the port. False: GetLastError says why. The owner calls IocpCore_Close. */
bool IocpCore_Create(IocpCore *core);

/* Call it when no thread is in IocpCore_Dispatch and no operation is outstanding. */
void IocpCore_Close(IocpCore *core);

/*
 * Associates the object's handle with the port: its completions are dispatched to the object, which
 * must live until the last of them. A handle can be registered once. False: GetLastError says why.
 */
bool IocpCore_Register(IocpCore *core, IocpObject *object);

/*
 * Waits up to `timeoutMs` milliseconds (or INFINITE) for one completion and has its object handle
 * it, on this thread. Any number of threads may do this at the same time.
 */
DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs);

/* Makes one thread leave IocpCore_Dispatch with DISPATCH_QUIT. False: GetLastError says why. */
bool IocpCore_PostQuit(IocpCore *core);

#endif
