/*
 * Load: many clients for the echo server of any stage, and what they have measured.
 *
 *     load.exe [--address A] [--port N | --server PATH] [--clients N] [--size B] [--depth D]
 *              [--seconds S] [--rate R] [--churn] [--burst] [--idle M] [--threads T]
 *              [--timeout MS] [--json FILE]
 *
 * N clients connect (1). Each has D messages (1) of B bytes (64) on their way all the time: when one
 * has come back, the next goes. After half a second the measuring begins, for S seconds (5). Then
 * they send no more, get what they are owed, and leave, which the server has to answer. Every byte
 * that comes back is compared with what it must be.
 *
 * --rate R: all clients together send R messages a second, whatever the server does. A message's
 * time then begins when it was due. --churn: each message has a connection of its own. --burst: all
 * clients send at once, and again when all have got theirs back; what is measured is that time.
 * --idle M: M more clients are connected and silent. --server PATH starts that server, and tells what
 * of CPU time and memory it took.
 *
 * It is a completion-port program itself, so that it has thousands of clients on few threads. Where
 * it runs on the machine of the server, both share its processors: what is measured is both.
 *
 * Exit code 0: every byte was right. 1: something was not, and is counted and named. 2: the command
 * line is wrong.
 */
#include "Clock.h"
#include "CtrlC.h"
#include "ErrorText.h"
#include "LoadReport.h"
#include "LoadWorker.h"
#include "Options.h"
#include "ServerProcess.h"
#include "SocketUtils.h"
#include "Waits.h"

#include <io.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    7777
#define CLIENT_MAX      10000
#define SIZE_MAX_BYTES  (1 << 20)
#define DEPTH_MAX       1024
#define IN_FLIGHT_MAX   (64 << 20) /* bytes of one client */
#define THREAD_MAX      64
#define WARM_UP_MS      500
#define LOOK_MS         10
#define PROGRESS_MS     1000
#define START_MS        10000

static const char usage[] =
    "Usage: load.exe [OPTION...]\n"
    "  --address A    the IPv4 or IPv6 address of the server (default " DEFAULT_ADDRESS ")\n"
    "  --port N       its port, 1 to 65535 (default 7777)\n"
    "  --server PATH  start this server.exe, on a free port, and measure what it takes\n"
    "  --clients N    clients that talk, 1 to 10000 (default 1)\n"
    "  --size B       bytes of a message, 1 to 1048576 (default 64)\n"
    "  --depth D      messages of a client on their way, 1 to 1024 (default 1)\n"
    "  --seconds S    how long to measure, 1 to 3600 (default 5)\n"
    "  --rate R       messages a second of all clients, 1 to 10000000 (default: as fast as they\n"
    "                 come back)\n"
    "  --churn        connect, send one message, get it back, close; and again\n"
    "  --burst        all send one message at once, and again when all are back\n"
    "  --idle M       so many more clients are connected and silent, 0 to 10000 (default 0)\n"
    "  --threads T    threads that the clients share, 1 to 64 (default 1)\n"
    "  --timeout MS   how long a client waits for what it is owed, 100 to 600000 (default 10000)\n"
    "  --json FILE    write the figures to FILE, too\n"
    "  --help         print this and exit\n";

typedef struct LoadOptions {
    const char *address, *serverPath, *jsonPath; /* NULL: not given */
    long port;                                   /* 0: not given */
    long clients, size, depth, seconds, rate, idle, threads, timeout;
    bool isChurn, isBurst;
} LoadOptions;

/* --- The command line ------------------------------------------------------------------------ */

