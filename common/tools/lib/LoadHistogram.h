/*
 * LoadHistogram: how often each latency was measured.
 *
 * It keeps no single values. A value is counted in a bucket that holds all values like it: up to
 * 127 each number has its own, and above that a bucket is at most 1/64 of its values wide. So any
 * number of values takes the same memory, and a percentile is at most 1.6 % too high and never too
 * low. An average is not kept: it says little about a server. A mean of 1 ms can be 1 ms for all,
 * or 100 ms for one message in a hundred.
 *
 * Values are nanoseconds. A histogram belongs to one thread at a time.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 2304 /* up to 2^41 ns, 36 minutes; what is longer counts as that long */

/* All zero is an empty one. */
typedef struct LoadHistogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t max;
} LoadHistogram;

void LoadHistogram_Add(LoadHistogram *histogram, uint64_t value);

/* Adds all values of another one. */
void LoadHistogram_Merge(LoadHistogram *histogram, const LoadHistogram *other);

/*
 * The value that `percent` of all values do not exceed: 99.0 gives p99. 0 for an empty histogram,
 * and never more than the greatest value.
 */
uint64_t LoadHistogram_GetPercentile(const LoadHistogram *histogram, double percent);

#endif
