/*
 * A session is made with malloc, and its OVERLAPPED is used with whatever the memory holds.
 *
 * Expect: rule 5: WSARecv is given an OVERLAPPED that is not zeroed
 */
#include "Loopback.h"

typedef struct Session {
    WSAOVERLAPPED overlapped;
    char received[16];
} Session;

int main(void)
{
    Session *session = (Session *)malloc(sizeof(*session));
    DWORD bytes = 0, flags = 0;
    WSABUF buffer;

    Require(session != NULL, "malloc");
    OpenPair();
    buffer.buf = session->received;
    buffer.len = sizeof(session->received);
    session->overlapped.hEvent = WSACreateEvent();

    send(client, "hello", 5, 0);
    WSARecv(server, &buffer, 1, NULL, &flags, &session->overlapped, NULL); /* Wrong */
    WSAGetOverlappedResult(server, &session->overlapped, &bytes, TRUE, &flags);

    WSACloseEvent(session->overlapped.hEvent);
    free(session);
    return Close();
}
