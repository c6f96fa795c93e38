/*
 * ThreadManager: see ThreadManager.h.
 */
#include "ThreadManager.h"

#include <errno.h>
#include <process.h>
#include <stdlib.h>

/* What a new thread has to do. The thread frees it. */
typedef struct ThreadStart {
    void (*procedure)(void *);
    void *argument;
} ThreadStart;

void ThreadManager_Init(ThreadManager *manager)
{
    manager->threads = NULL;
    manager->count = 0;
    manager->capacity = 0;
}

static unsigned __stdcall ThreadMain(void *parameter)
{
    ThreadStart start = *(ThreadStart *)parameter;

    free(parameter);
    start.procedure(start.argument);
    return 0;
}

/* Makes room for the handle before the thread exists: without its handle it cannot be joined. */
static bool Reserve(ThreadManager *manager)
{
    int capacity = manager->capacity == 0 ? 8 : manager->capacity * 2;
    HANDLE *threads;

    if (manager->count < manager->capacity)
        return true;
    threads = (HANDLE *)realloc(manager->threads, (size_t)capacity * sizeof(*threads));
    if (threads == NULL)
        return false;
    manager->threads = threads;
    manager->capacity = capacity;
    return true;
}

bool ThreadManager_Launch(ThreadManager *manager, void (*procedure)(void *), void *argument)
{
    ThreadStart *start = (ThreadStart *)malloc(sizeof(*start));
    uintptr_t thread;

    if (start == NULL || !Reserve(manager)) {
        free(start);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    start->procedure = procedure;
    start->argument = argument;

    /* Not CreateThread: this also sets up the C runtime for the thread. It fails with 0. */
    thread = _beginthreadex(NULL, 0, ThreadMain, start, 0, NULL);
    if (thread == 0) {
        DWORD error = errno == EAGAIN ? ERROR_TOO_MANY_TCBS : ERROR_NOT_ENOUGH_MEMORY;
        free(start);
        SetLastError(error);
        return false;
    }
    manager->threads[manager->count++] = (HANDLE)thread;
    return true;
}

void ThreadManager_Join(ThreadManager *manager)
{
    /* One by one: WaitForMultipleObjects takes 64 at most. */
    for (int i = 0; i < manager->count; i++) {
        WaitForSingleObject(manager->threads[i], INFINITE);
        CloseHandle(manager->threads[i]);
    }
    free(manager->threads);
    ThreadManager_Init(manager);
}

bool ThreadManager_IsCaller(const ThreadManager *manager)
{
    for (int i = 0; i < manager->count; i++) {
        if (GetThreadId(manager->threads[i]) == GetCurrentThreadId())
            return true;
    }
    return false;
}

int ThreadManager_GetProcessorCount(void)
{
    SYSTEM_INFO info;

    GetSystemInfo(&info);
    return info.dwNumberOfProcessors > 0 ? (int)info.dwNumberOfProcessors : 1;
}
