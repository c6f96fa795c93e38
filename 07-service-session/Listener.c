/*
 * Listener: see Listener.h.
 */
#include "SessionCore.h"

#include <string.h>

#define PAUSE_MS 50 /* what a postponed accept lacked may be there when a session has ended */

static HANDLE Listener_GetHandle(IocpObject *object)
{
    return (HANDLE)CONTAINING_RECORD(object, Listener, object)->socket;
}

static void Listener_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);
static ULONGLONG Listener_OnTime(IocpObject *object);

/* The listener is part of its owner, which outlives it: there is nothing to free. */
static void Listener_Destroy(IocpObject *object)
{
    (void)object;
}

static const IocpObjectVtbl listenerVtbl = {.GetHandle = Listener_GetHandle,
                                            .Dispatch = Listener_Dispatch,
                                            .OnTime = Listener_OnTime,
                                            .Destroy = Listener_Destroy};

void Listener_Init(Listener *listener)
{
    ZeroMemory(listener, sizeof(*listener));
    IocpObject_Init(&listener->object, &listenerVtbl);
    listener->socket = INVALID_SOCKET;
    listener->timer.object = &listener->object;
    InitializeSRWLock(&listener->lock);
    InitializeConditionVariable(&listener->noAccept);
}

/* Postpones the accept, because `call` failed with `error`: the keeper is to start it. */
static void Listener_PostponeAccept(Listener *listener, AcceptEvent *acceptEvent, const char *call,
                                    DWORD error)
{
    bool isClosing;

    AcquireSRWLockShared(&listener->lock);
    isClosing = listener->isClosing;
    ReleaseSRWLockShared(&listener->lock);
    if (isClosing)
        return;
    InterlockedExchange(&acceptEvent->isPostponed, TRUE);
    Keeper_Set(&listener->service->keeper, &listener->timer, GetTickCount64() + PAUSE_MS);
    Service_Report(listener->service, call, error);
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
        IocpEvent_Begin(&acceptEvent->event, EVENT_ACCEPT, &listener->object);
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
        if (error != 0) {
            listener->outstanding--;
            IocpEvent_End(&acceptEvent->event);
        }
    }
    ReleaseSRWLockExclusive(&listener->lock);
    return error;
}

/* Starts an accept with a new session. Returns NULL, or the call that failed; GetLastError says why. */
static const char *Listener_RegisterAccept(Listener *listener, AcceptEvent *acceptEvent)
{
    Session *session =
        listener->service->settings.createSession(listener->service, listener->family);
    DWORD error;

    if (session == NULL) {
        /* A factory need not say why. */
        SetLastError(max(GetLastError(), ERROR_INVALID_FUNCTION));
        return "createSession";
    }
    error = Listener_CallAcceptEx(listener, acceptEvent, session);
    if (error == 0)
        return NULL;
    Session_Release(session);
    SetLastError(error);
    return "AcceptEx";
}

/* The same, or else the accept is postponed. False: it is. */
static bool Listener_NextAccept(Listener *listener, AcceptEvent *acceptEvent)
{
    const char *failedCall = Listener_RegisterAccept(listener, acceptEvent);

    if (failedCall != NULL)
        Listener_PostponeAccept(listener, acceptEvent, failedCall, GetLastError());
    return failedCall == NULL;
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

/*
 * The session has a client. True: it is to be served. First the socket gets the properties of the
 * listener: before that shutdown, getpeername and some options do not work on it.
 */
static bool Listener_Admit(Listener *listener, Session *session, const NetAddress *address)
{
    /* The value of the option is the listener's SOCKET. */
    int result = setsockopt(session->socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                            (const char *)&listener->socket, (int)sizeof(listener->socket));
    DWORD error = result == 0 ? 0 : (DWORD)WSAGetLastError();

    if (error == 0)
        return Session_ProcessAccept(session, address);
    if (!SocketUtils_IsClientGone(error))
        Service_Report(listener->service, "setsockopt", error);
    return false;
}

/* Handles a completed accept. The next one is started first: a client may wait for it, and serving
   this one may take long. */
static void Listener_ProcessAccept(Listener *listener, AcceptEvent *acceptEvent, DWORD error)
{
    NetAddress address;
    Session *session;
    bool isAdmitted;

    /* The thread that started the accept holds the lock until its call has returned: before that
       nobody may close the session's socket. */
    AcquireSRWLockExclusive(&listener->lock);
    session = acceptEvent->session;
    ReleaseSRWLockExclusive(&listener->lock);
    if (error == 0)
        Listener_GetAddress(listener, acceptEvent, &address);
    if (error == 0 || SocketUtils_IsClientGone(error))
        Listener_NextAccept(listener, acceptEvent);
    else
        Listener_PostponeAccept(listener, acceptEvent, "AcceptEx", error);
    isAdmitted = error == 0 && Listener_Admit(listener, session, &address);

    /* After the next one was counted: when none is left, Listener_Close returns. It does not wait for
       the session, which is in the set and serves its client for as long as there is more. */
    AcquireSRWLockExclusive(&listener->lock);
    if (--listener->outstanding == 0)
        WakeConditionVariable(&listener->noAccept);
    ReleaseSRWLockExclusive(&listener->lock);
    if (isAdmitted)
        Session_Serve(session);
    Session_Release(session);
}

static void Listener_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error)
{
    Listener *listener = CONTAINING_RECORD(object, Listener, object);

    (void)bytes;
    Listener_ProcessAccept(listener, CONTAINING_RECORD(event, AcceptEvent, event), error);
}

