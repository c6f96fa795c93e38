/*
 * 02-select: an echo server with non-blocking sockets and select.
 *
 * Model  One thread. It asks select which sockets are ready, then receives and sends on those.
 * Waits  Inside select, for all sockets at once. accept, recv and send no longer wait.
 * Limit  63 clients: an fd_set holds FD_SETSIZE (64) sockets, and the listener is one of them.
 *        Each call passes all of them to the system and checks all of them.
 * New    Many sessions. Bytes that cannot be sent yet stay in the session until the connection has
 *        room; meanwhile the others are served.
 *
 * Build  make 02, or the compiler line in README.md.
 * Run    make run-02, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "SocketUtils.h"

#include <stdlib.h>

#define BUFFER_SIZE    4096
#define MAX_CLIENTS    (FD_SETSIZE - 1)
#define ERROR_PAUSE_MS 50   /* after a call that failed for lack of resources: don't spin */
#define PROBE_MS       1000 /* how often a send that waits for room is tried anyway */

typedef struct Session {
    SOCKET socket;
    NetAddress address;
    char recvBuffer[BUFFER_SIZE];
    int recvBytes; /* bytes in recvBuffer */
    int sendBytes; /* how many of them went back */
    DWORD error;   /* why the session is over; 0: the client closed its side */

    int index; /* its place in server.sessions */
} Session;

static struct Server {
    SOCKET listenSocket;
    NetAddress address; /* where it listens */
    Session *sessions[MAX_CLIENTS];
    int sessionCount;
} server = {.listenSocket = INVALID_SOCKET};

/* Takes over the socket: Session_Close closes it. NULL: no memory, the caller keeps the socket. */
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
    session->index = server.sessionCount;
    server.sessions[server.sessionCount++] = session;
    return session;
}

/* Closes the connection and frees the session. The last one in server.sessions takes its place. */
static void Session_Close(Session *session)
{
    Session *last = server.sessions[--server.sessionCount];

    ServerLog_Disconnected(&session->address, session->error);
    server.sessions[session->index] = last;
    last->index = session->index;
    SocketUtils_Close(&session->socket);
    free(session);
}

/* Interprets an error of recv or send. True: it would have to wait; select says when to retry. */
static bool Session_CheckError(Session *session, int error)
{
    if (error == WSAEWOULDBLOCK)
        return true;
    session->error = (DWORD)error;
    return false;
}

/* Receives what the client sent. False: the session is over. */
static bool Session_Recv(Session *session)
{
    int bytes = recv(session->socket, session->recvBuffer, BUFFER_SIZE, 0);

    if (bytes == SOCKET_ERROR)
        return Session_CheckError(session, WSAGetLastError());
    /* 0 bytes: the client has closed its side. It may still receive, but everything was echoed. */
    if (bytes == 0)
        return false;
    ServerLog_Received(bytes);
    session->recvBytes = bytes;
    session->sendBytes = 0;
    return true;
}

/* True: recvBuffer holds bytes to send back. Until they are sent, nothing is received. */
static bool Session_IsSending(const Session *session)
{
    return session->sendBytes < session->recvBytes;
}

/* Sends back what was received, as much as there is room for. False: the session is over. */
static bool Session_Send(Session *session)
{
    /* A loop: TCP is a stream, and send may take fewer bytes than it was given. */
    while (Session_IsSending(session)) {
        int bytes = send(session->socket, session->recvBuffer + session->sendBytes,
                         session->recvBytes - session->sendBytes, 0);

        if (bytes == SOCKET_ERROR)
            return Session_CheckError(session, WSAGetLastError());
        session->sendBytes += bytes;
    }
    return true;
}

/* Takes a client out of the listener's queue and opens a session with it, or refuses it. */
static void AcceptClient(void)
{
    NetAddress address;
    SOCKET clientSocket;

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
        ServerLog_Refused(&address, "63 clients are all that fit in an fd_set beside the listener");
        SocketUtils_Close(&clientSocket);
        return;
    }
    SocketUtils_SetTcpNoDelay(clientSocket, true);
    SocketUtils_SetKeepAlive(clientSocket);
    SocketUtils_SetInherited(clientSocket, false);
    if (!SocketUtils_SetNonBlocking(clientSocket, true) ||
        Session_Create(clientSocket, &address) == NULL) {
        ServerLog_Refused(&address, "out of memory");
        SocketUtils_Close(&clientSocket);
        return;
    }
    ServerLog_Connected(&address);
}

