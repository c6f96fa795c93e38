/*
 * InstrumentState: what an instrumented program shows to another process.
 *
 * While it runs, that is a named section, with which a driver can wait until the program is at rest:
 * when `waiting` equals `threads` and `calls` stands still, all that came was handled and all
 * threads wait. A driver that acts only then has the same calls in the same order in each run.
 */
#ifndef INSTRUMENT_STATE_H
#define INSTRUMENT_STATE_H

#include <winsock2.h>
#include <windows.h>

/* The exit code of a program in which verify has found something. */
#define EXIT_FINDING 3

/* snprintf format for the name of the section; the process's number goes in. */
#define INSTRUMENT_STATE_NAME      "Local\\Instrument-%lu"
#define INSTRUMENT_STATE_NAME_SIZE 40

/* More than there are functions. */
#define INSTRUMENT_COUNT_MAX 160

/* How often one function was called so far. */
typedef struct InstrumentCount {
    char name[40]; /* empty: the list ends here */
    char kind[8];  /* io, memory, lock, text */
    DWORD error;   /* with which fault makes it fail; 0: it cannot fail */
    volatile LONG calls;
    volatile LONG handles; /* that these calls passed to the system */
} InstrumentCount;

typedef struct InstrumentState {
    volatile LONG threads; /* the main thread and those that the program started */
    volatile LONG waiting; /* those of them that are inside a call that waits */
    volatile LONG calls;   /* calls of kind io that have begun */
    InstrumentCount counts[INSTRUMENT_COUNT_MAX];
} InstrumentState;

#endif
