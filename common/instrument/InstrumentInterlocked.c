/*
 * InstrumentInterlocked: stands in for the interlocked functions. They neither fail nor wait, and
 * nobody counts them: all that comes to them is that a thread may be held before and after.
 */
#include "InstrumentOptions.h"
#include "InstrumentShuffle.h"

static void Hold(void)
{
    DWORD error;

    if (!instrument.isShuffling)
        return;
    error = GetLastError();
    Shuffle_Hold(Thread_GetCurrent());
    SetLastError(error);
}

#define INTERLOCKED(type, name, parameters, arguments)                                             \
    type Instrument_##name parameters                                                              \
    {                                                                                              \
        type result;                                                                               \
                                                                                                   \
        Hold();                                                                                    \
        result = name arguments;                                                                   \
        Hold();                                                                                    \
        return result;                                                                             \
    }

#define INTERLOCKED_ALL(type, suffix)                                                              \
    INTERLOCKED(type, InterlockedIncrement##suffix, (volatile type * value), (value))              \
    INTERLOCKED(type, InterlockedDecrement##suffix, (volatile type * value), (value))              \
    INTERLOCKED(type, InterlockedExchange##suffix, (volatile type * value, type other),            \
                (value, other))                                                                    \
    INTERLOCKED(type, InterlockedExchangeAdd##suffix, (volatile type * value, type other),         \
                (value, other))                                                                    \
    INTERLOCKED(type, InterlockedCompareExchange##suffix,                                          \
                (volatile type * value, type other, type expected), (value, other, expected))

INTERLOCKED_ALL(LONG, )
INTERLOCKED_ALL(LONG64, 64)
INTERLOCKED(LONG, InterlockedAnd, (volatile LONG * value, LONG other), (value, other))
INTERLOCKED(LONG, InterlockedOr, (volatile LONG * value, LONG other), (value, other))
INTERLOCKED(PVOID, InterlockedExchangePointer, (PVOID volatile * value, PVOID other),
            (value, other))
INTERLOCKED(PVOID, InterlockedCompareExchangePointer,
            (PVOID volatile * value, PVOID other, PVOID expected), (value, other, expected))
