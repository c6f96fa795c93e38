/*
 * ClaimsEvent: claims about event objects: waiting for them, and WSAEventSelect.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsawaitformultipleevents
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsaeventselect
 */
#include "Claims.h"

#define TOO_MANY (WSA_MAXIMUM_WAIT_EVENTS + 1)

/* --- Waiting ----------------------------------------------------------------------------------*/

static HANDLE events[TOO_MANY];

static void OpenEvents(void)
{
    for (int i = 0; i < TOO_MANY; i++)
        events[i] = Claims_OpenEvent();
}

/* Waits for so many of the events, and returns what the wait does. */
static DWORD WaitForEvents(int count)
{
    return WSAWaitForMultipleEvents((DWORD)count, events, FALSE, WAIT_MS, FALSE);
}

/* All 65 are signalled; with one fewer the same wait succeeds. */
TEST("events: a wait for 65 events fails with 87")
{
    CHECK_INT(WSA_MAXIMUM_WAIT_EVENTS, 64);
    OpenEvents();
    for (int i = 0; i < TOO_MANY; i++)
        SetEvent(events[i]);
    CHECK_ERROR(WaitForEvents(TOO_MANY) == WSA_WAIT_FAILED, WSA_INVALID_PARAMETER);
    CHECK_INT(WSA_INVALID_PARAMETER, 87);
    CHECK_INT(WaitForEvents(TOO_MANY - 1), 0);
}

/* A loop that ignores the failure does not wait at all: it spins. */
TEST("events: a wait for too many fails at once, again and again")
{
    ULONGLONG start;

    OpenEvents();
    start = Test_Now();
    for (int i = 0; i < 10; i++)
        CHECK_INT(WaitForEvents(TOO_MANY), WSA_WAIT_FAILED);
    CHECK_AT_MOST(Test_Now() - start, WAIT_MS);
}

/*
 * "the function returns the index of the first handle in the array whose object was signaled": the
 * client at index 1 goes before the one at 40, however often it comes.
 */
TEST("events: the wait returns the lowest signalled event")
{
    OpenEvents();
    SetEvent(events[40]);
    for (int i = 0; i < 3; i++) {
        SetEvent(events[1]);
        CHECK_INT(WaitForEvents(64), 1);
        ResetEvent(events[1]);
    }
    CHECK_INT(WaitForEvents(64), 40);
}

/* "One or more events must be specified." */
TEST("events: a wait for no event fails with 87")
{
    OpenEvents();
    CHECK_ERROR(WaitForEvents(0) == WSA_WAIT_FAILED, WSA_INVALID_PARAMETER);
}

/* --- WSAEventSelect ---------------------------------------------------------------------------*/

/* Opens a pair, and selects events of the server. */
static void OpenSelected(long selected)
{
    Claims_OpenPair();
    CHECK_INT(WSAEventSelect(server, event, selected), 0);
}

/* Waits for the event, and returns what WSAEnumNetworkEvents has; -1: it is not signalled. */
static long TakeEvents(SOCKET socket, DWORD timeoutMs)
{
    WSANETWORKEVENTS taken;

    if (WaitForSingleObject(event, timeoutMs) != WAIT_OBJECT_0)
        return -1;
    return WSAEnumNetworkEvents(socket, event, &taken) == 0 ? taken.lNetworkEvents : -1;
}

/* "automatically sets socket s to nonblocking mode, regardless of the value of lNetworkEvents" */
TEST("events: WSAEventSelect makes a socket non-blocking")
{
    OpenSelected(FD_READ);
    CHECK_ERROR(Claims_ReceiveByte(server) == SOCKET_ERROR, WSAEWOULDBLOCK);
}

/*
 * "any attempt ... to set the socket back to blocking mode will fail with WSAEINVAL", until the
 * events are taken back.
 * https://learn.microsoft.com/windows/win32/winsock/winsock-ioctls
 */
