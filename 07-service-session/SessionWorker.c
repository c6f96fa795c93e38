/*
 * SessionWorker: what the workers do for a session: events, receiving, the end. See Session.h.
 */
#include "SessionCore.h"

#define MAX_INLINE 4 /* receives in a row before others have their turn */

/* --- Receiving; on a worker, no lock is held ------------------------------------------------ */

/* True: what is queued has to become less before more is received. The lock is held. */
static bool Session_IsTooFull(const Session *session)
{
    return session->state == STATE_CONNECTED &&
           session->queue.cost > session->service->settings.session.pauseBytes;
}

/*
 * Starts to receive. True: `*bytes` were received at once. False: a completion comes, or nothing is
 * received any more, or not until the queue is shorter.
 */
static bool Session_RegisterRecv(Session *session, DWORD *bytes)
{
    WSABUF wsaBuf = {(ULONG)RecvBuffer_FreeSize(&session->recvBuffer),
                     RecvBuffer_WritePos(&session->recvBuffer)};
    DWORD flags = 0, error = 0;
    IoResult result = IO_FAILED;

    AcquireSRWLockExclusive(&session->lock);
    if (Session_IsTooFull(session)) {
        session->recvState = RECV_PAUSED;
    } else if (session->state != STATE_DISCONNECTED) {
        Session_BeginOperation(session, &session->recvEvent, EVENT_RECV);
        Service_Count(session->service, COUNTER_RECV_CALLS, 1);

        /* `bytes` has a meaning only when the call has succeeded at once. */
        result = Session_EndCall(session, &session->recvEvent,
                                 WSARecv(session->socket, &wsaBuf, 1, bytes, &flags,
                                         &session->recvEvent.overlapped, NULL),
                                 &error);
        if (result == IO_FAILED)
            Session_Abort(session, DisconnectCause_FromError(error), error);
    }
    ReleaseSRWLockExclusive(&session->lock);
    return result == IO_DONE;
}

/* A receive has failed. True: it is to be started again. */
static bool Session_ProcessRecvError(Session *session, DWORD error)
{
    const SessionSettings *settings = &session->service->settings.session;
    bool isKept;

    AcquireSRWLockExclusive(&session->lock);
    /* The keeper has cancelled it: the buffer is larger than it need be. */
    isKept = error == ERROR_OPERATION_ABORTED && session->state != STATE_DISCONNECTED;
    if (!isKept)
        Session_Abort(session, DisconnectCause_FromError(error), error);
    else if (session->recvBuffer.size < settings->recvBufferSize)
        RecvBuffer_Resize(&session->recvBuffer, settings->recvBufferSize);
    ReleaseSRWLockExclusive(&session->lock);
    return isKept;
}

/* The peer has sent its last. It may still read: the session ends when all is sent. */
static void Session_ProcessRecvEnd(Session *session)
{
    AcquireSRWLockExclusive(&session->lock);
    session->recvState = RECV_OVER;
    if (session->state == STATE_CONNECTED) {
        session->state = STATE_CLOSING;
        session->cause = CAUSE_PEER_CLOSED;
    }
    session->activeMs = GetTickCount64();
    Session_Advance(session);
    if (session->state == STATE_CLOSING && session->service->settings.session.halfClosedMs != 0)
        Session_SetTimer(session,
                         session->activeMs + session->service->settings.session.halfClosedMs);
    ReleaseSRWLockExclusive(&session->lock);
}

/* Something was received. True: the program is to be told; a session that closes throws it away. */
static bool Session_NoteRecv(Session *session)
{
    bool isConnected;

    AcquireSRWLockExclusive(&session->lock);
    session->activeMs = GetTickCount64();
    if (session->recvBuffer.size > session->service->settings.session.recvBufferSize)
        session->largeMs = session->activeMs;
    isConnected = session->state == STATE_CONNECTED;
    ReleaseSRWLockExclusive(&session->lock);
    return isConnected;
}

/*
 * A receive has filled the buffer: more than fits comes at a time, or the program waits for more than
 * fits. How large it is decides how many calls a stream costs, and memory is what a session costs. So
 * it doubles here, and is made small by the keeper when that was not needed for a while.
 * False: there is no room at all, and the session is over: a receive of 0 bytes would complete with
 * 0 bytes, which looks as if the peer had closed.
 */
static bool Session_GrowBuffer(Session *session)
{
    const SessionSettings *settings = &session->service->settings.session;
    RecvBuffer *buffer = &session->recvBuffer;
    int capacity = buffer->capacity;
    bool hasRoom;

    AcquireSRWLockExclusive(&session->lock);
    if (capacity < settings->recvBufferMax) {
        capacity = capacity <= settings->recvBufferMax / 2 ? capacity * 2 : settings->recvBufferMax;
        session->largeMs = GetTickCount64();
        RecvBuffer_Resize(buffer, capacity);
        Session_SetTimer(session, session->largeMs);
    }
    hasRoom = RecvBuffer_FreeSize(buffer) > 0;
    if (!hasRoom)
        Session_Abort(session, buffer->capacity == capacity ? CAUSE_BUFFER_FULL : CAUSE_NO_MEMORY,
                      0);
    ReleaseSRWLockExclusive(&session->lock);
    return hasRoom;
}

