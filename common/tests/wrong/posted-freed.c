/*
 * What was posted to a port is freed before it was taken from there.
 *
 * Expect: rule 4: free gives back memory with the OVERLAPPED of a PostQueuedCompletionStatus
 */
#include "Loopback.h"

int main(void)
{
    OVERLAPPED *packet = (OVERLAPPED *)calloc(1, sizeof(*packet));

    Require(packet != NULL, "calloc");
    OpenPort();
    PostQueuedCompletionStatus(port, 0, 0, packet);
    free(packet); /* Wrong */
    TakeCompletion();
    return Close();
}
