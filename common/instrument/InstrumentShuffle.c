/*
 * InstrumentShuffle: see InstrumentShuffle.h.
 *
 * A thread has a row of random numbers of its own, which the seed and the thread's number decide: at
 * its nth step it is held, or not, in each run with this seed. What the others do meanwhile is for
 * the system to say, so an order of all threads comes again often, but not always.
 */
#include "InstrumentShuffle.h"
#include "InstrumentOptions.h"

#define LONGEST_MS 10

/* splitmix64: any number is good enough to begin with. */
static uint32_t Next(Thread *thread)
{
    uint64_t mixed = thread->random += 0x9E3779B97F4A7C15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)(mixed >> 32);
}

/* Most holds only let others go first; one in sixteen is long. */
static DWORD ChooseMilliseconds(uint32_t number)
{
    if (number % 16 < 8)
        return 0;
    return number % 16 < 15 ? 1 : 2 + number / 16 % (LONGEST_MS - 1);
}

void Shuffle_Hold(Thread *thread)
{
    if (!instrument.isShuffling)
        return;
    if (thread->stepsToHold == 0) {
        thread->random = (uint64_t)instrument.seed << 32 | (uint32_t)thread->number;
        /* Some threads are slow: what is rare needs one that is late among others that are not. */
        thread->stepsToHold = 4u << Next(thread) % 4;
    }
    if (Next(thread) % thread->stepsToHold == 0)
        Sleep(ChooseMilliseconds(Next(thread)));
}
