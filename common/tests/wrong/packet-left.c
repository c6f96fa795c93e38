/*
 * The program closes its port and ends, and something that it has posted is still in it.
 *
 * Expect: rule 7: the program has ended while what PostQueuedCompletionStatus posted is outstanding
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    static OVERLAPPED packet;
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);

    Require(port != NULL, "CreateIoCompletionPort");
    PostQueuedCompletionStatus(port, 0, 0, &packet); /* Wrong */
    CloseHandle(port);
    return 0;
}
