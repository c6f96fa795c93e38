/*
 * Faults: makes each call of a server fail, one in each run, and requires that the server bears it.
 *
 *     faults.exe [--jobs N] [--first N] [--last N] [--api NAME[:ERROR]] [--modes TEXT]
 *                PATH/TO/NN-name/server.exe...
 *
 * The servers are instrumented: built with WATCHED=1. A run without a fault tells which calls a
 * server makes. Then for each of them and for N = 1, 2, 3, ... until there is no Nth: the server is
 * started with, say, INSTRUMENT=verify,fault=N:accept, and clients come.
 *
 *     neighbour  echoes and stays (not with stage 01, which has one client at a time)
 *     first      echoes three times, the last time 20,000 bytes, and leaves
 *     next       echoes and leaves
 *     spare      the same; it comes if the fault has hit the next
 *     neighbour  echoes again and leaves
 *     last       comes and echoes, and is there when Ctrl+C is pressed
 *
 * Each step is made when the server is at rest, so that the same N is the same call each time.
 *
 * Required is: the server says in words why it cannot start, and ends with exit code 1; or one
 * client at most is lost, its end is in the log, all others are served, no byte is wrong, and after
 * Ctrl+C the server stops in order. It never crashes, never hangs, never fails to come to rest, and
 * `verify` finds nothing.
 *
 * --api restricts the faults to one call, or to `completion`, `short` and what else INSTRUMENT
 * knows by name; `any` counts all calls together. Each run with a fault is a test: the last line
 * says "N passed, N failed". Exit code 1 where any failed or none ran, 2 where the command line is
 * not understood.
 */
#include "Faults.h"
#include "ErrorText.h"
#include "Options.h"
#include "SocketUtils.h"
#include "ThreadManager.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX      16
#define SERVER_MAX    100
#define NAME_SIZE     64
#define OUTCOME_COUNT 3
#define TARGET_MAX    (INSTRUMENT_COUNT_MAX + OUTCOME_COUNT)
#define NUMBER_NO_RUN 1000000000 /* there is no such call: a run without a fault */

static const char usage[] =
    "Usage: faults.exe [--jobs N] [--first N] [--last N] [--api NAME[:ERROR]] [--modes TEXT]\n"
    "                  SERVER...\n"
    "  SERVER        an instrumented NN-name/server.exe\n"
    "  --jobs N      so many runs at a time (default 3)\n"
    "  --first N     begins with the Nth of each call (default 1)\n"
    "  --last N      ends with the Nth of each call (default: the last that there is)\n"
    "  --api NAME    only this call fails; with :ERROR, with that error; any: all of them "
    "together\n"
    "  --modes TEXT  what else INSTRUMENT says (default verify)\n";

static struct Options {
    long jobs;
    long first, last;
    const char *api; /* NULL: each of them */
    const char *modes;
    const char *servers[SERVER_MAX];
    int serverCount;
} options = {.jobs = 3, .first = 1, .last = NUMBER_NO_RUN - 1, .modes = "verify"};

/* Something that can fail, again and again. */
typedef struct Target {
    char name[NAME_SIZE]; /* as INSTRUMENT has it; empty: any call */
    long known;           /* how often it comes in a run without a fault; 0: not known */
    long next;            /* the number of its next run */
    int probes;           /* runs beyond `known` that are under way: they tell if there are more */
    int underWay;         /* runs, those among them */
    int played, failed;   /* runs in which it did fail */
    bool isOver;
} Target;

/* All runs of one server. */
static struct Suite {
    const char *path;
    char folder[64];
    int stage;

    SRWLOCK lock; /* held to use what follows, and to print */
    Target targets[TARGET_MAX];
    int targetCount;
    int passed, failed;
} suite;

static Run runs[JOBS_MAX]; /* one for each job */

/* --- Targets --------------------------------------------------------------------------------- */

static void AddTarget(const char *name, long known)
{
    Target *target = &suite.targets[suite.targetCount++];

    snprintf(target->name, sizeof(target->name), "%s", name);
    target->known = known;
    target->next = options.first;
}

static void SetModes(Run *run, const char *name, long number)
{
    memset(run, 0, sizeof(*run));
    snprintf(run->modes, sizeof(run->modes), "%s%sfault=%ld%s%s", options.modes,
             options.modes[0] != '\0' ? "," : "", number, name[0] != '\0' ? ":" : "", name);
}

static void Play(Run *run, const char *target, long number)
{
    SetModes(run, target, number);
    Run_Play(run, suite.path, suite.stage);
}

/* A run without a fault; which calls were made that can fail? False: that run failed. */
static bool FindTargets(Run *run)
{
    /* What is no failed call has a name of its own. Those first: their number is not known, and
       the others have something to do while one finds out. */
    static const char *const outcomes[OUTCOME_COUNT] = {"completion", "short", "wake-up"};
    const InstrumentState *state;

    Play(run, "", NUMBER_NO_RUN);
    if (run->failure[0] != '\0') {
        Run_PrintFailure(run, suite.folder);
        return false;
    }
    for (int i = 0; i < OUTCOME_COUNT; i++)
        AddTarget(outcomes[i], 0);
    state = run->conversation.state;
    for (int i = 0; i < INSTRUMENT_COUNT_MAX; i++) {
        if (state->counts[i].calls > 0 && state->counts[i].error != 0)
            AddTarget(state->counts[i].name, state->counts[i].calls);
    }
    return true;
}

