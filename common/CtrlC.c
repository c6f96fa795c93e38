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
static bool wasQuickEdit; /* it was on, and CtrlC_Install has switched it off */

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

/* Switches Quick Edit, where there is a console. Returns whether it was on. */
static bool SetQuickEdit(bool on)
{
    /* Not the standard handle, which may be that of a file. */
    HANDLE console = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    DWORD mode = 0;

    if (console == INVALID_HANDLE_VALUE)
        return false;
    /* ENABLE_EXTENDED_FLAGS says that the other flag counts. */
    if (GetConsoleMode(console, &mode))
        SetConsoleMode(console, (mode & ~(DWORD)ENABLE_QUICK_EDIT_MODE) | ENABLE_EXTENDED_FLAGS |
                                    (on ? ENABLE_QUICK_EDIT_MODE : 0));
    CloseHandle(console);
    return (mode & ENABLE_QUICK_EDIT_MODE) != 0;
}

bool CtrlC_Install(void (*wake)(void))
{
    AcquireSRWLockExclusive(&wakeLock);
    wakeServer = wake;
    ReleaseSRWLockExclusive(&wakeLock);
    wasQuickEdit = SetQuickEdit(false);

    /* NULL and FALSE: Ctrl+C is not ignored. */
    return SetConsoleCtrlHandler(Handler, TRUE) && SetConsoleCtrlHandler(NULL, FALSE);
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
    if (wasQuickEdit)
        SetQuickEdit(true);
    wasQuickEdit = false;
}
