/*
 * 05-iocp-basic: an echo server with an I/O completion port.
 *
 * Model  The main thread accepts clients. Worker threads, one for each processor and at least two,
 *        take completions from one queue, the port, and start the next operation.
 * Waits  The workers inside GetQueuedCompletionStatus, the main thread for clients.
 * Limit  Accepting still takes a thread of its own, and all is in one file with global state.
 * New    Completions go to a port and not to the thread that started the operation: any worker may
 *        serve any session. A session has one operation outstanding, so one worker at a time has
 *        it. The list of sessions is shared and has a lock.
 *
 * Build  make 05, or the compiler line in README.md.
 * Run    make run-05, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "SocketUtils.h"
#include "ThreadManager.h"

#include <stdlib.h>

#define BUFFER_SIZE    4096
#define MIN_WORKERS    2
#define ERROR_PAUSE_MS 50 /* after a call that failed for lack of resources: don't spin */

/* What an operation does. A completion only says which operation it was. */
typedef enum IoType { IO_RECV, IO_SEND } IoType;

/* One outstanding operation. From the call that starts it until its completion, it and the buffer
   belong to the system: nobody else may change or free them. */
typedef struct OverlappedEx {
    WSAOVERLAPPED overlapped;
    IoType type;
} OverlappedEx;

typedef struct Session {
    SOCKET socket;
    NetAddress address;
    char recvBuffer[BUFFER_SIZE];
    int recvBytes; /* bytes in recvBuffer */
    int sendBytes; /* how many of them went back */
    DWORD error;   /* why the session is over; 0: the client closed its side */

    volatile LONG references; /* its own while it is open, and one for each thread at work on it */
    struct Session *previous; /* neighbours in server.sessions */
    struct Session *next;
    OverlappedEx overlappedEx; /* the operation that is outstanding */
} Session;

static struct Server {
    SOCKET listenSocket;
    WSAEVENT acceptEvent; /* signalled when a client waits in the listener's queue */
    Session *sessions;    /* all of them */

    SRWLOCK lock;                 /* held to change or to walk the list of sessions */
    CONDITION_VARIABLE noSession; /* the list has become empty */
    HANDLE port;
    ThreadManager workers;
} server = {.listenSocket = INVALID_SOCKET, .acceptEvent = WSA_INVALID_EVENT};

/* Takes over the socket: Session_Close closes it. The new session has two references: its own and
   the caller's. NULL: no memory, the caller keeps the socket. */
static Session *Session_Create(SOCKET clientSocket, const NetAddress *address)
{
    Session *session = (Session *)malloc(sizeof(*session));

    if (session == NULL)
        return NULL;
    session->socket = clientSocket;
    session->address = *address;
    session->recvBytes = 0;
    session->sendBytes = 0;
    session->error = 0;
    session->references = 2;
    AcquireSRWLockExclusive(&server.lock);
    session->previous = NULL;
    session->next = server.sessions;
    if (session->next != NULL)
        session->next->previous = session;
    server.sessions = session;
    ReleaseSRWLockExclusive(&server.lock);
    return session;
}

/* Closes the connection and frees the session, which nobody uses any more. */
static void Session_Close(Session *session)
{
    ServerLog_Disconnected(&session->address, session->error);

    /* Remove it from the list first: CloseSessions cancels what is in the list, and the number of a
       closed socket is reused. */
    AcquireSRWLockExclusive(&server.lock);
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        server.sessions = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    if (server.sessions == NULL)
        WakeConditionVariable(&server.noSession);
    ReleaseSRWLockExclusive(&server.lock);
    SocketUtils_Close(&session->socket);
    free(session);
}

/* Releases this thread's reference, and the session's own if it is over. The last one closes: then
   nothing is outstanding and no thread is inside a call on the socket, as closesocket requires.
   https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket */
static void Session_Release(Session *session, bool isOpen)
{
    LONG count = isOpen ? 1 : 2;

    if (InterlockedExchangeAdd(&session->references, -count) == count)
        Session_Close(session);
}

