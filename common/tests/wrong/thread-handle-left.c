/*
 * A thread is waited for, and its handle is never closed.
 *
 * Expect: left over: a thread handle is still open at the end
 */
#include "Loopback.h"

static unsigned __stdcall Run(void *argument)
{
    (void)argument;
    return 0;
}

int main(void)
{
    uintptr_t thread = _beginthreadex(NULL, 0, Run, NULL, 0, NULL); /* Wrong */

    Require(thread != 0, "_beginthreadex");
    WaitForSingleObject((HANDLE)thread, INFINITE);
    return 0;
}
