/*
 * A session is freed right after closesocket. That ends the receive, but its completion is still to
 * come, and it points to the session.
 *
 * Expect: rule 4: free gives back memory with the OVERLAPPED of a WSARecv that is outstanding
 * Exit: 3
 * Alone: no
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

    closesocket(session->socket);
    free(session); /* Wrong */

    TakeCompletion(port);
    CloseHandle(port);
    ClosePair(client, INVALID_SOCKET);
    return 0;
}
