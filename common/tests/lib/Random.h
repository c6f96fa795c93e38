/*
 * Random: numbers that are the same in each run.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* The next of a row of random numbers, below `limit`. The same seed gives the same row. */
uint32_t Random_Next(uint32_t *seed, uint32_t limit);

#endif
