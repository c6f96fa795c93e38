/*
 * The program ends while one of its threads still runs.
 *
 * Expect: rule 7: a thread still runs at the end
 * Exit: 3
 */
#include "Loopback.h"

#include <process.h>

static unsigned __stdcall Run(void *argument)
{
    (void)argument;
    Sleep(INFINITE);
    return 0;
}

int main(void)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, Run, NULL, 0, NULL); /* Wrong */

    Require(thread != NULL, "_beginthreadex");
    CloseHandle(thread);
    return 0;
}
