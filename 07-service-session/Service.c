/*
 * Service: see Service.h.
 *
 * The set of sessions holds a reference to each from before its OnConnected until after its
 * OnDisconnected, and Service_Stop waits until it is empty. A session's lock may be taken while the
 * service's lock is held, and never the other way round.
 */
#include "Service.h"
#include "ErrorText.h"

#include <stdio.h>

#define MIN_WORKERS    2
#define ERROR_PAUSE_MS 50  /* after a call that failed for lack of resources: don't spin */
#define KEEPER_MS      100 /* how often the keeper looks at sessions that are to end at a time */

ServiceSettings Service_GetDefaults(void)
{
    ServiceSettings settings;

    ZeroMemory(&settings, sizeof(settings));
    settings.type = SERVICE_SERVER;
    settings.maxSessionCount = 100000;
    settings.session.recvBufferSize = 4096;
    settings.session.recvBufferMax = 64 * 1024;
    settings.session.pauseBytes = 64 * 1024;
    settings.session.limitBytes = 1024 * 1024;
    settings.drainMs = 1000;
    return settings;
}

/* --- The set -------------------------------------------------------------------------------- */

/* Takes a reference. False: there are maxSessionCount already. */
static bool Service_AddSession(Service *service, Session *session)
{
    bool isAdded = false;

    AcquireSRWLockExclusive(&service->lock);
    if (service->sessionCount < service->settings.maxSessionCount) {
        Session_AddRef(session);
        session->previous = NULL;
        session->next = service->first;
        if (session->next != NULL)
            session->next->previous = session;
        service->first = session;
        service->sessionCount++;
        isAdded = true;
    }
    ReleaseSRWLockExclusive(&service->lock);
    if (isAdded)
        InterlockedIncrement64(&service->sessionsEver);
    return isAdded;
}

static void Service_RemoveSession(Service *service, Session *session)
{
    AcquireSRWLockExclusive(&service->lock);
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        service->first = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    if (--service->sessionCount == 0)
        WakeConditionVariable(&service->noSession);
    ReleaseSRWLockExclusive(&service->lock);
    Session_Release(session);
}

/* --- What sessions and the listener tell ---------------------------------------------------- */

static bool Service_OnSessionConnected(SessionOwner *owner, Session *session)
{
    Service *service = CONTAINING_RECORD(owner, Service, sessionOwner);

    /* A client's sessions are in the set since they began to connect. */
    if (service->settings.type == SERVICE_CLIENT || Service_AddSession(service, session))
        return true;
    InterlockedIncrement64(&service->refused);
    if (service->settings.OnRefused != NULL) {
        char reason[64];

        snprintf(reason, sizeof(reason), "%d sessions are the limit",
                 service->settings.maxSessionCount);
        service->settings.OnRefused(service, Session_GetAddress(session), reason);
    }
    return false;
}

static void Service_OnSessionClosing(SessionOwner *owner, Session *session)
{
    (void)session;
    SetEvent(CONTAINING_RECORD(owner, Service, sessionOwner)->keeperEvent);
}

static void Service_OnSessionDisconnected(SessionOwner *owner, Session *session)
{
    Service_RemoveSession(CONTAINING_RECORD(owner, Service, sessionOwner), session);
}

static Session *Service_CreateSession(ListenerOwner *owner, int family)
{
    Service *service = CONTAINING_RECORD(owner, Service, listenerOwner);

    return service->settings.createSession(service, &service->sessionOwner, family);
}

static void Service_OnAcceptPostponed(ListenerOwner *owner)
{
    Service *service = CONTAINING_RECORD(owner, Service, listenerOwner);

    InterlockedExchange(&service->isAcceptIdle, 1);
    SetEvent(service->keeperEvent);
}

/* --- Threads -------------------------------------------------------------------------------- */

static void Service_WorkerMain(void *argument)
{
    Service *service = (Service *)argument;

    for (;;) {
        DispatchResult result = IocpCore_Dispatch(&service->core, INFINITE);

        if (result == DISPATCH_QUIT)
            return;
        if (result == DISPATCH_FAILED) {
            ErrorText_Print("GetQueuedCompletionStatusEx", GetLastError());
            Sleep(ERROR_PAUSE_MS);
        }
    }
}

