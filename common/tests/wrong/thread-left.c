/*
 * The program ends while one of its threads still runs.
 *
 * Expect: rule 7: a thread still runs at the end
 */
#include "Loopback.h"

static unsigned __stdcall Run(void *argument)
{
    (void)argument;
    Sleep(INFINITE);
    return 0;
}

int main(void)
{
    uintptr_t thread = _beginthreadex(NULL, 0, Run, NULL, 0, NULL); /* Wrong */

    Require(thread != 0, "_beginthreadex");
    CloseHandle((HANDLE)thread);
    return 0;
}
