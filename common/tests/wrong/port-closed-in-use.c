/*
 * The port is closed while a worker still waits at it.
 *
 * Expect: rule 7: a completion port is closed while another thread is inside GetQueuedCompletionStatus
 * Exit: 3
 */
#include "Loopback.h"

static HANDLE port;

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

    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    Require(port != NULL, "CreateIoCompletionPort");
    thread = StartThread(Work);
    Sleep(300);
    CloseHandle(port); /* Wrong */
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return 0;
}
