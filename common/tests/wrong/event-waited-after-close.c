/*
 * A closed event stays in the list of those that are waited for.
 *
 * Expect: rule 6: an event is used after it was closed
 */
#include "Loopback.h"

int main(void)
{
    WSAEVENT events[2];

    StartWinsock();
    events[0] = WSACreateEvent();
    events[1] = WSACreateEvent();
    WSACloseEvent(events[1]);
    WSAWaitForMultipleEvents(2, events, FALSE, 100, FALSE); /* Wrong */
    WSACloseEvent(events[0]);
    return Close();
}
