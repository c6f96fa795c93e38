/*
 * LoadWorker: see LoadWorker.h.
 */
#include "LoadWorker.h"
#include "Clock.h"
#include "ThreadManager.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_BATCH      64
#define MAX_CONNECTING 64  /* at a time: the queue of a listener is not endless */
#define CHECK_MS       200 /* how often clients are looked at that may wait in vain */
#define POLL_MS        2   /* so near to a time that is to be kept, no wait is short enough */

struct LoadWorker {
    LoadGroup group;
    volatile LONG wantedPhase; /* by the main thread */
    ThreadManager threads;
    LoadClient *clients; /* those that talk, then those that are idle */
    int talkers;
    int count;
    int unconnected;    /* index of the first that has not begun to connect */
    uint64_t scheduled; /* with a rate: messages that have been due */
    int first, step;    /* client n of this worker is client first + n * step of all */
    int64_t nextCheckNs;
    int64_t burstNs; /* when the last burst began; 0: there was none */
};

/* --- What a worker does ---------------------------------------------------------------------- */

/* Does this worker have messages that are due at a time? */
static bool HasSchedule(const LoadWorker *worker)
{
    return worker->group.plan->rate > 0 && worker->talkers > 0 &&
           LoadPhase_IsTalking(worker->group.phase);
}

/* When the next of them is due. */
static int64_t GetNextDue(const LoadWorker *worker)
{
    const LoadPlan *plan = worker->group.plan;
    uint64_t talkers = (uint64_t)worker->talkers;
    double number = (double)(worker->scheduled / talkers) * plan->clients + worker->first +
                    (double)(worker->scheduled % talkers) * worker->step;

    return plan->startNs + (int64_t)(number / plan->rate * (double)NS_PER_S);
}

/* Has all clients talk that have a message due. */
static void RunSchedule(LoadWorker *worker)
{
    int64_t now = Clock_GetNs();

    while (HasSchedule(worker) && GetNextDue(worker) <= now) {
        LoadClient *client = &worker->clients[worker->scheduled % (uint64_t)worker->talkers];

        worker->scheduled++;
        client->due++;
        LoadClient_Talk(client);
    }
}

/* Has all clients talk when everything that was sent has come back, and times how long that took. */
static void RunBurst(LoadWorker *worker)
{
    LoadGroup *group = &worker->group;
    int64_t now = Clock_GetNs();

    if (!group->plan->isBurst || !LoadPhase_IsTalking(group->phase) || group->counts.busy > 0)
        return;
    if (worker->burstNs != 0 && group->phase == PHASE_MEASURE)
        LoadHistogram_Add(&group->result.latency, (uint64_t)(now - worker->burstNs));
    worker->burstNs = now;
    for (int i = 0; i < worker->talkers; i++) {
        worker->clients[i].due++;
        LoadClient_Talk(&worker->clients[i]);
    }
}

static void ConnectMore(LoadWorker *worker)
{
    while (worker->unconnected < worker->count && worker->group.connecting < MAX_CONNECTING &&
           worker->group.phase < PHASE_LEAVE)
        LoadClient_Connect(&worker->clients[worker->unconnected++]);
}

static void EnterPhase(LoadWorker *worker)
{
    LONG wanted = InterlockedCompareExchange(&worker->wantedPhase, 0, 0);
    LoadPhase phase = (LoadPhase)wanted, before = worker->group.phase;

    if (phase == before)
        return;
    worker->group.phase = phase;
    for (int i = 0; i < worker->count; i++) {
        if (before == PHASE_MEASURE)
            LoadClient_EndMeasuring(&worker->clients[i]);
        if (phase == PHASE_STOP)
            LoadClient_Abort(&worker->clients[i]);
        else if (phase == PHASE_LEAVE)
            LoadClient_Leave(&worker->clients[i]);
        else
            LoadClient_Talk(&worker->clients[i]);
    }
}

static void CheckTimes(LoadWorker *worker)
{
    int64_t now = Clock_GetNs();

    if (now < worker->nextCheckNs)
        return;
    worker->nextCheckNs = now + CHECK_MS * NS_PER_MS;
    for (int i = 0; i < worker->count; i++)
        LoadClient_CheckTime(&worker->clients[i], now);
}

/*
 * How long the port may be waited for. Windows' timers are coarser than what a rate needs, so the
 * last milliseconds before a message is due are spent asking.
 */
