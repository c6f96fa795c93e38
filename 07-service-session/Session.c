/*
 * Session: see Session.h and SessionCore.h; what the workers do is in SessionWorker.c.
 *
 * How it holds together. `pending` counts the operations that are outstanding and the workers that
 * handle a completion; a completion hands its count to the worker that handles it. While the
 * session is connected the count is at least 1. Whoever brings it to 0, in Session_EndWork, ends
 * the session; as that is always a worker, OnDisconnected always runs on one.
 *
 * Operations are started under the lock, after a look at the state, and Session_Abort changes the
 * state and cancels under the same lock. So there is no operation that it does not find and none
 * that is started after it. Winsock calls that only start something do not wait, so the lock is held
 * briefly. What is to happen next is decided in one place, Session_Advance.
 *
 * Once it is connected, an operation that succeeds at once queues no completion (see
 * Session_SkipOnSuccess), and the thread that began it has the result.
 */
#include "SessionCore.h"

#include <stdlib.h>

#define MAX_GATHER 16   /* buffers that one WSASend takes */
#define LARGE_MS   2000 /* so long a receive buffer stays large without need */
#define DUE_NOW    1    /* as a time: it has come */

const char *DisconnectCause_GetText(DisconnectCause cause)
{
    static const char *const texts[] = {
        [CAUSE_NONE] = "connected",
        [CAUSE_PEER_CLOSED] = "the peer closed the connection",
        [CAUSE_PEER_RESET] = "the connection failed",
        [CAUSE_CONNECT_FAILED] = "it could not be connected",
        [CAUSE_SLOW_RECEIVER] = "the peer does not read what it is sent",
        [CAUSE_IDLE] = "idle for too long",
        [CAUSE_BAD_PACKET] = "a packet has an invalid size",
        [CAUSE_BUFFER_FULL] = "nothing of a full receive buffer was consumed",
        [CAUSE_BAD_CONSUME] = "OnRecv returned an invalid count",
        [CAUSE_NO_MEMORY] = "memory or handles ran out",
        [CAUSE_SERVICE_STOPPED] = "the service stops",
    };

    return cause < CAUSE_PROGRAM ? texts[cause] : "the program ended the connection";
}

DisconnectCause DisconnectCause_FromError(DWORD error)
{
    bool isShortage = error == WSAENOBUFS || error == ERROR_NOT_ENOUGH_MEMORY ||
                      error == ERROR_NO_SYSTEM_RESOURCES || error == ERROR_NOT_ENOUGH_QUOTA;

    return isShortage ? CAUSE_NO_MEMORY : CAUSE_PEER_RESET;
}

/* --- Life ----------------------------------------------------------------------------------- */

static HANDLE Session_GetHandle(IocpObject *object)
{
    return (HANDLE)CONTAINING_RECORD(object, Session, object)->socket;
}

static void Session_Destroy(IocpObject *object)
{
    Session *session = CONTAINING_RECORD(object, Session, object);

    SocketUtils_Close(&session->socket);
    SendQueue_Clear(&session->queue);
    RecvBuffer_Free(&session->recvBuffer);
    if (session->vtbl->Destroy != NULL)
        session->vtbl->Destroy(session);
    else
        free(session);
}

static ULONGLONG Session_OnTime(IocpObject *object);

static const IocpObjectVtbl sessionVtbl = {.GetHandle = Session_GetHandle,
                                           .Dispatch = Session_Dispatch,
                                           .OnTime = Session_OnTime,
                                           .Destroy = Session_Destroy};

Session *Session_New(Service *service, const SessionVtbl *vtbl, size_t size, int family)
{
    bool isRight = vtbl != NULL && size >= sizeof(Session);
    Session *session = isRight ? (Session *)calloc(1, size) : NULL;

    if (session == NULL) {
        SetLastError(isRight ? ERROR_NOT_ENOUGH_MEMORY : ERROR_INVALID_PARAMETER);
        return NULL;
    }
    IocpObject_Init(&session->object, &sessionVtbl);
    InitializeSRWLock(&session->lock);
    session->vtbl = vtbl;
    session->service = service;
    session->timer.object = &session->object;
    session->socket = SocketUtils_CreateSocket(family);
    if (session->socket != INVALID_SOCKET) {
        if (RecvBuffer_Resize(&session->recvBuffer, service->settings.session.recvBufferSize))
            return session;
        SocketUtils_Close(&session->socket);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    }
    free(session);
    return NULL;
}

Service *Session_GetService(Session *session)
{
    return session->service;
}

void Session_AddRef(Session *session)
{
    IocpObject_AddRef(&session->object);
}

void Session_Release(Session *session)
{
    IocpObject_Release(&session->object);
}

/* --- Operations; the lock is held ----------------------------------------------------------- */

void Session_BeginOperation(Session *session, IocpEvent *event, EventType type)
{
    session->pending++;
    IocpEvent_Begin(event, type, &session->object);
}