/* Looks at the options together. */
static int CheckOptions(const LoadOptions *options, LoadPlan *plan)
{
    const char *address = options->address != NULL ? options->address : DEFAULT_ADDRESS;
    uint16_t port = (uint16_t)(options->port != 0 ? options->port : DEFAULT_PORT);

    if (options->serverPath != NULL && (options->address != NULL || options->port != 0))
        return Options_Reject(usage,
                              "--server starts a server of its own: ", "--address and --port",
                              " are for one that runs.");
    if (options->isChurn && options->depth != 1)
        return Options_Reject(usage, "--depth is not for --churn", "",
                              ": a connection has one message.");
    if (options->isBurst &&
        (options->isChurn || options->rate != 0 || options->depth != 1 || options->threads != 1))
        return Options_Reject(usage, "--burst says when all send: ", "",
                              "--rate, --churn, --depth and --threads are not for it.");
    if (options->size * options->depth > IN_FLIGHT_MAX)
        return Options_Reject(usage, "--size times --depth is more than 64 MiB", "",
                              " for each client.");
    if (!NetAddress_FromText(&plan->address, address, port))
        return Options_Reject(usage, "Address '", address, "' is not an IPv4 or IPv6 address.");
    plan->address = NetAddress_ToLocal(&plan->address);
    plan->clients = (int)options->clients;
    plan->idle = (int)options->idle;
    plan->size = (int)options->size;
    plan->depth = (int)options->depth;
    plan->threads = (int)options->threads;
    plan->rate = (double)options->rate;
    plan->isChurn = options->isChurn;
    plan->isBurst = options->isBurst;
    plan->timeoutMs = (DWORD)options->timeout;
    return OPTIONS_RUN;
}

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(LoadOptions *options, LoadPlan *plan, int argc, char *argv[])
{
    const Option list[] = {
        {.name = "--address", .text = &options->address},
        {.name = "--server", .text = &options->serverPath},
        {.name = "--json", .text = &options->jsonPath},
        {.name = "--churn", .flag = &options->isChurn},
        {.name = "--burst", .flag = &options->isBurst},
        {.name = "--port", .number = &options->port, .least = 1, .most = 65535},
        {.name = "--clients", .number = &options->clients, .least = 1, .most = CLIENT_MAX},
        {.name = "--size", .number = &options->size, .least = 1, .most = SIZE_MAX_BYTES},
        {.name = "--depth", .number = &options->depth, .least = 1, .most = DEPTH_MAX},
        {.name = "--seconds", .number = &options->seconds, .least = 1, .most = 3600},
        {.name = "--rate", .number = &options->rate, .least = 1, .most = 10000000},
        {.name = "--idle", .number = &options->idle, .least = 0, .most = CLIENT_MAX},
        {.name = "--threads", .number = &options->threads, .least = 1, .most = THREAD_MAX},
        {.name = "--timeout", .number = &options->timeout, .least = 100, .most = 600000},
        {.name = NULL},
    };
    int exitCode = Options_Parse(list, usage, NULL, argc, argv);

    return exitCode == OPTIONS_RUN ? CheckOptions(options, plan) : exitCode;
}

/* --- The run --------------------------------------------------------------------------------- */

typedef struct LoadRun {
    LoadPlan plan;
    long seconds;
    LoadWorker *workers[THREAD_MAX];
    ServerProcess *server; /* NULL: it is another's */
    bool isTerminal;       /* a person watches */
    int64_t shownNs;       /* when the progress line was last written */
    LONG64 shownMessages;
} LoadRun;

static double GetSecondsSince(int64_t ns)
{
    return (double)(Clock_GetNs() - ns) / (double)NS_PER_S;
}

static LoadCounts SumCounts(const LoadRun *run)
{
    LoadCounts sum = {0, 0, 0, 0, 0};

    for (int i = 0; i < run->plan.threads; i++) {
        const LoadCounts *counts = LoadWorker_GetCounts(run->workers[i]);

        sum.connected += counts->connected;
        sum.busy += counts->busy;
        sum.over += counts->over;
        sum.failed += counts->failed;
        sum.messages += counts->messages;
    }
    return sum;
}

static void SetPhase(const LoadRun *run, LoadPhase phase)
{
    for (int i = 0; i < run->plan.threads; i++)
        LoadWorker_SetPhase(run->workers[i], phase);
}

/* One line that is written over itself, once a second. */
static void ShowProgress(LoadRun *run, const char *what, const LoadCounts *counts)
{
    double seconds = GetSecondsSince(run->shownNs);

    if (!run->isTerminal || seconds * 1000 < PROGRESS_MS)
        return;
    fprintf(stderr, "\r%s: %ld connected, %.0f messages a second, %ld failed    ", what,
            counts->connected - counts->over,
            (double)(counts->messages - run->shownMessages) / seconds, counts->failed);
    run->shownNs = Clock_GetNs();
    run->shownMessages = counts->messages;
}