/* A receive is over. False: no other is to be started. */
static bool Session_ProcessRecv(Session *session, DWORD bytes, DWORD error)
{
    RecvBuffer *buffer = &session->recvBuffer;
    int length, consumed;
    bool isFilled;

    if (error != 0)
        return Session_ProcessRecvError(session, error);
    if (bytes == 0) {
        Session_ProcessRecvEnd(session);
        return false;
    }
    Service_Count(session->service, COUNTER_RECV_BYTES, (LONG64)bytes);
    RecvBuffer_OnWrite(buffer, (int)bytes);
    isFilled = RecvBuffer_FreeSize(buffer) == 0;
    length = consumed = buffer->size;
    if (Session_NoteRecv(session) && session->vtbl->OnRecv != NULL)
        consumed = session->vtbl->OnRecv(session, buffer->data, length);
    if (!RecvBuffer_OnRead(buffer, consumed)) {
        Session_Disconnect(session, CAUSE_BAD_CONSUME);
        return false;
    }
    return !isFilled || Session_GrowBuffer(session);
}

/* --- The end; on a worker, no lock is held -------------------------------------------------- */

/*
 * Nothing is outstanding and nobody is at work: the program and the service are told. Nobody is inside
 * a call on the socket either, or can make one any more, so it is closed, however long the program
 * keeps its reference.
 */
static void Session_Finish(Session *session)
{
    const LINGER reset = {1, 0};
    Service *service = session->service;

    /* Not gracefully: the peer shall not take what it got for all there was. */
    if (session->recvState != RECV_OVER || session->queue.first != NULL)
        setsockopt(session->socket, SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof(reset));
    SocketUtils_Close(&session->socket);
    InterlockedIncrement(&service->endingCount);
    if (session->vtbl->OnDisconnected != NULL)
        session->vtbl->OnDisconnected(session, session->cause);

    /* The buffers need not stay with the program's reference either. */
    AcquireSRWLockExclusive(&session->lock);
    SendQueue_Clear(&session->queue);
    RecvBuffer_Free(&session->recvBuffer);
    ReleaseSRWLockExclusive(&session->lock);
    Keeper_Remove(&service->keeper, &session->timer);
    Service_RemoveSession(service, session);
}

/* A worker has done its part. */
static void Session_EndWork(Session *session)
{
    bool isLast;

    AcquireSRWLockExclusive(&session->lock);
    session->pending--;
    isLast = session->pending == 0;
    ReleaseSRWLockExclusive(&session->lock);
    if (isLast)
        Session_Finish(session);
}

/*
 * Receives on, and handles at once what is there at once, until others are to have their turn. The
 * worker is counted in `pending`. `isTurn`: the session has just waited for its turn.
 */
static void Session_Receive(Session *session, bool isTurn)
{
    DWORD bytes = 0;

    for (int i = 0; isTurn || !IocpCore_TakeTurns(&session->service->core, &session->recvEvent,
                                                  &session->object, i >= MAX_INLINE);
         i++) {
        isTurn = false;
        if (!Session_RegisterRecv(session, &bytes) || !Session_ProcessRecv(session, bytes, 0)) {
            Session_EndWork(session);
            return;
        }
    }
}

/* --- Events; on a worker, no lock is held --------------------------------------------------- */

/* A send is over. True: the session had paused, and is to receive again. */
static bool Session_ProcessSend(Session *session, DWORD bytes, DWORD error)
{
    bool isResumed;

    AcquireSRWLockExclusive(&session->lock);
    session->sendState = SEND_IDLE;
    if (error != 0)
        Session_Abort(session, DisconnectCause_FromError(error), error);
    else
        Session_EndSend(session, bytes);
    Session_Advance(session);
    isResumed = session->recvState == RECV_PAUSED && !Session_IsTooFull(session);
    if (isResumed)
        session->recvState = RECV_ON;
    ReleaseSRWLockExclusive(&session->lock);
    return isResumed;
}

/*
 * From now on an operation that succeeds at once queues no completion. Some third-party Winsock
 * providers hand out handles that are not the system's; with those the system would get it wrong.
 * https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setfilecompletionnotificationmodes
 */
