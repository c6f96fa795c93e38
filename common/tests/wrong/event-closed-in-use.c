/*
 * An event is closed while another thread waits for it.
 *
 * Expect: rule 6: an event is closed while another thread is inside WaitForSingleObject with it
 */
#include "Loopback.h"

static HANDLE event;

static unsigned __stdcall Wait(void *argument)
{
    (void)argument;
    WaitForSingleObject(event, 1000);
    return 0;
}

int main(void)
{
    HANDLE thread;

    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    Require(event != NULL, "CreateEventW");
    thread = StartThread(Wait);
    Sleep(300);
    CloseHandle(event); /* Wrong */
    JoinThread(thread);
    return 0;
}
