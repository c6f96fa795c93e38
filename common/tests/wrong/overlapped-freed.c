/*
 * A session is freed right after closesocket. That ends the receive, but its completion is still to
 * come, and it points to the session.
 *
 * Expect: rule 4: free gives back memory with the OVERLAPPED of a WSARecv that is outstanding
 * Alone: no
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

    closesocket(server);
    free(session); /* Wrong */

    TakeCompletion();
    server = INVALID_SOCKET;
    return Close();
}