/* A target with a run to be begun; with at most so many under way that may be in vain. */
static Target *FindTarget(int probeMax)
{
    for (int i = 0; i < suite.targetCount; i++) {
        Target *target = &suite.targets[i];

        if (!target->isOver && target->probes <= probeMax && target->next <= options.last)
            return target;
    }
    return NULL;
}

/* The next run: what is to fail, and which of them. NULL: there is none to be begun. */
static Target *TakeTarget(long *number)
{
    Target *target;

    AcquireSRWLockExclusive(&suite.lock);
    target = FindTarget(0);
    if (target == NULL)
        target = FindTarget(JOBS_MAX);
    if (target != NULL) {
        *number = target->next++;
        target->probes += *number > target->known ? 1 : 0;
        target->underWay++;
    }
    ReleaseSRWLockExclusive(&suite.lock);
    return target;
}

/* A line for each thing that can fail, once its last run has ended. */
static void PrintTarget(const Target *target)
{
    if (target->isOver && target->underWay == 0 && target->played > 0 && target->failed == 0)
        printf("ok   %s: %s fails (%d runs)\n", suite.folder,
               target->name[0] != '\0' ? target->name : "any call", target->played);
    fflush(stdout);
}

static void EndRun(const Run *run, Target *target, long number)
{
    bool hasFault = run->fault[0] != '\0';

    AcquireSRWLockExclusive(&suite.lock);
    if (run->failure[0] != '\0') {
        suite.failed++;
        target->failed++;
        Run_PrintFailure(run, suite.folder);
    } else if (hasFault) {
        suite.passed++;
    }
    target->played += hasFault ? 1 : 0;
    target->underWay--;
    if (number > target->known) {
        target->probes--;
        target->isOver = target->isOver || !hasFault;
    }
    PrintTarget(target);
    ReleaseSRWLockExclusive(&suite.lock);
}

/* --- All runs of a server -------------------------------------------------------------------- */

/* A job: plays runs until there are no more. */
static void PlayRuns(void *argument)
{
    Run *run = (Run *)argument;
    Target *target;
    long number;

    while ((target = TakeTarget(&number)) != NULL) {
        Play(run, target->name, number);
        EndRun(run, target, number);
        Run_Close(run);
    }
}

/* False: it could not be done, and a sentence has said why. */
static bool PlaySuite(const char *path)
{
    ULONGLONG start = GetTickCount64();
    ThreadManager jobs;
    bool isBegun = true;

    memset(&suite, 0, sizeof(suite));
    suite.path = path;
    suite.stage = Conversation_FindStage(path, suite.folder, sizeof(suite.folder));
    if (options.api == NULL) {
        isBegun = FindTargets(&runs[0]);
        Run_Close(&runs[0]);
    } else {
        AddTarget(strcmp(options.api, "any") == 0 ? "" : options.api, 0);
    }
    ThreadManager_Init(&jobs);
    for (int i = 0; isBegun && i < options.jobs; i++) {
        isBegun = ThreadManager_Launch(&jobs, PlayRuns, &runs[i]);
        if (!isBegun)
            ErrorText_Print("_beginthreadex", GetLastError());
    }
    ThreadManager_Join(&jobs);
    printf("%s: %d passed, %d failed, in %.1f s\n", suite.folder, suite.passed, suite.failed,
           (double)(GetTickCount64() - start) / 1000);
    fflush(stdout);
    return isBegun;
}

/* --- The command line ------------------------------------------------------------------------ */

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(int argc, char *argv[])
{
    static const Option list[] = {
        {.name = "--jobs", .number = &options.jobs, .least = 1, .most = JOBS_MAX},
        {.name = "--first", .number = &options.first, .least = 1, .most = NUMBER_NO_RUN - 1},
        {.name = "--last", .number = &options.last, .least = 1, .most = NUMBER_NO_RUN - 1},
        {.name = "--api", .text = &options.api},
        {.name = "--modes", .text = &options.modes},
        {.name = NULL},
    };
    OptionWords words = {options.servers, SERVER_MAX, 0};
    int exitCode = Options_Parse(list, usage, &words, argc, argv);
    char folder[64];

    options.serverCount = words.count;
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (options.api != NULL && strlen(options.api) >= NAME_SIZE)
        return Options_Reject(usage, "No call has the name '", options.api, "'.");
    if (strlen(options.modes) >= MODES_SIZE / 2)
        return Options_Reject(usage, "Too long: ", options.modes, "");
    for (int i = 0; i < options.serverCount; i++) {
        if (Conversation_FindStage(options.servers[i], folder, sizeof(folder)) == NUMBER_NONE)
            return Options_Reject(usage, "No folder such as 05-iocp-basic is at the end of '",
                                  options.servers[i], "'.");
    }
    return options.serverCount > 0 ? OPTIONS_RUN : Options_Reject(usage, "Which server?", "", "");
}

int main(int argc, char *argv[])
{
    int passed = 0, failed = 0;
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    exitCode = ParseOptions(argc, argv);
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    /* Children inherit this: a server that crashes ends at once, and no window asks what to do. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    for (int i = 0; i < options.serverCount; i++) {
        if (!PlaySuite(options.servers[i]))
            failed++;
        passed += suite.passed;
        failed += suite.failed;
    }
    SocketUtils_Clear();
    /* On a line of its own, whatever the system wrote to stderr when a server ended. */
    printf("\n%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
