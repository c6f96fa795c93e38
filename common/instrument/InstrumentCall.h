/*
 * InstrumentCall: a call that the program makes, while it runs. Its begin and its end need nearly all
 * files, so they are in InstrumentWrapper.h.
 */
#ifndef INSTRUMENT_CALL_H
#define INSTRUMENT_CALL_H

#include "InstrumentApi.h"
#include "InstrumentFinding.h"
#include "InstrumentThread.h"

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

/* The original was called: keeps what GetLastError says. */
void Call_Done(Call *call);

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

/* Adds the call to a finding; `what` it did, "broken", say. */
void Call_AddPlace(const Call *call, Finding *finding, const char *what);

#endif
