/*
 * TimelineLayout: see TimelineLayout.h.
 */
#include "TimelineLayout.h"

#include <winsock2.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP         2  /* from one edge to the next, at least */
#define ARRIVAL_END 7  /* from the last arrowhead to the end of the wait */
#define ARRIVAL     13 /* from one arrowhead to the next */
#define RESULT_MAX  13 /* characters of a result that is worth a wider box */
#define WIRE_GAP    9  /* between two places where arrows cross lanes */
#define WAIT_LINE   10 /* names that are not longer are not broken */
#define WORK_LINE   14
#define FEW_CALLS   5 /* a thread with no more has wide boxes */
#define ROW_GAP     8
#define RIGHT_STEP  10
#define CUT_WORK    100
#define CUT_PIXELS  25 /* of an empty row are as bad as an arrow cut in two */
#define FIRST_TRACK 4

/* --- Names ----------------------------------------------------------------------------------- */

const char *Layout_GetBadge(const Slice *slice)
{
    static char badge[8];
    const char *number = strchr(slice->socket, ' ');

    badge[0] = '\0';
    if (strcmp(slice->socket, "listener") == 0)
        snprintf(badge, sizeof(badge), "L");
    else if (number != NULL && strncmp(slice->socket, "session ", 8) == 0)
        snprintf(badge, sizeof(badge), "%.5s", number + 1);
    else if (number != NULL)
        snprintf(badge, sizeof(badge), "%c%.5s", slice->socket[0], number + 1);
    return badge;
}

int Layout_GetBadgeWidth(const Slice *slice)
{
    int length = (int)strlen(Layout_GetBadge(slice));

    return length == 0 ? 0 : max(BADGE_WIDTH, 5 + 6 * length);
}

/* Where a name may be broken: before the C and the S of GetQueuedCompletionStatus,
   and before the R of WSARecv. */
static bool IsWordStart(const char *name, int at)
{
    bool isUpper = name[at] >= 'A' && name[at] <= 'Z';
    bool isAfterUpper = name[at - 1] >= 'A' && name[at - 1] <= 'Z';
    bool isBeforeLower = name[at + 1] >= 'a' && name[at + 1] <= 'z';

    return name[at - 1] == ' ' || (isUpper && (!isAfterUpper || isBeforeLower));
}

int Layout_BreakName(const char *name, int width, int ends[LAYOUT_MAX_LINES])
{
    int length = (int)strlen(name), begin = 0;

    for (int line = 0; line < LAYOUT_MAX_LINES; line++) {
        int end = length;

        if (length - begin > width) {
            end = begin + max(width, 0);
            while (end > begin && !IsWordStart(name, end))
                end--;
            if (end == begin)
                break;
        }
        ends[line] = end;
        if (end == length)
            return line + 1;
        begin = end;
    }
    return LAYOUT_MAX_LINES + 1;
}

/* The width of the text in a box: its name, and below it a result that is short. */
static int GetTextWidth(const Slice *slice)
{
    int ends[LAYOUT_MAX_LINES];
    int nameLength = (int)strlen(slice->name), resultLength = (int)strlen(slice->result);
    int width = min(nameLength, slice->kind == SLICE_WORK ? WORK_LINE : WAIT_LINE);

    while (Layout_BreakName(slice->name, width, ends) > LAYOUT_MAX_LINES)
        width++;
    if (resultLength > width && resultLength <= RESULT_MAX &&
        Layout_BreakName(slice->name, resultLength, ends) < LAYOUT_MAX_LINES)
        width = resultLength;
    /* Inside another there is room for one line. */
    if (slice->depth > 0)
        width = nameLength;
    return width * BOX_CHAR / 10 + 7;
}

/* What a slanted label needs above and to the right. */
static int GetLabelSize(const Slice *slice)
{
    return slice->isWide ? 0 : (int)strlen(slice->name) * LABEL_CHAR / 10 + 8;
}

/* --- Rows ------------------------------------------------------------------------------------ */

