/*
 * InstrumentProgram: see InstrumentProgram.h.
 */
#include "InstrumentProgram.h"
#include "InstrumentCounts.h"
#include "InstrumentFinding.h"
#include "InstrumentGuardHeap.h"
#include "InstrumentMemory.h"
#include "InstrumentOperation.h"
#include "InstrumentOptions.h"
#include "InstrumentRegistry.h"
#include "InstrumentState.h"
#include "InstrumentThread.h"
#include "InstrumentTrace.h"

static bool isReady;
static int startups;
static InstrumentPlace startupPlace;

void Program_CountStartup(int change, InstrumentPlace place)
{
    startups += change;
    if (change > 0)
        startupPlace = place;
}

/* --- The end -------------------------------------------------------------------------------- */

static void ReportThread(const Thread *thread)
{
    Finding finding;

    Finding_Begin(&finding, 7, "a thread still runs at the end, in the middle of whatever it does");
    Finding_AddPlace(&finding, "began", apiInfos[thread->startedBy].name, thread->started, NULL);
    if (thread->last.file != NULL)
        Finding_AddPlace(&finding, "last", apiInfos[thread->lastApi].name, thread->last, thread);
    Finding_End(&finding,
                "the system just stops it there; it was to be told to end, and waited for");
}

static void ReportThreads(void)
{
    for (const Thread *thread = Thread_GetFirst(); thread != NULL; thread = thread->next) {
        if (thread->isOwn && !thread->isOver && thread->number != 1)
            ReportThread(thread);
    }
}

static void ReportStartup(void)
{
    Finding finding;

    if (startups <= 0)
        return;
    Finding_Begin(&finding, 7, "WSACleanup is missing");
    Finding_AddPlace(&finding, "began", "WSAStartup", startupPlace, NULL);
    Finding_End(&finding, "each WSAStartup that succeeded is owed one");
}

/* Runs when main has returned, or after exit. The other threads may still be there. */
static void AtExit(void)
{
    if (instrument.isVerifying) {
        ReportThreads();
        Operation_ReportLeftOver();
        Registry_ReportLeftOver();
        ReportStartup();
        GuardHeap_ReportLeftOver();
        Finding_PrintSum();
    }
    if (instrument.isCounting)
        Counts_Report();
    if (instrument.isTracing)
        Trace_Write();
    if (Finding_GetCount() > 0) {
        fflush(NULL);
        _exit(EXIT_FINDING);
    }
}

/* --- The begin ------------------------------------------------------------------------------ */

/* On the main thread: a program's other threads exist only because of a call that we see. */
void Program_Begin(void)
{
    if (isReady)
        return;
    isReady = true;
    Memory_Init();
    Thread_Init();
    Options_Read();
    if (!instrument.isOn)
        return;
    Counts_Init();
    Registry_Init();
    if (instrument.isVerifying)
        GuardHeap_Init();
    atexit(AtExit);
}
