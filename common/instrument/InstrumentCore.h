/*
 * InstrumentCore: what the files of the instrumented build share.
 *
 *     InstrumentSocket.c, InstrumentSystem.c, InstrumentHeap.c   a function for each call
 *     InstrumentCore.c       what happens before and after each: counts, threads, options
 *     InstrumentFault.c      makes calls fail
 *     InstrumentRegistry.c   sockets, handles and outstanding operations, and the rules for them
 *     InstrumentFinding.c    says what broke which rule
 *     InstrumentTrace.c      remembers what happened when
 *
 * A wrapper has this form. Call_Done keeps what the call left in GetLastError, and Call_End puts it
 * back: the program sees of a wrapper nothing but the result of the call.
 *
 *     Call call;
 *     int result = SOCKET_ERROR;
 *
 *     if (Call_Begin(&call, API_listen, place)) {     false: it is to fail, and call.error says why
 *         result = listen(s, backlog);
 *         Call_Done(&call);
 *     }
 *     Call_End(&call);
 *     return result;
 *
 * Nothing here allocates memory with a call that is wrapped, and no lock of ours is held while a
 * wrapped call runs.
 */
#ifndef INSTRUMENT_CORE_H
#define INSTRUMENT_CORE_H

#define INSTRUMENT_INSIDE
#include "Instrument.h"

#include "InstrumentApi.h"
#include "InstrumentState.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum Kind { KIND_IO, KIND_MEMORY, KIND_LOCK, KIND_TEXT } Kind;

#define INSTRUMENT_ENUM(name, kind, error) API_##name,
typedef enum Api { INSTRUMENT_APIS(INSTRUMENT_ENUM) API_COUNT } Api;
#undef INSTRUMENT_ENUM

typedef struct ApiInfo {
    const char *name;
    Kind kind;
    DWORD error; /* 0: it cannot fail */
} ApiInfo;

extern const ApiInfo apiInfos[API_COUNT];

/* --- Options -------------------------------------------------------------------------------- */

typedef struct InstrumentOptions {
    bool isOn; /* any of the following */
    bool isCounting, isTracing, isVerifying, isFaulting;
    char *callsFile; /* NULL: a table on stderr */
    char *traceFile;
    long echoes; /* 0: not told */
} InstrumentOptions;

extern InstrumentOptions instrument;

/* Memory of our own, from a heap that the program does not see. Zeroed; never NULL. */
void *Instrument_Allocate(size_t size);
void Instrument_Release(void *memory);

/* --- Threads and calls ---------------------------------------------------------------------- */

typedef struct Thread {
    struct Thread *next;
    int number; /* 1 is the main thread */
    char name[24];
    bool isOwn;    /* the main thread or one that the program started */
    bool isOver;   /* its procedure has returned */
    bool isWorker; /* it takes completions from a port */
    int waits;     /* calls that wait and that it is in, nested by completion routines */
    int routines;  /* completion routines that it is in */
    Api lastApi;   /* its last call */
    InstrumentPlace last;
    Api startedBy; /* what started it */
    InstrumentPlace started;
    char *stackTop;                    /* the end of its stack: the highest address */
    char *stackEnd;                    /* the lowest */
    struct Operation *stackOperations; /* outstanding, with memory on its stack */
    unsigned(__stdcall *procedure)(void *);
    void *argument;
} Thread;

/* An entry in the list of the calls that are inside with a resource. */
typedef struct Inside {
    struct Inside *next;
    const struct Call *call;
} Inside;

typedef struct Call {
    Api api;
    InstrumentPlace place;
    Thread *thread;
    DWORD error;               /* what GetLastError says after it */
    bool isWaiting;            /* it may wait */
    struct Resource *resource; /* what it uses; it is inside with it */
    struct Resource *second;
    Inside inside, secondInside;
    LONG operation; /* the one that it begins; 0: none */
    LONGLONG begin; /* ticks */
    char result[64];
} Call;

/* True: make the call. False: it is to fail with call->error. */
bool Call_Begin(Call *call, Api api, InstrumentPlace place);
void Call_Done(Call *call);
void Call_End(Call *call);

/* After Call_Begin: the call may wait for something, so the thread counts as waiting. */
void Call_Waits(Call *call);

/* The same for a call that seldom waits, such as send: the thread does not count as waiting. */
void Call_MayWait(const Call *call);

/* Call_Waits where the call has a timeout, in milliseconds: with 0 it does not wait. */
void Call_WaitsUpTo(Call *call, DWORD timeout);

/* How many handles the call passes to the system, where it is not one. */
void Call_PassesHandles(const Call *call, LONG count);

/* For the trace. */
void Call_SetResult(Call *call, const char *format, ...);

Thread *Thread_GetCurrent(void);
Thread *Thread_GetFirst(void);

