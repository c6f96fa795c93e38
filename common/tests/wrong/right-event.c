/*
 * Receives told by an event, one after the other with the same OVERLAPPED: each result is collected,
 * and before each use the OVERLAPPED is zeroed, all but its event.
 *
 * Expect: nothing
 */
#include "Loopback.h"

int main(void)
{
    WSAOVERLAPPED overlapped;
    char received[16];
    WSABUF buffer = {sizeof(received), received};
    WSAEVENT event = WSA_INVALID_EVENT;

    OpenPair();
    event = WSACreateEvent();
    for (int i = 0; i < 10; i++) {
        DWORD bytes = 0, flags = 0;

        memset(&overlapped, 0, sizeof(overlapped));
        overlapped.hEvent = event;
        if (i % 2 == 0)
            send(client, "hello", 5, 0); /* It is done at once, or pending, in turns. */
        WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL);
        if (i % 2 != 0)
            send(client, "hello", 5, 0);
        WSAWaitForMultipleEvents(1, &event, TRUE, WSA_INFINITE, FALSE);
        Require(WSAGetOverlappedResult(server, &overlapped, &bytes, FALSE, &flags), "receiving");
        WSAResetEvent(event);
    }
    WSACloseEvent(event);
    return Close();
}
