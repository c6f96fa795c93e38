/*
 * Listener: see Listener.h.
 */
#include "Listener.h"
#include "ErrorText.h"
#include "ServerLog.h"

#include <string.h>

static HANDLE Listener_GetHandle(IocpObject *object)
{
    return (HANDLE)CONTAINING_RECORD(object, Listener, object)->socket;
}

static void Listener_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);

static const IocpObjectVtbl listenerVtbl = {Listener_GetHandle, Listener_Dispatch};

void Listener_Init(Listener *listener)
{
    ZeroMemory(listener, sizeof(*listener));
    listener->object.vtbl = &listenerVtbl;
    listener->socket = INVALID_SOCKET;
    InitializeSRWLock(&listener->lock);
    InitializeConditionVariable(&listener->noAccept);
}

/* Postpones the accept: asks the owner to retry it after a pause. */
static void Listener_PostponeAccept(Listener *listener, AcceptEvent *acceptEvent)
{
    AcquireSRWLockExclusive(&listener->lock);
    acceptEvent->isPostponed = true;
    ReleaseSRWLockExclusive(&listener->lock);
    SetEvent(listener->retryEvent);
}

/*
 * Starts an accept with `session`. Returns 0, or the error. The lock is held from the check of
 * isClosing to the call: Listener_Close either cancels this operation or prevents it.
 */
static DWORD Listener_CallAcceptEx(Listener *listener, AcceptEvent *acceptEvent, Session *session)
{
    DWORD error = ERROR_OPERATION_ABORTED;
    DWORD bytes = 0;

    AcquireSRWLockExclusive(&listener->lock);
    if (!listener->isClosing) {
        /* All is set before the call: a worker may dispatch it before the call has returned. */
        IocpEvent_Init(&acceptEvent->event, EVENT_ACCEPT);
        acceptEvent->session = session;
        listener->outstanding++;
        error = 0;
        /* A length of 0 for data: with more, the accept would wait for the client's first bytes. */
        if (!listener->acceptEx(listener->socket, session->socket, acceptEvent->buffer, 0,
                                ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE, &bytes,
                                &acceptEvent->event.overlapped))
            error = (DWORD)WSAGetLastError();
        if (error == WSA_IO_PENDING)
            error = 0;
        if (error != 0)
            listener->outstanding--;
    }
    ReleaseSRWLockExclusive(&listener->lock);
    return error;
}

/* Starts an accept with a new session. False: the accept was postponed. */
static bool Listener_RegisterAccept(Listener *listener, AcceptEvent *acceptEvent)
{
    Session *session = Session_Create(listener->sessions, listener->family);
    const char *failedCall = "socket";
    DWORD error;

    if (session == NULL) {
        error = GetLastError();
    } else {
        error = Listener_CallAcceptEx(listener, acceptEvent, session);
        failedCall = "AcceptEx";
        if (error == 0)
            return true;
        Session_Destroy(session);
    }
    if (error != ERROR_OPERATION_ABORTED)
        ServerLog_AcceptFailed(failedCall, error);
    Listener_PostponeAccept(listener, acceptEvent);
    return false;
}

/* Returns the session of a completed accept. The thread that started the accept holds the lock
   until its call has returned: before that nobody may close the session's socket. */
static Session *Listener_TakeSession(Listener *listener, AcceptEvent *acceptEvent)
{
    Session *session;

    AcquireSRWLockExclusive(&listener->lock);
    session = acceptEvent->session;
    ReleaseSRWLockExclusive(&listener->lock);
    return session;
}

/* Reads the client's address from what a completed AcceptEx wrote to the buffer. */
static void Listener_GetAddress(Listener *listener, AcceptEvent *acceptEvent, NetAddress *address)
{
    SOCKADDR *local = NULL, *remote = NULL;
    int localLength = 0, remoteLength = 0;

    listener->getAcceptExSockaddrs(acceptEvent->buffer, 0, ACCEPT_ADDRESS_SIZE, ACCEPT_ADDRESS_SIZE,
                                   &local, &localLength, &remote, &remoteLength);
    ZeroMemory(address, sizeof(*address));
    memcpy(&address->storage, remote, (size_t)remoteLength);
    address->length = remoteLength;
}

/* Gives the accepted socket the properties of the listener. Before that shutdown, getpeername and
   some options do not work on it. Returns 0, or why it cannot. */
static DWORD Listener_UpdateContext(Listener *listener, Session *session)
{
    /* The value of the option is the listener's SOCKET. */
    if (setsockopt(session->socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                   (const char *)&listener->socket, (int)sizeof(listener->socket)) == 0)
        return 0;
    return (DWORD)WSAGetLastError();
}

/* The session has a client: starts it. */
static void Listener_Serve(Listener *listener, Session *session, const NetAddress *address)
{
    DWORD error = Listener_UpdateContext(listener, session);

    if (error == 0) {
        Session_Start(session, listener->core, address);
        return;
    }
    if (!SocketUtils_IsClientGone(error))
        ServerLog_AcceptFailed("setsockopt", error);
    Session_Destroy(session);
}

/* Handles a completed accept. The next one is started first: a client may wait for it, and serving
   this one may take long. */