/* Prepares it for the next operation: nothing of the last one may be left in it. */
static void OverlappedEx_Init(OverlappedEx *overlappedEx, IoType type)
{
    ZeroMemory(&overlappedEx->overlapped, sizeof(overlappedEx->overlapped));
    overlappedEx->type = type;
}

/* Interprets the result of a call that starts an operation; there are three cases. 0: it succeeded
   immediately, and a completion still comes. WSA_IO_PENDING: the completion comes later. Any other
   error: nothing was started, and no completion comes. False: that error; the session is over. */
static bool Session_CheckStarted(Session *session, int result)
{
    int error = result == SOCKET_ERROR ? WSAGetLastError() : 0;

    if (error == 0 || error == WSA_IO_PENDING)
        return true;
    session->error = (DWORD)error;
    return false;
}

/* Associates the socket with the port: its completions go there, with the session as their key.
   This can be done once. False: the session is over. */
static bool Session_Associate(Session *session)
{
    /* It fails with NULL, not with INVALID_HANDLE_VALUE as some other functions do. */
    if (CreateIoCompletionPort((HANDLE)session->socket, server.port, (ULONG_PTR)session, 0) != NULL)
        return true;
    session->error = GetLastError();
    return false;
}

/* Starts a receive. False: the session is over. */
static bool Session_RegisterRecv(Session *session)
{
    WSABUF wsaBuf = {BUFFER_SIZE, session->recvBuffer};
    DWORD flags = 0;

    OverlappedEx_Init(&session->overlappedEx, IO_RECV);
    return Session_CheckStarted(session, WSARecv(session->socket, &wsaBuf, 1, NULL, &flags,
                                                 &session->overlappedEx.overlapped, NULL));
}

/* Starts to send what has not been sent back yet. False: the session is over. */
static bool Session_RegisterSend(Session *session)
{
    WSABUF wsaBuf = {(ULONG)(session->recvBytes - session->sendBytes),
                     session->recvBuffer + session->sendBytes};

    OverlappedEx_Init(&session->overlappedEx, IO_SEND);
    return Session_CheckStarted(session, WSASend(session->socket, &wsaBuf, 1, NULL, 0,
                                                 &session->overlappedEx.overlapped, NULL));
}

/* Handles a receive of `bytes`, at least one. False: the session is over. */
static bool Session_ProcessRecv(Session *session, DWORD bytes)
{
    ServerLog_Received((int)bytes);
    session->recvBytes = (int)bytes;
    session->sendBytes = 0;
    return Session_RegisterSend(session);
}

/* Handles a send of `bytes`: sends the rest, or receives again. False: the session is over. */
static bool Session_ProcessSend(Session *session, DWORD bytes)
{
    session->sendBytes += (int)bytes;
    if (session->sendBytes < session->recvBytes)
        return Session_RegisterSend(session);
    return Session_RegisterRecv(session);
}

/* Handles a completion: the session is ours again until the next operation starts. After that
   another worker may have it; our reference keeps it alive until we release it.
   0 bytes: the client has closed its side. It may still receive, but everything was echoed. */
static void Session_Dispatch(Session *session, OverlappedEx *overlappedEx, DWORD bytes, DWORD error)
{
    bool isOpen = false;

    InterlockedIncrement(&session->references);
    if (error != 0)
        session->error = error;
    else if (bytes > 0 && overlappedEx->type == IO_RECV)
        isOpen = Session_ProcessRecv(session, bytes);
    else if (bytes > 0 && overlappedEx->type == IO_SEND)
        isOpen = Session_ProcessSend(session, bytes);

    Session_Release(session, isOpen);
}

/* Undoes what an accepted socket inherits from the listener: the event, and with it non-blocking
   mode. False: it failed. */
static bool DetachFromListener(SOCKET clientSocket)
{
    return WSAEventSelect(clientSocket, NULL, 0) == 0 &&
           SocketUtils_SetNonBlocking(clientSocket, false);
}

