/*
 * Two receives are outstanding on one socket. That is allowed, and seldom what is wanted.
 *
 * Expect: warning: a second receive is outstanding on one socket
 * Exit: 0
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped[2];
    static char received[2][16];
    WSABUF buffers[2] = {{sizeof(received[0]), received[0]}, {sizeof(received[1]), received[1]}};
    DWORD flags = 0;

    OpenPairWithPort();
    WSARecv(server, &buffers[0], 1, NULL, &flags, &overlapped[0], NULL);
    WSARecv(server, &buffers[1], 1, NULL, &flags, &overlapped[1], NULL); /* Wrong */

    send(client, "x", 1, 0);
    TakeCompletion();
    send(client, "x", 1, 0);
    TakeCompletion();
    return Close();
}
