/*
 * TimelineTrace: see TimelineTrace.h.
 *
 * The file is an array of Chrome trace events with one event on each line, as the instrumented
 * programs write it. No other JSON is understood.
 */
#include "TimelineTrace.h"

#include <winsock2.h>
#include <windows.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE       4096
#define MAX_MICROSEC    4e13 /* a system that is up for a year is not out of range */
#define MAX_INTEGER     1e9
#define MAX_FLOW_EVENTS (2 * TRACE_MAX_FLOWS)

/* Where an operation begins or ends, as it is in the file. */
typedef struct FlowEvent {
    char name[TRACE_TEXT_SIZE];
    int id, tid;
    long long time; /* in ticks */
    bool isEnd;
} FlowEvent;

static FlowEvent flowEvents[MAX_FLOW_EVENTS];
static int flowEventCount;

/* --- A line ---------------------------------------------------------------------------------- */

/* What follows "key": in the line, or NULL. In a string there would be \ before the quotes: what is
   found is a key. */
static const char *FindValue(const char *line, const char *key)
{
    char pattern[32];
    const char *found;

    snprintf(pattern, sizeof(pattern), "\"%s\":", key);
    found = strstr(line, pattern);
    return found == NULL ? NULL : found + strlen(pattern);
}

static bool ReadNumber(const char *line, const char *key, double most, double *number)
{
    const char *value = FindValue(line, key);
    char *end;

    if (value == NULL)
        return false;
    *number = strtod(value, &end);
    return end != value && *number >= 0 && *number <= most;
}

static bool ReadInteger(const char *line, const char *key, int *number)
{
    double value;

    if (!ReadNumber(line, key, MAX_INTEGER, &value))
        return false;
    *number = (int)value;
    return true;
}

static bool ReadTime(const char *line, const char *key, long long *time)
{
    double value;

    if (!ReadNumber(line, key, MAX_MICROSEC, &value))
        return false;
    *time = (long long)(value * 10 + 0.5) * TRACE_TICKS;
    return true;
}

/* Copies a string, or as much of it as there is room for; without one, `text` becomes empty. */
static bool ReadText(const char *line, const char *key, char *text)
{
    const char *value = FindValue(line, key);
    int length = 0;

    text[0] = '\0';
    if (value == NULL || *value++ != '"')
        return false;
    for (; *value != '"'; value++) {
        if (*value == '\\')
            value++;
        if (*value == '\0')
            return false;
        if (length < TRACE_TEXT_SIZE - 1)
            text[length++] = *value;
    }
    /* Where it was cut, there may be half a character. */
    while (length == TRACE_TEXT_SIZE - 1 && (text[length - 1] & 0x80) != 0)
        text[--length] = '\0';
    text[length] = '\0';
    return true;
}

/* --- The events ------------------------------------------------------------------------------ */

/* The thread's lane; a new one, if it has none. */
static Lane *FindLane(Trace *trace, int tid)
{
    Lane *lane = trace->lanes;

    for (int i = 0; i < trace->laneCount; i++, lane++) {
        if (lane->tid == tid)
            return lane;
    }
    trace->laneCount++;
    lane->tid = tid;
    lane->first = lane->last = TRACE_NONE;
    snprintf(lane->name, sizeof(lane->name), "thread %d", tid);
    return lane;
}

static bool ReadSlice(Trace *trace, const char *line)
{
    Slice *slice = &trace->slices[trace->sliceCount];
    char category[TRACE_TEXT_SIZE];
    long long duration;

    if (!ReadText(line, "name", slice->name) || !ReadText(line, "cat", category) ||
        !ReadInteger(line, "tid", &slice->tid) || !ReadTime(line, "ts", &slice->begin) ||
        !ReadTime(line, "dur", &duration))
        return false;
    FindLane(trace, slice->tid);
    slice->end = slice->begin + duration;
    slice->kind = SLICE_WORK;
    if (strcmp(category, "wait") == 0)
        slice->kind = SLICE_WAIT;
    if (strcmp(category, "callback") == 0)
        slice->kind = SLICE_CALLBACK;
    ReadText(line, "place", slice->place);
    ReadText(line, "result", slice->result);
    ReadText(line, "socket", slice->socket);
    slice->number = trace->sliceCount++;
    return true;
}

static bool ReadFlowEvent(const char *line, bool isEnd)
{
    FlowEvent *event = &flowEvents[flowEventCount];

    if (!ReadText(line, "name", event->name) || !ReadInteger(line, "id", &event->id) ||
        !ReadInteger(line, "tid", &event->tid) || !ReadTime(line, "ts", &event->time))
        return false;
    event->isEnd = isEnd;
    flowEventCount++;
    return true;
}

/* The name of the process or of a thread: it is among the arguments, for the event has one, too. */
static bool ReadName(Trace *trace, const char *line)
{
    const char *arguments = FindValue(line, "args");
    char name[TRACE_TEXT_SIZE];
    int tid;

    if (arguments == NULL || !ReadText(line, "name", name) || !ReadInteger(line, "tid", &tid))
        return false;
    if (strcmp(name, "process_name") == 0)
        return ReadText(arguments, "name", trace->processName);
    if (strcmp(name, "thread_name") != 0)
        return true;
    return ReadText(arguments, "name", FindLane(trace, tid)->name);
}

