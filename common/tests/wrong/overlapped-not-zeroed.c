/*
 * The second receive gets the OVERLAPPED as the first has left it.
 *
 * Expect: rule 5: WSARecv is given an OVERLAPPED that is not zeroed
 */
#include "Loopback.h"

int main(void)
{
    WSAOVERLAPPED overlapped = {0};
    char received[16];
    WSABUF buffer = {sizeof(received), received};
    DWORD bytes = 0, flags = 0;

    OpenPair();
    overlapped.hEvent = WSACreateEvent();
    send(client, "one", 3, 0);
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL);
    WSAGetOverlappedResult(server, &overlapped, &bytes, TRUE, &flags);

    send(client, "two", 3, 0);
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL); /* Wrong */
    WSAGetOverlappedResult(server, &overlapped, &bytes, TRUE, &flags);

    WSACloseEvent(overlapped.hEvent);
    return Close();
}
