/*
 * CtrlC: see CtrlC.h.
 */
#include "CtrlC.h"

#include <winsock2.h>
#include <windows.h>

#define REPEAT_MS 100

static volatile LONG pressed;
static SRWLOCK wakeLock = SRWLOCK_INIT; /* held while wakeServer is called or changed */
static void (*wakeServer)(void);

/* Calls wakeServer. False: CtrlC_Remove was called. */
static bool Wake(void)
{
    bool waiting;

    AcquireSRWLockExclusive(&wakeLock);
    waiting = wakeServer != NULL;
    if (waiting)
        wakeServer();
    ReleaseSRWLockExclusive(&wakeLock);
    return waiting;
}

static BOOL WINAPI Handler(DWORD event)
{
    InterlockedExchange(&pressed, 1);
    while (Wake())
        Sleep(REPEAT_MS);

    /* When the window is closed or the user logs off, the system ends the process as soon as this
       returns. But main still cleans up. It ends the process, and this thread with it. */
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(INFINITE);
    return TRUE;
}

bool CtrlC_Install(void (*wake)(void))
{
    AcquireSRWLockExclusive(&wakeLock);
    wakeServer = wake;
    ReleaseSRWLockExclusive(&wakeLock);
    return SetConsoleCtrlHandler(Handler, TRUE);
}

bool CtrlC_IsPressed(void)
{
    return InterlockedCompareExchange(&pressed, 0, 0) != 0;
}

void CtrlC_Remove(void)
{
    AcquireSRWLockExclusive(&wakeLock);
    wakeServer = NULL;
    ReleaseSRWLockExclusive(&wakeLock);
}
