/*
 * The program closes its socket and ends, and does not take the completion of its receive.
 *
 * Expect: rule 7: the program has ended while a WSARecv is outstanding
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped;
    static char received[16];
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    OpenPairWithPort();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL); /* Wrong */
    CancelIoEx((HANDLE)server, &overlapped);
    return Close();
}
