/*
 * InstrumentCore: see InstrumentCore.h.
 */
#include "InstrumentCore.h"

#include <stdarg.h>

#define OPTIONS_SIZE 1024
#define EXIT_USAGE   2

#define INSTRUMENT_INFO(name, kind, error) {#name, kind, error},
const ApiInfo apiInfos[API_COUNT] = {INSTRUMENT_APIS(INSTRUMENT_INFO)};

/* One entry of InstrumentState stays empty. */
_Static_assert(API_COUNT < INSTRUMENT_COUNT_MAX, "INSTRUMENT_COUNT_MAX is too small");

InstrumentOptions instrument;

static HANDLE ownHeap;
static DWORD threadSlot;
static bool isReady;
static InstrumentState noState; /* where no section could be made */
static InstrumentState *state = &noState;

static SRWLOCK threadsLock = SRWLOCK_INIT;
static Thread *threads; /* newest first */
static int threadCount;
static int workerCount;

/* --- Memory of our own ---------------------------------------------------------------------- */

void *Instrument_Allocate(size_t size)
{
    void *memory = HeapAlloc(ownHeap, HEAP_ZERO_MEMORY, size);

    if (memory == NULL) {
        fprintf(stderr, "The instrumented build has no memory left.\n");
        ExitProcess(1);
    }
    return memory;
}

void Instrument_Release(void *memory)
{
    if (memory != NULL)
        HeapFree(ownHeap, 0, memory);
}

/* --- Options -------------------------------------------------------------------------------- */

static void Reject(const char *word)
{
    fprintf(stderr,
            "INSTRUMENT: '%s' is not understood. It takes calls, calls=FILE, echoes=N, trace=FILE, "
            "verify and fault=N[:API[:ERROR]], with commas between them.\n",
            word);
    exit(EXIT_USAGE);
}

static char *CopyText(const char *text)
{
    size_t size = strlen(text) + 1;

    return (char *)memcpy(Instrument_Allocate(size), text, size);
}

/* False: the word is none of ours. */
static bool ParseWord(char *word)
{
    char *value = strchr(word, '=');
    size_t length = value != NULL ? (size_t)(value - word) : strlen(word);

    if (value != NULL && *++value == '\0')
        return false;
    if (strcmp(word, "calls") == 0) {
        instrument.isCounting = true;
    } else if (length == 5 && strncmp(word, "calls", length) == 0 && value != NULL) {
        instrument.isCounting = true;
        instrument.callsFile = CopyText(value);
    } else if (length == 5 && strncmp(word, "trace", length) == 0 && value != NULL) {
        instrument.isTracing = true;
        instrument.traceFile = CopyText(value);
    } else if (strcmp(word, "verify") == 0) {
        instrument.isVerifying = true;
    } else if (length == 5 && strncmp(word, "fault", length) == 0 && value != NULL) {
        instrument.isFaulting = true;
        return Fault_Parse(value);
    } else if (length == 6 && strncmp(word, "echoes", length) == 0 && value != NULL) {
        char *end;

        instrument.echoes = strtol(value, &end, 10);
        return *end == '\0' && instrument.echoes > 0;
    } else {
        return false;
    }
    return true;
}

static void ParseOptions(void)
{
    char text[OPTIONS_SIZE], whole[OPTIONS_SIZE];
    DWORD length = GetEnvironmentVariableA("INSTRUMENT", text, sizeof(text));

    if (length >= sizeof(text))
        Reject("(too long)");
    if (length == 0)
        return;
    memcpy(whole, text, sizeof(whole));
    for (char *word = text, *next; word != NULL; word = next) {
        char shown[OPTIONS_SIZE];

        next = strchr(word, ',');
        if (next != NULL)
            *next++ = '\0';
        snprintf(shown, sizeof(shown), "%s", word);
        if (!ParseWord(word))
            Reject(shown);
    }
    instrument.isOn = instrument.isCounting || instrument.isTracing || instrument.isVerifying ||
                      instrument.isFaulting;
}

/* --- The end -------------------------------------------------------------------------------- */

static const char *GetKindName(Kind kind)
{
    static const char *const names[] = {"io", "memory", "lock", "text"};

    return names[kind];
}

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
        fprintf(stderr, "  %-6s  %s\n", GetKindName(info->kind), info->name);
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
                info->name, GetKindName(info->kind), state->counts[sorted[i]].calls,
                state->counts[sorted[i]].handles, i + 1 < count ? "," : "");
    }
    fprintf(file, " ]}\n");
    fclose(file);
}

