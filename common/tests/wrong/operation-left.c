/*
 * The program closes its socket and ends, and does not take the completion of its receive.
 *
 * Expect: rule 7: the program has ended while a WSARecv is outstanding
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped;
    static char received[16];
    WSABUF buffer = {sizeof(received), received};
    SOCKET client, server;
    DWORD flags = 0;
    HANDLE port;

    OpenPair(&client, &server);
    port = OpenPort(server);
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL); /* Wrong */
    CancelIoEx((HANDLE)server, &overlapped);
    CloseHandle(port);
    ClosePair(client, server);
    return 0;
}