IoResult Session_EndCall(Session *session, IocpEvent *event, int result, DWORD *error)
{
    *error = result == SOCKET_ERROR ? (DWORD)WSAGetLastError() : 0;
    if (*error == WSA_IO_PENDING || (*error == 0 && !session->isSkipping))
        return IO_PENDING;
    session->pending--;
    IocpEvent_End(event);
    return *error == 0 ? IO_DONE : IO_FAILED;
}

/* Has a worker do what the event says. False: it cannot be told, and GetLastError says why. */
static bool Session_CallWorker(Session *session, EventType type)
{
    DWORD error;

    Session_BeginOperation(session, &session->recvEvent, type);
    if (IocpCore_Post(&session->service->core, &session->recvEvent))
        return true;
    Session_EndCall(session, &session->recvEvent, SOCKET_ERROR, &error);
    return false;
}

void Session_Abort(Session *session, DisconnectCause cause, DWORD error)
{
    SessionState before = session->state;

    if (before == STATE_DISCONNECTED)
        return;
    session->state = STATE_DISCONNECTED;
    if (session->cause == CAUSE_NONE) {
        session->cause = cause;
        session->error = error;
    }
    if (before != STATE_NEW)
        CancelIoEx((HANDLE)session->socket, NULL);
    if (session->dialMs != 0)
        Session_SetTimer(session, DUE_NOW);
}

/* Starts to send what is at the front of the queue. IO_DONE: `*bytes` were sent. */
static IoResult Session_RegisterSend(Session *session, DWORD *bytes)
{
    WSABUF pieces[MAX_GATHER];
    DWORD count = SendQueue_Gather(&session->queue, pieces, MAX_GATHER, MAX_SEND), error = 0;
    IoResult result;

    session->sendState = SEND_BUSY;
    session->activeMs = GetTickCount64();
    Session_BeginOperation(session, &session->sendEvent, EVENT_SEND);
    Service_Count(session->service, COUNTER_SEND_CALLS, 1);

    /* `bytes` has a meaning only when the call has succeeded at once. */
    result = Session_EndCall(
        session, &session->sendEvent,
        WSASend(session->socket, pieces, count, bytes, 0, &session->sendEvent.overlapped, NULL),
        &error);
    if (result != IO_PENDING)
        session->sendState = SEND_IDLE;
    if (result == IO_FAILED)
        Session_Abort(session, DisconnectCause_FromError(error), error);
    return result;
}

void Session_EndSend(Session *session, DWORD bytes)
{
    session->activeMs = GetTickCount64();
    SendQueue_Remove(&session->queue, (int)bytes);
    Service_Count(session->service, COUNTER_SEND_BYTES, (LONG64)bytes);
}

/* Sends as much of the queue as goes at once, and starts to send the rest. */
static void Session_Flush(Session *session)
{
    while (session->state != STATE_DISCONNECTED && session->sendState == SEND_IDLE &&
           session->queue.first != NULL) {
        DWORD bytes = 0;

        if (Session_RegisterSend(session, &bytes) != IO_DONE)
            return;
        Session_EndSend(session, bytes);
    }
}

void Session_Advance(Session *session)
{
    Session_Flush(session);
    if (session->state == STATE_CLOSING && session->sendState != SEND_BUSY &&
        session->queue.first == NULL) {
        if (session->recvState == RECV_OVER) {
            /* The graceful end. Nothing is outstanding that would have to be cancelled. */
            session->state = STATE_DISCONNECTED;
        } else if (session->sendState == SEND_IDLE) {
            session->sendState = SEND_OVER;
            shutdown(session->socket, SD_SEND);
        }
    }
}

/* --- Time ------------------------------------------------------------------------------------- */

void Session_SetTimer(Session *session, ULONGLONG dueMs)
{
    Keeper_Set(&session->service->keeper, &session->timer, dueMs);
}

/* Is the time over that began at `startMs`? 0: it has no end. If not, `*nextMs` is not later. */
static bool IsOver(ULONGLONG startMs, DWORD lengthMs, ULONGLONG nowMs, ULONGLONG *nextMs)
{
    if (lengthMs == 0)
        return false;
    if (nowMs >= startMs + lengthMs)
        return true;
    if (*nextMs == 0 || *nextMs > startMs + lengthMs)
        *nextMs = startMs + lengthMs;
    return false;
}

