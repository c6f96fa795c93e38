/*
 * 01-blocking: an echo server with blocking calls.
 *
 * Model  One thread. It accepts a client, then receives and sends for it until it leaves.
 * Waits  Inside accept, recv and send: each returns when it is done.
 * Limit  One client at a time. The system lets a second one connect and keeps it in the listener's
 *        queue. What it sends is received after the first has left.
 * New    Everything.
 *
 * Build  make 01, or the compiler line in README.md.
 * Run    make run-01, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "SocketUtils.h"

#define BUFFER_SIZE    4096
#define ERROR_PAUSE_MS 50 /* after a call that failed for lack of resources: don't spin */

typedef struct Session {
    SOCKET socket;
    NetAddress address;
    char recvBuffer[BUFFER_SIZE];
    int recvBytes; /* bytes in recvBuffer */
    int sendBytes; /* how many of them went back */
    DWORD error;   /* why the session is over; 0: the client closed its side */
} Session;

static struct Server {
    SOCKET listenSocket;
    Session session; /* the only one; its socket is INVALID_SOCKET while nobody is connected */
    SRWLOCK lock;    /* held to change session.socket and to cancel calls on it */
} server = {.listenSocket = INVALID_SOCKET, .session = {.socket = INVALID_SOCKET}};

/* Takes over the socket: Session_Close closes it. */
static void Session_Open(Session *session, SOCKET clientSocket, const NetAddress *address)
{
    session->address = *address;
    session->recvBytes = 0;
    session->sendBytes = 0;
    session->error = 0;
    AcquireSRWLockExclusive(&server.lock);
    session->socket = clientSocket;
    ReleaseSRWLockExclusive(&server.lock);
}

/* Closes the connection. */
static void Session_Close(Session *session)
{
    ServerLog_Disconnected(&session->address, session->error);

    /* Under the lock: the number of a closed socket is reused, and WakeServer must not cancel calls
       on another socket. */
    AcquireSRWLockExclusive(&server.lock);
    SocketUtils_Close(&session->socket);
    ReleaseSRWLockExclusive(&server.lock);
}

/* Waits until the client sends something. False: the session is over. */
static bool Session_Recv(Session *session)
{
    int bytes = recv(session->socket, session->recvBuffer, BUFFER_SIZE, 0);

    if (bytes == SOCKET_ERROR) {
        session->error = (DWORD)WSAGetLastError();
        return false;
    }
    /* 0 bytes: the client has closed its side. It may still receive, but everything was echoed. */
    if (bytes == 0)
        return false;
    ServerLog_Received(bytes);
    session->recvBytes = bytes;
    session->sendBytes = 0;
    return true;
}

/* Sends back everything that was received. False: the session is over. */
static bool Session_Send(Session *session)
{
    /* A loop: TCP is a stream, and send may take fewer bytes than it was given. */
    while (session->sendBytes < session->recvBytes) {
        int bytes = send(session->socket, session->recvBuffer + session->sendBytes,
                         session->recvBytes - session->sendBytes, 0);

        if (bytes == SOCKET_ERROR) {
            session->error = (DWORD)WSAGetLastError();
            return false;
        }
        session->sendBytes += bytes;
    }
    return true;
}

/* Waits for a client and opens the session with it. False: none came. */
static bool AcceptClient(void)
{
    NetAddress address;
    SOCKET clientSocket;

    address.length = (int)sizeof(address.storage); /* room for any; accept says what it used */
    clientSocket = accept(server.listenSocket, (SOCKADDR *)&address.storage, &address.length);
    if (clientSocket == INVALID_SOCKET) {
        DWORD error = (DWORD)WSAGetLastError();

        /* Not an error: WakeServer has cancelled the call, or the client has left the queue. */
        if (CtrlC_IsPressed() || SocketUtils_IsClientGone(error))
            return false;
        ServerLog_AcceptFailed("accept", error);
        Sleep(ERROR_PAUSE_MS);
        return false;
    }
    SocketUtils_SetTcpNoDelay(clientSocket, true);
    SocketUtils_SetKeepAlive(clientSocket);
    SocketUtils_SetInherited(clientSocket, false);
    Session_Open(&server.session, clientSocket, &address);
    ServerLog_Connected(&address);
    return true;
}

/* Serves one client after the other until Ctrl+C. */
static void RunServer(void)
{
    Session *session = &server.session;

    while (!CtrlC_IsPressed()) {
        if (!AcceptClient())
            continue;
        while (!CtrlC_IsPressed() && Session_Recv(session) && Session_Send(session))
            continue;
        Session_Close(session);
    }
}

/* Called on another thread after Ctrl+C: cancels the call that blocks the main thread. */
static void WakeServer(void)
{
    CancelIoEx((HANDLE)server.listenSocket, NULL);
    AcquireSRWLockExclusive(&server.lock);
    if (server.session.socket != INVALID_SOCKET)
        CancelIoEx((HANDLE)server.session.socket, NULL);
    ReleaseSRWLockExclusive(&server.lock);
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
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    ServerLog_Listening(address);
    return true;
}

/* Undoes OpenServer, even if it failed halfway. */
static void CloseServer(void)
{
    CtrlC_Remove();
    SocketUtils_Close(&server.listenSocket);
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
