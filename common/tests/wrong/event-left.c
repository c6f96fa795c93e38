/*
 * An event is never closed.
 *
 * Expect: left over: an event is still open at the end
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    Require(SocketUtils_Init(), "WSAStartup");
    Require(WSACreateEvent() != WSA_INVALID_EVENT, "WSACreateEvent"); /* Wrong */
    SocketUtils_Clear();
    return 0;
}
