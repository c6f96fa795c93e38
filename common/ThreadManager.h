/*
 * ThreadManager: starts threads and waits until they have ended.
 *
 * One thread owns the manager and makes all calls.
 */
#ifndef THREAD_MANAGER_H
#define THREAD_MANAGER_H

#include <winsock2.h>
#include <windows.h>
#include <stdbool.h>

typedef struct ThreadManager {
    HANDLE *threads; /* handles of the threads that were launched and not yet joined */
    int count;
    int capacity;
} ThreadManager;

/* Makes the manager empty. A manager of zero bytes is also empty. */
void ThreadManager_Init(ThreadManager *manager);

/*
 * Starts a thread that runs `procedure(argument)` and ends when it returns. The thread uses
 * `argument` for as long as it runs: the caller keeps it alive until ThreadManager_Join.
 * False: no thread was started; GetLastError says why.
 */
bool ThreadManager_Launch(ThreadManager *manager, void (*procedure)(void *), void *argument);

/* Waits for every launched thread, closes their handles and leaves the manager empty. */
void ThreadManager_Join(ThreadManager *manager);

/* Is the calling thread one that was launched? Any thread, between a launch and ThreadManager_Join. */
bool ThreadManager_IsCaller(const ThreadManager *manager);

/* Returns the number of processors, at least 1. */
int ThreadManager_GetProcessorCount(void);

#endif
