/*
 * LoadWorker: a thread of load.exe and its clients.
 *
 * A worker has a completion port of its own, and its clients are used by no other thread, so none of
 * this needs a lock. The main thread says by a phase what all workers do, and reads their counts.
 */
#ifndef LOAD_WORKER_H
#define LOAD_WORKER_H

#include "LoadClient.h"

typedef struct LoadWorker LoadWorker;

/*
 * Makes worker `index` of plan->threads with its share of the clients, and starts its thread. NULL:
 * memory or handles ran out, GetLastError says which. The caller gives it to LoadWorker_Close.
 */
LoadWorker *LoadWorker_Start(const LoadPlan *plan, int index);

/* Has the worker do that from now on. The main thread. */
void LoadWorker_SetPhase(LoadWorker *worker, LoadPhase phase);

const LoadCounts *LoadWorker_GetCounts(const LoadWorker *worker);

/* After PHASE_LEAVE or PHASE_STOP: waits for the thread, and adds what it has found to `result`. */
void LoadWorker_Join(LoadWorker *worker, LoadResult *result);

/* After LoadWorker_Join. */
void LoadWorker_Close(LoadWorker *worker);

#endif
