/*
 * A send is given the OVERLAPPED of a receive that is outstanding, in a session that has only one.
 *
 * Expect: rule 5: WSASend is given an OVERLAPPED that a WSARecv still uses
 */
#include "Loopback.h"

typedef struct Session {
    WSAOVERLAPPED overlapped;
    char received[16];
} Session;

int main(void)
{
    static Session session;
    static char hello[] = "hello";
    WSABUF receiveBuffer = {sizeof(session.received), session.received};
    WSABUF sendBuffer = {5, hello};
    DWORD flags = 0;

    OpenPairWithPort();
    WSARecv(server, &receiveBuffer, 1, NULL, &flags, &session.overlapped, NULL);

    WSASend(server, &sendBuffer, 1, NULL, 0, &session.overlapped, NULL); /* Wrong */

    send(client, "x", 1, 0);
    TakeCompletion();
    TakeCompletion();
    return Close();
}