/* Wraps a thread's procedure. */
Thread *Thread_Create(const Call *call);
void Thread_Begin(Thread *thread);
void Thread_End(Thread *thread);
void Thread_Forget(Thread *thread); /* it was not started */

/* Around a completion routine: meanwhile the thread does not wait. */
void Thread_BeginRoutine(Thread *thread);
void Thread_EndRoutine(Thread *thread);

/* "05-iocp-basic/Server.c:123", or "after ..." where only the call before is known. */
const char *Place_ToText(InstrumentPlace place, char *text, int size);
#define PLACE_TEXT_SIZE 200

/* The place for a call through a pointer: somewhere after the last that is known. */
InstrumentPlace Place_AfterLast(void);

/* --- Faults --------------------------------------------------------------------------------- */

/* Outcomes that are no failed call, under names of their own. */
typedef enum Outcome { OUTCOME_COMPLETION, OUTCOME_SHORT, OUTCOME_WAKE_UP, OUTCOME_COUNT } Outcome;

/* N, N:API or N:API:ERROR. False: it is none of these. */
bool Fault_Parse(char *text);

/* 0, or the error that this call is to fail with. */
DWORD Fault_ForCall(Api api, InstrumentPlace place);

/* True: this outcome is to be the bad one. `error` is what a completion has failed with. */
bool Fault_ForOutcome(Outcome outcome, Api api, InstrumentPlace place, DWORD *error);

/* True: the program is to be told that this operation, which has succeeded, has failed. `error` has
   the usual error, and gets the one that fault= names, if it names one. */
bool Fault_ForCompletion(void *overlapped, DWORD *error);

/* --- The registry --------------------------------------------------------------------------- */

typedef enum ResourceType { TYPE_SOCKET, TYPE_EVENT, TYPE_PORT, TYPE_THREAD } ResourceType;

typedef struct Resource {
    struct Resource *next; /* in its bucket */
    HANDLE handle;
    ResourceType type;
    bool isOpen;
    Api openedBy, closedBy;
    InstrumentPlace opened, closed;
    Inside *inside; /* the calls that are inside with it */
    int operations; /* outstanding ones */
    char name[24];

    /* Sockets. */
    bool isNonBlocking, isExclusive, isSkipping;
    bool lacksAcceptContext, lacksConnectContext;
    HANDLE listener; /* that it was accepted from */
    HANDLE port;     /* that it is associated with */
    WSAEVENT event;  /* of WSAEventSelect, and for what */
    long events;
    int receives; /* outstanding */
} Resource;

void Registry_Init(void);
void Registry_Open(Call *call, HANDLE handle, ResourceType type);

/* The call uses this handle: it must be open. Counts the call as inside until Call_End. */
void Registry_Use(Call *call, HANDLE handle);

/* The same, for a call that is given two. */
void Registry_UseSecond(Call *call, HANDLE handle);

/* The call is over: it is not inside any more. */
void Registry_Leave(Call *call);

/*
 * The call closes this handle. Before the call itself. False: it was closed before, which verify has
 * told, and is not to be closed again: its number may be somebody else's by now.
 */
bool Registry_BeginClose(Call *call, HANDLE handle);
/* After it. */
void Registry_EndClose(const Call *call, HANDLE handle, bool isClosed);

/* The call uses this handle among others: it must not be closed. */
void Registry_CheckOpen(const Call *call, HANDLE handle);

/* The call uses all of these and no other: none of them must be closed. */
void Registry_UseAll(const Call *call, DWORD count, const HANDLE *handles);

/* The socket has a client: it gets a name. */
void Registry_NameSession(Resource *resource);

bool Registry_IsBlocking(const Call *call);

/* The call's socket is used by a function that needs SO_UPDATE_ACCEPT_CONTEXT before. */
void Registry_NeedContext(const Call *call);

/* SO_UPDATE_ACCEPT_CONTEXT with this listener was set. */
void Registry_SetContext(const Call *call, const void *value, int size);

