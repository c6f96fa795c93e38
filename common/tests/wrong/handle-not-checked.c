/*
 * CreateIoCompletionPort says with NULL that it has failed, and is compared with INVALID_HANDLE_VALUE.
 *
 * Expect: rule 8: GetQueuedCompletionStatus is given NULL
 */
#include "Loopback.h"

int main(void)
{
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key = 0;
    DWORD bytes = 0;
    HANDLE second;

    OpenPairWithPort();

    /* It fails: a socket belongs to one port only, for good. */
    second = CreateIoCompletionPort((HANDLE)server, NULL, 0, 0);
    if (second != INVALID_HANDLE_VALUE)
        GetQueuedCompletionStatus(second, &bytes, &key, &overlapped, 0); /* Wrong */
    return Close();
}
