/*
 * TimelineTrace: what timeline.exe reads from a trace, put in order.
 */
#ifndef TIMELINE_TRACE_H
#define TIMELINE_TRACE_H

#include <stdbool.h>

#define TRACE_MAX_CALLS 2000 /* more cannot be read in a picture */
#define TRACE_MAX_FLOWS 2000
#define TRACE_MAX_LANES 64
#define TRACE_TEXT_SIZE 160
#define TRACE_TICKS     8192 /* in a tenth of a microsecond, the smallest time in a trace */
#define TRACE_NONE      (-1)

typedef enum SliceKind { SLICE_WORK, SLICE_WAIT, SLICE_CALLBACK, SLICE_FOLD } SliceKind;

/* A call, a completion routine, or calls that repeat those before them (see Trace_Fold). */
typedef struct Slice {
    char name[TRACE_TEXT_SIZE];
    char place[TRACE_TEXT_SIZE]; /* this and the next two may be empty */
    char result[TRACE_TEXT_SIZE];
    char socket[TRACE_TEXT_SIZE];
    SliceKind kind;
    long long begin, end; /* in ticks; no two edges of a thread are at the same time */
    int tid;
    int number;      /* its position in the trace */
    int lane;        /* its thread's */
    int parent;      /* the slice that it is inside of, or TRACE_NONE */
    int depth;       /* how many it is inside of */
    int first, last; /* its two edges */
    int departures;  /* operations that it began */
    int arrivals;    /* operations whose completions it took */

    /* Where it is drawn, for TimelineLayout. */
    int row1, x1; /* its beginning */
    int row2, x2; /* its end */
    bool isWide;  /* its name is in the box, not above it */
    int cursor;   /* while it is placed: the next edge inside it is not further left */
} Slice;

/* The beginning or the end of a slice. */
typedef struct Edge {
    long long time; /* in ticks */
    int slice;
    bool isEnd;
} Edge;

/* An operation, from the slice that began it to the one that took its completion. Where the same
   two folds have several in common, it is one of them. */
typedef struct Flow {
    int from, to;
    int departure, arrival; /* which of those from and to these slices it is */

    int letter; /* for TimelineLayout: where its arrow is in two parts, what joins them */
} Flow;

/* A thread, or a client. */
typedef struct Lane {
    char name[TRACE_TEXT_SIZE];
    int tid;
    int first, last; /* edges: it is there from the one to the other */
    int sliceCount;
} Lane;

typedef struct Trace {
    char processName[TRACE_TEXT_SIZE]; /* may be empty */
    Slice slices[TRACE_MAX_CALLS];     /* in the order of their beginnings, the outer one first */
    int sliceCount;
    Edge edges[2 * TRACE_MAX_CALLS]; /* in the order of time */
    int edgeCount;
    Flow flows[TRACE_MAX_FLOWS];
    int flowCount;
    Lane lanes[TRACE_MAX_LANES]; /* clients, main, workers, others, Ctrl+C */
    int laneCount;
} Trace;

/* Fills `trace`, which is all zero, from the file. False: it could not, and a sentence said why. */
bool Trace_Read(Trace *trace, const char *path);

/* For Trace_Read: where a thread does the same few calls many times, only the first are left, and a
   fold for the others. The slices are in order and know their depths and parents; the parents have
   to be looked for again. */
void Trace_Fold(Trace *trace);

#endif
