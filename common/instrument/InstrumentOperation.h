/*
 * InstrumentOperation: the operations that are outstanding, and the rules for their memory.
 *
 * An operation is outstanding from just before the call that begins it until its completion was
 * taken: from the port, by its routine, or by its event. `id` tells it from a later one with the
 * same OVERLAPPED, which may begin on another thread before the first call has returned.
 */
#ifndef INSTRUMENT_OPERATION_H
#define INSTRUMENT_OPERATION_H

#include "InstrumentRegistry.h"

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

/* --- Under registryLock --------------------------------------------------------------------- */

/* NULL: there is none with this OVERLAPPED. */
Operation *Operation_Find(const void *overlapped);

/* With room for the ranges of the OVERLAPPED, of so many buffers, and one more. */
Operation *Operation_Add(Call *call, OVERLAPPED *overlapped, DWORD buffers);
void Operation_AddRange(Operation *operation, const void *memory, size_t size);

/* Takes it out of all lists and frees it. */
void Operation_Remove(Operation *operation);

/* The same for those of this socket that are over: a program may take an event as the end, and never
   ask for the result. */
void Operation_RemoveOver(const Resource *resource);

/* One that is told by its event is over when the system says so in the OVERLAPPED. */
bool Operation_IsOutstanding(const Operation *operation);

/* What the system says in the OVERLAPPED. */
bool Operation_IsPending(const OVERLAPPED *overlapped);

/* The function that has the OVERLAPPED among its variables has not returned: remembers what the
   system says in it. Whoever looks afterwards may find another function's variables. */
void Operation_LookAtStatus(Operation *operation);

/* Adds to a finding where the operation began. */
void Operation_AddBegan(const Operation *operation, Finding *finding);

/* --- They take the lock themselves ---------------------------------------------------------- */

/* Something outstanding has memory in this block, which is about to be freed. */
void Operation_CheckFreed(Call *call, const void *memory, size_t size);

/* Something outstanding has memory on the stack of this thread below `frame`. No place: it ends. */
void Operation_CheckStack(const Thread *thread, const char *frame, InstrumentPlace place);

/* Remembers which OVERLAPPED on the stack of this thread, not below `frame`, are still pending. */
void Operation_LookAtStack(const Thread *thread, const char *frame);

/* What is outstanding at the end. */
void Operation_ReportLeftOver(void);

#endif