/* Runs when main has returned, or after exit. The other threads may still be there. */
static void AtExit(void)
{
    if (instrument.isVerifying) {
        Registry_ReportLeftOver();
        GuardHeap_ReportLeftOver();
        Finding_PrintSum();
    }
    if (instrument.isCounting && instrument.callsFile == NULL)
        PrintCalls();
    else if (instrument.isCounting)
        WriteCalls();
    if (instrument.isTracing)
        Trace_Write();
    if (Finding_GetCount() > 0) {
        fflush(NULL);
        _exit(EXIT_FINDING);
    }
}

/* --- The beginning -------------------------------------------------------------------------- */

static void OpenState(void)
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
                 GetKindName(apiInfos[i].kind));
        state->counts[i].error = apiInfos[i].error;
    }
}

/* On the main thread: a program's other threads exist only because of a call that we see. */
static void Initialize(void)
{
    isReady = true;
    ownHeap = HeapCreate(0, 0, 0);
    threadSlot = TlsAlloc();
    ParseOptions();
    if (!instrument.isOn)
        return;
    Trace_Init();
    OpenState();
    Registry_Init();
    if (instrument.isVerifying)
        GuardHeap_Init();
    atexit(AtExit);
}

/* --- Threads -------------------------------------------------------------------------------- */

static Thread *AddThread(void)
{
    Thread *thread = (Thread *)Instrument_Allocate(sizeof(*thread));

    AcquireSRWLockExclusive(&threadsLock);
    thread->number = ++threadCount;
    thread->next = threads;
    threads = thread;
    ReleaseSRWLockExclusive(&threadsLock);
    snprintf(thread->name, sizeof(thread->name), "thread %d", thread->number);
    return thread;
}

Thread *Thread_GetFirst(void)
{
    return threads;
}

static void FindStack(Thread *thread)
{
    ULONG_PTR lowest = 0, highest = 0;

    GetCurrentThreadStackLimits(&lowest, &highest);
    thread->stackEnd = (char *)lowest;
    thread->stackTop = (char *)highest;
}

Thread *Thread_GetCurrent(void)
{
    Thread *thread = (Thread *)TlsGetValue(threadSlot);

    if (thread == NULL) {
        /* The main thread, or one of the system's, such as the one that handles Ctrl+C. */
        thread = AddThread();
        if (thread->number == 1) {
            thread->isOwn = true;
            snprintf(thread->name, sizeof(thread->name), "main");
            InterlockedIncrement(&state->threads);
        }
        FindStack(thread);
        TlsSetValue(threadSlot, thread);
    }
    return thread;
}

Thread *Thread_Create(const Call *call)
{
    Thread *thread = AddThread();

    thread->isOwn = true;
    thread->started = call->place;
    thread->startedBy = call->api;
    InterlockedIncrement(&state->threads);
    return thread;
}

void Thread_Forget(Thread *thread)
{
    thread->isOver = true;
    InterlockedDecrement(&state->threads);
}

void Thread_Begin(Thread *thread)
{
    FindStack(thread);
    TlsSetValue(threadSlot, thread);
}

void Thread_End(Thread *thread)
{
    if (thread->isOver || !thread->isOwn)
        return;
    thread->isOver = true;
    Operation_CheckStack(thread, thread->stackTop, (InstrumentPlace){NULL, 0});
    InterlockedDecrement(&state->threads);
}

static void BeginWait(Thread *thread)
{
    if (thread->isOwn && thread->waits++ == 0)
        InterlockedIncrement(&state->waiting);
}

static void EndWait(Thread *thread)
{
    if (thread->isOwn && --thread->waits == 0)
        InterlockedDecrement(&state->waiting);
}

void Thread_BeginRoutine(Thread *thread)
{
    EndWait(thread);
    thread->routines++;
}

void Thread_EndRoutine(Thread *thread)
{
    thread->routines--;
    BeginWait(thread);
}

/* Threads that take completions are workers, numbered as they are first seen to. */
static void NameWorker(Thread *thread)
{
    if (thread->isWorker || !thread->isOwn || thread->number == 1)
        return;
    AcquireSRWLockExclusive(&threadsLock);
    thread->isWorker = true;
    snprintf(thread->name, sizeof(thread->name), "worker %d", ++workerCount);
    ReleaseSRWLockExclusive(&threadsLock);
}

