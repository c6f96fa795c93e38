/*
 * WrongHandles: sockets, events, ports and threads that are used when they are not there, or left open.
 * See Wrong.h.
 */
#include "Wrong.h"

/* --- What is not there ----------------------------------------------------------------------- */

/* socket says with INVALID_SOCKET that it has failed, and nobody looks. */
PROGRAM("socket-not-checked", PLAIN, "rule 8: connect is given INVALID_SOCKET")
{
    NetAddress address;

    StartWinsock();
    Require(NetAddress_FromText(&address, "127.0.0.1", 9), "the address");

    /* It fails: there are no streams of UDP. */
    client = socket(AF_INET, SOCK_STREAM, IPPROTO_UDP);
    connect(client, (const SOCKADDR *)&address.storage, address.length); /* Wrong */
}

/* accept has failed, and the socket that it did not return is given to a port. */
PROGRAM("accept-not-checked", PLAIN, "rule 8: CreateIoCompletionPort is given INVALID_SOCKET")
{
    NetAddress address;

    StartWinsock();
    OpenPort();
    OpenListener(&address);

    /* It fails: it must not wait, and nobody has come. */
    SocketUtils_SetNonBlocking(listener, true);
    accepted = accept(listener, NULL, NULL);
    CreateIoCompletionPort((HANDLE)accepted, port, 0, 0); /* Wrong */
}

/* CreateIoCompletionPort says with NULL that it has failed, and is compared with INVALID_HANDLE_VALUE. */
PROGRAM("handle-not-checked", PLAIN, "rule 8: GetQueuedCompletionStatus is given NULL")
{
    HANDLE second;

    OpenPairWithPort();

    /* It fails: a socket belongs to one port only, for good. */
    second = CreateIoCompletionPort((HANDLE)server, NULL, 0, 0);
    if (second != INVALID_HANDLE_VALUE)
        GetQueuedCompletionStatus(second, &takenBytes, &takenKey, &taken, 0); /* Wrong */
}

/* --- What was closed ------------------------------------------------------------------------- */

PROGRAM("socket-closed-twice", PLAIN, "rule 6: a socket is closed for the second time")
{
    OpenPair();
    closesocket(server);
    closesocket(server); /* Wrong */
    server = INVALID_SOCKET;
}

PROGRAM("socket-used-after-close", PLAIN, "rule 6: a socket is used after it was closed")
{
    OpenPair();
    closesocket(server);
    send(server, "hello", 5, 0); /* Wrong */
    server = INVALID_SOCKET;
}

/* A closed socket stays in the set that select is given. */
PROGRAM("socket-selected-after-close", PLAIN, "rule 6: a socket is used after it was closed")
{
    struct timeval atOnce = {0, 0};
    fd_set readSet;

    OpenPair();
    FD_ZERO(&readSet);
    FD_SET(client, &readSet);
    FD_SET(server, &readSet);
    closesocket(server);
    select(0, &readSet, NULL, NULL, &atOnce); /* Wrong */
    server = INVALID_SOCKET;
}

static void Receive(void)
{
    char received[16];

    recv(server, received, sizeof(received), 0);
}

PROGRAM("socket-closed-in-use", PLAIN,
        "rule 6: a socket is closed while another thread is inside recv with it")
{
    NetAddress address;
    HANDLE thread;

    OpenPair();
    thread = StartThread(Receive);
    Sleep(300);

    /* Another call comes and goes: it is recv that the other thread is in. */
    SocketUtils_GetLocalAddress(server, &address);
    closesocket(server); /* Wrong */

    Peer_Close(&client);
    JoinThread(thread);
    server = INVALID_SOCKET;
}

/* A closed event stays in the list of those that are waited for. */
PROGRAM("event-waited-after-close", PLAIN, "rule 6: an event is used after it was closed")
{
    WSAEVENT events[2];

    StartWinsock();
    events[0] = WSACreateEvent();
    events[1] = WSACreateEvent();
    WSACloseEvent(events[1]);
    WSAWaitForMultipleEvents(2, events, FALSE, 100, FALSE); /* Wrong */
    WSACloseEvent(events[0]);
}

static HANDLE event;

static void WaitForEvent(void)
{
    WaitForSingleObject(event, 1000);
}

PROGRAM("event-closed-in-use", PLAIN,
        "rule 6: an event is closed while another thread is inside WaitForSingleObject with it")
{
    HANDLE thread;

    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    Require(event != NULL, "CreateEventW");
    thread = StartThread(WaitForEvent);
    Sleep(300);
    CloseHandle(event); /* Wrong */
    JoinThread(thread);
}