/* An operation is about to begin; before the call. `buffers` may be NULL. */
void Operation_Begin(Call *call, void *overlapped, const WSABUF *buffers, DWORD count,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
void Operation_AddRange(Call *call, void *overlapped, const void *memory, size_t size);
void Operation_SetAcceptSocket(void *overlapped, SOCKET socket);

/* The call has returned: `isDone`, it is over already; else call->error says whether it began. */
void Operation_Returned(Call *call, void *overlapped, bool isDone);

/* A packet is about to be posted by hand; after the call, whether it was. */
void Operation_BeginPost(Call *call, void *overlapped);
void Operation_EndPost(Call *call, void *overlapped, bool isPosted);

/* A completion was taken from a port, with this result. */
void Operation_Dequeued(Call *call, void *overlapped, DWORD bytes, DWORD error);

/* The api of an outstanding operation that is to be completed, for faults. False: none. */
bool Operation_GetApi(void *overlapped, Api *api, InstrumentPlace *place);

/* WSAGetOverlappedResult or GetOverlappedResult has said that it is over. */
void Operation_Collected(Call *call, void *overlapped, DWORD bytes, DWORD error);

/* A completion routine is about to run. Returns the program's. */
LPWSAOVERLAPPED_COMPLETION_ROUTINE Operation_BeginRoutine(void *overlapped, Api *api, LONG *id);

/* Something outstanding has memory in this block, which is about to be freed. */
void Operation_CheckFreed(Call *call, const void *memory, size_t size);

/* Something outstanding has memory on the stack of this thread below `frame`. No place: it ends. */
void Operation_CheckStack(const Thread *thread, const char *frame, InstrumentPlace place);

/* Remembers which OVERLAPPED on the stack of this thread, not below `frame`, are still pending. */
void Operation_LookAtStack(const Thread *thread, const char *frame);

void Registry_ReportLeftOver(void);
void Registry_CountStartup(int change, InstrumentPlace place);

/* --- Findings ------------------------------------------------------------------------------- */

/* One finding is built by one thread: Begin, then the parts, then End. */
#define RULE_MEMORY    (-1)
#define RULE_LEFT_OVER (-2)
#define RULE_CONTEXT   (-3)
#define RULE_WARNING   (-4)

typedef struct Finding {
    int rule;
    int length;
    char text[3000];
    InstrumentPlace places[2]; /* the same finding at the same places is told once */
    int placeCount;
    const char *format;
} Finding;

void Finding_Begin(Finding *finding, int rule, const char *format, ...);
void Finding_AddPlace(Finding *finding, const char *what, const char *call, InstrumentPlace place,
                      const Thread *thread);
void Finding_End(Finding *finding, const char *why);
int Finding_GetCount(void);
void Finding_PrintSum(void);

/* --- Memory --------------------------------------------------------------------------------- */

void GuardHeap_Init(void);

/* An operation uses this memory, or does not any more. */
void GuardHeap_Pin(const void *memory, int change);

/* The call hands this range to the system: it must be inside one live block, if in any. */
void GuardHeap_CheckRange(const Call *call, const void *memory, size_t size, const char *what);
void GuardHeap_ReportLeftOver(void);

/* --- Trace ---------------------------------------------------------------------------------- */

void Trace_Init(void);
LONGLONG Trace_Now(void);
void Trace_AddCall(const Call *call);
void Trace_AddRoutine(Thread *thread, LONGLONG begin, const char *result);
void Trace_AddFlow(const Thread *thread, char phase, Api api, LONG operation);
void Trace_Write(void);

/* --- Wrappers that are alike ---------------------------------------------------------------- */

/* `parameters` and `arguments` are lists in parentheses; the first parameter is called `place`. */

/* The call `made`, with `then` after it. `failed`: what it returns where it is made to fail. The names come
   pasted together: a name that is handed on by itself is replaced where a header has it as a macro, as
   Wine's has htons. */
#define WRAPPER(type, head, api, failed, made, then)                                               \
    type head                                                                                      \
    {                                                                                              \
        type result = failed;                                                                      \
        Call call;                                                                                 \
                                                                                                   \
        if (Call_Begin(&call, api, place)) {                                                       \
            result = made;                                                                         \
            Call_Done(&call);                                                                      \
            then;                                                                                  \
        }                                                                                          \
        Call_End(&call);                                                                           \
        return result;                                                                             \
    }

/* A call that is only counted. */
#define COUNTED(type, name, failed, parameters, arguments)                                         \
    WRAPPER(type, Instrument_##name parameters, API_##name, failed, name arguments, (void)0)

/* The same where it returns nothing, and says nothing in GetLastError. */
#define COUNTED_VOID(name, parameters, arguments)                                                  \
    void Instrument_##name parameters                                                              \
    {                                                                                              \
        Call call;                                                                                 \
                                                                                                   \
        Call_Begin(&call, API_##name, place);                                                      \
        name arguments;                                                                            \
        Call_End(&call);                                                                           \
    }

/* A call that opens a socket or a handle; `kind` is its ResourceType. */
#define OPENING_CALL(type, name, failed, kind, parameters, arguments)                              \
    WRAPPER(type, Instrument_##name parameters, API_##name, failed, name arguments,                \
            Registry_Open(&call, (HANDLE)result, kind))

/* A call that only uses a handle. */
#define HANDLE_CALL(name, parameters, arguments)                                                   \
    BOOL Instrument_##name parameters                                                              \
    {                                                                                              \
        BOOL result;                                                                               \
        Call call;                                                                                 \
                                                                                                   \
        Call_Begin(&call, API_##name, place);                                                      \
        Registry_Use(&call, handle);                                                               \
        result = name arguments;                                                                   \
        Call_Done(&call);                                                                          \
        Call_End(&call);                                                                           \
        return result;                                                                             \
    }

#endif
