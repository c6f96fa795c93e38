/*
 * 04-overlapped-callback: an echo server with overlapped I/O and completion routines.
 *
 * Model  One thread. It begins a receive or a send and goes on; the system does the work and has
 *        the thread call a function of ours, the completion routine, when it is done.
 * Waits  Inside an alertable wait: only there do completion routines run.
 * Limit  A routine runs on the thread that began the operation and on no other: one thread does all
 *        the work, and the other processors have none.
 * New    No event for each session, so no limit of 64. The system calls us; the list of sessions is
 *        for the end of the server only.
 *
 * Build  make 04, or the compiler line in README.md.
 * Run    make run-04, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "SocketUtils.h"

#include <stdlib.h>

#define BUFFER_SIZE    4096
#define ERROR_PAUSE_MS 50 /* after a call that failed for want of something: do not spin */

/* What an overlapped operation is to do; a completion says only which operation it was. */
typedef enum IoType { IO_RECV, IO_SEND } IoType;

/* One outstanding operation. From the call that begins it until its completion it belongs to the
   system, as does the buffer: nobody else may change or free them. */
typedef struct OverlappedEx {
    WSAOVERLAPPED overlapped;
    IoType type;
    DWORD bytes; /* once it has completed: how many were received or sent */
    DWORD error; /* 0, or why it failed */
} OverlappedEx;

typedef struct Session {
    SOCKET socket;
    NetAddress address;
    char recvBuffer[BUFFER_SIZE];
    int recvBytes; /* bytes in recvBuffer */
    int sendBytes; /* how many of them went back */
    DWORD error;   /* why the session is over; 0: the client closed its side */

    struct Session *previous; /* neighbours in server.sessions */
    struct Session *next;
    struct Session *nextCompleted; /* in server.completed */
    OverlappedEx overlappedEx;     /* the operation that is outstanding */
} Session;

static struct Server {
    SOCKET listenSocket;
    WSAEVENT acceptEvent; /* signalled when a client waits in the listener's queue */
    Session *sessions;    /* all of them */
    Session *completed;   /* those whose operation has completed and waits to be dispatched */
} server = {.listenSocket = INVALID_SOCKET, .acceptEvent = WSA_INVALID_EVENT};

/* Takes over the socket: from here on Session_Close closes it. NULL: no memory, and it does not. */
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
    session->previous = NULL;
    session->next = server.sessions;
    if (session->next != NULL)
        session->next->previous = session;
    server.sessions = session;
    return session;
}

/* Ends the connection and frees the session, which has nothing outstanding. */
static void Session_Close(Session *session)
{
    ServerLog_Disconnected(&session->address, session->error);
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        server.sessions = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    SocketUtils_Close(&session->socket);
    free(session);
}

/*
 * The completion routine. The system calls it on this thread, inside a wait that is alertable, and
 * the wait does not return while there is another to call. Were the next operation begun here, busy
 * clients whose operations complete at once could keep the thread in that wait for ever, and nobody
 * else would be let in. So it only notes what has completed.
 */
static void CALLBACK IoCallback(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags)
{
    OverlappedEx *overlappedEx = CONTAINING_RECORD(overlapped, OverlappedEx, overlapped);
    Session *session = CONTAINING_RECORD(overlappedEx, Session, overlappedEx);

    (void)flags;
    overlappedEx->bytes = bytes;
    overlappedEx->error = error;
    session->nextCompleted = server.completed;
    server.completed = session;
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

/* Begins to receive. False: the session is over. */
static bool Session_RegisterRecv(Session *session)
{
    WSABUF wsaBuf = {BUFFER_SIZE, session->recvBuffer};
    DWORD flags = 0;

    OverlappedEx_Init(&session->overlappedEx, IO_RECV);
    return Session_CheckStarted(session, WSARecv(session->socket, &wsaBuf, 1, NULL, &flags,
                                                 &session->overlappedEx.overlapped, IoCallback));
}

/* Begins to send what has yet to go back. False: the session is over. */
static bool Session_RegisterSend(Session *session)
{
    WSABUF wsaBuf = {(ULONG)(session->recvBytes - session->sendBytes),
                     session->recvBuffer + session->sendBytes};

    OverlappedEx_Init(&session->overlappedEx, IO_SEND);
    return Session_CheckStarted(session, WSASend(session->socket, &wsaBuf, 1, NULL, 0,
                                                 &session->overlappedEx.overlapped, IoCallback));
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
   0 bytes: the client has sent its last. It may still read, but it was sent all it is owed. */
static void Session_Dispatch(Session *session, OverlappedEx *overlappedEx, DWORD bytes, DWORD error)
{
    bool isOpen = false;

    if (error != 0)
        session->error = error;
    else if (bytes > 0 && overlappedEx->type == IO_RECV)
        isOpen = Session_ProcessRecv(session, bytes);
    else if (bytes > 0 && overlappedEx->type == IO_SEND)
        isOpen = Session_ProcessSend(session, bytes);

    if (!isOpen)
        Session_Close(session);
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
    if (!Session_RegisterRecv(session))
        Session_Close(session);
}

/* Takes a session out of server.completed. NULL: it is empty. */
static Session *TakeCompleted(void)
{
    Session *session = server.completed;

    if (session != NULL)
        server.completed = session->nextCompleted;
    return session;
}

/* Serves all clients until Ctrl+C. */
static void RunServer(void)
{
    while (!CtrlC_IsPressed()) {
        DWORD result = WSAWaitForMultipleEvents(1, &server.acceptEvent, FALSE, WSA_INFINITE, TRUE);
        Session *session;

        if (result == WSA_WAIT_FAILED) {
            ErrorText_Print("WSAWaitForMultipleEvents", (DWORD)WSAGetLastError());
            Sleep(ERROR_PAUSE_MS);
            continue;
        }
        /* WSA_WAIT_IO_COMPLETION: completion routines have run. An event that is signalled comes
           before them: without this, they would have no turn while clients keep coming. */
        if (result == WSA_WAIT_EVENT_0)
            SleepEx(0, TRUE);
        while ((session = TakeCompleted()) != NULL)
            Session_Dispatch(session, &session->overlappedEx, session->overlappedEx.bytes,
                             session->overlappedEx.error);
        if (result == WSA_WAIT_EVENT_0)
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
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    ServerLog_Listening(address);
    return true;
}

/* Ends the sessions: cancels the operations that are outstanding and waits until they are over. */
static void CloseSessions(void)
{
    for (Session *session = server.sessions; session != NULL; session = session->next)
        CancelIoEx((HANDLE)session->socket, &session->overlappedEx.overlapped);

    /* Cancelled, or completed a moment before: either way a completion comes for each of them. */
    while (server.sessions != NULL) {
        Session *session = TakeCompleted();

        if (session == NULL) {
            SleepEx(INFINITE, TRUE);
            continue;
        }
        session->error = session->overlappedEx.error;
        Session_Close(session);
    }
}

/* Gives back what OpenServer took, all of it or what it got to, and ends the sessions. */
static void CloseServer(void)
{
    CtrlC_Remove();
    SocketUtils_Close(&server.listenSocket);
    CloseSessions();
    if (server.acceptEvent != WSA_INVALID_EVENT)
        WSACloseEvent(server.acceptEvent);
}

int main(int argc, char *argv[])
{
    ServerOptions options;
    int exitCode = ServerOptions_Parse(&options, argc, argv);

    if (exitCode != SERVER_OPTIONS_RUN)
        return exitCode;
    ServerLog_Init(options.quiet, false);
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
