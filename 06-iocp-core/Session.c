/*
 * Session: see Session.h.
 */
#include "Session.h"
#include "ServerLog.h"

#include <stdlib.h>

static HANDLE Session_GetHandle(IocpObject *object)
{
    return (HANDLE)CONTAINING_RECORD(object, Session, object)->socket;
}

static void Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);

static const IocpObjectVtbl sessionVtbl = {Session_GetHandle, Session_Dispatch};

Session *Session_Create(SessionList *list, int family)
{
    Session *session = (Session *)malloc(sizeof(*session));

    if (session == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    session->object.vtbl = &sessionVtbl;
    session->socket = SocketUtils_CreateSocket(family);
    session->recvBytes = 0;
    session->sendBytes = 0;
    session->error = 0;
    session->references = 2;
    session->list = list;
    if (session->socket == INVALID_SOCKET) {
        free(session);
        return NULL;
    }
    return session;
}

void Session_Destroy(Session *session)
{
    SocketUtils_Close(&session->socket);
    free(session);
}

static void SessionList_Add(SessionList *list, Session *session)
{
    AcquireSRWLockExclusive(&list->lock);
    session->previous = NULL;
    session->next = list->first;
    if (session->next != NULL)
        session->next->previous = session;
    list->first = session;
    ReleaseSRWLockExclusive(&list->lock);
}

static void SessionList_Remove(SessionList *list, Session *session)
{
    AcquireSRWLockExclusive(&list->lock);
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        list->first = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    if (list->first == NULL)
        WakeConditionVariable(&list->noSession);
    ReleaseSRWLockExclusive(&list->lock);
}

/* Ends the connection and frees the session, which nobody uses any more. */
static void Session_Close(Session *session)
{
    ServerLog_Disconnected(&session->address, session->error);

    /* Out of the list first: SessionList_CloseAll cancels what is in the list, and the system gives
       the number of a closed socket to the next one. */
    SessionList_Remove(session->list, session);
    Session_Destroy(session);
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

    IocpEvent_Init(&session->recvEvent, EVENT_RECV);
    return Session_CheckStarted(session, WSARecv(session->socket, &wsaBuf, 1, NULL, &flags,
                                                 &session->recvEvent.overlapped, NULL));
}

/* Begins to send what has yet to go back. False: the session is over. */
static bool Session_RegisterSend(Session *session)
{
    WSABUF wsaBuf = {(ULONG)(session->recvBytes - session->sendBytes),
                     session->recvBuffer + session->sendBytes};

    IocpEvent_Init(&session->sendEvent, EVENT_SEND);
    return Session_CheckStarted(session, WSASend(session->socket, &wsaBuf, 1, NULL, 0,
                                                 &session->sendEvent.overlapped, NULL));
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
static void Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error)
{
    Session *session = CONTAINING_RECORD(object, Session, object);
    bool isOpen = false;

    InterlockedIncrement(&session->references);
    if (error != 0)
        session->error = error;
    else if (bytes > 0 && event->type == EVENT_RECV)
        isOpen = Session_ProcessRecv(session, bytes);
    else if (bytes > 0 && event->type == EVENT_SEND)
        isOpen = Session_ProcessSend(session, bytes);

    Session_Release(session, isOpen);
}

void Session_Start(Session *session, IocpCore *core, const NetAddress *address)
{
    bool isOpen = false;

    session->address = *address;
    SessionList_Add(session->list, session);
    ServerLog_Connected(&session->address);
    SocketUtils_SetTcpNoDelay(session->socket, true);
    if (IocpCore_Register(core, &session->object))
        isOpen = Session_RegisterRecv(session);
    else
        session->error = GetLastError();
    Session_Release(session, isOpen);
}

void SessionList_Init(SessionList *list)
{
    InitializeSRWLock(&list->lock);
    InitializeConditionVariable(&list->noSession);
    list->first = NULL;
}

void SessionList_CloseAll(SessionList *list)
{
    AcquireSRWLockExclusive(&list->lock);
    for (Session *session = list->first; session != NULL; session = session->next) {
        /* In this order: after shutdown a worker can begin no new operation on the socket, and what
           was begun before is cancelled. Either way a worker is told, and closes the session. */
        shutdown(session->socket, SD_BOTH);
        CancelIoEx((HANDLE)session->socket, NULL);
    }
    while (list->first != NULL)
        SleepConditionVariableSRW(&list->noSession, &list->lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&list->lock);
}
