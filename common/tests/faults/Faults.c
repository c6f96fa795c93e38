/*
 * Faults: makes each call of a server fail, one in each run, and requires that the server bears it.
 *
 *     faults.exe [--first N] [--last N] [--api NAME[:ERROR]] [--modes TEXT] PATH/TO/NN-name/server.exe...
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
 * Each run with a fault is a test: the last line says "N passed, N failed". Exit code 1 where any
 * failed or none ran, 2 where the command line is not understood.
 */
#include "Faults.h"
#include "ErrorText.h"
#include "Options.h"
#include "SocketUtils.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_MAX    100
#define NAME_SIZE     64
#define NUMBER_NO_RUN 1000000000 /* there is no such call: a run without a fault */

static const char usage[] =
    "Usage: faults.exe [--first N] [--last N] [--api NAME[:ERROR]] [--modes TEXT] SERVER...\n"
    "  SERVER        an instrumented NN-name/server.exe\n"
    "  --first N     begins with the Nth of each call (default 1)\n"
    "  --last N      ends with the Nth of each call (default: the last that there is)\n"
    "  --api NAME    only this call fails, or `completion`, `short`, `wake-up`; with :ERROR, with "
    "that error; any: all of them together\n"
    "  --modes TEXT  what else INSTRUMENT says (default verify)\n";

static struct Options {
    long first, last;
    const char *api; /* NULL: each of them */
    const char *modes;
    const char *servers[SERVER_MAX];
    int serverCount;
} options = {.first = 1, .last = NUMBER_NO_RUN - 1, .modes = "verify"};

static struct Suite {
    const char *path;
    char folder[64];
    int stage;
    int passed, failed; /* of all servers */
} suite;

static Run run; /* the one that is under way */

/* Plays a run in which the call of that number fails; `name` is as INSTRUMENT has it, empty: any call. */
static void Play(const char *name, long number)
{
    memset(&run, 0, sizeof(run));
    snprintf(run.modes, sizeof(run.modes), "%s%sfault=%ld%s%s", options.modes,
             options.modes[0] != '\0' ? "," : "", number, name[0] != '\0' ? ":" : "", name);
    Run_Play(&run, suite.path, suite.stage);
    if (run.failure[0] != '\0') {
        suite.failed++;
        Run_PrintFailure(&run, suite.folder);
    }
}

/* One run after the other, until there is no call of that number. */
static void PlayCalls(const char *name)
{
    int played = 0, failed = suite.failed;
    bool hasFault = true;

    for (long number = options.first; hasFault && number <= options.last; number++) {
        Play(name, number);
        hasFault = run.fault[0] != '\0';
        played += hasFault;
        suite.passed += hasFault && run.failure[0] == '\0';
        Run_Close(&run);
    }
    if (played > 0 && suite.failed == failed)
        printf("ok   %s: %s fails (%d runs)\n", suite.folder, name[0] != '\0' ? name : "any call",
               played);
    fflush(stdout);
}

/* Finds the calls that were made and can fail, in a run without a fault, and has each of them fail. */
static void PlayAllCalls(void)
{
    static InstrumentState state;

    memset(&state, 0, sizeof(state));
    Play("", NUMBER_NO_RUN);
    if (run.failure[0] == '\0')
        state = *run.conversation.state;
    Run_Close(&run);
    if (state.counts[0].name[0] == '\0')
        return;
    /* What is no failed call has a name of its own. */
    PlayCalls("completion");
    PlayCalls("short");
    PlayCalls("wake-up");
    for (int i = 0; i < INSTRUMENT_COUNT_MAX; i++) {
        if (state.counts[i].calls > 0 && state.counts[i].error != 0)
            PlayCalls(state.counts[i].name);
    }
}

static void PlaySuite(const char *path)
{
    ULONGLONG start = GetTickCount64();

    suite.path = path;
    suite.stage = Conversation_FindStage(path, suite.folder, sizeof(suite.folder));
    if (options.api == NULL)
        PlayAllCalls();
    else
        PlayCalls(strcmp(options.api, "any") == 0 ? "" : options.api);
    printf("%s: %.1f s\n", suite.folder, (double)(GetTickCount64() - start) / 1000);
    fflush(stdout);
}

/* --- The command line ------------------------------------------------------------------------ */

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(int argc, char *argv[])
{
    static const Option list[] = {
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
    for (int i = 0; i < options.serverCount; i++)
        PlaySuite(options.servers[i]);
    SocketUtils_Clear();
    /* On a line of its own, whatever the system wrote to stderr when a server ended. */
    printf("\n%d passed, %d failed\n", suite.passed, suite.failed);
    return suite.failed == 0 && suite.passed > 0 ? 0 : 1;
}