/* True: a session waits for its peer, so it is to be looked at again soon. */
static bool Service_CheckSessions(Service *service)
{
    ULONGLONG nowMs = GetTickCount64();
    bool isSomeoneWaiting = false;

    AcquireSRWLockShared(&service->lock);
    for (Session *session = service->first; session != NULL; session = session->next) {
        if (Session_CheckTime(session, nowMs, service->settings.idleTimeoutMs,
                              service->settings.drainMs))
            isSomeoneWaiting = true;
    }
    ReleaseSRWLockShared(&service->lock);
    return isSomeoneWaiting;
}

/* Does what is due at a time. With no idle timeout and nobody to wait for, it sleeps. */
static void Service_KeeperMain(void *argument)
{
    Service *service = (Service *)argument;
    bool isSomeoneWaiting = false;

    for (;;) {
        bool isTimed = isSomeoneWaiting || service->settings.idleTimeoutMs != 0;

        WaitForSingleObject(service->keeperEvent, isTimed ? KEEPER_MS : INFINITE);
        if (InterlockedCompareExchange(&service->isKeeperOver, 0, 0) != 0)
            return;
        if (InterlockedExchange(&service->isAcceptIdle, 0) != 0) {
            /* What the accept lacked may be there when a session has ended. */
            Sleep(ERROR_PAUSE_MS);
            Listener_RetryAccepts(&service->listener);
        }
        isSomeoneWaiting = Service_CheckSessions(service);
    }
}

/* False: not one worker, or no keeper; a sentence has said why. */
static bool Service_LaunchThreads(Service *service)
{
    int count = service->settings.workerCount;

    if (count == 0)
        count = ThreadManager_GetProcessorCount();
    if (service->settings.workerCount == 0 && count < MIN_WORKERS)
        count = MIN_WORKERS;
    for (int i = 0; i < count; i++) {
        if (!ThreadManager_Launch(&service->workers, Service_WorkerMain, service)) {
            ErrorText_Print("_beginthreadex", GetLastError());
            break;
        }
    }
    if (service->workers.count == 0)
        return false;
    if (!ThreadManager_Launch(&service->keeper, Service_KeeperMain, service)) {
        ErrorText_Print("_beginthreadex", GetLastError());
        return false;
    }
    return true;
}

static void Service_StopThreads(Service *service)
{
    InterlockedExchange(&service->isKeeperOver, 1);
    if (service->keeperEvent != NULL)
        SetEvent(service->keeperEvent);
    ThreadManager_Join(&service->keeper);
    for (int i = 0; i < service->workers.count; i++) {
        while (!IocpCore_PostQuit(&service->core))
            Sleep(ERROR_PAUSE_MS);
    }
    ThreadManager_Join(&service->workers);
}

/* --- Start and stop ------------------------------------------------------------------------- */

static void Service_Init(Service *service, const ServiceSettings *settings)
{
    ZeroMemory(service, sizeof(*service));
    service->settings = *settings;
    service->sessionOwner.core = &service->core;
    service->sessionOwner.settings = settings->session;
    service->sessionOwner.OnSessionConnected = Service_OnSessionConnected;
    service->sessionOwner.OnSessionClosing = Service_OnSessionClosing;
    service->sessionOwner.OnSessionDisconnected = Service_OnSessionDisconnected;
    service->listenerOwner.CreateSession = Service_CreateSession;
    service->listenerOwner.OnAcceptPostponed = Service_OnAcceptPostponed;
    InitializeSRWLock(&service->lock);
    InitializeConditionVariable(&service->noSession);
    Listener_Init(&service->listener);
}

/* Begins to connect one session of a client. False: a sentence has said why not. */
static bool Service_ConnectOne(Service *service)
{
    const NetAddress *address = &service->settings.address;
    Session *session = service->settings.createSession(service, &service->sessionOwner,
                                                       NetAddress_GetFamily(address));
    bool isStarted;

    if (session == NULL) {
        ErrorText_Print("socket", GetLastError());
        return false;
    }
    Service_AddSession(service, session);
    isStarted = Session_Connect(session, address);
    if (!isStarted) {
        ErrorText_Print("ConnectEx", GetLastError());
        Service_RemoveSession(service, session);
    }
    Session_Release(session);
    return isStarted;
}

static bool Service_ConnectAll(Service *service)
{
    for (int i = 0; i < service->settings.maxSessionCount; i++) {
        if (!Service_ConnectOne(service))
            return false;
    }
    return true;
}