static void ClearProgress(const LoadRun *run)
{
    if (run->isTerminal)
        fprintf(stderr, "\r%78s\r", "");
}

/* What a wait waits for. Each comes, as no client waits for longer than its timeout. */
typedef bool IsReached(const LoadRun *run, const LoadCounts *sum);

/* Every client has been connected, or has failed. With isChurn those that talk do that later. */
static bool AreConnected(const LoadRun *run, const LoadCounts *counts)
{
    return counts->connected >= run->plan.idle + (run->plan.isChurn ? 0 : run->plan.clients);
}

static bool AreQuiet(const LoadRun *run, const LoadCounts *counts)
{
    (void)run;
    return counts->busy == 0;
}

/* That none is busy is not enough: some may have yet to begin to leave. */
static bool AreOver(const LoadRun *run, const LoadCounts *counts)
{
    return counts->over == run->plan.clients + run->plan.idle;
}

/* Waits for it, but not when Ctrl+C is pressed. False: it was that. */
static bool WaitUntil(LoadRun *run, const char *what, IsReached isReached)
{
    LoadCounts counts = SumCounts(run);

    while (!isReached(run, &counts)) {
        if (CtrlC_IsPressed())
            return false;
        ShowProgress(run, what, &counts);
        Sleep(LOOK_MS);
        counts = SumCounts(run);
    }
    return true;
}

/* Waits for so long, but not when Ctrl+C is pressed or no client is left. False: it was that. */
static bool WaitFor(LoadRun *run, const char *what, double seconds)
{
    int64_t start = Clock_GetNs();

    while (GetSecondsSince(start) < seconds) {
        LoadCounts counts = SumCounts(run);

        if (CtrlC_IsPressed() || AreOver(run, &counts))
            return false;
        ShowProgress(run, what, &counts);
        Sleep(LOOK_MS);
    }
    return true;
}

static void PrintConnected(const LoadRun *run, double seconds)
{
    LoadCounts counts = SumCounts(run);

    if (counts.connected > 0)
        printf("Clients that are connected after %.2f s: %ld.\n", seconds,
               counts.connected - counts.failed);
    fflush(stdout);
}

static int GetServerCpuMs(const LoadRun *run)
{
    return run->server != NULL ? ServerProcess_GetCpuMs(run->server) : -1;
}

static int GetServerMemoryKib(const LoadRun *run)
{
    return run->server != NULL ? ServerProcess_GetMemoryKib(run->server) : -1;
}

static void Measure(LoadRun *run, LoadReport *report)
{
    int cpuMs = GetServerCpuMs(run);
    int64_t start;

    printf("Measuring for %ld s.\n", run->seconds);
    fflush(stdout);
    start = Clock_GetNs();
    SetPhase(run, PHASE_MEASURE);
    WaitFor(run, "Measuring", (double)run->seconds);
    SetPhase(run, PHASE_DRAIN);
    report->seconds = GetSecondsSince(start);
    report->serverCpuMs = cpuMs >= 0 ? GetServerCpuMs(run) - cpuMs : -1;
    report->serverMemoryKib = GetServerMemoryKib(run);
    ClearProgress(run);
    printf("Measured.\n");
    fflush(stdout);
}

/* The workers run. Has them do everything, one thing after the other. */
static void Conduct(LoadRun *run, LoadReport *report)
{
    int64_t start = Clock_GetNs();

    if (WaitUntil(run, "Connecting", AreConnected)) {
        report->connectSeconds = GetSecondsSince(start);
        ClearProgress(run);
        PrintConnected(run, report->connectSeconds);
        run->plan.startNs = Clock_GetNs();
        SetPhase(run, PHASE_WARM_UP);
        if (WaitFor(run, "Warming up", WARM_UP_MS / 1000.0))
            Measure(run, report);
        SetPhase(run, PHASE_DRAIN);
        WaitUntil(run, "Waiting for what is owed", AreQuiet);
        SetPhase(run, PHASE_LEAVE);
        WaitUntil(run, "Leaving", AreOver);
        ClearProgress(run);
    }
    if (CtrlC_IsPressed())
        SetPhase(run, PHASE_STOP);
}

