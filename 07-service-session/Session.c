/*
 * Session: see Session.h.
 *
 * How it holds together. `pending` counts the operations that are outstanding and the workers that
 * handle a completion; a completion hands its count to the worker that handles it. While the
 * session is connected the count is at least 1. Whoever brings it to 0, in Session_EndWork, ends
 * the session; as that is always a worker, OnDisconnected always runs on one.
 *
 * Operations are begun under the lock, after a look at the state, and Session_Abort changes the
 * state and cancels under the same lock. So there is no operation that it does not find and none
 * that is begun after it. Winsock calls that only begin something do not wait, so the lock is held
 * briefly.
 *
 * An operation that succeeds at once queues no completion (see IocpCore_Register), and the worker
 * that began it handles it. After MAX_INLINE in a row the result goes through the port instead,
 * behind what waits there: clients that are always ready must not hold a worker for themselves.
 */
#include "Session.h"

#include <stdlib.h>

#define MAX_INLINE 4

/* What became of a call that begins an operation. */
typedef enum IoResult {
    IO_DONE,    /* it is over, and no completion comes */
    IO_PENDING, /* a completion comes */
    IO_FAILED   /* it did not begin, and no completion comes */
} IoResult;

const char *DisconnectCause_GetText(DisconnectCause cause)
{
    switch (cause) {
    case CAUSE_NONE:
        return "connected";
    case CAUSE_PEER_CLOSED:
        return "the peer closed the connection";
    case CAUSE_PEER_RESET:
        return "the connection failed";
    case CAUSE_CONNECT_FAILED:
        return "it could not be connected";
    case CAUSE_SLOW_RECEIVER:
        return "the peer does not read what it is sent";
    case CAUSE_IDLE:
        return "idle for too long";
    case CAUSE_BAD_PACKET:
        return "a packet has a size that cannot be";
    case CAUSE_BUFFER_FULL:
        return "nothing of a full receive buffer was consumed";
    case CAUSE_BAD_CONSUME:
        return "OnRecv returned a number that cannot be";
    case CAUSE_NO_MEMORY:
        return "memory or handles ran out";
    case CAUSE_SERVICE_STOPPED:
        return "the service stops";
    default:
        return "the program ended the connection";
    }
}

/* --- The queue of what is to be sent -------------------------------------------------------- */

static SendBuffer *SendQueue_At(const SendQueue *queue, int index)
{
    return queue->buffers[(queue->first + index) % queue->capacity];
}

static bool SendQueue_Grow(SendQueue *queue)
{
    int capacity = queue->capacity == 0 ? 4 : queue->capacity * 2;
    SendBuffer **buffers = (SendBuffer **)malloc((size_t)capacity * sizeof(*buffers));

    if (buffers == NULL)
        return false;
    for (int i = 0; i < queue->count; i++)
        buffers[i] = SendQueue_At(queue, i);
    free(queue->buffers);
    queue->buffers = buffers;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

/* Takes a reference to the buffer. False: no memory, and it does not. */
static bool SendQueue_Push(SendQueue *queue, SendBuffer *buffer)
{
    if (queue->count == queue->capacity && !SendQueue_Grow(queue))
        return false;
    SendBuffer_AddRef(buffer);
    queue->buffers[(queue->first + queue->count) % queue->capacity] = buffer;
    queue->count++;
    return true;
}

static void SendQueue_Pop(SendQueue *queue)
{
    SendBuffer_Release(SendQueue_At(queue, 0));
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
}

static void SendQueue_Free(SendQueue *queue)
{
    while (queue->count > 0)
        SendQueue_Pop(queue);
    free(queue->buffers);
    queue->buffers = NULL;
    queue->capacity = 0;
}

/* --- Life ----------------------------------------------------------------------------------- */

static HANDLE Session_GetHandle(IocpObject *object)
{
    return (HANDLE)CONTAINING_RECORD(object, Session, object)->socket;
}

static bool Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);
static bool Session_Continue(IocpObject *object);

static void Session_Destroy(IocpObject *object)
{
    Session *session = CONTAINING_RECORD(object, Session, object);

    SocketUtils_Close(&session->socket);
    SendQueue_Free(&session->queue);
    RecvBuffer_Free(&session->recvBuffer);
    if (session->vtbl->Destroy != NULL)
        session->vtbl->Destroy(session);
    else
        free(session);
}

