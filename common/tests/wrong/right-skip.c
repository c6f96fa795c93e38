/*
 * With FILE_SKIP_COMPLETION_PORT_ON_SUCCESS a call that is done at once sends no packet: its OVERLAPPED
 * is free for the next call as soon as it has returned.
 *
 * Expect: nothing
 */
#include "Loopback.h"

#ifndef FILE_SKIP_COMPLETION_PORT_ON_SUCCESS
#define FILE_SKIP_COMPLETION_PORT_ON_SUCCESS 1
#endif

int main(void)
{
    static WSAOVERLAPPED overlapped;
    static char hello[] = "hello";
    WSABUF buffer = {5, hello};

    OpenPairWithPort();
    Require(
        SetFileCompletionNotificationModes((HANDLE)server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
        "SetFileCompletionNotificationModes");
    for (int i = 0; i < 10; i++) {
        memset(&overlapped, 0, sizeof(overlapped));
        if (WSASend(server, &buffer, 1, NULL, 0, &overlapped, NULL) != 0) {
            Require(WSAGetLastError() == WSA_IO_PENDING, "WSASend");
            TakeCompletion();
        }
    }
    return Close();
}