/* --- Places --------------------------------------------------------------------------------- */

const char *Place_ToText(InstrumentPlace place, char *text, int size)
{
    if (place.file == NULL)
        snprintf(text, (size_t)size, "(unknown)");
    else if (place.line < 0)
        snprintf(text, (size_t)size, "%s, after line %d", place.file, -place.line);
    else
        snprintf(text, (size_t)size, "%s:%d", place.file, place.line);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\\')
            *at = '/';
    }
    return text;
}

InstrumentPlace Place_AfterLast(void)
{
    DWORD error = GetLastError();
    InstrumentPlace place = Thread_GetCurrent()->last;

    if (place.line > 0)
        place.line = -place.line;
    SetLastError(error);
    return place;
}

/* --- Calls ---------------------------------------------------------------------------------- */

/*
 * Where the stack of the function that makes this call ends: what lies below is of functions that
 * have returned, or of ours. `call` is a variable of the wrapper, so its caller's is the first frame
 * above that.
 */
static const char *GetCallersStack(const Call *call)
{
#if defined(__x86_64__) || defined(_M_X64)
    CONTEXT context;

    RtlCaptureContext(&context);
    while (context.Rsp <= (uintptr_t)call) {
        DWORD64 base, frame;
        void *data = NULL;
        RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(context.Rip, &base, NULL);

        if (function == NULL)
            break;
        RtlVirtualUnwind(0, base, context.Rip, function, &context, &data, &frame, NULL);
    }
    return (const char *)(uintptr_t)context.Rsp;
#else
    return (const char *)(call + 1);
#endif
}

bool Call_Begin(Call *call, Api api, InstrumentPlace place)
{
    DWORD error = GetLastError();
    DWORD fault = 0;

    if (!isReady)
        Initialize();
    memset(call, 0, sizeof(*call));
    call->api = api;
    call->place = place;
    call->error = error;
    if (instrument.isOn) {
        Thread *thread = Thread_GetCurrent();

        call->thread = thread;
        thread->last = place;
        thread->lastApi = api;
        InterlockedIncrement(&state->counts[api].calls);
        if (apiInfos[api].kind == KIND_IO)
            InterlockedIncrement(&state->calls);
        if (api == API_GetQueuedCompletionStatus || api == API_GetQueuedCompletionStatusEx)
            NameWorker(thread);
        if (instrument.isVerifying && thread->stackOperations != NULL)
            Operation_CheckStack(thread, GetCallersStack(call), place);
        if (instrument.isFaulting)
            fault = Fault_ForCall(api, place);
        if (instrument.isTracing)
            call->begin = Trace_Now();
    }
    if (fault != 0)
        call->error = fault;
    SetLastError(call->error);
    return fault == 0;
}

void Call_MayWait(const Call *call)
{
    Finding finding;

    if (!instrument.isVerifying || call->thread->routines == 0)
        return;
    Finding_Begin(&finding, 9, "%s, which may wait, inside a completion routine",
                  apiInfos[call->api].name);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding,
                "while it waits, the thread serves nobody else, and other routines may run "
                "inside this one");
    SetLastError(call->error);
}

void Call_Waits(Call *call)
{
    if (!instrument.isOn)
        return;
    Call_MayWait(call);
    call->isWaiting = true;
    BeginWait(call->thread);
    SetLastError(call->error);
}

void Call_WaitsUpTo(Call *call, DWORD timeout)
{
    if (timeout != 0)
        Call_Waits(call);
}

void Call_PassesHandles(const Call *call, LONG count)
{
    InterlockedExchangeAdd(&state->counts[call->api].handles, count);
}

void Call_SetResult(Call *call, const char *format, ...)
{
    va_list arguments;

    if (!instrument.isTracing)
        return;
    va_start(arguments, format);
    vsnprintf(call->result, sizeof(call->result), format, arguments);
    va_end(arguments);
}

void Call_Done(Call *call)
{
    call->error = GetLastError();
}

void Call_End(Call *call)
{
    if (instrument.isOn) {
        if (call->isWaiting)
            EndWait(call->thread);
        if (instrument.isVerifying && call->thread->stackOperations != NULL)
            Operation_LookAtStack(call->thread, (const char *)call);
        if (instrument.isTracing && (apiInfos[call->api].kind == KIND_IO || call->isWaiting))
            Trace_AddCall(call);
        Registry_Leave(call);
    }
    SetLastError(call->error);
}
