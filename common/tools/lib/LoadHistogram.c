/*
 * LoadHistogram: see LoadHistogram.h.
 */
#include "LoadHistogram.h"

#define SUB_BUCKETS 64 /* of each power of two */

/*
 * The value is shifted until it is below 128. Each shift has 64 buckets of its own, for 64 to 127;
 * those below 64 are there for the first only: 0 to 127, then 128 to 255 in steps of 2, and so on.
 */
static int FindBucket(uint64_t value)
{
    int shift = 0;
    int bucket;

    while (value >> shift >= 2 * SUB_BUCKETS)
        shift++;
    bucket = shift * SUB_BUCKETS + (int)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The greatest value that is counted in the bucket. */
static uint64_t GetBucketEnd(int bucket)
{
    int shift = bucket < 2 * SUB_BUCKETS ? 0 : bucket / SUB_BUCKETS - 1;
    uint64_t first = (uint64_t)(bucket - shift * SUB_BUCKETS);

    return ((first + 1) << shift) - 1;
}

void LoadHistogram_Add(LoadHistogram *histogram, uint64_t value)
{
    histogram->buckets[FindBucket(value)]++;
    histogram->count++;
    if (value > histogram->max)
        histogram->max = value;
}

void LoadHistogram_Merge(LoadHistogram *histogram, const LoadHistogram *other)
{
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
    histogram->count += other->count;
    if (other->max > histogram->max)
        histogram->max = other->max;
}

uint64_t LoadHistogram_GetPercentile(const LoadHistogram *histogram, double percent)
{
    double wanted = (double)histogram->count * percent / 100;
    uint64_t seen = 0;

    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (histogram->buckets[i] > 0 && (double)seen >= wanted) {
            uint64_t end = GetBucketEnd(i);

            return end < histogram->max ? end : histogram->max;
        }
    }
    return histogram->max;
}
