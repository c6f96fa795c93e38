/*
 * InstrumentCounts: see InstrumentCounts.h.
 */
#include "InstrumentCounts.h"
#include "InstrumentOptions.h"
#include "InstrumentState.h"

/* One entry of InstrumentState stays empty. */
_Static_assert(API_COUNT < INSTRUMENT_COUNT_MAX, "INSTRUMENT_COUNT_MAX is too small");

static InstrumentState noState; /* where no section could be made */
static InstrumentState *state = &noState;

void Counts_Init(void)
{
    char name[INSTRUMENT_STATE_NAME_SIZE];
    HANDLE section;
    void *view;

    snprintf(name, sizeof(name), INSTRUMENT_STATE_NAME, GetCurrentProcessId());
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                 sizeof(InstrumentState), name);
    view = section != NULL ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (view != NULL)
        state = (InstrumentState *)view;
    for (int i = 0; i < API_COUNT; i++) {
        snprintf(state->counts[i].name, sizeof(state->counts[i].name), "%s", apiInfos[i].name);
        snprintf(state->counts[i].kind, sizeof(state->counts[i].kind), "%s",
                 Api_GetKindName((Api)i));
        state->counts[i].error = apiInfos[i].error;
    }
}

void Counts_AddCall(Api api)
{
    InterlockedIncrement(&state->counts[api].calls);
    if (apiInfos[api].kind == KIND_IO)
        InterlockedIncrement(&state->calls);
}

void Counts_AddHandles(Api api, LONG count)
{
    InterlockedExchangeAdd(&state->counts[api].handles, count);
}

void Counts_AddThreads(LONG change)
{
    InterlockedExchangeAdd(&state->threads, change);
}

void Counts_AddWaiting(LONG change)
{
    InterlockedExchangeAdd(&state->waiting, change);
}

/* --- At the end ----------------------------------------------------------------------------- */

static int CompareCounts(const void *left, const void *right)
{
    const Api a = *(const Api *)left, b = *(const Api *)right;

    if (state->counts[a].calls != state->counts[b].calls)
        return state->counts[a].calls < state->counts[b].calls ? 1 : -1;
    return strcmp(apiInfos[a].name, apiInfos[b].name);
}

/* The calls that were made at all, most frequent first. */
static int SortCalls(Api sorted[API_COUNT])
{
    int count = 0;

    for (int i = 0; i < API_COUNT; i++) {
        if (state->counts[i].calls > 0)
            sorted[count++] = (Api)i;
    }
    qsort(sorted, (size_t)count, sizeof(sorted[0]), CompareCounts);
    return count;
}

static void PrintCalls(void)
{
    Api sorted[API_COUNT] = {API_WSAStartup};
    int count = SortCalls(sorted);
    long total = 0;

    fprintf(stderr, "\n%10s %10s", "calls", "handles");
    if (instrument.echoes > 0)
        fprintf(stderr, " %10s", "per echo");
    fprintf(stderr, "  kind    call\n");
    for (int i = 0; i < count; i++) {
        const ApiInfo *info = &apiInfos[sorted[i]];

        fprintf(stderr, "%10ld %10ld", state->counts[sorted[i]].calls,
                state->counts[sorted[i]].handles);
        if (instrument.echoes > 0)
            fprintf(stderr, " %10.2f",
                    (double)state->counts[sorted[i]].calls / (double)instrument.echoes);
        fprintf(stderr, "  %-6s  %s\n", Api_GetKindName(sorted[i]), info->name);
        if (info->kind == KIND_IO)
            total += state->counts[sorted[i]].calls;
    }
    fprintf(stderr, "%ld calls of kind io", total);
    if (instrument.echoes > 0)
        fprintf(stderr, ", %.2f for each of %ld echoes", (double)total / (double)instrument.echoes,
                instrument.echoes);
    fprintf(stderr, "\n");
}

static void WriteCalls(void)
{
    Api sorted[API_COUNT] = {API_WSAStartup};
    int count = SortCalls(sorted);
    FILE *file = NULL;

    if (fopen_s(&file, instrument.callsFile, "wb") != 0 || file == NULL) {
        fprintf(stderr, "INSTRUMENT: calls cannot be written to '%s'.\n", instrument.callsFile);
        return;
    }
    fprintf(file, "{\"echoes\": %ld,\n \"calls\": [\n", instrument.echoes);
    for (int i = 0; i < count; i++) {
        const ApiInfo *info = &apiInfos[sorted[i]];

        fprintf(file,
                "  {\"name\": \"%s\", \"kind\": \"%s\", \"calls\": %ld, \"handles\": %ld}%s\n",
                info->name, Api_GetKindName(sorted[i]), state->counts[sorted[i]].calls,
                state->counts[sorted[i]].handles, i + 1 < count ? "," : "");
    }
    fprintf(file, " ]}\n");
    fclose(file);
}

void Counts_Report(void)
{
    if (instrument.callsFile == NULL)
        PrintCalls();
    else
        WriteCalls();
}
