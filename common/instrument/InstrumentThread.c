/*
 * InstrumentThread: see InstrumentThread.h.
 */
#include "InstrumentThread.h"
#include "InstrumentCounts.h"
#include "InstrumentMemory.h"

static DWORD threadSlot;

static SRWLOCK threadsLock = SRWLOCK_INIT;
static Thread *threads; /* newest first */
static int threadCount;
static int workerCount;

void Thread_Init(void)
{
    threadSlot = TlsAlloc();
}

static Thread *AddThread(void)
{
    Thread *thread = (Thread *)Memory_Allocate(sizeof(*thread));

    AcquireSRWLockExclusive(&threadsLock);
    thread->number = ++threadCount;
    thread->next = threads;
    threads = thread;
    ReleaseSRWLockExclusive(&threadsLock);
    snprintf(thread->name, sizeof(thread->name), "thread %d", thread->number);
    return thread;
}

Thread *Thread_GetFirst(void)
{
    return threads;
}

static void FindStack(Thread *thread)
{
    ULONG_PTR lowest = 0, highest = 0;

    GetCurrentThreadStackLimits(&lowest, &highest);
    thread->stackEnd = (char *)lowest;
    thread->stackTop = (char *)highest;
}

Thread *Thread_GetCurrent(void)
{
    Thread *thread = (Thread *)TlsGetValue(threadSlot);

    if (thread == NULL) {
        /* The main thread, or one of the system's, such as the one that handles Ctrl+C. */
        thread = AddThread();
        if (thread->number == 1) {
            thread->isOwn = true;
            snprintf(thread->name, sizeof(thread->name), "main");
            Counts_AddThreads(1);
        }
        FindStack(thread);
        TlsSetValue(threadSlot, thread);
    }
    return thread;
}

Thread *Thread_Create(Api startedBy, InstrumentPlace started)
{
    Thread *thread = AddThread();

    thread->isOwn = true;
    thread->started = started;
    thread->startedBy = startedBy;
    Counts_AddThreads(1);
    return thread;
}

void Thread_Forget(Thread *thread)
{
    thread->isOver = true;
    Counts_AddThreads(-1);
}

void Thread_Begin(Thread *thread)
{
    FindStack(thread);
    TlsSetValue(threadSlot, thread);
}

void Thread_End(Thread *thread)
{
    if (thread->isOver || !thread->isOwn)
        return;
    thread->isOver = true;
    Counts_AddThreads(-1);
}

void Thread_BeginWait(Thread *thread)
{
    if (thread->isOwn && thread->waits++ == 0)
        Counts_AddWaiting(1);
}

void Thread_EndWait(Thread *thread)
{
    if (thread->isOwn && --thread->waits == 0)
        Counts_AddWaiting(-1);
}

void Thread_BeginRoutine(Thread *thread)
{
    Thread_EndWait(thread);
    thread->routines++;
}

void Thread_EndRoutine(Thread *thread)
{
    thread->routines--;
    Thread_BeginWait(thread);
}

void Thread_NameWorker(Thread *thread)
{
    if (thread->isWorker || !thread->isOwn || thread->number == 1)
        return;
    AcquireSRWLockExclusive(&threadsLock);
    thread->isWorker = true;
    snprintf(thread->name, sizeof(thread->name), "worker %d", ++workerCount);
    ReleaseSRWLockExclusive(&threadsLock);
}

InstrumentPlace Thread_PlaceAfterLast(void)
{
    DWORD error = GetLastError();
    InstrumentPlace place = Thread_GetCurrent()->last;

    if (place.line > 0)
        place.line = -place.line;
    SetLastError(error);
    return place;
}
