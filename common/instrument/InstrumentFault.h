/*
 * InstrumentFault: makes one call fail, or one outcome a bad one.
 *
 * INSTRUMENT=fault=12            the 12th call that can fail does
 * INSTRUMENT=fault=2:accept      the 2nd accept fails
 * INSTRUMENT=fault=2:accept:10054   with this error
 *
 * Three things that can happen to a program are no failed call: `completion`, an operation that was
 * outstanding has failed; `wake-up`, a condition variable that nobody woke lets its thread go on;
 * `short`, a send takes half of what it is given. The first two are counted with the calls, the
 * third only by its name.
 */
#ifndef INSTRUMENT_FAULT_H
#define INSTRUMENT_FAULT_H

#include "InstrumentApi.h"

#include <stdbool.h>

/* Outcomes that are no failed call, under names of their own. */
typedef enum Outcome { OUTCOME_COMPLETION, OUTCOME_SHORT, OUTCOME_WAKE_UP, OUTCOME_COUNT } Outcome;

/* N, N:API or N:API:ERROR. False: it is none of these. */
bool Fault_Parse(char *text);

/* 0, or the error that this call is to fail with. */
DWORD Fault_ForCall(Api api, InstrumentPlace place);

/* True: this outcome is to be the bad one. `error` is what a completion has failed with. */
bool Fault_ForOutcome(Outcome outcome, Api api, InstrumentPlace place, DWORD *error);

#endif