TEST("events: while events are selected it cannot be made blocking, 10022")
{
    OpenSelected(FD_READ);
    CHECK_ERROR(!SocketUtils_SetNonBlocking(server, false), WSAEINVAL);
    CHECK_INT(WSAEventSelect(server, NULL, 0), 0);
    CHECK(SocketUtils_SetNonBlocking(server, false));
}

/*
 * "Any WSAEventSelect association and network events selection set for the listening socket apply
 * to the accepted socket."
 */
TEST("events: an accepted socket inherits WSAEventSelect and is non-blocking")
{
    Claims_OpenOperation();
    Claims_Listen();
    CHECK_INT(WSAEventSelect(listenSocket, event, FD_ACCEPT | FD_READ), 0);
    Claims_Connect();
    CHECK_INT(TakeEvents(listenSocket, WAIT_MS), FD_ACCEPT);
    Claims_Accept();
    CHECK_ERROR(Claims_ReceiveByte(server) == SOCKET_ERROR, WSAEWOULDBLOCK);

    ResetEvent(event);
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(TakeEvents(server, WAIT_MS), FD_READ);
}

/* "no further actions are taken for that network event until ... the reenabling function" */
TEST("events: FD_READ is told again after a receive that leaves something")
{
    OpenSelected(FD_READ);
    Claims_SendToServer("xy");
    CHECK_INT(TakeEvents(server, WAIT_MS), FD_READ);
    CHECK_INT(TakeEvents(server, SHORT_QUIET_MS), -1);
    CHECK_INT(Claims_ReceiveByte(server), 1);
    CHECK_INT(TakeEvents(server, WAIT_MS), FD_READ);
    CHECK_INT(Claims_ReceiveByte(server), 1);
    CHECK_INT(TakeEvents(server, SHORT_QUIET_MS), -1);
}

/*
 * "An FD_WRITE network event is recorded when a socket is first connected ... and then after a send
 * fails with WSAEWOULDBLOCK and buffer space becomes available."
 */
TEST("events: FD_WRITE is news only at first and after 10035")
{
    Claims_OpenNarrowPair();
    CHECK_INT(WSAEventSelect(client, event, FD_WRITE), 0);
    CHECK_INT(TakeEvents(client, WAIT_MS), FD_WRITE);
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(TakeEvents(client, SHORT_QUIET_MS), -1);
    CHECK(Claims_SendUntilFull(client) > 0);
    WAIT_WHILE(!Claims_IsSignalled(event) && Claims_Discard(server));
    CHECK_INT(TakeEvents(client, 0), FD_WRITE);
}

/*
 * "An application should check for remaining data upon receipt of FD_CLOSE to avoid any possibility
 * of losing data."
 */
TEST("events: after FD_CLOSE there may be data to receive")
{
    long taken = 0;

    Claims_OpenPair();
    Claims_SendToServer("last");
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(WSAEventSelect(server, event, FD_READ | FD_CLOSE), 0);
    for (int i = 0; i < 4 && (taken & FD_CLOSE) == 0; i++) {
        long more = TakeEvents(server, SHORT_QUIET_MS);

        taken |= more == -1 ? 0 : more;
    }
    Claims_Report("FD_CLOSE while data is unread", "after all data is read, but do check", "%s",
                  (taken & FD_CLOSE) != 0 ? "comes before the data is read"
                                          : "comes when the data is read");
    CHECK_INT(taken & FD_READ, FD_READ);
    CHECK(Claims_Receives(server, "last"));
    if ((taken & FD_CLOSE) == 0)
        CHECK_INT(TakeEvents(server, WAIT_MS) & FD_CLOSE, FD_CLOSE);
    CHECK_INT(Claims_ReceiveByte(server), 0);
}

/* "the indicated event object is also reset", and the record is cleared */
TEST("events: WSAEnumNetworkEvents clears the record and resets the event")
{
    OpenSelected(FD_READ);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForEvent(event));
    CHECK(Claims_IsSignalled(event));
    CHECK_INT(TakeEvents(server, 0), FD_READ);
    CHECK(!Claims_IsSignalled(event));
    SetEvent(event);
    CHECK_INT(TakeEvents(server, 0), 0);
}
