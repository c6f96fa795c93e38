/*
 * The OVERLAPPED and the buffer are variables of a function that stays until the receive has ended.
 * Other functions are called meanwhile, and return.
 *
 * Expect: nothing
 */
#include "Loopback.h"

__declspec(noinline) static void Send(SOCKET socket)
{
    char hello[] = "hello";

    send(socket, hello, 5, 0);
    Sleep(10);
}

__declspec(noinline) static void Receive(void)
{
    WSAOVERLAPPED overlapped = {0};
    char received[16];
    WSABUF buffer = {sizeof(received), received};
    DWORD bytes = 0, flags = 0;

    overlapped.hEvent = WSACreateEvent();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL);
    Send(client);
    Require(WSAGetOverlappedResult(server, &overlapped, &bytes, TRUE, &flags), "receiving");
    WSACloseEvent(overlapped.hEvent);
}

/* It waits for the event, and has no use for the result. */
__declspec(noinline) static void WaitOnly(void)
{
    WSAOVERLAPPED overlapped = {0};
    char received[16];
    WSABUF buffer = {sizeof(received), received};
    WSAEVENT event = WSACreateEvent();
    DWORD flags = 0;

    overlapped.hEvent = event;
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL);
    Send(client);
    WSAWaitForMultipleEvents(1, &event, TRUE, WSA_INFINITE, FALSE);
    WSACloseEvent(event);
}

int main(void)
{
    OpenPair();
    Receive();
    WaitOnly();
    Receive();
    return Close();
}