/* The room in a slice before the first edge inside it. */
static int GetHead(const Slice *slice)
{
    if (slice->isWide)
        return max(GetTextWidth(slice), 4 + ARRIVAL * slice->departures);
    return max(BOX_WIDTH, Layout_GetBadgeWidth(slice));
}

int Layout_GetTail(const Slice *slice)
{
    if (!slice->isWide)
        return 0;
    return max(Layout_GetBadgeWidth(slice),
               slice->arrivals > 0 ? 5 + ARRIVAL * slice->arrivals : 0);
}

static int GetEdgeX(const Trace *trace, int edge)
{
    const Slice *slice = &trace->slices[trace->edges[edge].slice];

    return trace->edges[edge].isEnd ? slice->x2 : slice->x1;
}

static void PlaceEnd(Layout *layout, Slice *slice, int x)
{
    Trace *trace = layout->trace;

    slice->row2 = layout->rowCount;
    slice->x2 = max(x + GAP, slice->cursor + Layout_GetTail(slice));
    if (slice->kind != SLICE_CALLBACK && slice->arrivals > 0) {
        int arrivals = ARRIVAL * (slice->arrivals - 1) + ARRIVAL_END;

        slice->x2 = max(slice->x2, layout->wireX + WIRE_GAP + arrivals);
        layout->wireX = slice->x2 - ARRIVAL_END;
    }
    if (slice->parent != TRACE_NONE)
        trace->slices[slice->parent].cursor = slice->x2 + GAP;
}

static void PlaceBegin(Layout *layout, Slice *slice, int x)
{
    slice->row1 = layout->rowCount;
    slice->x1 = x + GAP;
    if (slice->parent != TRACE_NONE)
        slice->x1 = max(slice->x1, layout->trace->slices[slice->parent].cursor);
    if (slice->departures > 0 || (slice->kind == SLICE_CALLBACK && slice->arrivals > 0)) {
        slice->x1 = max(slice->x1, layout->wireX + WIRE_GAP - BOX_WIDTH / 2);
        layout->wireX = slice->x1 + BOX_WIDTH / 2;
        if (slice->departures > 1)
            layout->wireX += ARRIVAL * (slice->departures - 1);
    }
    slice->cursor = slice->x1 + GetHead(slice);
}

/* Places an edge to the right of x, where the one before it is. Returns where that ends what
   belongs to it: the box if it is a short one, or the label. */
static int PlaceEdge(Layout *layout, const Edge *edge, int x)
{
    Slice *slice = &layout->trace->slices[edge->slice];

    if (edge->isEnd) {
        PlaceEnd(layout, slice, x);
        return slice->x2;
    }
    PlaceBegin(layout, slice, x);
    return max(slice->cursor + Layout_GetTail(slice),
               slice->x1 + BOX_WIDTH / 2 + GetLabelSize(slice));
}

/* True: the slice goes on where a row ends with the edge before this one. */
static bool IsCut(const Slice *slice, int edge)
{
    return slice->first < edge && slice->last >= edge;
}

/* What is against beginning a new row at this edge: boxes that do not wait and arrows would be cut
   in two, and the row would not be full. */
static int GetCutCost(const Layout *layout, int edge)
{
    const Trace *trace = layout->trace;
    int cost = (layout->right - GetEdgeX(trace, edge - 1)) / CUT_PIXELS;

    for (int i = 0; i < trace->sliceCount; i++) {
        const Slice *slice = &trace->slices[i];

        if (slice->kind != SLICE_WAIT && slice->kind != SLICE_FOLD && IsCut(slice, edge))
            cost += CUT_WORK;
    }
    for (int i = 0; i < trace->flowCount; i++) {
        const Slice *to = &trace->slices[trace->flows[i].to];
        int end = to->kind == SLICE_CALLBACK ? to->first : to->last;

        if (trace->slices[trace->flows[i].from].first < edge && end >= edge)
            cost++;
    }
    return cost;
}