static DWORD GetTimeout(const LoadWorker *worker)
{
    int64_t ms;

    if (!HasSchedule(worker))
        return CHECK_MS;
    ms = (GetNextDue(worker) - Clock_GetNs()) / NS_PER_MS - POLL_MS;
    if (ms <= 0)
        return 0;
    return ms < CHECK_MS ? (DWORD)ms : CHECK_MS;
}

static void WorkerMain(void *argument)
{
    LoadWorker *worker = (LoadWorker *)argument;
    OVERLAPPED_ENTRY entries[MAX_BATCH];

    while (worker->group.counts.over < worker->count) {
        ULONG count = 0;

        ConnectMore(worker);
        RunSchedule(worker);
        RunBurst(worker);
        if (!GetQueuedCompletionStatusEx(worker->group.port, entries, MAX_BATCH, &count,
                                         GetTimeout(worker), FALSE))
            count = 0;
        for (ULONG i = 0; i < count; i++) {
            /* Without an OVERLAPPED it only wakes this thread; see LoadWorker_SetPhase. */
            if (entries[i].lpOverlapped != NULL)
                LoadClient_Dispatch(&entries[i]);
        }
        EnterPhase(worker);
        CheckTimes(worker);
    }
}

/* --- What the main thread does --------------------------------------------------------------- */

/* How many of `count` things worker `index` has, when each worker takes every n-th. */
static int GetShare(int count, int index, int threads)
{
    return count / threads + (index < count % threads ? 1 : 0);
}

static bool MakeClients(LoadWorker *worker, const LoadPlan *plan)
{
    int idle = GetShare(plan->idle, worker->first, worker->step);

    worker->talkers = GetShare(plan->clients, worker->first, worker->step);
    worker->clients =
        (LoadClient *)calloc((size_t)(worker->talkers + idle + 1), sizeof(*worker->clients));
    if (worker->clients == NULL)
        return false;
    while (worker->count < worker->talkers + idle) {
        int i = worker->count;
        bool isIdle = i >= worker->talkers;
        int index = worker->first + (isIdle ? i - worker->talkers : i) * worker->step;

        /* Counted first: what could not be made whole is freed, too. */
        worker->count++;
        if (!LoadClient_Init(&worker->clients[i], &worker->group,
                             isIdle ? plan->clients + index : index, isIdle))
            return false;
    }
    /* With isChurn those that talk connect when they have something to say. */
    worker->unconnected = plan->isChurn ? worker->talkers : 0;
    return true;
}

LoadWorker *LoadWorker_Start(const LoadPlan *plan, int index)
{
    LoadWorker *worker = (LoadWorker *)calloc(1, sizeof(*worker));
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (worker == NULL) {
        SetLastError(error);
        return NULL;
    }
    ThreadManager_Init(&worker->threads);
    worker->group.plan = plan;
    worker->first = index;
    worker->step = plan->threads;
    worker->group.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    if (worker->group.port == NULL)
        error = GetLastError();
    else if (MakeClients(worker, plan)) {
        if (ThreadManager_Launch(&worker->threads, WorkerMain, worker))
            return worker;
        error = GetLastError();
    }
    LoadWorker_Close(worker);
    SetLastError(error);
    return NULL;
}

void LoadWorker_SetPhase(LoadWorker *worker, LoadPhase phase)
{
    InterlockedExchange(&worker->wantedPhase, (LONG)phase);

    /* Where that fails, the worker sees it when its wait is over, at the latest after CHECK_MS. */
    PostQueuedCompletionStatus(worker->group.port, 0, 0, NULL);
}

const LoadCounts *LoadWorker_GetCounts(const LoadWorker *worker)
{
    return &worker->group.counts;
}

void LoadWorker_Join(LoadWorker *worker, LoadResult *result)
{
    const LoadResult *found = &worker->group.result;

    ThreadManager_Join(&worker->threads);
    LoadHistogram_Merge(&result->latency, &found->latency);
    result->messages += found->messages;
    result->connections += found->connections;
    for (int i = 0; i < LOAD_ERROR_COUNT; i++) {
        if (result->errors[i] == 0)
            snprintf(result->reasons[i], LOAD_REASON_SIZE, "%s", found->reasons[i]);
        result->errors[i] += found->errors[i];
    }
}

void LoadWorker_Close(LoadWorker *worker)
{
    if (worker == NULL)
        return;
    for (int i = 0; i < worker->count; i++)
        LoadClient_Free(&worker->clients[i]);
    free(worker->clients);
    if (worker->group.port != NULL)
        CloseHandle(worker->group.port);
    free(worker);
}
