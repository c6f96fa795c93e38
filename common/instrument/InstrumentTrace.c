/*
 * InstrumentTrace: see InstrumentTrace.h.
 */
#include "InstrumentTrace.h"
#include "InstrumentMemory.h"
#include "InstrumentOptions.h"
#include "InstrumentRegistry.h"

#define CHUNK_EVENTS 1000
#define TRACE_MAX    2000000 /* what comes after is not in the file */

typedef enum EventKind { EVENT_CALL, EVENT_ROUTINE, EVENT_FLOW } EventKind;

typedef struct Event {
    EventKind kind;
    char phase; /* of a flow: s or f */
    bool isWaiting;
    Api api;
    LONG operation;
    const Thread *thread;
    LONGLONG begin, end; /* ticks */
    InstrumentPlace place;
    char resource[24];
    char result[64];
} Event;

typedef struct Chunk {
    struct Chunk *next;
    int count;
    Event events[CHUNK_EVENTS];
} Chunk;

static SRWLOCK lock = SRWLOCK_INIT;
static Chunk *firstChunk, *lastChunk;
static int eventCount;

LONGLONG Trace_Now(void)
{
    LARGE_INTEGER now;

    QueryPerformanceCounter(&now);
    return now.QuadPart;
}

/* Under the lock. NULL: there are too many. */
static Event *AddEvent(EventKind kind, const Thread *thread)
{
    Event *event;

    if (eventCount == TRACE_MAX)
        return NULL;
    if (lastChunk == NULL || lastChunk->count == CHUNK_EVENTS) {
        Chunk *chunk = (Chunk *)Memory_Allocate(sizeof(*chunk));

        if (lastChunk != NULL)
            lastChunk->next = chunk;
        else
            firstChunk = chunk;
        lastChunk = chunk;
    }
    eventCount++;
    event = &lastChunk->events[lastChunk->count++];
    event->kind = kind;
    event->thread = thread;
    event->end = Trace_Now();
    return event;
}

void Trace_AddCall(const Call *call)
{
    Event *event;

    AcquireSRWLockExclusive(&lock);
    event = AddEvent(EVENT_CALL, call->thread);
    if (event != NULL) {
        event->api = call->api;
        event->isWaiting = call->isWaiting;
        event->begin = call->begin;
        event->place = call->place;
        if (call->resource != NULL)
            memcpy(event->resource, call->resource->name, sizeof(event->resource));
        memcpy(event->result, call->result, sizeof(event->result));
    }
    ReleaseSRWLockExclusive(&lock);
}

void Trace_AddRoutine(Thread *thread, LONGLONG begin, const char *result)
{
    Event *event;

    AcquireSRWLockExclusive(&lock);
    event = AddEvent(EVENT_ROUTINE, thread);
    if (event != NULL) {
        event->begin = begin;
        snprintf(event->result, sizeof(event->result), "%s", result);
    }
    ReleaseSRWLockExclusive(&lock);
}

void Trace_AddFlow(const Thread *thread, char phase, Api api, LONG operation)
{
    Event *event;

    if (!instrument.isTracing)
        return;
    AcquireSRWLockExclusive(&lock);
    event = AddEvent(EVENT_FLOW, thread);
    if (event != NULL) {
        event->phase = phase;
        event->api = api;
        event->operation = operation;
    }
    ReleaseSRWLockExclusive(&lock);
}

/* --- Writing -------------------------------------------------------------------------------- */

static double ToMicroseconds(LONGLONG ticks)
{
    LARGE_INTEGER frequency;

    QueryPerformanceFrequency(&frequency);
    return (double)ticks * 1e6 / (double)frequency.QuadPart;
}

/* No name, place or result holds anything that JSON would have to escape. */
static void WriteEvent(FILE *file, const Event *event)
{
    char place[PLACE_TEXT_SIZE];
    const char *name =
        event->kind == EVENT_ROUTINE ? "completion routine" : apiInfos[event->api].name;
    const char *category = event->kind == EVENT_ROUTINE ? "callback"
                           : event->isWaiting           ? "wait"
                                                        : "work";

    if (event->kind == EVENT_FLOW) {
        fprintf(file,
                "{\"name\":\"%s\",\"cat\":\"completion\",\"ph\":\"%c\",%s\"id\":%ld,\"pid\":1,"
                "\"tid\":%d,\"ts\":%.1f},\n",
                name, event->phase, event->phase == 'f' ? "\"bp\":\"e\"," : "", event->operation,
                event->thread->number, ToMicroseconds(event->end));
        return;
    }
    fprintf(file,
            "{\"name\":\"%s\",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.1f,"
            "\"dur\":%.1f,\"args\":{\"place\":\"%s\"",
            name, category, event->thread->number, ToMicroseconds(event->begin),
            ToMicroseconds(event->end) - ToMicroseconds(event->begin),
            event->kind == EVENT_ROUTINE ? "" : Place_ToText(event->place, place, sizeof(place)));
    if (event->result[0] != '\0')
        fprintf(file, ",\"result\":\"%s\"", event->result);
    if (event->resource[0] != '\0')
        fprintf(file, ",\"socket\":\"%s\"", event->resource);
    fprintf(file, "}},\n");
}

/* "05-iocp-basic/server.exe": the last two parts of the program's path. */
static void WriteProgramName(FILE *file)
{
    char path[MAX_PATH] = "";
    char *start;
    int parts = 0;

    GetModuleFileNameA(NULL, path, sizeof(path) - 1);
    for (start = path + strlen(path); start > path; start--) {
        if (start[-1] == '\\' && ++parts == 2)
            break;
    }
    for (char *at = start; *at != '\0'; at++) {
        if (*at == '\\')
            *at = '/';
    }
    fprintf(file,
            "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"%s\"}"
            "},\n",
            start);
}

static void WriteThreadNames(FILE *file, const Thread *thread)
{
    /* The list has the newest first. */
    if (thread == NULL)
        return;
    WriteThreadNames(file, thread->next);
    fprintf(file,
            "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"args\":{\"name\":\"%s\"}"
            "},\n",
            thread->number, thread->name);
}

void Trace_Write(void)
{
    FILE *file = NULL;

    if (fopen_s(&file, instrument.traceFile, "wb") != 0 || file == NULL) {
        fprintf(stderr, "INSTRUMENT: the trace cannot be written to '%s'.\n", instrument.traceFile);
        return;
    }
    AcquireSRWLockExclusive(&lock);
    fprintf(file, "[\n");
    WriteProgramName(file);
    WriteThreadNames(file, Thread_GetFirst());
    for (const Chunk *chunk = firstChunk; chunk != NULL; chunk = chunk->next) {
        for (int i = 0; i < chunk->count; i++)
            WriteEvent(file, &chunk->events[i]);
    }
    fprintf(file,
            "{\"name\":\"end\",\"ph\":\"i\",\"s\":\"g\",\"pid\":1,\"tid\":1,\"ts\":%.1f}\n]\n",
            ToMicroseconds(Trace_Now()));
    fclose(file);
    ReleaseSRWLockExclusive(&lock);
}