/* The edge at which the next row begins, if the edge `stop` has no room in this one. */
static int ChooseCut(const Layout *layout, int first, int stop)
{
    int best = stop, bestCost = GetCutCost(layout, stop);

    for (int i = stop - 1; i > first; i--) {
        int cost = GetCutCost(layout, i);

        if (GetEdgeX(layout->trace, i - 1) < layout->right * 2 / 3)
            break;
        if (cost < bestCost) {
            best = i;
            bestCost = cost;
        }
    }
    return best;
}

/* Fills a row with the edges from `first` on. */
static void PlaceRow(Layout *layout, int first)
{
    Trace *trace = layout->trace;
    Row *row = &layout->rows[layout->rowCount];
    int x = PAGE_LEFT, i = first;

    for (int s = 0; s < trace->sliceCount; s++) {
        if (IsCut(&trace->slices[s], first))
            trace->slices[s].cursor = PAGE_LEFT + GetHead(&trace->slices[s]);
    }
    layout->wireX = 0;
    while (i < trace->edgeCount &&
           (PlaceEdge(layout, &trace->edges[i], x) <= layout->right || i == first))
        x = GetEdgeX(trace, i++);
    row->first = first;
    row->last = i < trace->edgeCount ? ChooseCut(layout, first, i) : i;

    /* What goes on in the next row has its text in this one, too. */
    row->right = GetEdgeX(trace, row->last - 1) + 3 * GAP;
    for (int s = 0; s < trace->sliceCount; s++) {
        const Slice *slice = &trace->slices[s];

        if (slice->first >= first && IsCut(slice, row->last))
            row->right = max(row->right, slice->x1 + GetHead(slice));
    }
    layout->rowCount++;
}

/* Fills all rows. False: there are too many. */
static bool PlaceRows(Layout *layout, int right)
{
    layout->right = right;
    layout->rowCount = 0;
    for (int first = 0; first < layout->trace->edgeCount;
         first = layout->rows[layout->rowCount - 1].last) {
        if (layout->rowCount == LAYOUT_MAX_ROWS)
            return false;
        PlaceRow(layout, first);
    }
    return true;
}

/* Makes the page as narrow as it can be with the same number of rows: they are of about the same
   length then. */
static void BalanceRows(Layout *layout, int least)
{
    int rowCount = layout->rowCount, right = layout->right;

    while (right - RIGHT_STEP >= least && PlaceRows(layout, right - RIGHT_STEP) &&
           layout->rowCount == rowCount)
        right -= RIGHT_STEP;
    PlaceRows(layout, right);
}

/* --- Arrows ---------------------------------------------------------------------------------- */

static void AddWire(Layout *layout, Wire wire)
{
    layout->wires[layout->wireCount++] = wire;
    if (wire.part != WIRE_WHOLE)
        layout->bands[wire.row][wire.lane].linkCount++;
}

static void AddWires(Layout *layout)
{
    Trace *trace = layout->trace;

    for (int i = 0; i < trace->flowCount; i++) {
        Flow *flow = &trace->flows[i];
        const Slice *from = &trace->slices[flow->from], *to = &trace->slices[flow->to];
        int x1 = from->x1 + BOX_WIDTH / 2 + ARRIVAL * flow->departure;
        int x2 = to->x1 + BOX_WIDTH / 2, row2 = to->row1;

        /* Above the middle there is the label. */
        if (from->lane > to->lane)
            x1 -= BOX_WIDTH / 4;

        /* At the end of the wait, or the beginning of the completion routine. */
        if (to->kind != SLICE_CALLBACK) {
            x2 = to->x2 - ARRIVAL_END - ARRIVAL * (to->arrivals - 1 - flow->arrival);
            row2 = to->row2;
        }
        if (from->row1 == row2) {
            AddWire(layout, (Wire){i, WIRE_WHOLE, row2, min(from->lane, to->lane), x1, x2, 0});
        } else {
            flow->letter = layout->letterCount++;
            AddWire(layout, (Wire){i, WIRE_START, from->row1, from->lane, x1, x1, 0});
            AddWire(layout, (Wire){i, WIRE_FINISH, row2, to->lane, x2, x2, 0});
        }
    }
}

