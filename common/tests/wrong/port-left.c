/*
 * A completion port is never closed.
 *
 * Expect: left over: a completion port is still open at the end
 */
#include "Loopback.h"

int main(void)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0); /* Wrong */
    Require(port != NULL, "CreateIoCompletionPort");
    return 0;
}
