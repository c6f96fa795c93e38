/*
 * 03-overlapped-event: an echo server with overlapped I/O and an event for each operation.
 *
 * Model  One thread. It starts a receive or a send and goes on. The system does the work, then
 *        signals the event of that operation.
 * Waits  Inside WSAWaitForMultipleEvents, for all events at once.
 * Limit  63 clients: a wait takes WSA_MAXIMUM_WAIT_EVENTS (64) events, and one is the listener's.
 * New    OverlappedEx, an outstanding operation. The program no longer asks whether a socket is
 *        ready: it starts an operation and collects the result. Each session has one operation
 *        outstanding: receive, send all of it, receive again.
 *
 * Build  make 03, or the compiler line in README.md.
 * Run    make run-03, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "SocketUtils.h"

#include <stdlib.h>

#define BUFFER_SIZE    4096
#define MAX_CLIENTS    (WSA_MAXIMUM_WAIT_EVENTS - 1)
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

    int index;                 /* its place in server.sessions */
    WSAEVENT event;            /* signalled when the operation has completed */
    OverlappedEx overlappedEx; /* the operation that is outstanding */
} Session;

static struct Server {
    SOCKET listenSocket;
    WSAEVENT acceptEvent; /* signalled when a client waits in the listener's queue */
    Session *sessions[MAX_CLIENTS];
    int sessionCount;
} server = {.listenSocket = INVALID_SOCKET, .acceptEvent = WSA_INVALID_EVENT};

/* Takes over the socket: Session_Close closes it. NULL: no memory, the caller keeps the socket. */
static Session *Session_Create(SOCKET clientSocket, const NetAddress *address)
{
    Session *session = (Session *)malloc(sizeof(*session));

    if (session == NULL)
        return NULL;
    session->event = WSACreateEvent();
    if (session->event == WSA_INVALID_EVENT) {
        free(session);
        return NULL;
    }
    session->socket = clientSocket;
    session->address = *address;
    session->recvBytes = 0;
    session->sendBytes = 0;
    session->error = 0;
    session->index = server.sessionCount;
    server.sessions[server.sessionCount++] = session;
    return session;
}

/* Closes the connection and frees the session, which has nothing outstanding. The last
   one in server.sessions takes its place. */
static void Session_Close(Session *session)
{
    Session *last = server.sessions[--server.sessionCount];

    ServerLog_Disconnected(&session->address, session->error);
    server.sessions[session->index] = last;
    last->index = session->index;
    SocketUtils_Close(&session->socket);
    WSACloseEvent(session->event);
    free(session);
}

/* Prepares it for the next operation: nothing of the last one may be left in it. */
static void OverlappedEx_Init(OverlappedEx *overlappedEx, IoType type, WSAEVENT event)
{
    WSAResetEvent(event);
    ZeroMemory(&overlappedEx->overlapped, sizeof(overlappedEx->overlapped));
    overlappedEx->overlapped.hEvent = event;
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

/* Starts a receive. False: the session is over. */
static bool Session_RegisterRecv(Session *session)
{
    WSABUF wsaBuf = {BUFFER_SIZE, session->recvBuffer};
    DWORD flags = 0;

    OverlappedEx_Init(&session->overlappedEx, IO_RECV, session->event);
    return Session_CheckStarted(session, WSARecv(session->socket, &wsaBuf, 1, NULL, &flags,
                                                 &session->overlappedEx.overlapped, NULL));
}

/* Starts to send what has not been sent back yet. False: the session is over. */
static bool Session_RegisterSend(Session *session)
{
    WSABUF wsaBuf = {(ULONG)(session->recvBytes - session->sendBytes),
                     session->recvBuffer + session->sendBytes};

    OverlappedEx_Init(&session->overlappedEx, IO_SEND, session->event);
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

/* Handles a completion: the session is ours again until the next operation starts.
   0 bytes: the client has closed its side. It may still receive, but everything was echoed. */
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

/* Collects the result of the session's operation, if it has completed. */
static void Session_Poll(Session *session)
{
    WSAOVERLAPPED *overlapped = &session->overlappedEx.overlapped;
    DWORD bytes = 0, flags = 0, error = 0;

    if (!WSAGetOverlappedResult(session->socket, overlapped, &bytes, FALSE, &flags))
        error = (DWORD)WSAGetLastError();
    if (error != WSA_IO_INCOMPLETE)
        Session_Dispatch(session, &session->overlappedEx, bytes, error);
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
    if (server.sessionCount == MAX_CLIENTS) {
        ServerLog_Refused(&address, "63 clients are all that one wait has room for");
        SocketUtils_Close(&clientSocket);
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
    if (!Session_RegisterRecv(session))
        Session_Close(session);
}

/* Lists the events to wait for and returns their number. */
static DWORD FillEvents(WSAEVENT events[])
{
    events[0] = server.acceptEvent;
    for (int i = 0; i < server.sessionCount; i++)
        events[i + 1] = server.sessions[i]->event;
    return (DWORD)server.sessionCount + 1;
}

/* Serves all clients until Ctrl+C. */
static void RunServer(void)
{
    while (!CtrlC_IsPressed()) {
        WSAEVENT events[WSA_MAXIMUM_WAIT_EVENTS];
        DWORD count = FillEvents(events);
        DWORD result = WSAWaitForMultipleEvents(count, events, FALSE, WSA_INFINITE, FALSE);

        if (result == WSA_WAIT_FAILED) {
            ErrorText_Print("WSAWaitForMultipleEvents", (DWORD)WSAGetLastError());
            Sleep(ERROR_PAUSE_MS);
            continue;
        }
        /* The wait names the first signalled event and no other. If only that one were served, busy
           clients at the front would keep those behind them waiting: so each gets its turn.
           Backwards: a closed session is replaced by one that has had its turn. */
        for (int i = server.sessionCount - 1; i >= 0; i--)
            Session_Poll(server.sessions[i]);
        if (result == WSA_WAIT_EVENT_0)
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
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    ServerLog_Listening(address);
    return true;
}

/* Closes all sessions: cancels their operations and waits until those have completed. */
static void CloseSessions(void)
{
    while (server.sessionCount > 0) {
        Session *session = server.sessions[server.sessionCount - 1];
        WSAOVERLAPPED *overlapped = &session->overlappedEx.overlapped;
        DWORD bytes = 0, flags = 0;

        /* Cancelled, or completed a moment before: either way there is a result to wait for. */
        CancelIoEx((HANDLE)session->socket, overlapped);
        if (!WSAGetOverlappedResult(session->socket, overlapped, &bytes, TRUE, &flags))
            session->error = (DWORD)WSAGetLastError();
        Session_Close(session);
    }
}

/* Undoes OpenServer, even if it failed halfway, and closes the sessions. */
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