/* Takes a client out of the listener's queue and opens a session with it, or refuses it. */
static void AcceptClient(void)
{
    NetAddress address;
    Session *session;
    SOCKET clientSocket;
    WSANETWORKEVENTS networkEvents;

    /* Resets the event first: accept signals it again if more clients wait. */
    WSAEnumNetworkEvents(server.listenSocket, server.acceptEvent, &networkEvents);
    address.length = (int)sizeof(address.storage); /* room for any; accept says what it used */
    clientSocket = accept(server.listenSocket, (SOCKADDR *)&address.storage, &address.length);
    if (clientSocket == INVALID_SOCKET) {
        DWORD error = (DWORD)WSAGetLastError();

        /* Not an error: the queue is empty, or the client has left it. */
        if (error == WSAEWOULDBLOCK || SocketUtils_IsClientGone(error))
            return;
        ServerLog_AcceptFailed("accept", error);
        Sleep(ERROR_PAUSE_MS);
        return;
    }
    SocketUtils_SetTcpNoDelay(clientSocket, true);
    SocketUtils_SetKeepAlive(clientSocket);
    SocketUtils_SetInherited(clientSocket, false);
    session = DetachFromListener(clientSocket) ? Session_Create(clientSocket, &address) : NULL;
    if (session == NULL) {
        ServerLog_Refused(&address, "out of memory");
        SocketUtils_Close(&clientSocket);
        return;
    }
    ServerLog_Connected(&address);
    Session_Release(session, Session_Associate(session) && Session_RegisterRecv(session));
}

/*
 * Runs a worker: takes one completion after the other from the port. GetQueuedCompletionStatus has
 * four outcomes. TRUE with an overlapped: an operation succeeded. TRUE without one: StopWorkers
 * posted this packet. FALSE with an overlapped: an operation failed. FALSE without one: the call
 * itself failed and took nothing.
 */
static void WorkerThreadMain(void *argument)
{
    (void)argument;
    for (;;) {
        DWORD bytes = 0, error = 0;
        ULONG_PTR key = 0;
        LPOVERLAPPED overlapped = NULL;

        if (!GetQueuedCompletionStatus(server.port, &bytes, &key, &overlapped, INFINITE))
            error = GetLastError();
        if (overlapped != NULL) {
            Session_Dispatch((Session *)key,
                             CONTAINING_RECORD(overlapped, OverlappedEx, overlapped), bytes, error);
            continue;
        }
        if (error == 0)
            return;
        ErrorText_Print("GetQueuedCompletionStatus", error);
        Sleep(ERROR_PAUSE_MS);
    }
}

/* Starts a worker for each processor. False: there is none, and it has printed why. */
static bool LaunchWorkers(void)
{
    int count = ThreadManager_GetProcessorCount();

    if (count < MIN_WORKERS)
        count = MIN_WORKERS;
    for (int i = 0; i < count; i++) {
        if (!ThreadManager_Launch(&server.workers, WorkerThreadMain, NULL)) {
            ErrorText_Print("_beginthreadex", GetLastError());
            break;
        }
    }
    return server.workers.count > 0;
}

/* Stops the workers: each takes one packet without an overlapped and ends. */
static void StopWorkers(void)
{
    for (int i = 0; i < server.workers.count; i++) {
        while (!PostQueuedCompletionStatus(server.port, 0, 0, NULL))
            Sleep(ERROR_PAUSE_MS);
    }
    ThreadManager_Join(&server.workers);
}

/* Accepts all clients until Ctrl+C. The workers serve them. */
static void RunServer(void)
{
    while (!CtrlC_IsPressed()) {
        DWORD result = WSAWaitForMultipleEvents(1, &server.acceptEvent, FALSE, WSA_INFINITE, FALSE);

        if (result == WSA_WAIT_FAILED) {
            ErrorText_Print("WSAWaitForMultipleEvents", (DWORD)WSAGetLastError());
            Sleep(ERROR_PAUSE_MS);
            continue;
        }
        AcceptClient();
    }
}

/* Called on another thread after Ctrl+C: makes the wait return. */
static void WakeServer(void)
{
    WSASetEvent(server.acceptEvent);
}

