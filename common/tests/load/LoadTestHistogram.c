/*
 * LoadTestHistogram: that percentiles are what LoadHistogram.h says. See LoadTest.h.
 */
#include "LoadTest.h"
#include "LoadHistogram.h"
#include "Random.h"

#define VALUES 20000

static LoadHistogram histogram, other;
static uint64_t values[VALUES];

static void Clear(void)
{
    memset(&histogram, 0, sizeof(histogram));
    memset(&other, 0, sizeof(other));
}

static bool IsPercentile(double percent, uint64_t least, uint64_t most)
{
    uint64_t value = LoadHistogram_GetPercentile(&histogram, percent);

    return IsBetween("percentile", (double)value, (double)least, (double)most);
}

static bool IsExactly(double percent, uint64_t wanted)
{
    return IsPercentile(percent, wanted, wanted);
}

TEST("load: histogram: empty")
{
    Clear();
    CHECK(IsExactly(0, 0));
    CHECK(IsExactly(50, 0));
    CHECK(IsExactly(100, 0));
    CHECK_INT(histogram.count, 0);
    LoadHistogram_Merge(&histogram, &other);
    CHECK(IsExactly(99.9, 0));
}

/* A single value is each percentile: also one that has no bucket of its own. */
TEST("load: histogram: a single value")
{
    static const uint64_t singles[] = {0, 1, 127, 128, 129, 1000003, 123456789012};

    for (size_t i = 0; i < COUNT_OF(singles); i++) {
        Clear();
        LoadHistogram_Add(&histogram, singles[i]);
        CHECK(IsExactly(50, singles[i]));
        CHECK(IsExactly(99.9, singles[i]));
        CHECK(IsExactly(100, singles[i]));
        CHECK(histogram.max == singles[i]);
    }
}

/* Up to 127 each value has a bucket. */
TEST("load: histogram: values to 127 are exact")
{
    for (uint64_t value = 0; value < 128; value++) {
        Clear();
        LoadHistogram_Add(&histogram, value);
        LoadHistogram_Add(&histogram, value + 1 + value % 3);
        if (value + 1 + value % 3 < 128)
            REQUIRE(CHECK(IsExactly(50, value)));
    }
    Clear();
    for (uint64_t value = 0; value < 128; value++)
        LoadHistogram_Add(&histogram, value);
    CHECK_INT(histogram.count, 128);
    for (uint64_t rank = 1; rank <= 128; rank++)
        REQUIRE(CHECK(IsExactly((double)rank * 100 / 128, rank - 1)));
}

/* With 1 to 100, pN is N; and what lies a little above N percent is the next. */
TEST("load: histogram: ranks")
{
    Clear();
    for (uint64_t value = 1; value <= 100; value++)
        LoadHistogram_Add(&histogram, value);
    for (int percent = 1; percent < 100; percent++) {
        REQUIRE(CHECK(IsExactly(percent, (uint64_t)percent)));
        REQUIRE(CHECK(IsExactly(percent + 0.5, (uint64_t)percent + 1)));
    }
    CHECK(IsExactly(99.9, 100));
    CHECK(IsExactly(0, 1));

    /* 999 are 5 and one is 100: p99.9 is still 5. */
    Clear();
    for (int i = 0; i < 999; i++)
        LoadHistogram_Add(&histogram, 5);
    LoadHistogram_Add(&histogram, 100);
    CHECK(IsExactly(99.9, 5));
    CHECK(IsExactly(99.95, 100));
    LoadHistogram_Add(&histogram, 100);
    CHECK(IsExactly(99.9, 100));
}

static uint64_t GetRandom(uint32_t *seed)
{
    return ((uint64_t)Random_Next(seed, UINT32_MAX) << 32) | Random_Next(seed, UINT32_MAX);
}

static int CompareValues(const void *a, const void *b)
{
    const uint64_t *left = (const uint64_t *)a, *right = (const uint64_t *)b;

    return (*left > *right) - (*left < *right);
}

/* Each percentile of the sorted values, never below the value and at most 1/64 above. */
static void CheckSorted(void)
{
    static const double percents[] = {0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

    qsort(values, VALUES, sizeof(values[0]), CompareValues);
    CHECK(histogram.max == values[VALUES - 1]);
    CHECK_INT(histogram.count, VALUES);
    for (size_t i = 0; i < COUNT_OF(percents); i++) {
        /* In hundredths of a percent it is a whole number, and so is the rank, rounded up. */
        uint64_t parts = (uint64_t)(percents[i] * 100 + 0.5);
        uint64_t value = values[(VALUES * parts + 9999) / 10000 - 1];

        CHECK(IsPercentile(percents[i], value, value + value / 64));
    }
}

/* Of all magnitudes, from a few nanoseconds to 18 minutes. */
TEST("load: histogram: values of all magnitudes")
{
    uint32_t seed = 1;

    Clear();
    for (int i = 0; i < VALUES; i++) {
        uint64_t random = GetRandom(&seed);

        values[i] = (random & ((1ull << 40) - 1)) >> (random >> 58) % 40;
        LoadHistogram_Add(&histogram, values[i]);
    }
    CheckSorted();
}

/* Most are near each other, as latencies are, and some are far off. */
TEST("load: histogram: a tail")
{
    uint32_t seed = 2;

    Clear();
    for (int i = 0; i < VALUES; i++) {
        values[i] = 50000 + GetRandom(&seed) % 20000;
        if (i % 200 == 0)
            values[i] = 200000000 + GetRandom(&seed) % 50000000;
        LoadHistogram_Add(&histogram, values[i]);
    }
    CheckSorted();
}

/* At each power of two and beside it. */
TEST("load: histogram: edges of buckets")
{
    for (int shift = 7; shift <= 40; shift++) {
        for (uint64_t value = (1ull << shift) - 1; value <= (1ull << shift) + 1; value++) {
            Clear();
            LoadHistogram_Add(&histogram, value);
            LoadHistogram_Add(&histogram, 1ull << 41);
            REQUIRE(CHECK(IsPercentile(50, value, value + value / 64)));
        }
    }
}

/* What is too long for the buckets counts as the longest that they have. */
TEST("load: histogram: too long a value")
{
    Clear();
    for (int i = 0; i < 10; i++)
        LoadHistogram_Add(&histogram, i < 9 ? 7 : UINT64_MAX);
    CHECK(IsExactly(90, 7));
    CHECK(IsPercentile(91, 1ull << 40, UINT64_MAX));
    CHECK(histogram.max == UINT64_MAX);
}

/* Two merged are what one of all values is. */
TEST("load: histogram: two merged")
{
    uint32_t seed = 3;

    Clear();
    for (int i = 0; i < VALUES; i++) {
        values[i] = GetRandom(&seed) >> 30;
        LoadHistogram_Add(i % 3 == 0 ? &histogram : &other, values[i]);
    }
    LoadHistogram_Merge(&histogram, &other);
    CheckSorted();
    LoadHistogram_Merge(&histogram, &(LoadHistogram){.count = 0});
    CheckSorted();
}
