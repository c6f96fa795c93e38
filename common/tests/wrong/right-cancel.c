/*
 * A receive is cancelled, its completion is taken, and only then its memory is freed.
 *
 * Expect: nothing
 */
#include "Loopback.h"

typedef struct Session {
    WSAOVERLAPPED overlapped;
    char received[16];
} Session;

int main(void)
{
    Session *session = (Session *)calloc(1, sizeof(*session));
    DWORD flags = 0;
    WSABUF buffer;

    Require(session != NULL, "calloc");
    OpenPairWithPort();
    buffer.buf = session->received;
    buffer.len = sizeof(session->received);
    WSARecv(server, &buffer, 1, NULL, &flags, &session->overlapped, NULL);
    CancelIoEx((HANDLE)server, &session->overlapped);
    TakeCompletion();
    Peer_Close(&server);
    free(session);
    return Close();
}
