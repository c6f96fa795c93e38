/*
 * The port is closed while a worker still waits at it.
 *
 * Expect: rule 7: a completion port is closed while another thread is inside GetQueuedCompletionStatus
 */
#include "Loopback.h"

static unsigned __stdcall Work(void *argument)
{
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key = 0;
    DWORD bytes = 0;

    (void)argument;
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 1000);
    return 0;
}

int main(void)
{
    HANDLE thread;

    OpenPort();
    thread = StartThread(Work);
    Sleep(300);
    CloseHandle(port); /* Wrong */
    JoinThread(thread);
    return 0;
}
