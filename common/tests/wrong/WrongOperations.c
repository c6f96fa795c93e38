/*
 * WrongOperations: overlapped operations, their OVERLAPPED, their buffer and their end. See Wrong.h.
 */
#include "Wrong.h"

#include "ThreadManager.h"

static WSAOVERLAPPED overlapped;
static char received[16];
static WSABUF into = {sizeof(received), received};
static DWORD intoFlags;
static char hello[] = "hello";

typedef struct Session {
    WSAOVERLAPPED overlapped;
    char received[16];
} Session;

/* Waits for the end of what was begun on the server. True: it was done. */
static bool WaitForResult(WSAOVERLAPPED *begun)
{
    DWORD bytes = 0, flags = 0;

    return WSAGetOverlappedResult(server, begun, &bytes, TRUE, &flags);
}

/* --- Memory that an operation still uses ----------------------------------------------------- */

/*
 * A receive is cancelled, and its buffer is freed at once: CancelIoEx asks for the end of the receive,
 * and does not wait for it.
 */
PROGRAM("buffer-freed", HARMS,
        "rule 4: free gives back memory with the buffer of a WSARecv that is outstanding")
{
    void *buffer = Need(malloc(4096));

    OpenPairWithPort();
    StartReceive(buffer, 4096, &overlapped);

    CancelIoEx((HANDLE)server, &overlapped);
    free(buffer); /* Wrong */

    TakeCompletion();
}

/* The buffer grows while a receive into it is outstanding: realloc may move it. */
PROGRAM("buffer-moved", HARMS,
        "rule 4: realloc gives back memory with the buffer of a WSARecv that is outstanding")
{
    void *buffer = Need(malloc(64));
    void *longer;

    OpenPairWithPort();
    StartReceive(buffer, 64, &overlapped);

    longer = Need(realloc(buffer, 100000)); /* Wrong */

    send(client, "hello", 5, 0);
    TakeCompletion();
    free(longer);
}

__declspec(noinline) static void ReceiveOnStack(void)
{
    char buffer[100];

    StartReceive(buffer, sizeof(buffer), &overlapped);
}

PROGRAM("buffer-on-dead-stack", HARMS,
        "rule 4: a function has returned that had the buffer of an outstanding WSARecv")
{
    OpenPairWithPort();
    ReceiveOnStack();

    /* What is seen is the first call after the return. */
    CancelIoEx((HANDLE)server, &overlapped); /* Wrong */
    TakeCompletion();
}

/*
 * A session is freed right after closesocket. That ends the receive, but its completion is still to
 * come, and it points to the session.
 */
PROGRAM("overlapped-freed", HARMS,
        "rule 4: free gives back memory with the OVERLAPPED of a WSARecv that is outstanding")
{
    Session *session = (Session *)Need(calloc(1, sizeof(*session)));

    OpenPairWithPort();
    StartReceive(session->received, sizeof(session->received), &session->overlapped);

    closesocket(server);
    free(session); /* Wrong */

    TakeCompletion();
    server = INVALID_SOCKET;
}

__declspec(noinline) static void ReceiveWithOverlappedOnStack(void)
{
    /* The room keeps what the system will write far from what this program still needs. */
    struct {
        WSAOVERLAPPED overlapped;
        char room[32768];
    } local;

    memset(&local, 0, sizeof(local));
    StartReceive(received, sizeof(received), &local.overlapped);
}

PROGRAM("overlapped-on-dead-stack", HARMS,
        "rule 4: a function has returned that had the OVERLAPPED of an outstanding WSARecv")
{
    OpenPairWithPort();
    ReceiveWithOverlappedOnStack();

    /* What is seen is the first call after the return. */
    send(client, "hello", 5, 0); /* Wrong */
    TakeCompletion();
}

static void ReceiveOnThread(void)
{
    WSAOVERLAPPED local = {0};

    WSARecv(server, &into, 1, NULL, &intoFlags, &local, NULL); /* Wrong */
}

PROGRAM("overlapped-on-ended-thread", HARMS,
        "rule 4: a thread has ended that had the OVERLAPPED of an outstanding WSARecv")
{
    OpenPair();
    JoinThread(StartThread(ReceiveOnThread));
}

