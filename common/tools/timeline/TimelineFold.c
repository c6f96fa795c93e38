/*
 * TimelineFold: see Trace_Fold in TimelineTrace.h.
 *
 * A server that begins sixteen accepts makes the same few calls sixteen times. They are drawn once;
 * the others become one slice, "these 2: 15 times more". Calls for a session are never folded.
 */
#include "TimelineTrace.h"

#include <stdio.h>
#include <string.h>

#define MAX_PERIOD  4 /* calls that are repeated together */
#define MIN_REPEATS 4
#define MIN_FOLDED  6 /* calls: for fewer a box with a text is no gain */

static bool hasChild[TRACE_MAX_CALLS];
static bool isFolded[TRACE_MAX_CALLS];

static bool IsFoldable(const Slice *slice, int index)
{
    return slice->depth == 0 && !hasChild[index] && strncmp(slice->socket, "session ", 8) != 0;
}

/* True: the same line of the program made both, and with the same result if it waited. */
static bool IsSameCall(const Slice *a, const Slice *b)
{
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 && strcmp(a->place, b->place) == 0 &&
           (a->kind != SLICE_WAIT || strcmp(a->result, b->result) == 0);
}

/* How often the first `period` of these slices are there, one after the other. */
static int CountRepeats(const Trace *trace, const int *indices, int count, int period)
{
    int same = 0;

    while (same < count && IsFoldable(&trace->slices[indices[same]], indices[same]) &&
           IsSameCall(&trace->slices[indices[same]], &trace->slices[indices[same % period]]))
        same++;
    return same / period;
}

/* Makes one slice of these. The first becomes it, the others are marked. */
static void FoldSlices(Trace *trace, const int *indices, int period, int repeats)
{
    Slice *slice = &trace->slices[indices[0]];
    char names[TRACE_TEXT_SIZE] = "";
    int length = 0;

    for (int i = 0; i < period; i++) {
        const char *name = trace->slices[indices[i]].name;

        if (length < (int)sizeof(names))
            length += snprintf(names + length, sizeof(names) - (size_t)length, "%s%s",
                               i > 0 ? ", " : "", name);
    }
    slice->end = trace->slices[indices[period * repeats - 1]].end;
    slice->kind = SLICE_FOLD;
    slice->result[0] = '\0';
    slice->socket[0] = '\0';
    memcpy(slice->place, names, sizeof(names));
    if (period == 1)
        snprintf(slice->name, sizeof(slice->name), "%d times more", repeats);
    else
        snprintf(slice->name, sizeof(slice->name), "these %d: %d times more", period, repeats);
    for (int i = 1; i < period * repeats; i++)
        isFolded[indices[i]] = true;
}

static void FoldLane(Trace *trace, int lane)
{
    static int indices[TRACE_MAX_CALLS];
    int count = 0, i = 0;

    for (int s = 0; s < trace->sliceCount; s++) {
        if (trace->slices[s].lane == lane && trace->slices[s].depth == 0)
            indices[count++] = s;
    }
    while (i < count) {
        int period = 1, repeats = 0;

        for (; period <= MAX_PERIOD; period++) {
            repeats = CountRepeats(trace, indices + i, count - i, period);
            if (repeats >= MIN_REPEATS && (repeats - 1) * period >= MIN_FOLDED)
                break;
        }
        if (period <= MAX_PERIOD) {
            FoldSlices(trace, indices + i + period, period, repeats - 1);
            i += period * repeats;
        } else {
            i++;
        }
    }
}

void Trace_Fold(Trace *trace)
{
    int count = 0;

    for (int i = 0; i < trace->sliceCount; i++) {
        if (trace->slices[i].parent != TRACE_NONE)
            hasChild[trace->slices[i].parent] = true;
    }
    for (int i = 0; i < trace->laneCount; i++)
        FoldLane(trace, i);
    for (int i = 0; i < trace->sliceCount; i++) {
        if (!isFolded[i])
            trace->slices[count++] = trace->slices[i];
    }
    trace->sliceCount = count;
}