/* Fills the sets for select, which rewrites them each time. True: a session waits for room. */
static bool FillSets(fd_set *readSet, fd_set *writeSet)
{
    FD_ZERO(readSet);
    FD_ZERO(writeSet);
    FD_SET(server.listenSocket, readSet);
    for (int i = 0; i < server.sessionCount; i++) {
        Session *session = server.sessions[i];

        /* Each session is in one of the sets. While a client does not read its echo, nothing is
           received from it: TCP makes it wait, and no data piles up here. */
        if (Session_IsSending(session))
            FD_SET(session->socket, writeSet);
        else
            FD_SET(session->socket, readSet);
    }
    return writeSet->fd_count > 0;
}

/* Serves the sessions that select found ready. */
static void ServeSessions(fd_set *readSet, fd_set *writeSet, bool isProbe)
{
    /* Backwards: a closed session is replaced by one that has had its turn. */
    for (int i = server.sessionCount - 1; i >= 0; i--) {
        Session *session = server.sessions[i];
        bool isOpen = true;

        if (FD_ISSET(session->socket, readSet))
            isOpen = Session_Recv(session) && Session_Send(session);
        else if (FD_ISSET(session->socket, writeSet) || isProbe)
            isOpen = Session_Send(session);
        if (!isOpen)
            Session_Close(session);
    }
}

/* Serves all clients until Ctrl+C. */
static void RunServer(void)
{
    ULONGLONG lastProbe = 0;

    while (!CtrlC_IsPressed()) {
        fd_set readSet, writeSet;
        TIMEVAL probeTime = {PROBE_MS / 1000, PROBE_MS % 1000 * 1000};
        bool isSomeoneWaiting = FillSets(&readSet, &writeSet);
        ULONGLONG now;

        /* A set that is passed must not be empty. */
        if (select(0, &readSet, isSomeoneWaiting ? &writeSet : NULL, NULL,
                   isSomeoneWaiting ? &probeTime : NULL) == SOCKET_ERROR) {
            ErrorText_Print("select", (DWORD)WSAGetLastError());
            Sleep(ERROR_PAUSE_MS);
            continue;
        }

        /* The documentation does not say that a socket without room becomes writable when the
           connection is reset. So the send is tried now and then: after a reset it fails. */
        now = GetTickCount64();
        ServeSessions(&readSet, &writeSet, now - lastProbe >= PROBE_MS);
        if (now - lastProbe >= PROBE_MS)
            lastProbe = now;
        if (FD_ISSET(server.listenSocket, &readSet) && !CtrlC_IsPressed())
            AcceptClient();
    }
}

/* Called on another thread after Ctrl+C: connects to the listener, which makes select return. */
static void WakeServer(void)
{
    NetAddress address = NetAddress_ToLocal(&server.address);
    SOCKET knockSocket = SocketUtils_CreateSocket(NetAddress_GetFamily(&address));

    if (knockSocket != INVALID_SOCKET)
        SocketUtils_Connect(knockSocket, &address);
    SocketUtils_Close(&knockSocket);
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
    if (!SocketUtils_SetNonBlocking(server.listenSocket, true)) {
        ErrorText_Print("ioctlsocket", (DWORD)WSAGetLastError());
        return false;
    }
    server.address = *address;
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    ServerLog_Listening(address);
    return true;
}

/* Closes all sessions. */
static void CloseSessions(void)
{
    while (server.sessionCount > 0)
        Session_Close(server.sessions[server.sessionCount - 1]);
}

/* Undoes OpenServer, even if it failed halfway, and closes the sessions. */
static void CloseServer(void)
{
    CtrlC_Remove();
    SocketUtils_Close(&server.listenSocket);
    CloseSessions();
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