bool Service_Start(Service *service, const ServiceSettings *settings)
{
    const char *failedCall = NULL;

    Service_Init(service, settings);
    if (!SocketUtils_BindConnectEx())
        failedCall = "WSAIoctl";
    else if ((service->keeperEvent = CreateEventW(NULL, FALSE, FALSE, NULL)) == NULL)
        failedCall = "CreateEvent";
    else if (!IocpCore_Create(&service->core))
        failedCall = "CreateIoCompletionPort";
    if (failedCall != NULL)
        ErrorText_Print(failedCall, GetLastError());

    if (failedCall == NULL && Service_LaunchThreads(service)) {
        if (settings->type == SERVICE_SERVER &&
            Listener_StartAccept(&service->listener, &service->settings.address, &service->core,
                                 &service->listenerOwner))
            return true;
        if (settings->type == SERVICE_CLIENT && Service_ConnectAll(service))
            return true;
    }
    Service_Stop(service);
    return false;
}

static void Service_CloseAll(Service *service)
{
    AcquireSRWLockShared(&service->lock);
    for (Session *session = service->first; session != NULL; session = session->next)
        Session_Close(session, CAUSE_SERVICE_STOPPED);
    ReleaseSRWLockShared(&service->lock);
}

static void Service_DisconnectAll(Service *service)
{
    AcquireSRWLockShared(&service->lock);
    for (Session *session = service->first; session != NULL; session = session->next)
        Session_Disconnect(session, CAUSE_SERVICE_STOPPED);
    ReleaseSRWLockShared(&service->lock);
}

/* Waits up to `timeoutMs` milliseconds (or INFINITE) until the set is empty. */
static void Service_WaitUntilEmpty(Service *service, DWORD timeoutMs)
{
    ULONGLONG endMs = GetTickCount64() + timeoutMs;

    AcquireSRWLockExclusive(&service->lock);
    while (service->sessionCount > 0) {
        ULONGLONG nowMs = GetTickCount64();
        DWORD leftMs = timeoutMs;

        if (timeoutMs != INFINITE) {
            if (nowMs >= endMs)
                break;
            leftMs = (DWORD)(endMs - nowMs);
        }
        SleepConditionVariableSRW(&service->noSession, &service->lock, leftMs, 0);
    }
    ReleaseSRWLockExclusive(&service->lock);
}

void Service_Stop(Service *service)
{
    Listener_Close(&service->listener);
    Service_CloseAll(service);
    Service_WaitUntilEmpty(service, service->settings.drainMs);
    Service_DisconnectAll(service);
    Service_WaitUntilEmpty(service, INFINITE);
    Service_StopThreads(service);
    IocpCore_Close(&service->core);
    if (service->keeperEvent != NULL)
        CloseHandle(service->keeperEvent);
    service->keeperEvent = NULL;
}

/* --- For the program ------------------------------------------------------------------------ */

int Service_Broadcast(Service *service, SendBuffer *buffer)
{
    int count = 0;

    AcquireSRWLockShared(&service->lock);
    for (Session *session = service->first; session != NULL; session = session->next) {
        if (Session_Send(session, buffer))
            count++;
    }
    ReleaseSRWLockShared(&service->lock);
    return count;
}

int Service_GetSessionCount(Service *service)
{
    int count;

    AcquireSRWLockShared(&service->lock);
    count = service->sessionCount;
    ReleaseSRWLockShared(&service->lock);
    return count;
}

/* A 64-bit number that other threads add to, read whole on 32-bit systems, too. */
static LONG64 ReadCounter(volatile LONG64 *counter)
{
    return InterlockedCompareExchange64(counter, 0, 0);
}

ServiceCounters Service_GetCounters(Service *service)
{
    SessionCounters *sessions = &service->sessionOwner.counters;
    ServiceCounters counters;

    counters.sessionsNow = Service_GetSessionCount(service);
    counters.sessionsEver = ReadCounter(&service->sessionsEver);
    counters.refused = ReadCounter(&service->refused);
    counters.recvBytes = ReadCounter(&sessions->recvBytes);
    counters.sendBytes = ReadCounter(&sessions->sendBytes);
    counters.recvCalls = ReadCounter(&sessions->recvCalls);
    counters.sendCalls = ReadCounter(&sessions->sendCalls);
    counters.packets = ReadCounter(&sessions->packets);
    return counters;
}
