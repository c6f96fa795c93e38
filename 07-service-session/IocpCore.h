/*
 * IocpCore: a completion port, and IocpObject, what is registered with it.
 *
 * An object has a handle on which operations complete, and it handles each completion. Listener and
 * Session are IocpObjects: each has one as a member, and CONTAINING_RECORD leads back. An object
 * counts its references and is destroyed with the last, on whichever thread that is.
 *
 * The threads that dispatch share the work: while one of them waits at the port, no completion waits
 * in the hands of another.
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
     * object again. Called on the thread that called IocpCore_Dispatch, which holds a reference.
     */
    void (*Dispatch)(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);

    /* The time of its timer has come, see Keeper.h. Returns the next time; 0: none. */
    ULONGLONG (*OnTime)(IocpObject *object);

    /* Nobody has a reference any more: frees the object. On the thread that released the last. */
    void (*Destroy)(IocpObject *object);
} IocpObjectVtbl;

struct IocpObject {
    const IocpObjectVtbl *vtbl;
    volatile LONG references;
};

/* The creator's reference is the first. */
void IocpObject_Init(IocpObject *object, const IocpObjectVtbl *vtbl);
void IocpObject_AddRef(IocpObject *object);
void IocpObject_Release(IocpObject *object);

typedef struct IocpCore {
    HANDLE port; /* NULL while there is none */

    SRWLOCK lock;     /* held to change what follows, and to look at the port */
    int waiting;      /* threads that wait at the port, or are about to */
    int quits;        /* packets of IocpCore_PostQuit that were taken and not yet returned */
    IocpEvent *first; /* the list: taken and not yet dispatched; empty while a thread waits */
    IocpEvent *last;
    IocpEvent *roundEnd; /* the last in the list when the port was last looked at */
    bool isLookDue; /* at the port, before a thread waits there or an EVENT_RESUME has its turn */
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
 * Associates the object's handle with the port: its completions are dispatched, each to the owner of
 * its event. A handle can be registered once. False: GetLastError says why.
 */
bool IocpCore_Register(IocpCore *core, IocpObject *object);

/*
 * Waits up to `timeoutMs` milliseconds (or INFINITE) for one completion and has its object handle
 * it, on this thread. Any number of threads may do this at the same time.
 */
DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs);

/*
 * A thread that dispatches wants to go on with `owner`: may others have their turn first? True:
 * `event` was queued as EVENT_RESUME, behind them, and is dispatched like a completion. False:
 * nobody waits for this thread, so it goes on at once. `isLong`: it has gone on for a while, so that
 * whoever has come to the port in the meantime is to be asked, too.
 */
bool IocpCore_TakeTurns(IocpCore *core, IocpEvent *event, IocpObject *owner, bool isLong);

/*
 * Queues a completion of `event` by hand: its owner will be told by one of the threads.
 * IocpEvent_Begin comes before. False: it was not queued; GetLastError says why.
 */
bool IocpCore_Post(IocpCore *core, IocpEvent *event);

/* Makes one thread leave IocpCore_Dispatch with DISPATCH_QUIT. False: GetLastError says why. */
bool IocpCore_PostQuit(IocpCore *core);

#endif
