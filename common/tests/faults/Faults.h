/*
 * Faults: what the files of faults.exe share. Faults.c says what it is and has the command line.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "Conversation.h"

#define FAILURE_SIZE 800
#define FAULT_SIZE   240
#define MODES_SIZE   400

typedef enum GuestName { NEIGHBOUR, FIRST, NEXT, SPARE, LAST, GUEST_COUNT } GuestName;

typedef struct Guest {
    Client client;
    bool isLost;
} Guest;

typedef struct Run {
    char modes[MODES_SIZE]; /* the value of INSTRUMENT */
    Conversation conversation;
    Guest guests[GUEST_COUNT];
    char fault[FAULT_SIZE];     /* the server's line about it; empty: it had no such call */
    char failure[FAILURE_SIZE]; /* what was expected and what came; empty: all is well */
} Run;

/* Plays a run from the server's start to its end, bad or good; `modes` is set, the rest zero. */
void Run_Play(Run *run, const char *path, int stage);

/* Prints what is known about a run that failed. */
void Run_PrintFailure(const Run *run, const char *server);

/* Ends all that may be left of a run. */
void Run_Close(Run *run);

#endif
