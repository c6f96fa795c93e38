/*
 * A thread whose handle is closed at once, and that has ended long before the program does. Another
 * ends itself in the middle of its function.
 *
 * Expect: nothing
 */
#include "Loopback.h"

static volatile LONG running = 2;

static unsigned __stdcall Run(void *argument)
{
    (void)argument;
    InterlockedDecrement(&running);
    return 0;
}

static unsigned __stdcall RunHalf(void *argument)
{
    (void)argument;
    if (InterlockedDecrement(&running) >= 0)
        _endthreadex(0);
    return 1;
}

int main(void)
{
    HANDLE thread = StartThread(Run);
    HANDLE other = StartThread(RunHalf);

    CloseHandle(thread);
    JoinThread(other);
    while (InterlockedCompareExchange(&running, 0, 0) > 0)
        Sleep(10);
    Sleep(300);
    return 0;
}
