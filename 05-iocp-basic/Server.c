/*
 * 05-iocp-basic: an echo server with an I/O completion port.
 *
 * Model  The main thread accepts clients. Worker threads, one for each processor and two at least,
 *        take completions from one queue, the port, and begin the next operation.
 * Waits  The workers inside GetQueuedCompletionStatus, the main thread for clients.
 * Limit  Accepting still takes a thread of its own, and all is in one file with global state.
 * New    Completions go to a port and not to the thread that began the operation: any worker may
 *        serve any session. A session has one operation outstanding, so one worker at a time has
 *        it; the list of sessions is shared and has a lock.
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
#define ERROR_PAUSE_MS 50 /* after a call that failed for want of something: do not spin */

/* What an overlapped operation is to do; a completion says only which operation it was. */
typedef enum IoType { IO_RECV, IO_SEND } IoType;

/* One outstanding operation. From the call that begins it until its completion it belongs to the
   system, as does the buffer: nobody else may change or free them. */
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

    volatile LONG references; /* its own while it is open, and one of each thread at work on it */
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

/* Takes over the socket: from here on Session_Close closes it. Two references: the session's own and
   the caller's. NULL: no memory, and it does not take over the socket. */
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

/* Ends the connection and frees the session, which nobody uses any more. */
static void Session_Close(Session *session)
{
    ServerLog_Disconnected(&session->address, session->error);

    /* Out of the list first: CloseSessions cancels what is in the list, and the system gives the
       number of a closed socket to the next one. */
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

/* Gives back the reference of this thread, and the session's own if it is over. With the last one
   nothing is outstanding and no thread is inside a call on the socket: closesocket must not run while
   another call does. https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket */
static void Session_Release(Session *session, bool isOpen)
{
    LONG count = isOpen ? 1 : 2;

    if (InterlockedExchangeAdd(&session->references, -count) == count)
        Session_Close(session);
}

/* Makes it ready for the next operation: nothing of the last one may be left in it. */
static void OverlappedEx_Init(OverlappedEx *overlappedEx, IoType type)
{
    ZeroMemory(&overlappedEx->overlapped, sizeof(overlappedEx->overlapped));
    overlappedEx->type = type;
}

/* What a call that begins an operation returned. There are three outcomes. 0: done already, and a
   completion comes all the same. WSA_IO_PENDING: the completion comes later. Any other error: there
   is no operation and no completion will ever come. False: that one, so the session is over. */
static bool Session_CheckStarted(Session *session, int result)
{
    int error = result == SOCKET_ERROR ? WSAGetLastError() : 0;

    if (error == 0 || error == WSA_IO_PENDING)
        return true;
    session->error = (DWORD)error;
    return false;
}

/* From now on the completions of the socket's operations go to the port, with the session as their
   key. A socket can be associated once and with one port. False: the session is over. */
static bool Session_Associate(Session *session)
{
    /* It fails with NULL, where other functions that return a HANDLE have INVALID_HANDLE_VALUE. */
    if (CreateIoCompletionPort((HANDLE)session->socket, server.port, (ULONG_PTR)session, 0) != NULL)
        return true;
    session->error = GetLastError();
    return false;
}

/* Begins to receive. False: the session is over. */
static bool Session_RegisterRecv(Session *session)
{
    WSABUF wsaBuf = {BUFFER_SIZE, session->recvBuffer};
    DWORD flags = 0;

    OverlappedEx_Init(&session->overlappedEx, IO_RECV);
    return Session_CheckStarted(session, WSARecv(session->socket, &wsaBuf, 1, NULL, &flags,
                                                 &session->overlappedEx.overlapped, NULL));
}

/* Begins to send what has yet to go back. False: the session is over. */
static bool Session_RegisterSend(Session *session)
{
    WSABUF wsaBuf = {(ULONG)(session->recvBytes - session->sendBytes),
                     session->recvBuffer + session->sendBytes};

    OverlappedEx_Init(&session->overlappedEx, IO_SEND);
    return Session_CheckStarted(session, WSASend(session->socket, &wsaBuf, 1, NULL, 0,
                                                 &session->overlappedEx.overlapped, NULL));
}

/* `bytes` were received, at least one. False: the session is over. */
static bool Session_ProcessRecv(Session *session, DWORD bytes)
{
    ServerLog_Received((int)bytes);
    session->recvBytes = (int)bytes;
    session->sendBytes = 0;
    return Session_RegisterSend(session);
}

/* `bytes` were sent. All go back before the next receive. False: the session is over. */
static bool Session_ProcessSend(Session *session, DWORD bytes)
{
    session->sendBytes += (int)bytes;
    if (session->sendBytes < session->recvBytes)
        return Session_RegisterSend(session);
    return Session_RegisterRecv(session);
}

/* The outstanding operation has completed: the session is ours again until the next one has begun.
   From then on another worker may have it: we only give back the reference that keeps it for us.
   0 bytes: the client has sent its last. It may still read, but it was sent all it is owed. */
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

/* An accepted socket inherits the listener's event and with it that it does not block. Neither is
   wanted here. False: this cannot be undone. */
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

        /* Nobody is in the queue, or the client left while it was there. Neither is a fault. */
        if (error == WSAEWOULDBLOCK || SocketUtils_IsClientGone(error))
            return;
        ServerLog_AcceptFailed("accept", error);
        Sleep(ERROR_PAUSE_MS);
        return;
    }
    SocketUtils_SetTcpNoDelay(clientSocket, true);
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
 * A worker: takes one completion after the other from the port. GetQueuedCompletionStatus has four
 * outcomes. TRUE: an operation succeeded, with 0 bytes when the client has sent its last; or there
 * is no overlapped, and it is what StopWorkers posted. FALSE with an overlapped: an operation has
 * completed and failed. FALSE without one: nothing was taken, the wait itself failed.
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

