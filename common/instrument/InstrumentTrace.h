/*
 * InstrumentTrace: remembers each call, and writes them as Chrome trace events at the end.
 * edge://tracing and Perfetto open the file.
 *
 * A slice (ph X) for each call, an arrow (ph s and f) from the call that began an operation to the
 * one that took its completion. Times are microseconds of QueryPerformanceCounter, which all
 * programs share: another one can add to the file what it did meanwhile.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
#ifndef INSTRUMENT_TRACE_H
#define INSTRUMENT_TRACE_H

#include "InstrumentCall.h"

LONGLONG Trace_Now(void);
void Trace_AddCall(const Call *call);
void Trace_AddRoutine(Thread *thread, LONGLONG begin, const char *result);
void Trace_AddFlow(const Thread *thread, char phase, Api api, LONG operation);
void Trace_Write(void);

#endif
