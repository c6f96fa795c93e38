/*
 * A thread whose handle is closed at once, and that has ended long before the program does. Another
 * ends itself in the middle of its function.
 *
 * Expect: nothing
 * Exit: 0
 */
#include "Loopback.h"

#include <process.h>

static volatile LONG running = 2;

static unsigned __stdcall Run(void *argument)
{
    (void)argument;
    InterlockedDecrement(&running);
    return 0;
}

static unsigned __stdcall RunHalf(void *argument)
{
    InterlockedDecrement(&running);
    if (argument == NULL)
        _endthreadex(0);
    return 1;
}

int main(void)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, Run, NULL, 0, NULL);
    HANDLE other = (HANDLE)_beginthreadex(NULL, 0, RunHalf, NULL, 0, NULL);

    Require(thread != NULL && other != NULL, "_beginthreadex");
    CloseHandle(thread);
    WaitForSingleObject(other, INFINITE);
    CloseHandle(other);
    while (InterlockedCompareExchange(&running, 0, 0) > 0)
        Sleep(10);
    Sleep(300);
    return 0;
}