PROGRAM("posted-freed", PLAIN,
        "rule 4: free gives back memory with the OVERLAPPED of a PostQueuedCompletionStatus")
{
    OVERLAPPED *packet = (OVERLAPPED *)Need(calloc(1, sizeof(*packet)));

    OpenPort();
    PostQueuedCompletionStatus(port, 0, 0, packet);
    free(packet); /* Wrong */
    TakeCompletion();
}

/* --- The use of an OVERLAPPED ---------------------------------------------------------------- */

/* A session is made with malloc, and its OVERLAPPED is used with whatever the memory holds. */
PROGRAM("overlapped-garbage", PLAIN, "rule 5: WSARecv is given an OVERLAPPED that is not zeroed")
{
    Session *session = (Session *)Need(malloc(sizeof(*session)));

    OpenPair();
    session->overlapped.hEvent = WSACreateEvent();

    send(client, "hello", 5, 0);
    WSARecv(server, &into, 1, NULL, &intoFlags, &session->overlapped, NULL); /* Wrong */
    WaitForResult(&session->overlapped);

    WSACloseEvent(session->overlapped.hEvent);
    free(session);
}

/* The second receive gets the OVERLAPPED as the first has left it. */
PROGRAM("overlapped-not-zeroed", PLAIN, "rule 5: WSARecv is given an OVERLAPPED that is not zeroed")
{
    OpenPair();
    overlapped.hEvent = WSACreateEvent();
    send(client, "one", 3, 0);
    StartReceive(received, sizeof(received), &overlapped);
    WaitForResult(&overlapped);

    send(client, "two", 3, 0);
    WSARecv(server, &into, 1, NULL, &intoFlags, &overlapped, NULL); /* Wrong */
    WaitForResult(&overlapped);

    WSACloseEvent(overlapped.hEvent);
}

/* A send is given the OVERLAPPED of a receive that is outstanding, in a session that has only one. */
PROGRAM("overlapped-reused", PLAIN,
        "rule 5: WSASend is given an OVERLAPPED that a WSARecv still uses")
{
    WSABUF buffer = {5, hello};

    OpenPairWithPort();
    StartReceive(received, sizeof(received), &overlapped);

    WSASend(server, &buffer, 1, NULL, 0, &overlapped, NULL); /* Wrong */

    send(client, "x", 1, 0);
    TakeCompletion();
    TakeCompletion();
}

/* Two receives are outstanding on one socket. That is allowed, and seldom what is wanted. */
PROGRAM("second-receive", PLAIN, "warning: a second receive is outstanding on one socket")
{
    static WSAOVERLAPPED other;
    static char otherReceived[16];

    OpenPairWithPort();
    StartReceive(otherReceived, sizeof(otherReceived), &overlapped);
    WSARecv(server, &into, 1, NULL, &intoFlags, &other, NULL); /* Wrong */

    for (int i = 0; i < 2; i++) {
        send(client, "x", 1, 0);
        TakeCompletion();
    }
}

/*
 * A packet comes from the port with an OVERLAPPED of which no operation is known. Verify does not see
 * calls through a pointer to a function, and so it is with any mistake that leads to such a packet.
 */
PROGRAM("unknown-completion", PLAIN,
        "rule 5: a completion came for an OVERLAPPED with which nothing is outstanding")
{
    BOOL(WINAPI * post)(HANDLE, DWORD, ULONG_PTR, LPOVERLAPPED) = PostQueuedCompletionStatus;

    OpenPort();
    Require(post(port, 0, 0, &overlapped), "posting");
    GetQueuedCompletionStatus(port, &takenBytes, &takenKey, &taken, WAIT_MS); /* Wrong */
}

/* --- Completion routines --------------------------------------------------------------------- */

/* Receives something with a completion routine. */
static void ReceiveWith(LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF buffer = {5, received};

    OpenPair();
    WSARecv(server, &buffer, 1, NULL, &intoFlags, &overlapped, routine);
    send(client, "hello, world", 12, 0);
    SleepEx(WAIT_MS, TRUE);
}

static void CALLBACK ReceiveTheRest(DWORD error, DWORD bytes, LPWSAOVERLAPPED done, DWORD flags)
{
    (void)error;
    (void)done;
    (void)flags;
    recv(server, received + bytes, (int)(sizeof(received) - bytes), 0); /* Wrong */
}

