/*
 * InstrumentFinding: says which rule was broken, where it began and where it broke.
 */
#ifndef INSTRUMENT_FINDING_H
#define INSTRUMENT_FINDING_H

#include "InstrumentPlace.h"
#include "InstrumentThread.h"

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

#endif
