/*
 * A packet comes from the port with an OVERLAPPED of which no operation is known. Verify does not see
 * calls through a pointer to a function, and so it is with any mistake that leads to such a packet.
 *
 * Expect: rule 5: a completion came for an OVERLAPPED with which nothing is outstanding
 */
#include "Loopback.h"

int main(void)
{
    BOOL(WINAPI * post)(HANDLE, DWORD, ULONG_PTR, LPOVERLAPPED) = PostQueuedCompletionStatus;
    static OVERLAPPED packet;
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key = 0;
    DWORD bytes = 0;

    OpenPort();
    Require(post(port, 0, 0, &packet), "posting");
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, WAIT_MS); /* Wrong */
    return Close();
}
