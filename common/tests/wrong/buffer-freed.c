/*
 * A receive is cancelled, and its buffer is freed at once: CancelIoEx asks for the end of the receive,
 * and does not wait for it.
 *
 * Expect: rule 4: free gives back memory with the buffer of a WSARecv that is outstanding
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped;
    char *received = (char *)malloc(4096);
    WSABUF buffer = {4096, received};
    DWORD flags = 0;

    Require(received != NULL, "malloc");
    OpenPairWithPort();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL);

    CancelIoEx((HANDLE)server, &overlapped);
    free(received); /* Wrong */

    TakeCompletion();
    return Close();
}
