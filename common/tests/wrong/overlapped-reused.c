/*
 * A send is given the OVERLAPPED of a receive that is outstanding, in a session that has only one.
 *
 * Expect: rule 5: WSASend is given an OVERLAPPED that a WSARecv still uses
 * Exit: 3
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
    SOCKET client, server;
    DWORD flags = 0;
    HANDLE port;

    OpenPair(&client, &server);
    port = OpenPort(server);
    WSARecv(server, &receiveBuffer, 1, NULL, &flags, &session.overlapped, NULL);

    WSASend(server, &sendBuffer, 1, NULL, 0, &session.overlapped, NULL); /* Wrong */

    send(client, "x", 1, 0);
    TakeCompletion(port);
    TakeCompletion(port);
    CloseHandle(port);
    ClosePair(client, server);
    return 0;
}