static bool Session_SkipOnSuccess(Session *session)
{
    const UCHAR modes = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE;
    WSAPROTOCOL_INFOW provider;
    int size = (int)sizeof(provider);

    return getsockopt(session->socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&provider, &size) ==
               0 &&
           (provider.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 &&
           SetFileCompletionNotificationModes((HANDLE)session->socket, modes);
}

/* The session's socket is connected: from here on it is the program's. */
static void Session_ProcessConnected(Session *session)
{
    const int sendBuffer = MAX_SEND;
    DWORD idleTimeoutMs = session->service->settings.session.idleTimeoutMs;

    SocketUtils_SetTcpNoDelay(session->socket, true);
    SocketUtils_SetKeepAlive(session->socket);

    /* The system keeps no more than that of what a peer does not take: what is sent is on its way. */
    setsockopt(session->socket, SOL_SOCKET, SO_SNDBUF, (const char *)&sendBuffer,
               (int)sizeof(sendBuffer));
    AcquireSRWLockExclusive(&session->lock);
    if (session->state == STATE_CONNECTING) {
        session->state = STATE_CONNECTED;
        session->isSkipping = Session_SkipOnSuccess(session);
        session->activeMs = GetTickCount64();
        if (idleTimeoutMs != 0)
            Session_SetTimer(session, session->activeMs + idleTimeoutMs);
    }
    ReleaseSRWLockExclusive(&session->lock);
    if (session->vtbl->OnConnected != NULL)
        session->vtbl->OnConnected(session);
}

/* Starts to connect. If that fails, the session is over. */
static void Session_ProcessDial(Session *session)
{
    Service *service = session->service;
    const char *failedCall = NULL;
    DWORD error = 0;
    bool isBegun;

    if (!SocketUtils_BindAnyAddress(session->socket, NetAddress_GetFamily(&session->address)))
        failedCall = "bind";
    else if (!IocpCore_Register(&service->core, &session->object))
        failedCall = "CreateIoCompletionPort";
    if (failedCall != NULL)
        error = GetLastError();
    AcquireSRWLockExclusive(&session->lock);
    if (failedCall == NULL && session->state == STATE_CONNECTING) {
        Session_BeginOperation(session, &session->recvEvent, EVENT_CONNECT);
        isBegun = SocketUtils_ConnectEx(session->socket, &session->address,
                                        &session->recvEvent.overlapped);
        if (Session_EndCall(session, &session->recvEvent, isBegun ? 0 : SOCKET_ERROR, &error) ==
            IO_FAILED)
            failedCall = "ConnectEx";
    }
    if (failedCall != NULL)
        Session_Abort(session, CAUSE_CONNECT_FAILED, error);
    ReleaseSRWLockExclusive(&session->lock);
    if (failedCall != NULL)
        Service_Report(service, failedCall, error);
}

/* A ConnectEx is over. True: the session is to receive. */
static bool Session_ProcessConnect(Session *session, DWORD error)
{
    bool isConnecting;

    if (error == 0 && !SocketUtils_SetUpdateConnectSocket(session->socket))
        error = (DWORD)WSAGetLastError();
    AcquireSRWLockExclusive(&session->lock);
    if (error != 0)
        Session_Abort(session, CAUSE_CONNECT_FAILED, error);
    isConnecting = session->state == STATE_CONNECTING;
    ReleaseSRWLockExclusive(&session->lock);
    if (isConnecting)
        Session_ProcessConnected(session);
    return isConnecting;
}

void Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error)
{
    Session *session = CONTAINING_RECORD(object, Session, object);
    bool mustReceive = false;

    if (event->type == EVENT_DIAL)
        Session_ProcessDial(session);
    else if (event->type == EVENT_CONNECT)
        mustReceive = Session_ProcessConnect(session, error);
    else if (event->type == EVENT_SEND)
        mustReceive = Session_ProcessSend(session, bytes, error);
    else
        mustReceive = event->type == EVENT_RESUME || Session_ProcessRecv(session, bytes, error);

    if (mustReceive)
        Session_Receive(session, event->type == EVENT_RESUME);
    else
        Session_EndWork(session);
}

bool Session_ProcessAccept(Session *session, const NetAddress *address)
{
    Service *service = session->service;
    bool isWanted = IocpCore_Register(&service->core, &session->object);

    if (!isWanted)
        Service_Report(service, "CreateIoCompletionPort", GetLastError());
    session->address = *address;
    AcquireSRWLockExclusive(&session->lock);
    /* The program may have disconnected it already. */
    isWanted = isWanted && session->state == STATE_NEW;
    session->state = isWanted ? STATE_CONNECTING : STATE_DISCONNECTED;
    session->pending = 1;
    ReleaseSRWLockExclusive(&session->lock);
    if (isWanted && Service_AdmitSession(service, session))
        return true;

    /* The program may keep it for long, and the client need not stay for as long. */
    AcquireSRWLockExclusive(&session->lock);
    session->state = STATE_DISCONNECTED;
    SocketUtils_Close(&session->socket);
    ReleaseSRWLockExclusive(&session->lock);
    return false;
}

void Session_Serve(Session *session)
{
    Session_ProcessConnected(session);
    Session_Receive(session, false);
}
