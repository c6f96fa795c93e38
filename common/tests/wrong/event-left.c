/*
 * An event is never closed.
 *
 * Expect: left over: an event is still open at the end
 */
#include "Loopback.h"

int main(void)
{
    StartWinsock();
    Require(WSACreateEvent() != WSA_INVALID_EVENT, "WSACreateEvent"); /* Wrong */
    return Close();
}