static void Listener_ProcessAccept(Listener *listener, AcceptEvent *acceptEvent, DWORD error)
{
    Session *session = Listener_TakeSession(listener, acceptEvent);
    NetAddress address;

    if (error == 0)
        Listener_GetAddress(listener, acceptEvent, &address);
    if (error == 0 || SocketUtils_IsClientGone(error)) {
        Listener_RegisterAccept(listener, acceptEvent);
    } else {
        /* ERROR_OPERATION_ABORTED: Listener_Close has cancelled it. */
        if (error != ERROR_OPERATION_ABORTED)
            ServerLog_AcceptFailed("AcceptEx", error);
        Listener_PostponeAccept(listener, acceptEvent);
    }
    if (error == 0)
        Listener_Serve(listener, session, &address);
    else
        Session_Destroy(session);
}

static void Listener_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error)
{
    Listener *listener = CONTAINING_RECORD(object, Listener, object);

    (void)bytes;
    Listener_ProcessAccept(listener, CONTAINING_RECORD(event, AcceptEvent, event), error);

    /* Last, after the next one was counted: when none is left, Listener_Close returns. */
    AcquireSRWLockExclusive(&listener->lock);
    if (--listener->outstanding == 0)
        WakeConditionVariable(&listener->noAccept);
    ReleaseSRWLockExclusive(&listener->lock);
}

/* Fetches AcceptEx and GetAcceptExSockaddrs. ws2_32.dll does not export them: they are extensions
   of Winsock, and WSAIoctl returns their addresses. False: WSAGetLastError says why. */
static bool Listener_BindFunctions(Listener *listener)
{
    const GUID acceptEx = WSAID_ACCEPTEX;
    const GUID getAcceptExSockaddrs = WSAID_GETACCEPTEXSOCKADDRS;

    return SocketUtils_BindWindowsFunction(listener->socket, acceptEx, &listener->acceptEx,
                                           sizeof(listener->acceptEx)) &&
           SocketUtils_BindWindowsFunction(listener->socket, getAcceptExSockaddrs,
                                           &listener->getAcceptExSockaddrs,
                                           sizeof(listener->getAcceptExSockaddrs));
}

/* Opens the socket. Returns NULL, or the call that failed; WSAGetLastError says why. */
static const char *Listener_OpenSocket(Listener *listener, NetAddress *address)
{
    BOOL isExclusive = TRUE;

    listener->socket = SocketUtils_CreateSocket(listener->family);
    if (listener->socket == INVALID_SOCKET)
        return "socket";
    if (setsockopt(listener->socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&isExclusive,
                   (int)sizeof(isExclusive)) == SOCKET_ERROR)
        return "setsockopt";
    if (bind(listener->socket, (const SOCKADDR *)&address->storage, address->length) ==
        SOCKET_ERROR)
        return "bind";
    if (listen(listener->socket, SOMAXCONN_HINT(LISTEN_BACKLOG)) == SOCKET_ERROR)
        return "listen";
    if (getsockname(listener->socket, (SOCKADDR *)&address->storage, &address->length) ==
        SOCKET_ERROR)
        return "getsockname";
    if (!Listener_BindFunctions(listener))
        return "WSAIoctl";
    if (!IocpCore_Register(listener->core, &listener->object))
        return "CreateIoCompletionPort";
    return NULL;
}

bool Listener_StartAccept(Listener *listener, NetAddress *address, IocpCore *core,
                          SessionList *sessions, HANDLE retryEvent)
{
    const char *failedCall;

    listener->family = NetAddress_GetFamily(address);
    listener->core = core;
    listener->sessions = sessions;
    listener->retryEvent = retryEvent;
    failedCall = Listener_OpenSocket(listener, address);
    if (failedCall != NULL) {
        ServerLog_CannotListen(address, failedCall, (DWORD)WSAGetLastError());
        return false;
    }
    for (int i = 0; i < ACCEPT_COUNT; i++)
        listener->events[i].isPostponed = true;
    Listener_RetryAccepts(listener);
    return true;
}

/* True: the accept was postponed, and is now the caller's to start. */
static bool Listener_TakePostponed(Listener *listener, AcceptEvent *acceptEvent)
{
    bool isPostponed;

    AcquireSRWLockExclusive(&listener->lock);
    isPostponed = acceptEvent->isPostponed;
    acceptEvent->isPostponed = false;
    ReleaseSRWLockExclusive(&listener->lock);
    return isPostponed;
}

void Listener_RetryAccepts(Listener *listener)
{
    bool isStarted = true;

    /* Stop at the first failure: the others would fail for the same reason. */
    for (int i = 0; i < ACCEPT_COUNT && isStarted; i++) {
        if (Listener_TakePostponed(listener, &listener->events[i]))
            isStarted = Listener_RegisterAccept(listener, &listener->events[i]);
    }
}

void Listener_Close(Listener *listener)
{
    if (listener->socket == INVALID_SOCKET)
        return;
    AcquireSRWLockExclusive(&listener->lock);
    listener->isClosing = true;
    CancelIoEx((HANDLE)listener->socket, NULL);
    while (listener->outstanding > 0)
        SleepConditionVariableSRW(&listener->noAccept, &listener->lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&listener->lock);
    SocketUtils_Close(&listener->socket);
}
