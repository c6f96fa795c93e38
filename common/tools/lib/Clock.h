/*
 * Clock: the time in nanoseconds, for what GetTickCount64 is too coarse for: it goes on in steps of
 * up to 16 ms.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* Nanoseconds since some moment before the program's start. Any thread; never less than before. */
int64_t Clock_GetNs(void);

#endif