static const IocpObjectVtbl sessionVtbl = {Session_GetHandle, Session_Dispatch, Session_Continue,
                                           Session_Destroy};

bool Session_Init(Session *session, const SessionVtbl *vtbl, SessionOwner *owner, int family)
{
    ZeroMemory(session, sizeof(*session));
    IocpObject_Init(&session->object, &sessionVtbl);
    InitializeSRWLock(&session->lock);
    session->vtbl = vtbl;
    session->owner = owner;
    session->socket = SocketUtils_CreateSocket(family);
    if (session->socket == INVALID_SOCKET)
        return false;
    if (!RecvBuffer_Init(&session->recvBuffer, owner->settings.recvBufferSize)) {
        SocketUtils_Close(&session->socket);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    return true;
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

static void Session_BeginOperation(Session *session, IocpEvent *event, EventType type)
{
    session->pending++;
    IocpEvent_Begin(event, type, &session->object);
}

/* No completion comes: the operation failed, or it is over already. */
static void Session_EndOperation(Session *session, IocpEvent *event)
{
    session->pending--;
    IocpEvent_End(event);
}

/* `result` is what the call that begins an operation returned. */
static IoResult Session_GetResult(const Session *session, int result, DWORD *error)
{
    *error = result == SOCKET_ERROR ? (DWORD)WSAGetLastError() : 0;
    if (*error == 0)
        return session->object.isSkipping ? IO_DONE : IO_PENDING;
    return *error == WSA_IO_PENDING ? IO_PENDING : IO_FAILED;
}

/*
 * Queues a completion of `event` by hand. Without it the session would wait for ever, so it is
 * tried until it succeeds; it fails only when the system is out of memory.
 */
static void Session_Post(Session *session, IocpEvent *event, EventType type, DWORD bytes)
{
    Session_BeginOperation(session, event, type);
    while (!IocpCore_Post(session->owner->core, event, bytes))
        Sleep(1);
}

/* Has a worker look at what there is to do for the sending side; see Session_ProcessSend. */
static void Session_CallWorker(Session *session)
{
    if (session->isSending)
        return;
    session->isSending = true;
    Session_Post(session, &session->sendEvent, EVENT_SEND, 0);
}

/* Ends the connection. What is outstanding completes soon, and the last of it ends the session. */
static void Session_Abort(Session *session, DisconnectCause cause, DWORD error)
{
    SessionState before = session->state;

    if (before == STATE_DISCONNECTED)
        return;
    session->state = STATE_DISCONNECTED;
    if (session->cause == CAUSE_NONE) {
        session->cause = cause;
        session->error = error;
    }
    if (before == STATE_NEW)
        return;

    /* A ConnectEx is cancelled; where that comes too late, Session_ProcessConnect shuts down. */
    if (before != STATE_CONNECTING)
        shutdown(session->socket, SD_BOTH);
    CancelIoEx((HANDLE)session->socket, NULL);
    if (session->pending == 0)
        Session_CallWorker(session);
}

/* In STATE_CLOSING: goes on to the next step if all is sent. */
static void Session_ContinueClosing(Session *session)
{
    if (session->state != STATE_CLOSING || session->isSending || session->queue.count > 0)
        return;
    if (session->isRecvOver) {
        /* Nothing is outstanding that would have to be cancelled. */
        session->state = STATE_DISCONNECTED;
    } else if (!session->isShutDown) {
        session->isShutDown = true;
        shutdown(session->socket, SD_SEND);
    }
}

/* True: the receive that was not begun because of the queue's length is the caller's to begin. */
static bool Session_TakePaused(Session *session)
{
    if (!session->isPaused || (session->state == STATE_CONNECTED &&
                               session->queuedBytes > session->owner->settings.pauseBytes))
        return false;
    session->isPaused = false;
    return true;
}

/* Has a worker receive again, if nothing speaks against it. */
static void Session_Resume(Session *session)
{
    if (Session_TakePaused(session))
        Session_Post(session, &session->recvEvent, EVENT_RESUME, 0);
}

/* --- Sending; the lock is held -------------------------------------------------------------- */

/* Begins to send what is at the front of the queue. IO_DONE: `*bytes` were sent. */
static IoResult Session_RegisterSend(Session *session, DWORD *bytes)
{
    WSABUF wsaBufs[MAX_GATHER];
    DWORD count = 0, error = 0;
    IoResult result;

    for (; count < MAX_GATHER && (int)count < session->queue.count; count++) {
        SendBuffer *buffer = SendQueue_At(&session->queue, (int)count);
        int sent = count == 0 ? session->sentOfFirst : 0;

        wsaBufs[count].buf = buffer->data + sent;
        wsaBufs[count].len = (ULONG)(buffer->size - sent);
    }
    session->isSending = true;
    Session_BeginOperation(session, &session->sendEvent, EVENT_SEND);
    InterlockedExchangeAdd64(&session->owner->counters.sendCalls, 1);

    /* `bytes` has a meaning only when the call has succeeded at once. */
    result = Session_GetResult(
        session,
        WSASend(session->socket, wsaBufs, count, bytes, 0, &session->sendEvent.overlapped, NULL),
        &error);
    if (result != IO_PENDING) {
        Session_EndOperation(session, &session->sendEvent);
        session->isSending = false;
    }
    if (result == IO_FAILED)
        Session_Abort(session, CAUSE_PEER_RESET, error);
    return result;
}

/* `bytes` of the queue went out. */
static void Session_EndSend(Session *session, DWORD bytes)
{
    InterlockedIncrement(&session->activity);
    session->queuedBytes -= (int)bytes;
    session->unreportedBytes += (int)bytes;
    session->sentOfFirst += (int)bytes;
    while (session->queue.count > 0) {
        int size = SendQueue_At(&session->queue, 0)->size;

        if (session->sentOfFirst < size)
            break;
        session->sentOfFirst -= size;
        SendQueue_Pop(&session->queue);
    }
    InterlockedExchangeAdd64(&session->owner->counters.sendBytes, (LONG64)bytes);
}

/* Sends as much of the queue as goes at once, and begins to send the rest. */
static void Session_Flush(Session *session)
{
    for (int i = 0; !session->isSending && session->queue.count > 0; i++) {
        DWORD bytes = 0;

        if (session->state == STATE_DISCONNECTED)
            return;
        if (Session_RegisterSend(session, &bytes) != IO_DONE)
            return;
        if (i == MAX_INLINE) {
            session->isSending = true;
            Session_Post(session, &session->sendEvent, EVENT_SEND, bytes);
            return;
        }
        Session_EndSend(session, bytes);
    }
}

/* --- Workers; no lock is held --------------------------------------------------------------- */

/* Tells OnSend what was sent, one worker at a time: a second one leaves it to the first. */
static void Session_ReportSent(Session *session)
{
    for (;;) {
        int bytes;

        AcquireSRWLockExclusive(&session->lock);
        bytes = session->isReporting ? 0 : session->unreportedBytes;
        if (bytes > 0) {
            session->unreportedBytes = 0;
            session->isReporting = true;
        }
        ReleaseSRWLockExclusive(&session->lock);
        if (bytes == 0)
            return;
        if (session->vtbl->OnSend != NULL)
            session->vtbl->OnSend(session, bytes);
        AcquireSRWLockExclusive(&session->lock);
        session->isReporting = false;
        ReleaseSRWLockExclusive(&session->lock);
    }
}

/*
 * Begins to receive. True: `*bytes` were received at once. False: a completion comes, or nothing is
 * received any more, or not until the queue is shorter.
 */
static bool Session_RegisterRecv(Session *session, bool mayBeInline, DWORD *bytes)
{
    WSABUF wsaBuf = {(ULONG)RecvBuffer_FreeSize(&session->recvBuffer),
                     RecvBuffer_WritePos(&session->recvBuffer)};
    DWORD flags = 0, error = 0;
    IoResult result = IO_FAILED;

    AcquireSRWLockExclusive(&session->lock);
    if (session->state == STATE_CONNECTED &&
        session->queuedBytes > session->owner->settings.pauseBytes) {
        session->isPaused = true;
    } else if (session->state != STATE_DISCONNECTED) {
        Session_BeginOperation(session, &session->recvEvent, EVENT_RECV);
        InterlockedExchangeAdd64(&session->owner->counters.recvCalls, 1);

        /* `bytes` has a meaning only when the call has succeeded at once. */
        result = Session_GetResult(session,
                                   WSARecv(session->socket, &wsaBuf, 1, bytes, &flags,
                                           &session->recvEvent.overlapped, NULL),
                                   &error);
        if (result != IO_PENDING)
            Session_EndOperation(session, &session->recvEvent);
        if (result == IO_FAILED)
            Session_Abort(session, CAUSE_PEER_RESET, error);
        if (result == IO_DONE && !mayBeInline) {
            Session_Post(session, &session->recvEvent, EVENT_RECV, *bytes);
            result = IO_PENDING;
        }
    }
    ReleaseSRWLockExclusive(&session->lock);
    return result == IO_DONE;
}

/* The peer has sent its last. It may still read: the session ends when all is sent. */
static void Session_ProcessRecvEnd(Session *session)
{
    AcquireSRWLockExclusive(&session->lock);
    session->isRecvOver = true;
    if (session->state == STATE_CONNECTED) {
        session->state = STATE_CLOSING;
        session->cause = CAUSE_PEER_CLOSED;
    }
    Session_ContinueClosing(session);
    ReleaseSRWLockExclusive(&session->lock);
}

/* Hands what was received to the program. False: the session is over. */
static bool Session_DeliverRecv(Session *session)
{
    RecvBuffer *buffer = &session->recvBuffer;
    int length = RecvBuffer_DataSize(buffer);
    int consumed = length;

    /* A session that closes throws away what still comes. */
    if (Session_IsConnected(session) && session->vtbl->OnRecv != NULL)
        consumed = session->vtbl->OnRecv(session, RecvBuffer_ReadPos(buffer), length);
    if (!RecvBuffer_OnRead(buffer, consumed)) {
        Session_Disconnect(session, CAUSE_BAD_CONSUME);
        return false;
    }
    RecvBuffer_Clean(buffer);

    /* A receive of 0 bytes would complete with 0 bytes, which looks as if the peer had closed. */
    if (RecvBuffer_FreeSize(buffer) == 0) {
        Session_Disconnect(session, CAUSE_BUFFER_FULL);
        return false;
    }
    return true;
}

/*
 * How large the buffer is decides how many calls a stream costs, and memory is what a session costs.
 * So it doubles whenever a receive has filled it, and is small again after a receive that would have
 * been at home in a quarter of it. Where memory is short it stays as it is.
 */
static void Session_FitBuffer(Session *session, int received, bool wasFilled)
{
    const SessionSettings *settings = &session->owner->settings;
    RecvBuffer *buffer = &session->recvBuffer;

    if (wasFilled && buffer->capacity <= settings->recvBufferMax / 2)
        RecvBuffer_Resize(buffer, buffer->capacity * 2);
    else if (received < buffer->capacity / 4 && buffer->capacity > settings->recvBufferSize)
        RecvBuffer_Resize(buffer, settings->recvBufferSize);
}

/* A receive is over. False: no other is to be begun. */
static bool Session_ProcessRecv(Session *session, DWORD bytes, DWORD error)
{
    bool wasFilled;

    if (error != 0) {
        AcquireSRWLockExclusive(&session->lock);
        Session_Abort(session, CAUSE_PEER_RESET, error);
        ReleaseSRWLockExclusive(&session->lock);
        return false;
    }
    if (bytes == 0) {
        Session_ProcessRecvEnd(session);
        return false;
    }
    InterlockedIncrement(&session->activity);
    InterlockedExchangeAdd64(&session->owner->counters.recvBytes, (LONG64)bytes);
    if (!RecvBuffer_OnWrite(&session->recvBuffer, (int)bytes))
        return false;
    wasFilled = RecvBuffer_FreeSize(&session->recvBuffer) == 0;
    if (!Session_DeliverRecv(session))
        return false;
    Session_FitBuffer(session, (int)bytes, wasFilled);
    return true;
}

/* A send is over, or Session_CallWorker wants somebody to look: sends on, and does what had to wait
   for it. True: receiving is to go on. */
static bool Session_ProcessSend(Session *session, DWORD bytes, DWORD error)
{
    bool isResumed;

    AcquireSRWLockExclusive(&session->lock);
    session->isSending = false;
    if (error != 0)
        Session_Abort(session, CAUSE_PEER_RESET, error);
    else
        Session_EndSend(session, bytes);
    Session_Flush(session);
    Session_ContinueClosing(session);
    isResumed = Session_TakePaused(session);
    ReleaseSRWLockExclusive(&session->lock);

    Session_ReportSent(session);
    return isResumed;
}

/* The session's socket is connected: from here on it is the program's. The caller's thread is a
   worker and is counted in `pending`. True: it is to receive. */
static bool Session_ProcessConnected(Session *session)
{
    SessionOwner *owner = session->owner;

    if (!owner->OnSessionConnected(owner, session)) {
        AcquireSRWLockExclusive(&session->lock);
        session->isRefused = true;
        Session_Abort(session, CAUSE_NONE, 0);
        ReleaseSRWLockExclusive(&session->lock);
        return false;
    }
    SocketUtils_SetTcpNoDelay(session->socket, true);
    AcquireSRWLockExclusive(&session->lock);
    session->isConnected = true;
    session->isReporting = true;
    ReleaseSRWLockExclusive(&session->lock);
    if (session->vtbl->OnConnected != NULL)
        session->vtbl->OnConnected(session);
    AcquireSRWLockExclusive(&session->lock);
    session->isReporting = false;
    ReleaseSRWLockExclusive(&session->lock);
    Session_ReportSent(session);
    return true;
}

/* A ConnectEx is over. True: the session is to receive. */
static bool Session_ProcessConnect(Session *session, DWORD error)
{
    bool isConnected = false;

    if (error == 0 && !SocketUtils_SetUpdateConnectSocket(session->socket))
        error = (DWORD)WSAGetLastError();
    AcquireSRWLockExclusive(&session->lock);
    if (error != 0) {
        Session_Abort(session, CAUSE_CONNECT_FAILED, error);
    } else if (session->state == STATE_CONNECTING) {
        session->state = STATE_CONNECTED;
        isConnected = true;
    } else {
        shutdown(session->socket, SD_BOTH);
    }
    ReleaseSRWLockExclusive(&session->lock);
    return isConnected && Session_ProcessConnected(session);
}

/*
 * Nothing is outstanding and nobody is at work: the program and the owner are told. Nobody is inside
 * a call on the socket either, or can make one any more, so it is closed, however long the program
 * keeps its reference.
 */
static void Session_Finish(Session *session)
{
    SessionOwner *owner = session->owner;

    SocketUtils_Close(&session->socket);
    if (session->isRefused)
        return;
    if (session->vtbl->OnDisconnected != NULL)
        session->vtbl->OnDisconnected(session, session->cause);

    /* What was not sent need not stay with the program's reference either. */
    AcquireSRWLockExclusive(&session->lock);
    SendQueue_Free(&session->queue);
    session->queuedBytes = 0;
    ReleaseSRWLockExclusive(&session->lock);
    owner->OnSessionDisconnected(owner, session);
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

static bool Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error)
{
    Session *session = CONTAINING_RECORD(object, Session, object);
    bool mustReceive = false;

    if (event->type == EVENT_CONNECT)
        mustReceive = Session_ProcessConnect(session, error);
    else if (event->type == EVENT_SEND)
        mustReceive = Session_ProcessSend(session, bytes, error);
    else
        mustReceive = event->type == EVENT_RESUME || Session_ProcessRecv(session, bytes, error);

    if (!mustReceive) {
        Session_EndWork(session);
        return false;
    }
    session->inlineCount = 0;
    return true;
}

/*
 * Receives on. What is there at once is handled at once, until the bound is reached. The worker was
 * counted in `pending` when it took the completion, and is until this returns false.
 */
static bool Session_Continue(IocpObject *object)
{
    Session *session = CONTAINING_RECORD(object, Session, object);
    bool mayBeInline = session->inlineCount++ < MAX_INLINE;
    DWORD bytes = 0;

    if (Session_RegisterRecv(session, mayBeInline, &bytes) &&
        Session_ProcessRecv(session, bytes, 0))
        return true;
    Session_EndWork(session);
    return false;
}

/* --- For the program and the owner ---------------------------------------------------------- */

bool Session_ProcessAccept(Session *session, const NetAddress *address)
{
    bool isWanted;

    if (!IocpCore_Register(session->owner->core, &session->object))
        return false;
    session->address = *address;
    AcquireSRWLockExclusive(&session->lock);
    isWanted = session->state == STATE_NEW;
    if (isWanted) {
        session->state = STATE_CONNECTED;
        session->pending = 1;
    }
    ReleaseSRWLockExclusive(&session->lock);
    if (!isWanted) {
        /* The program has disconnected it already, and may keep it for long. */
        SocketUtils_Close(&session->socket);
        return true;
    }
    if (!Session_ProcessConnected(session)) {
        Session_EndWork(session);
        return true;
    }
    /* The client's first bytes are often there already. */
    while (Session_Continue(&session->object)) {
    }
    return true;
}

bool Session_Connect(Session *session, const NetAddress *address)
{
    DWORD error = 0;
    IoResult result;

    if (!SocketUtils_BindAnyAddress(session->socket, NetAddress_GetFamily(address)) ||
        !IocpCore_Register(session->owner->core, &session->object))
        return false;
    session->address = *address;
    AcquireSRWLockExclusive(&session->lock);
    if (session->state != STATE_NEW) {
        ReleaseSRWLockExclusive(&session->lock);
        SetLastError(ERROR_OPERATION_ABORTED);
        return false;
    }
    session->state = STATE_CONNECTING;
    Session_BeginOperation(session, &session->recvEvent, EVENT_CONNECT);
    result = Session_GetResult(
        session,
        SocketUtils_ConnectEx(session->socket, address, &session->recvEvent.overlapped)
            ? 0
            : SOCKET_ERROR,
        &error);
    if (result != IO_PENDING)
        Session_EndOperation(session, &session->recvEvent);
    if (result == IO_FAILED)
        session->state = STATE_DISCONNECTED;
    if (result == IO_DONE)
        Session_Post(session, &session->recvEvent, EVENT_CONNECT, 0);
    ReleaseSRWLockExclusive(&session->lock);
    if (result == IO_FAILED)
        SetLastError(error);
    return result != IO_FAILED;
}

bool Session_Send(Session *session, SendBuffer *buffer)
{
    bool isQueued = false;

    AcquireSRWLockExclusive(&session->lock);
    if (session->state == STATE_CONNECTED && session->isConnected) {
        if (buffer->size > session->owner->settings.limitBytes - session->queuedBytes) {
            Session_Abort(session, CAUSE_SLOW_RECEIVER, 0);
        } else if (buffer->size > 0 && !SendQueue_Push(&session->queue, buffer)) {
            Session_Abort(session, CAUSE_NO_MEMORY, 0);
        } else {
            session->queuedBytes += buffer->size;
            Session_Flush(session);
            isQueued = session->state == STATE_CONNECTED;

            /* What was sent at once is told by a worker: no callback runs inside this call. */
            if (session->unreportedBytes > 0 && session->vtbl->OnSend == NULL)
                session->unreportedBytes = 0;
            if (session->unreportedBytes > 0)
                Session_CallWorker(session);
            Session_Resume(session);
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
    bool isClosing = false;

    AcquireSRWLockExclusive(&session->lock);
    if (session->state == STATE_CONNECTED) {
        session->state = STATE_CLOSING;
        session->cause = cause;
        Session_ContinueClosing(session);
        Session_Resume(session);
    }
    if (session->state == STATE_CLOSING) {
        /* It may close already because its peer has: then it now has to within a time. */
        isClosing = !session->isClosed;
        session->isClosed = true;
    } else {
        Session_Abort(session, cause, 0);
    }
    ReleaseSRWLockExclusive(&session->lock);
    if (isClosing)
        session->owner->OnSessionClosing(session->owner, session);
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
    int queuedBytes;

    AcquireSRWLockShared(&session->lock);
    queuedBytes = session->queuedBytes;
    ReleaseSRWLockShared(&session->lock);
    return queuedBytes;
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

bool Session_CheckTime(Session *session, ULONGLONG nowMs, DWORD idleMs, DWORD closeMs)
{
    bool isTimed;

    AcquireSRWLockExclusive(&session->lock);
    isTimed = session->state == STATE_CLOSING && session->isClosed;
    if (isTimed && session->closingMs == 0)
        session->closingMs = nowMs;
    if (session->activity != session->seenActivity || session->seenMs == 0) {
        session->seenActivity = session->activity;
        session->seenMs = nowMs;
    }
    if (isTimed && nowMs - session->closingMs >= closeMs) {
        /* Whatever the peer still sends or does not read: that must not keep it here. */
        Session_Abort(session, session->cause, 0);
    } else if (idleMs != 0 && nowMs - session->seenMs >= idleMs) {
        Session_Abort(session, CAUSE_IDLE, 0);
    }
    ReleaseSRWLockExclusive(&session->lock);
    return isTimed;
}