/* False: a sentence has said why it cannot be measured. */
static bool StartServer(LoadRun *run, const char *path, LoadReport *report)
{
    static const char *const arguments[] = {"--port", "0", "--quiet", NULL};

    run->server = ServerProcess_Start(path, arguments, NULL, NULL);
    if (run->server == NULL) {
        fprintf(stderr, "The server '%s' cannot be started: error %lu.\n", path, GetLastError());
        return false;
    }
    if (!ServerProcess_WaitForListening(run->server, &run->plan.address, START_MS)) {
        fprintf(stderr, "The server '%s' does not say where it listens.\n", path);
        return false;
    }
    report->serverEmptyKib = GetServerMemoryKib(run);
    return true;
}

/* False: a sentence has said what the server did not do. */
static bool StopServer(LoadRun *run, const char *path)
{
    DWORD exitCode = 0;
    bool isPressed = ServerProcess_IsRunning(run->server) && ServerProcess_PressCtrlC(run->server);

    if (!ServerProcess_WaitForExit(run->server, STOP_LIMIT_MS, &exitCode)) {
        fprintf(stderr, "The server '%s' does not end after Ctrl+C.\n", path);
        return false;
    }
    if (isPressed && exitCode == 0)
        return true;
    fprintf(stderr, "The server '%s' has ended %swith exit code %lu.\n", path,
            isPressed ? "" : "by itself, ", exitCode);
    return false;
}

/* Starts a worker for each thread, and lets them work. False: a sentence has said why not. */
static bool RunWorkers(LoadRun *run, LoadReport *report)
{
    int count = 0;

    while (count < run->plan.threads) {
        run->workers[count] = LoadWorker_Start(&run->plan, count);
        if (run->workers[count] == NULL)
            break;
        count++;
    }
    if (count == run->plan.threads)
        Conduct(run, report);
    else
        ErrorText_Print("Starting a thread with its clients", GetLastError());
    for (int i = 0; i < count; i++) {
        if (count < run->plan.threads)
            LoadWorker_SetPhase(run->workers[i], PHASE_STOP);
        LoadWorker_Join(run->workers[i], &report->result);
        LoadWorker_Close(run->workers[i]);
    }
    return count == run->plan.threads;
}

/* Measures and reports. False: something was not right, and a sentence has said what. */
static bool Run(LoadRun *run, const LoadOptions *options)
{
    static LoadReport report = {.serverCpuMs = -1, .serverMemoryKib = -1, .serverEmptyKib = -1};
    bool went = true;

    if (options->serverPath != NULL && !StartServer(run, options->serverPath, &report))
        went = false;
    else if (!RunWorkers(run, &report))
        went = false;
    else {
        LoadReport_Print(&report, &run->plan);
        went = LoadReport_CountErrors(&report) == 0;
        if (options->jsonPath != NULL &&
            !LoadReport_WriteJson(&report, &run->plan, options->jsonPath)) {
            fprintf(stderr, "The file '%s' cannot be written.\n", options->jsonPath);
            went = false;
        }
        if (run->server != NULL && !StopServer(run, options->serverPath))
            went = false;
    }
    ServerProcess_Close(run->server);
    return went;
}

int main(int argc, char *argv[])
{
    static LoadRun run;
    LoadOptions options = {
        .clients = 1, .size = 64, .depth = 1, .seconds = 5, .threads = 1, .timeout = 10000};
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    exitCode = ParseOptions(&options, &run.plan, argc, argv);
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (!SocketUtils_Init() || !SocketUtils_BindConnectEx()) {
        ErrorText_Print("Starting Winsock", GetLastError());
        return 1;
    }
    run.seconds = options.seconds;
    run.isTerminal = _isatty(_fileno(stderr)) != 0;
    LoadClient_MakePattern();
    CtrlC_Install(NULL);
    exitCode = Run(&run, &options) ? 0 : 1;
    CtrlC_Remove();
    SocketUtils_Clear();
    return exitCode;
}