/* Returns NULL, or what is wrong with the line. */
static const char *ReadEvent(Trace *trace, const char *line)
{
    char phase[TRACE_TEXT_SIZE];
    bool isRead = true;

    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, line, -1, NULL, 0) == 0)
        return "is not UTF-8 text";
    if (trace->sliceCount == TRACE_MAX_CALLS || trace->laneCount == TRACE_MAX_LANES ||
        flowEventCount == MAX_FLOW_EVENTS)
        return "is too much: a picture has room for 2000 calls of 63 threads";
    if (line[0] != '{' || !ReadText(line, "ph", phase))
        return "is not an event of a trace";
    if (strcmp(phase, "X") == 0)
        isRead = ReadSlice(trace, line);
    else if (strcmp(phase, "s") == 0 || strcmp(phase, "f") == 0)
        isRead = ReadFlowEvent(line, phase[0] == 'f');
    else if (strcmp(phase, "M") == 0)
        isRead = ReadName(trace, line);
    return isRead ? NULL : "is not an event of a trace";
}

/* Reads the lines of the array. False: it is none, and a sentence has said so. */
static bool ReadEvents(Trace *trace, FILE *file, const char *path)
{
    static char line[LINE_SIZE];
    const char *problem = NULL;
    int number = 0;

    while (problem == NULL && fgets(line, sizeof(line), file) != NULL && line[0] != ']') {
        number++;
        if (number == 1 && line[0] != '[')
            problem = "is not the [ with which a trace begins";
        else if (strchr(line, '\n') == NULL && !feof(file))
            problem = "is too long";
        else if (number > 1 && line[strspn(line, "\r\n")] != '\0')
            problem = ReadEvent(trace, line);
    }
    if (problem != NULL)
        fprintf(stderr, "%s cannot be drawn: line %d %s.\n", path, number, problem);
    else if (ferror(file))
        fprintf(stderr, "%s cannot be read to its end.\n", path);
    else if (line[0] != ']')
        fprintf(stderr, "%s cannot be drawn: the ] with which a trace ends is missing.\n", path);
    else if (trace->sliceCount == 0)
        fprintf(stderr, "%s cannot be drawn: it has no call of any thread.\n", path);
    else
        return true;
    return false;
}

/* --- Order ----------------------------------------------------------------------------------- */

static int GetRank(const Lane *lane)
{
    if (strncmp(lane->name, "client ", 7) == 0)
        return -1;
    if (strcmp(lane->name, "main") == 0)
        return 0;
    if (strncmp(lane->name, "worker ", 7) == 0)
        return atoi(lane->name + 7);
    return strcmp(lane->name, "Ctrl+C") == 0 ? INT_MAX : INT_MAX - 1;
}

static int CompareLanes(const void *left, const void *right)
{
    const Lane *a = (const Lane *)left, *b = (const Lane *)right;

    if (GetRank(a) != GetRank(b))
        return GetRank(a) < GetRank(b) ? -1 : 1;
    return a->tid - b->tid;
}

/*
 * Calls can be shorter than the smallest time in a trace. Where two edges of a thread have the same
 * time, their order is known all the same, for the file is in the order of the ends: the later one
 * is moved by a tick.
 */
static void SeparateTimes(Trace *trace)
{
    const Slice *previous[TRACE_MAX_LANES] = {NULL};

    for (int i = 0; i < trace->sliceCount; i++) {
        Slice *slice = &trace->slices[i];
        const Slice *before = previous[slice->lane];

        if (before != NULL && slice->begin / TRACE_TICKS >= before->end / TRACE_TICKS)
            slice->begin = max(slice->begin, before->end + 1);
        if (before != NULL)
            slice->end = max(slice->end, before->end + 1);
        slice->end = max(slice->end, slice->begin + 1);
        previous[slice->lane] = slice;
    }
}

/* In the order of their beginnings, the outer one before those inside it. */
static int CompareSlices(const void *left, const void *right)
{
    const Slice *a = (const Slice *)left, *b = (const Slice *)right;

    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end)
        return a->end > b->end ? -1 : 1;
    return b->number - a->number;
}

/* At the same time: what ends before what begins, and what is inside between the edges of its
   parent. */
static int CompareEdges(const void *left, const void *right)
{
    const Edge *a = (const Edge *)left, *b = (const Edge *)right;

    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->isEnd != b->isEnd)
        return a->isEnd ? -1 : 1;
    return a->isEnd ? b->slice - a->slice : a->slice - b->slice;
}

static void SortEdges(Trace *trace)
{
    for (int i = 0; i < trace->sliceCount; i++) {
        trace->edges[trace->edgeCount++] = (Edge){trace->slices[i].begin, i, false};
        trace->edges[trace->edgeCount++] = (Edge){trace->slices[i].end, i, true};
    }
    qsort(trace->edges, (size_t)trace->edgeCount, sizeof(trace->edges[0]), CompareEdges);
    for (int i = 0; i < trace->edgeCount; i++) {
        Slice *slice = &trace->slices[trace->edges[i].slice];
        Lane *lane = &trace->lanes[slice->lane];

        lane->sliceCount += trace->edges[i].isEnd;
        if (trace->edges[i].isEnd)
            slice->last = i;
        else
            slice->first = i;
        if (lane->first == TRACE_NONE)
            lane->first = i;
        lane->last = i;
    }
}