/* Opens a socket that listens on `address`, in which port 0 becomes the port that the system chose.
   INVALID_SOCKET: it failed and has printed why. */
static SOCKET OpenListener(NetAddress *address)
{
    SOCKET listenSocket = socket(NetAddress_GetFamily(address), SOCK_STREAM, IPPROTO_TCP);
    BOOL isExclusive = TRUE;
    const char *failedCall = NULL;

    /* SO_EXCLUSIVEADDRUSE before bind: without it another program may set SO_REUSEADDR, bind the
       same port and take the clients. */
    if (listenSocket == INVALID_SOCKET)
        failedCall = "socket";
    else if (!SocketUtils_SetInherited(listenSocket, false))
        failedCall = "SetHandleInformation";
    else if (setsockopt(listenSocket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&isExclusive,
                        (int)sizeof(isExclusive)) == SOCKET_ERROR)
        failedCall = "setsockopt";
    else if (bind(listenSocket, (const SOCKADDR *)&address->storage, address->length) ==
             SOCKET_ERROR)
        failedCall = "bind";
    else if (listen(listenSocket, SOMAXCONN_HINT(LISTEN_BACKLOG)) == SOCKET_ERROR)
        failedCall = "listen";
    else if (getsockname(listenSocket, (SOCKADDR *)&address->storage, &address->length) ==
             SOCKET_ERROR)
        failedCall = "getsockname";

    if (failedCall != NULL) {
        ServerLog_CannotListen(address, failedCall, (DWORD)WSAGetLastError());
        SocketUtils_Close(&listenSocket);
    }
    return listenSocket;
}

/* Opens what the server needs. False: it failed and has printed why. */
static bool OpenServer(NetAddress *address)
{
    server.listenSocket = OpenListener(address);
    if (server.listenSocket == INVALID_SOCKET)
        return false;
    server.acceptEvent = WSACreateEvent();
    if (server.acceptEvent == WSA_INVALID_EVENT) {
        ErrorText_Print("WSACreateEvent", (DWORD)WSAGetLastError());
        return false;
    }
    /* This also makes the listener non-blocking. */
    if (WSAEventSelect(server.listenSocket, server.acceptEvent, FD_ACCEPT) != 0) {
        ErrorText_Print("WSAEventSelect", (DWORD)WSAGetLastError());
        return false;
    }
    server.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (server.port == NULL) {
        ErrorText_Print("CreateIoCompletionPort", GetLastError());
        return false;
    }
    if (!LaunchWorkers())
        return false;
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    ServerLog_Listening(address);
    return true;
}

/* Closes all sessions: disconnects them and waits until the workers have closed the last one. */
static void CloseSessions(void)
{
    AcquireSRWLockExclusive(&server.lock);
    for (Session *session = server.sessions; session != NULL; session = session->next) {
        /* In this order: after shutdown no worker can start an operation on the socket, and what
           was started before is cancelled. Either way a worker notices and closes the session. */
        shutdown(session->socket, SD_BOTH);
        CancelIoEx((HANDLE)session->socket, NULL);
    }
    while (server.sessions != NULL)
        SleepConditionVariableSRW(&server.noSession, &server.lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&server.lock);
}

/* Undoes OpenServer, even if it failed halfway, and closes the sessions. */
static void CloseServer(void)
{
    CtrlC_Remove();
    SocketUtils_Close(&server.listenSocket);
    CloseSessions();
    StopWorkers();
    if (server.port != NULL)
        CloseHandle(server.port);
    if (server.acceptEvent != WSA_INVALID_EVENT)
        WSACloseEvent(server.acceptEvent);
}

int main(int argc, char *argv[])
{
    ServerOptions options;
    int exitCode = ServerOptions_Parse(&options, argc, argv);

    if (exitCode != SERVER_OPTIONS_RUN)
        return exitCode;
    ServerLog_Init(options.quiet, true);
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = 1;
    if (OpenServer(&options.address)) {
        RunServer();
        exitCode = 0;
    }
    CloseServer();
    SocketUtils_Clear();
    if (exitCode == 0)
        ServerLog_Stopped();
    return exitCode;
}
