/*
 * InstrumentThread: the threads of the program, how each is called, and what each does.
 */
#ifndef INSTRUMENT_THREAD_H
#define INSTRUMENT_THREAD_H

#include "InstrumentApi.h"

#include <stdbool.h>

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
    uint64_t random;      /* for InstrumentShuffle */
    uint32_t stepsToHold; /* it is held at one of so many steps; 0: not known yet */
} Thread;

void Thread_Init(void);

Thread *Thread_GetCurrent(void);

/* The newest, from which `next` leads to the others. */
Thread *Thread_GetFirst(void);

/* A thread that this call starts: before it; then on the thread itself, when it begins and ends. */
Thread *Thread_Create(Api startedBy, InstrumentPlace started);
void Thread_Begin(Thread *thread);
void Thread_End(Thread *thread);
void Thread_Forget(Thread *thread); /* it was not started */

/* It takes completions from a port: such threads are workers, numbered as they are first seen to. */
void Thread_NameWorker(Thread *thread);

/* Around a call that waits. */
void Thread_BeginWait(Thread *thread);
void Thread_EndWait(Thread *thread);

/* Around a completion routine: meanwhile the thread does not wait. */
void Thread_BeginRoutine(Thread *thread);
void Thread_EndRoutine(Thread *thread);

/* The place for a call through a pointer: somewhere after the last that is known. */
InstrumentPlace Thread_PlaceAfterLast(void);

#endif