/* Opens the socket. Returns NULL, or the call that failed; WSAGetLastError says why. */
static const char *Listener_OpenSocket(Listener *listener, NetAddress *address)
{
    const GUID acceptEx = WSAID_ACCEPTEX;
    const GUID getAcceptExSockaddrs = WSAID_GETACCEPTEXSOCKADDRS;
    BOOL isExclusive = TRUE;

    listener->socket = SocketUtils_CreateSocket(listener->family);
    if (listener->socket == INVALID_SOCKET)
        return "socket";
    if (setsockopt(listener->socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&isExclusive,
                   (int)sizeof(isExclusive)) == SOCKET_ERROR)
        return "setsockopt";
    /* Dual stack. If this fails, IPv4 clients are refused and nothing else changes. */
    if (listener->family == AF_INET6)
        SocketUtils_SetIpv6Only(listener->socket, false);
    if (bind(listener->socket, (const SOCKADDR *)&address->storage, address->length) ==
        SOCKET_ERROR)
        return "bind";
    if (listen(listener->socket, SOMAXCONN_HINT(LISTEN_BACKLOG)) == SOCKET_ERROR)
        return "listen";
    if (getsockname(listener->socket, (SOCKADDR *)&address->storage, &address->length) ==
        SOCKET_ERROR)
        return "getsockname";

    /* ws2_32.dll does not export these: they are extensions of Winsock, and WSAIoctl returns them. */
    if (!SocketUtils_BindWindowsFunction(listener->socket, acceptEx, &listener->acceptEx,
                                         sizeof(listener->acceptEx)) ||
        !SocketUtils_BindWindowsFunction(listener->socket, getAcceptExSockaddrs,
                                         &listener->getAcceptExSockaddrs,
                                         sizeof(listener->getAcceptExSockaddrs)))
        return "WSAIoctl";
    if (!IocpCore_Register(&listener->service->core, &listener->object))
        return "CreateIoCompletionPort";
    return NULL;
}

/* On the keeper's thread: starts the postponed accepts. */
static ULONGLONG Listener_OnTime(IocpObject *object)
{
    Listener *listener = CONTAINING_RECORD(object, Listener, object);
    bool isStarted = true;

    /* Stop at the first failure: the others would fail for the same reason. It has set the timer. */
    for (int i = 0; i < ACCEPT_COUNT && isStarted; i++) {
        if (InterlockedExchange(&listener->events[i].isPostponed, FALSE))
            isStarted = Listener_NextAccept(listener, &listener->events[i]);
    }
    return 0;
}

const char *Listener_StartAccept(Listener *listener, Service *service)
{
    const char *failedCall;

    listener->family = NetAddress_GetFamily(&service->settings.address);
    listener->service = service;
    failedCall = Listener_OpenSocket(listener, &service->settings.address);

    /* If one accept can be started, the others can be later. */
    if (failedCall == NULL)
        failedCall = Listener_RegisterAccept(listener, &listener->events[0]);
    if (failedCall != NULL)
        return failedCall;
    for (int i = 1; i < ACCEPT_COUNT; i++)
        listener->events[i].isPostponed = TRUE;
    Listener_OnTime(&listener->object);
    return NULL;
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
    Keeper_Remove(&listener->service->keeper, &listener->timer);
}