/* Finds out which slice is inside which. */
static void NestSlices(Trace *trace)
{
    int innermost[TRACE_MAX_LANES];

    for (int i = 0; i < TRACE_MAX_LANES; i++)
        innermost[i] = TRACE_NONE;
    for (int i = 0; i < trace->sliceCount; i++) {
        Slice *slice = &trace->slices[i];
        int parent = innermost[slice->lane];

        while (parent != TRACE_NONE && trace->slices[parent].end <= slice->begin)
            parent = trace->slices[parent].parent;
        slice->parent = parent;
        slice->depth = parent == TRACE_NONE ? 0 : trace->slices[parent].depth + 1;
        innermost[slice->lane] = i;
    }
}

/* True: a completion may be taken there. Most are waited for; without a port or a routine, a call
   that does not wait collects the result. */
static bool TakesCompletions(const Slice *slice)
{
    return slice->kind != SLICE_WORK || strstr(slice->name, "GetOverlappedResult") != NULL;
}

/* The slice in which an operation begins or ends: the innermost at that time. It begins in the call
   that has its name, and ends where completions are taken. TRACE_NONE: there is none. */
static int FindSlice(const Trace *trace, const FlowEvent *event)
{
    long long time = event->time / TRACE_TICKS;
    bool isNamed = false;
    int found = TRACE_NONE;

    for (int i = 0; i < trace->sliceCount; i++) {
        const Slice *slice = &trace->slices[i];
        bool hasName = !event->isEnd && strcmp(slice->name, event->name) == 0;

        if (slice->tid != event->tid || slice->begin / TRACE_TICKS > time ||
            slice->end / TRACE_TICKS < time || (event->isEnd && !TakesCompletions(slice)) ||
            (isNamed && !hasName))
            continue;
        found = i;
        isNamed = hasName;
    }
    return found;
}

/* True: there is an arrow from and to these slices. One is enough, between two folds. */
static bool IsKnown(const Trace *trace, const Flow *flow)
{
    for (int i = 0; i < trace->flowCount; i++) {
        if (trace->flows[i].from == flow->from && trace->flows[i].to == flow->to)
            return true;
    }
    return false;
}

/* What took the completion of one operation is for the same socket. */
static void NameSockets(Trace *trace)
{
    for (int i = 0; i < trace->flowCount; i++) {
        Slice *to = &trace->slices[trace->flows[i].to];

        if (to->kind != SLICE_FOLD && to->arrivals == 1 && to->socket[0] == '\0')
            memcpy(to->socket, trace->slices[trace->flows[i].from].socket, sizeof(to->socket));
    }
}

/* Joins the beginnings with the ends. What lacks one of them is left out. */
static void JoinFlows(Trace *trace)
{
    for (int i = 0; i < flowEventCount; i++) {
        const FlowEvent *start = &flowEvents[i];
        Flow *flow = &trace->flows[trace->flowCount];
        int end = 0;

        while (end < flowEventCount && !(flowEvents[end].isEnd && flowEvents[end].id == start->id))
            end++;
        if (start->isEnd || end == flowEventCount || trace->flowCount == TRACE_MAX_FLOWS)
            continue;
        flow->from = FindSlice(trace, start);
        flow->to = FindSlice(trace, &flowEvents[end]);
        if (flow->from == TRACE_NONE || flow->to == TRACE_NONE || IsKnown(trace, flow))
            continue;
        flow->departure = trace->slices[flow->from].departures++;
        flow->arrival = trace->slices[flow->to].arrivals++;
        flow->letter = TRACE_NONE;
        trace->flowCount++;
    }
}

static void PutInOrder(Trace *trace)
{
    qsort(trace->lanes, (size_t)trace->laneCount, sizeof(trace->lanes[0]), CompareLanes);
    for (int i = 0; i < trace->sliceCount; i++)
        trace->slices[i].lane = (int)(FindLane(trace, trace->slices[i].tid) - trace->lanes);
    SeparateTimes(trace);
    qsort(trace->slices, (size_t)trace->sliceCount, sizeof(trace->slices[0]), CompareSlices);
    NestSlices(trace);
    Trace_Fold(trace);
    NestSlices(trace);
    SortEdges(trace);
    JoinFlows(trace);
    NameSockets(trace);
}

bool Trace_Read(Trace *trace, const char *path)
{
    FILE *file = NULL;
    bool isRead;

    if (fopen_s(&file, path, "rb") != 0 || file == NULL) {
        fprintf(stderr, "%s cannot be opened: is there such a file?\n", path);
        return false;
    }
    isRead = ReadEvents(trace, file, path);
    fclose(file);
    if (isRead)
        PutInOrder(trace);
    return isRead;
}
