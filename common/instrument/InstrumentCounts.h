/*
 * InstrumentCounts: how often each function was called, and how many threads wait. A driver sees the
 * counts while the program runs (InstrumentState.h), the user at the end.
 */
#ifndef INSTRUMENT_COUNTS_H
#define INSTRUMENT_COUNTS_H

#include "InstrumentApi.h"

/* Opens the section that drivers read. Without one the program counts for itself alone. */
void Counts_Init(void);

void Counts_AddCall(Api api);

/* The call passes so many handles to the system. */
void Counts_AddHandles(Api api, LONG count);

/* So many threads more, or more that wait. */
void Counts_AddThreads(LONG change);
void Counts_AddWaiting(LONG change);

/* calls: the table, or its file. */
void Counts_Report(void);

#endif