/* A completion routine makes a blocking call, to receive the rest of a message. */
PROGRAM("blocking-in-routine", PLAIN, "rule 9: recv, which may wait, inside a completion routine")
{
    ReceiveWith(ReceiveTheRest);
}

static void CALLBACK SendBack(DWORD error, DWORD bytes, LPWSAOVERLAPPED done, DWORD flags)
{
    (void)error;
    (void)done;
    (void)flags;
    send(server, received, (int)bytes, 0); /* Wrong */
}

/* A completion routine answers with send, which waits if the client does not read. */
PROGRAM("send-in-routine", PLAIN, "rule 9: send, which may wait, inside a completion routine")
{
    ReceiveWith(SendBack);
}

/* --- As it should be ------------------------------------------------------------------------- */

/* A receive is cancelled, its completion is taken, and only then its memory is freed. */
PROGRAM("right-cancel")
{
    Session *session = (Session *)Need(calloc(1, sizeof(*session)));

    OpenPairWithPort();
    StartReceive(session->received, sizeof(session->received), &session->overlapped);
    CancelIoEx((HANDLE)server, &session->overlapped);
    TakeCompletion();
    Peer_Close(&server);
    free(session);
}

/*
 * Receives told by an event, one after the other with the same OVERLAPPED: each result is collected,
 * and before each use the OVERLAPPED is zeroed, all but its event.
 */
PROGRAM("right-event")
{
    WSAEVENT event;

    OpenPair();
    event = WSACreateEvent();
    for (int i = 0; i < 10; i++) {
        DWORD bytes = 0, flags = 0;

        memset(&overlapped, 0, sizeof(overlapped));
        overlapped.hEvent = event;
        if (i % 2 == 0)
            send(client, "hello", 5, 0); /* It is done at once, or pending, in turns. */
        StartReceive(received, sizeof(received), &overlapped);
        if (i % 2 != 0)
            send(client, "hello", 5, 0);
        WSAWaitForMultipleEvents(1, &event, TRUE, WSA_INFINITE, FALSE);
        Require(WSAGetOverlappedResult(server, &overlapped, &bytes, FALSE, &flags), "receiving");
        WSAResetEvent(event);
    }
    WSACloseEvent(event);
}

/* Overlapped I/O on a file: there the OVERLAPPED says where in the file, so it is not all zeros. */
PROGRAM("right-file")
{
    static char header[2];
    WCHAR path[MAX_PATH];
    HANDLE file;
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);

    Require(length > 0 && length < MAX_PATH, "GetModuleFileNameW");
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED, NULL);
    Require(file != INVALID_HANDLE_VALUE, "CreateFileW");
    OpenPort();
    Associate((SOCKET)file);

    /* Twice the same place of this program's own file, near its beginning. */
    for (int i = 0; i < 2; i++) {
        memset(&overlapped, 0, sizeof(overlapped));
        overlapped.Offset = 64;
        Require(ReadFile(file, header, sizeof(header), NULL, &overlapped) ||
                    GetLastError() == ERROR_IO_PENDING,
                "ReadFile");
        TakeCompletion();
    }
    CloseHandle(file);
}

static volatile LONG outstanding;

/* A worker: receives again what has come, until the port gives it nothing. */
static void Work(void *unused)
{
    (void)unused;
    for (;;) {
        OVERLAPPED *done = NULL;
        ULONG_PTR key = 0;
        DWORD bytes = 0;
        BOOL isDone = GetQueuedCompletionStatus(port, &bytes, &key, &done, INFINITE);

        if (done == NULL)
            return;
        memset(done, 0, sizeof(*done));
        if (!isDone || bytes == 0 || !StartReceive(received, sizeof(received), done))
            InterlockedDecrement(&outstanding);
    }
}

/*
 * Two workers at a port, and an end in the right order: cancel, wait for what is outstanding, a
 * packet for each worker, join, close the port.
 */
