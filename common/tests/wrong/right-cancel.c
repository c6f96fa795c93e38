/*
 * A receive is cancelled, its completion is taken, and only then its memory is freed.
 *
 * Expect: nothing
 * Exit: 0
 */
#include "Loopback.h"

typedef struct Session {
    WSAOVERLAPPED overlapped;
    SOCKET socket;
    char received[16];
} Session;

int main(void)
{
    Session *session = (Session *)calloc(1, sizeof(*session));
    SOCKET client;
    DWORD flags = 0;
    WSABUF buffer;
    HANDLE port;

    Require(session != NULL, "calloc");
    OpenPair(&client, &session->socket);
    port = OpenPort(session->socket);
    buffer.buf = session->received;
    buffer.len = sizeof(session->received);
    WSARecv(session->socket, &buffer, 1, NULL, &flags, &session->overlapped, NULL);
    CancelIoEx((HANDLE)session->socket, &session->overlapped);
    TakeCompletion(port);
    SocketUtils_Close(&session->socket);
    free(session);
    CloseHandle(port);
    ClosePair(client, INVALID_SOCKET);
    return 0;
}
