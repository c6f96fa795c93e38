/*
 * The program closes its port and ends, and something that it has posted is still in it.
 *
 * Expect: rule 7: the program has ended while what PostQueuedCompletionStatus posted is outstanding
 */
#include "Loopback.h"

int main(void)
{
    static OVERLAPPED packet;

    OpenPort();
    PostQueuedCompletionStatus(port, 0, 0, &packet); /* Wrong */
    return Close();
}
