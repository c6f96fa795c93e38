/*
 * What is posted to a port need not be an OVERLAPPED: the port hands out the pointer as it came. The
 * same one may be posted twice, and is then taken twice.
 *
 * Expect: nothing
 */
#include "Loopback.h"

int main(void)
{
    OVERLAPPED_ENTRY entries[4];
    OVERLAPPED *const sign = (OVERLAPPED *)(uintptr_t)1;
    static OVERLAPPED packet;
    ULONG count = 0, taken = 0;

    OpenPort();
    PostQueuedCompletionStatus(port, 0, 0, sign);
    PostQueuedCompletionStatus(port, 0, 0, &packet);
    PostQueuedCompletionStatus(port, 0, 0, &packet);
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    while (taken < 4) {
        Require(GetQueuedCompletionStatusEx(port, entries, 4, &count, WAIT_MS, FALSE), "taking");
        taken += count;
    }
    return Close();
}