/* One worker for each processor. False: there is none, and a sentence has said why. */
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

/* Ends the workers: each takes one packet without an overlapped, and no other after it. */
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

/* For Ctrl+C, on another thread: makes the wait return. */
static void WakeServer(void)
{
    WSASetEvent(server.acceptEvent);
}

/* Opens a socket that listens on `address`, in which port 0 becomes the port that the system chose.
   INVALID_SOCKET: it cannot, and a sentence has said why. */
static SOCKET OpenListener(NetAddress *address)
{
    SOCKET listenSocket = socket(NetAddress_GetFamily(address), SOCK_STREAM, IPPROTO_TCP);
    BOOL isExclusive = TRUE;
    const char *failedCall = NULL;

    /* SO_EXCLUSIVEADDRUSE before bind: without it another program may set SO_REUSEADDR, bind the same
       port and take the clients. */
    if (listenSocket == INVALID_SOCKET)
        failedCall = "socket";
    else if (setsockopt(listenSocket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&isExclusive,
                        (int)sizeof(isExclusive)) == SOCKET_ERROR)
        failedCall = "setsockopt";
    else if (bind(listenSocket, (const SOCKADDR *)&address->storage, address->length) ==
             SOCKET_ERROR)
        failedCall = "bind";
    else if (listen(listenSocket, SOMAXCONN) == SOCKET_ERROR)
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

/* False: the server cannot start, and a sentence has said why. */
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
    /* This makes the listener non-blocking, too. */
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

/* Ends the sessions: disconnects all and waits until the workers have closed the last. */
static void CloseSessions(void)
{
    AcquireSRWLockExclusive(&server.lock);
    for (Session *session = server.sessions; session != NULL; session = session->next) {
        /* In this order: after shutdown a worker can begin no new operation on the socket, and what
           was begun before is cancelled. Either way a worker is told, and closes the session. */
        shutdown(session->socket, SD_BOTH);
        CancelIoEx((HANDLE)session->socket, NULL);
    }
    while (server.sessions != NULL)
        SleepConditionVariableSRW(&server.noSession, &server.lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&server.lock);
}

/* Gives back what OpenServer took, all of it or what it got to, and ends the sessions. */
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