PROGRAM("right-port")
{
    WSAOVERLAPPED *receiving = (WSAOVERLAPPED *)Need(calloc(1, sizeof(*receiving)));
    ThreadManager workers;

    ThreadManager_Init(&workers);
    OpenPairWithPort();
    Require(ThreadManager_Launch(&workers, Work, NULL) &&
                ThreadManager_Launch(&workers, Work, NULL),
            "starting threads");
    InterlockedIncrement(&outstanding);
    Require(StartReceive(received, sizeof(received), receiving), "WSARecv");
    for (int i = 0; i < 10; i++) {
        send(client, "hello", 5, 0);
        Sleep(10);
    }
    while (InterlockedCompareExchange(&outstanding, 0, 0) != 0) {
        CancelIoEx((HANDLE)server, NULL);
        Sleep(10);
    }
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    ThreadManager_Join(&workers);
    free(receiving);
}

/*
 * What is posted to a port need not be an OVERLAPPED: the port hands out the pointer as it came. The
 * same one may be posted twice, and is then taken twice.
 */
PROGRAM("right-post")
{
    OVERLAPPED_ENTRY entries[4];
    OVERLAPPED *const sign = (OVERLAPPED *)(uintptr_t)1;
    ULONG count = 0, sum = 0;

    OpenPort();
    PostQueuedCompletionStatus(port, 0, 0, sign);
    PostQueuedCompletionStatus(port, 0, 0, &overlapped);
    PostQueuedCompletionStatus(port, 0, 0, &overlapped);
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    while (sum < 4) {
        Require(GetQueuedCompletionStatusEx(port, entries, 4, &count, WAIT_MS, FALSE), "taking");
        sum += count;
    }
}

static WSAOVERLAPPED sending;
static int underWay, receives;

static void ReceiveInRoutine(void);

static void CALLBACK SendOrReceive(DWORD error, DWORD bytes, LPWSAOVERLAPPED done, DWORD flags)
{
    WSABUF buffer = {bytes, received};

    (void)flags;
    underWay--;
    if (done == &sending) {
        if (error == 0 && receives < 10)
            ReceiveInRoutine();
        return;
    }
    receives++;
    memset(&sending, 0, sizeof(sending));
    if (error != 0 || WSASend(server, &buffer, 1, NULL, 0, &sending, SendOrReceive) == 0 ||
        WSAGetLastError() == WSA_IO_PENDING)
        underWay++;
}

static void ReceiveInRoutine(void)
{
    memset(&overlapped, 0, sizeof(overlapped));
    send(client, "hello", 5, 0);
    if (WSARecv(server, &into, 1, NULL, &intoFlags, &overlapped, SendOrReceive) == 0 ||
        WSAGetLastError() == WSA_IO_PENDING)
        underWay++;
}

/*
 * A completion routine that begins the next receive with the same OVERLAPPED, zeroed, and that
 * answers with an overlapped send.
 */
PROGRAM("right-routine")
{
    OpenPair();
    SocketUtils_SetNonBlocking(client, true); /* Else its send would not fit into a routine. */
    ReceiveInRoutine();
    while (underWay > 0)
        SleepEx(INFINITE, TRUE);
    Sleep(1); /* Outside of a routine it is allowed to wait. */
    Require(receives == 10, "ten receives");
}

/*
 * With FILE_SKIP_COMPLETION_PORT_ON_SUCCESS a call that is done at once sends no packet: its OVERLAPPED
 * is free for the next call as soon as it has returned.
 */
PROGRAM("right-skip")
{
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
}

__declspec(noinline) static void SendLater(void)
{
    char text[] = "hello";

    send(client, text, 5, 0);
    Sleep(10);
}

/* Receives, and asks for the result or only waits for the event. */
__declspec(noinline) static void ReceiveAndStay(bool hasUse)
{
    WSAEVENT event = WSACreateEvent();
    WSAOVERLAPPED local = {.hEvent = event};
    char buffer[16];

    StartReceive(buffer, sizeof(buffer), &local);
    SendLater();
    if (hasUse)
        Require(WaitForResult(&local), "receiving");
    else
        WSAWaitForMultipleEvents(1, &event, TRUE, WSA_INFINITE, FALSE);
    WSACloseEvent(event);
}

/*
 * The OVERLAPPED and the buffer are variables of a function that stays until the receive has ended.
 * Other functions are called meanwhile, and return.
 */
PROGRAM("right-stack")
{
    OpenPair();
    ReceiveAndStay(true);
    ReceiveAndStay(false);
    ReceiveAndStay(true);
}
