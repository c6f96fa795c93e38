/*
 * IocpCore: a completion port; IocpObject: what is registered with it.
 *
 * An object has a handle on which operations complete, and is told of each completion. It counts
 * its references and is destroyed with the last, on whichever thread that is. Listener and Session
 * are IocpObjects: their struct begins with one, and CONTAINING_RECORD leads back.
 */
#ifndef IOCP_CORE_H
#define IOCP_CORE_H

#include "IocpEvent.h"

typedef struct IocpObject IocpObject;

typedef struct IocpObjectVtbl {
    HANDLE (*GetHandle)(IocpObject *object);

    /*
     * `event` has completed: `bytes` were moved and `error` is 0, or `error` says why it failed, in
     * the numbers of the system (64, 995), not of Winsock. The event is the object's own again. On
     * whichever thread called IocpCore_Dispatch; a reference is held meanwhile. True: Continue is
     * to be called, once.
     */
    bool (*Dispatch)(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);

    /*
     * On the same thread, when all completions that it took with that one were dispatched. True: it
     * is to be called again, when the others have had their turn. It may say so a few times in a
     * row, and has to end it then. The reference is held until it returns false. NULL: Dispatch
     * never asks for it.
     */
    bool (*Continue)(IocpObject *object);

    /* Nobody has a reference any more: frees the object. On the thread that released the last. */
    void (*Destroy)(IocpObject *object);
} IocpObjectVtbl;

struct IocpObject {
    const IocpObjectVtbl *vtbl;
    volatile LONG references;
    bool isSkipping; /* an operation that succeeds at once queues no completion */
};

/* The creator's reference is the first. */
void IocpObject_Init(IocpObject *object, const IocpObjectVtbl *vtbl);
void IocpObject_AddRef(IocpObject *object);
void IocpObject_Release(IocpObject *object);

typedef struct IocpCore {
    HANDLE port;     /* NULL while there is none */
    bool isSkipping; /* handles may be asked for no completion where a call has succeeded */
} IocpCore;

/* What IocpCore_Dispatch did. */
typedef enum DispatchResult {
    DISPATCH_DONE,    /* objects were told of completions */
    DISPATCH_TIMEOUT, /* none came in time */
    DISPATCH_QUIT,    /* this thread took a packet of IocpCore_PostQuit */
    DISPATCH_FAILED   /* the call itself failed; GetLastError says why */
} DispatchResult;

/* Creates the port. False: GetLastError says why. The owner calls IocpCore_Close. */
bool IocpCore_Create(IocpCore *core);

/* Call it when no thread is in IocpCore_Dispatch and no operation is outstanding. */
void IocpCore_Close(IocpCore *core);

/*
 * From now on the completions of the object's handle are dispatched by this core. A handle can be
 * registered once. An operation that succeeds at once queues no completion: the call that began it
 * has the result, if object->isSkipping. False: GetLastError says why.
 * https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
 */
bool IocpCore_Register(IocpCore *core, IocpObject *object);

/*
 * Waits up to `timeoutMs` milliseconds (or INFINITE) for completions, takes as many as there are up
 * to a bound, and has their objects handle them, on this thread: first Dispatch of each, then
 * Continue of those that asked for it, in turns. Between the turns it takes what has come, without
 * waiting and a bounded number of times. Any number of threads may do this.
 */
DispatchResult IocpCore_Dispatch(IocpCore *core, DWORD timeoutMs);

/*
 * Queues a completion of `event` by hand: its owner will be told of `bytes` by one of the threads.
 * IocpEvent_Begin comes before. False: it was not queued; GetLastError says why.
 */
bool IocpCore_Post(IocpCore *core, IocpEvent *event, DWORD bytes);

/* Makes one thread leave IocpCore_Dispatch with DISPATCH_QUIT. False: GetLastError says why. */
bool IocpCore_PostQuit(IocpCore *core);

#endif
