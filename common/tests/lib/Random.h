/*
 * Random: numbers that are the same in each run.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* The next of a row of random numbers, below `limit`. The same seed gives the same row. */
static inline uint32_t Random_Next(uint32_t *seed, uint32_t limit)
{
    uint32_t x = *seed != 0 ? *seed : 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *seed = x;
    return (uint32_t)((uint64_t)x * limit >> 32);
}

#endif