static void WaitAtPort(void)
{
    GetQueuedCompletionStatus(port, &takenBytes, &takenKey, &taken, 1000);
}

PROGRAM(
    "port-closed-in-use", PLAIN,
    "rule 7: a completion port is closed while another thread is inside GetQueuedCompletionStatus")
{
    HANDLE thread;

    OpenPort();
    thread = StartThread(WaitAtPort);
    Sleep(300);
    CloseHandle(port); /* Wrong */
    JoinThread(thread);
    port = NULL;
}

/* --- What is left at the end ----------------------------------------------------------------- */

PROGRAM("socket-left", PLAIN, "left over: a socket is still open at the end")
{
    SOCKET unused;

    StartWinsock();
    unused = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP); /* Wrong */
    Require(unused != INVALID_SOCKET, "socket");
}

PROGRAM("event-left", PLAIN, "left over: an event is still open at the end")
{
    StartWinsock();
    Require(WSACreateEvent() != WSA_INVALID_EVENT, "WSACreateEvent"); /* Wrong */
}

PROGRAM("port-left", PLAIN, "left over: a completion port is still open at the end")
{
    HANDLE unused = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0); /* Wrong */

    Require(unused != NULL, "CreateIoCompletionPort");
}

static unsigned __stdcall SleepFor(void *milliseconds)
{
    Sleep((DWORD)(uintptr_t)milliseconds);
    return 0;
}

PROGRAM("thread-handle-left", PLAIN, "left over: a thread handle is still open at the end")
{
    uintptr_t thread = _beginthreadex(NULL, 0, SleepFor, NULL, 0, NULL); /* Wrong */

    Require(thread != 0, "_beginthreadex");
    WaitForSingleObject((HANDLE)thread, INFINITE);
}

PROGRAM("thread-left", PLAIN, "rule 7: a thread still runs at the end")
{
    void *ever = (void *)(uintptr_t)INFINITE;
    uintptr_t thread = _beginthreadex(NULL, 0, SleepFor, ever, 0, NULL); /* Wrong */

    Require(thread != 0, "_beginthreadex");
    CloseHandle((HANDLE)thread);
}

/* The program closes its port and ends, and something that it has posted is still in it. */
PROGRAM("packet-left", PLAIN,
        "rule 7: the program has ended while what PostQueuedCompletionStatus posted is outstanding")
{
    static OVERLAPPED packet;

    OpenPort();
    PostQueuedCompletionStatus(port, 0, 0, &packet); /* Wrong */
}

/* The program closes its socket and ends, and does not take the completion of its receive. */
PROGRAM("operation-left", PLAIN, "rule 7: the program has ended while a WSARecv is outstanding")
{
    static WSAOVERLAPPED overlapped;
    static char received[16];
    WSABUF buffer = {sizeof(received), received};
    DWORD flags = 0;

    OpenPairWithPort();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL); /* Wrong */
    CancelIoEx((HANDLE)server, &overlapped);
}

PROGRAM("cleanup-missing", PLAIN, "rule 7: WSACleanup is missing")
{
    WSADATA data;

    Require(WSAStartup(MAKEWORD(2, 2), &data) == 0, "WSAStartup"); /* Wrong */
}

/* --- As it should be ------------------------------------------------------------------------- */

/*
 * Many sockets and events are opened and closed: their numbers come again, and then they mean the
 * ones that were opened last.
 */
PROGRAM("right-handles")
{
    StartWinsock();
    for (int i = 0; i < 50; i++) {
        SOCKET socket = SocketUtils_CreateSocket(AF_INET);

        event = CreateEventW(NULL, TRUE, FALSE, NULL);
        Require(socket != INVALID_SOCKET && event != NULL, "opening");
        Require(SetEvent(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "the event");
        Require(SocketUtils_SetNonBlocking(socket, true), "the socket");
        CloseHandle(event);
        SocketUtils_Close(&socket);
    }
}

static volatile LONG running = 2;

static void Run(void)
{
    InterlockedDecrement(&running);
}

static void RunHalf(void)
{
    if (InterlockedDecrement(&running) >= 0)
        _endthreadex(0);
}

/*
 * A thread whose handle is closed at once, and that has ended long before the program does. Another
 * ends itself in the middle of its function.
 */
PROGRAM("right-thread")
{
    HANDLE thread = StartThread(Run);
    HANDLE other = StartThread(RunHalf);

    CloseHandle(thread);
    JoinThread(other);
    while (InterlockedCompareExchange(&running, 0, 0) > 0)
        Sleep(10);
    Sleep(300);
}
