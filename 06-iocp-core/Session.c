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

/* Closes the connection and frees the session, which nobody uses any more. */
static void Session_Close(Session *session)
{
    ServerLog_Disconnected(&session->address, session->error);

    /* Remove it from the list first: SessionList_CloseAll cancels what is in the list, and the
       number of a closed socket is reused. */
    SessionList_Remove(session->list, session);
    Session_Destroy(session);
}

/* Releases this thread's reference, and the session's own if it is over. The last one closes: then
   nothing is outstanding and no thread is inside a call on the socket, as closesocket requires.
   https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket */
static void Session_Release(Session *session, bool isOpen)
{
    LONG count = isOpen ? 1 : 2;

    if (InterlockedExchangeAdd(&session->references, -count) == count)
        Session_Close(session);
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

    IocpEvent_Init(&session->recvEvent, EVENT_RECV);
    return Session_CheckStarted(session, WSARecv(session->socket, &wsaBuf, 1, NULL, &flags,
                                                 &session->recvEvent.overlapped, NULL));
}

/* Starts to send what has not been sent back yet. False: the session is over. */
static bool Session_RegisterSend(Session *session)
{
    WSABUF wsaBuf = {(ULONG)(session->recvBytes - session->sendBytes),
                     session->recvBuffer + session->sendBytes};

    IocpEvent_Init(&session->sendEvent, EVENT_SEND);
    return Session_CheckStarted(session, WSASend(session->socket, &wsaBuf, 1, NULL, 0,
                                                 &session->sendEvent.overlapped, NULL));
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

/* Handles a completion: the session is ours again until the next operation starts. After that
   another worker may have it; our reference keeps it alive until we release it.
   0 bytes: the client has closed its side. It may still receive, but everything was echoed. */
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
    SocketUtils_SetKeepAlive(session->socket);
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
        /* In this order: after shutdown no worker can start an operation on the socket, and what
           was started before is cancelled. Either way a worker notices and closes the session. */
        shutdown(session->socket, SD_BOTH);
        CancelIoEx((HANDLE)session->socket, NULL);
    }
    while (list->first != NULL)
        SleepConditionVariableSRW(&list->noSession, &list->lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&list->lock);
}