static int CompareWires(const void *left, const void *right)
{
    const Wire *a = (const Wire *)left, *b = (const Wire *)right;
    int lengthA = abs(a->x2 - a->x1), lengthB = abs(b->x2 - b->x1);

    if (lengthA != lengthB)
        return lengthA - lengthB;
    return a->flow != b->flow ? a->flow - b->flow : (int)a->part - (int)b->part;
}

static bool IsOverlapping(const Wire *a, const Wire *b)
{
    return a->row == b->row && a->lane == b->lane && a->part == b->part && a->track == b->track &&
           min(a->x1, a->x2) <= max(b->x1, b->x2) + TRACK &&
           min(b->x1, b->x2) <= max(a->x1, a->x2) + TRACK;
}

/* Finds the first track where no other arrow is beside this one. */
static void PlaceWire(Layout *layout, int index)
{
    Wire *wire = &layout->wires[index];
    Band *band = &layout->bands[wire->row][wire->lane];

    for (int i = 0; i < index; i++) {
        if (IsOverlapping(&layout->wires[i], wire)) {
            wire->track++;
            i = -1;
        }
    }
    band->tracks = max(band->tracks, wire->track + 1);
}

/* The short ones are placed first and so are next to the boxes. */
static void PlaceWires(Layout *layout)
{
    qsort(layout->wires, (size_t)layout->wireCount, sizeof(layout->wires[0]), CompareWires);
    for (int i = 0; i < layout->wireCount; i++) {
        if (layout->wires[i].part == WIRE_WHOLE)
            PlaceWire(layout, i);
    }
}

int Layout_GetWireY(const Layout *layout, const Wire *wire)
{
    const Band *band = &layout->bands[wire->row][wire->lane];
    int y = band->top + BOX_HEIGHT;

    if (wire->part != WIRE_WHOLE)
        return y + LINK_HEIGHT - 7;
    return y + (band->linkCount > 0 ? LINK_HEIGHT : 0) + FIRST_TRACK + TRACK * (wire->track + 1);
}

/* --- Heights --------------------------------------------------------------------------------- */

/* The room above the boxes of a lane. */
static int GetLabelHeight(const Trace *trace, int row, int lane)
{
    int height = 0;

    for (int i = 0; i < trace->sliceCount; i++) {
        if (trace->slices[i].row1 == row && trace->slices[i].lane == lane)
            height = max(height, GetLabelSize(&trace->slices[i]));
    }
    return height;
}

static int StackBands(Layout *layout, int index, int y)
{
    const Trace *trace = layout->trace;
    const Row *row = &layout->rows[index];

    for (int i = 0; i < trace->laneCount; i++) {
        Band *band = &layout->bands[index][i];

        band->isShown = trace->lanes[i].first != TRACE_NONE && trace->lanes[i].first < row->last &&
                        trace->lanes[i].last >= row->first;
        if (!band->isShown)
            continue;
        band->top = y + GetLabelHeight(trace, index, i) + 4;
        y = band->top + BOX_HEIGHT + FIRST_TRACK + TRACK * (band->tracks + 1);
        if (band->linkCount > 0)
            y += LINK_HEIGHT;
    }
    return y;
}

bool Layout_Place(Layout *layout, Trace *trace, int top, int least)
{
    layout->trace = trace;
    for (int i = 0; i < trace->sliceCount; i++) {
        Slice *slice = &trace->slices[i];
        const Lane *lane = &trace->lanes[slice->lane];

        slice->isWide = slice->kind == SLICE_WAIT || slice->kind == SLICE_FOLD ||
                        (lane->sliceCount <= FEW_CALLS && slice->kind == SLICE_WORK);
    }
    if (!PlaceRows(layout, PAGE_WIDTH - PAGE_MARGIN))
        return false;
    BalanceRows(layout, least - PAGE_MARGIN);
    AddWires(layout);
    PlaceWires(layout);
    for (int i = 0; i < layout->rowCount; i++) {
        layout->rows[i].top = top;
        layout->rows[i].bottom = StackBands(layout, i, top + ROW_HEADER);
        top = layout->rows[i].bottom + ROW_GAP;
    }
    return true;
}