/* Does what the time asks for. Returns the next time; 0: none. The lock is held. */
static ULONGLONG Session_CheckTime(Session *session, ULONGLONG nowMs)
{
    const SessionSettings *settings = &session->service->settings.session;
    ULONGLONG nextMs = 0;

    if (session->dialMs != 0) {
        if ((nowMs < session->dialMs && session->state != STATE_DISCONNECTED) ||
            !Session_CallWorker(session, EVENT_DIAL))
            return session->dialMs;
        session->dialMs = 0;
    } else if (session->state == STATE_CONNECTED || session->state == STATE_CLOSING) {
        if ((session->closeMs != 0 &&
             IsOver(session->closeMs, settings->drainMs + 1, nowMs, &nextMs)) ||
            (session->recvState == RECV_OVER &&
             IsOver(session->activeMs, settings->halfClosedMs, nowMs, &nextMs))) {
            /* Whatever the peer still sends or does not read: that must not keep it here. */
            Session_Abort(session, session->cause, 0);
        } else if (IsOver(session->activeMs, settings->idleTimeoutMs, nowMs, &nextMs)) {
            Session_Abort(session, CAUSE_IDLE, 0);
        } else if (session->recvBuffer.capacity > settings->recvBufferSize &&
                   IsOver(session->largeMs, LARGE_MS, nowMs, &nextMs)) {
            /* Where no receive is outstanding, nothing is cancelled. */
            CancelIoEx((HANDLE)session->socket, &session->recvEvent.overlapped);
            nextMs = nowMs + LARGE_MS;
        }
    }
    return nextMs;
}

/* On the keeper's thread. */
static ULONGLONG Session_OnTime(IocpObject *object)
{
    Session *session = CONTAINING_RECORD(object, Session, object);
    ULONGLONG nextMs;

    AcquireSRWLockExclusive(&session->lock);
    nextMs = Session_CheckTime(session, GetTickCount64());
    ReleaseSRWLockExclusive(&session->lock);
    return nextMs;
}

/* --- For the service and the program -------------------------------------------------------- */

void Session_Connect(Session *session, const NetAddress *address, DWORD delayMs)
{
    AcquireSRWLockExclusive(&session->lock);
    session->address = *address;
    /* One that is disconnected already has nothing to wait for. */
    session->dialMs = GetTickCount64() + (session->state == STATE_NEW ? delayMs : 0);
    if (session->state == STATE_NEW)
        session->state = STATE_CONNECTING;
    if (delayMs == 0 && Session_CallWorker(session, EVENT_DIAL))
        session->dialMs = 0;
    else
        Session_SetTimer(session, session->dialMs);
    ReleaseSRWLockExclusive(&session->lock);
}

bool Session_Send(Session *session, SendBuffer *buffer)
{
    bool isQueued = false;

    AcquireSRWLockExclusive(&session->lock);
    if (session->state == STATE_CONNECTED) {
        int limit = session->service->settings.session.limitBytes;

        if (buffer->capacity > limit - session->queue.cost - BUFFER_COST) {
            Session_Abort(session, CAUSE_SLOW_RECEIVER, 0);
        } else if (buffer->size > 0 && !SendQueue_Push(&session->queue, buffer)) {
            Session_Abort(session, CAUSE_NO_MEMORY, 0);
        } else {
            Session_Advance(session);
            isQueued = session->state == STATE_CONNECTED;
        }
    }
    ReleaseSRWLockExclusive(&session->lock);
    return isQueued;
}

void Session_Disconnect(Session *session, DisconnectCause cause)
{
    AcquireSRWLockExclusive(&session->lock);
    Session_Abort(session, cause, 0);
    ReleaseSRWLockExclusive(&session->lock);
}

void Session_Close(Session *session, DisconnectCause cause)
{
    AcquireSRWLockExclusive(&session->lock);
    if (session->state == STATE_CONNECTED) {
        session->state = STATE_CLOSING;
        session->cause = cause;
    }
    if (session->state == STATE_CLOSING) {
        /* It may close already because its peer has: then it now has to within a time. */
        if (session->closeMs == 0)
            session->closeMs = GetTickCount64();
        Session_Advance(session);

        /* What still comes is thrown away. If no worker can be told, the one that ends the send does. */
        if (session->recvState == RECV_PAUSED && Session_CallWorker(session, EVENT_RESUME))
            session->recvState = RECV_ON;
        Session_SetTimer(session,
                         session->closeMs + session->service->settings.session.drainMs + 1);
    } else {
        Session_Abort(session, cause, 0);
    }
    ReleaseSRWLockExclusive(&session->lock);
}

bool Session_IsConnected(Session *session)
{
    bool isConnected;

    AcquireSRWLockShared(&session->lock);
    isConnected = session->state == STATE_CONNECTED;
    ReleaseSRWLockShared(&session->lock);
    return isConnected;
}

int Session_GetQueuedBytes(Session *session)
{
    int bytes;

    AcquireSRWLockShared(&session->lock);
    bytes = session->queue.bytes;
    ReleaseSRWLockShared(&session->lock);
    return bytes;
}

const NetAddress *Session_GetAddress(const Session *session)
{
    return &session->address;
}

DWORD Session_GetError(Session *session)
{
    DWORD error;

    AcquireSRWLockShared(&session->lock);
    error = session->error;
    ReleaseSRWLockShared(&session->lock);
    return error;
}
