/*
 * TimelineLayout: where the parts of a timeline are on the page.
 *
 * A server works for microseconds and waits for milliseconds in between, so a timeline is not to
 * scale. It keeps the order: what begins or ends later is further right, on whatever thread. All
 * edges are placed from left to right, each as near to the one before as the names in the boxes
 * allow. When the page's width is used up, a new row begins.
 */
#ifndef TIMELINE_LAYOUT_H
#define TIMELINE_LAYOUT_H

#include "TimelineTrace.h"

#define LAYOUT_MAX_ROWS  500
#define LAYOUT_MAX_LINES 3 /* of text in a box */

/* Measures in pixels. */
#define PAGE_WIDTH  960 /* at most */
#define PAGE_MARGIN 10
#define PAGE_LEFT   76 /* of the boxes; the threads' names are before it */
#define ROW_HEADER  20
#define BOX_HEIGHT  36
#define BOX_WIDTH   15 /* of a call that does not wait, at least */
#define BADGE_WIDTH 15 /* of the mark of a socket, at least */
#define TRACK       6  /* from one arrow to the next below it */
#define LINK_HEIGHT 21 /* for letters in circles */

/* Room for a character, in tenths of a pixel: whatever font it is, it is not wider. */
#define BOX_CHAR   55
#define LABEL_CHAR 43 /* of a slanted label: what it needs to the right, and as much above */

/* Part of the picture's width: all lanes for some time. */
typedef struct Row {
    int first, last; /* the first edge in it, and the first after it */
    int right;
    int top;
    int bottom;
} Row;

/* A lane in a row. */
typedef struct Band {
    bool isShown;
    int top;       /* of the boxes */
    int linkCount; /* letters in circles below the boxes */
    int tracks;    /* for arrows, below those */
} Band;

/* An arrow, or one of its two parts if it ends in another row: letters in circles join them. */
typedef enum WirePart { WIRE_WHOLE, WIRE_START, WIRE_FINISH } WirePart;

typedef struct Wire {
    int flow;
    WirePart part;
    int row, lane; /* it runs below the boxes of this lane */
    int x1, x2;
    int track; /* if it is whole */
} Wire;

typedef struct Layout {
    Trace *trace;
    int right; /* of the boxes and labels, at most */
    Row rows[LAYOUT_MAX_ROWS];
    int rowCount;
    Band bands[LAYOUT_MAX_ROWS][TRACE_MAX_LANES];
    Wire wires[2 * TRACE_MAX_FLOWS];
    int wireCount;
    int letterCount;
    int wireX; /* while a row is filled: the last place where an arrow crosses lanes */
} Layout;

/*
 * Fills `layout`, which is all zero, and in `trace` what is for it. The first row begins at `top`;
 * the page is between `least` and PAGE_WIDTH pixels wide. False: there would be too many rows.
 */
bool Layout_Place(Layout *layout, Trace *trace, int top, int least);

/* What marks the slice's socket: a session's number, L for the listener, s3 for another socket,
   nothing if it has none. It stays until the next call. */
const char *Layout_GetBadge(const Slice *slice);
int Layout_GetBadgeWidth(const Slice *slice);

/* The room that a wide box needs at its end, for the mark and for arrows. */
int Layout_GetTail(const Slice *slice);

/*
 * Breaks a name between its words so that no line is longer than `width` characters: ends[i] is
 * where line i ends. Returns the number of lines, LAYOUT_MAX_LINES + 1 if that is not enough.
 */
int Layout_BreakName(const char *name, int width, int ends[LAYOUT_MAX_LINES]);

/* The y of an arrow's track, or of its letter. */
int Layout_GetWireY(const Layout *layout, const Wire *wire);

#endif
