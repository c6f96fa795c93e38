/*
 * Service: see Service.h.
 *
 * The set of sessions holds a reference to each from before its OnConnected until after its
 * OnDisconnected, and Service_Stop waits until it is empty. So whoever finds a session that is not
 * disconnected, under its lock, finds its service alive. A session's lock may be taken while the
 * service's lock is held, and never the other way round; the keeper's under both.
 */
#include "Service.h"
#include "ErrorText.h"

#include <stdio.h>
#include <stdlib.h>

#define MIN_WORKERS    2
#define ERROR_PAUSE_MS 50 /* after a call that failed for lack of resources: don't spin */

ServiceSettings Service_GetDefaults(void)
{
    ServiceSettings settings;

    ZeroMemory(&settings, sizeof(settings));
    settings.type = SERVICE_SERVER;
    settings.maxSessionCount = 100000;
    settings.connectCount = 1;
    settings.session.recvBufferSize = 4096;
    settings.session.recvBufferMax = 64 * 1024;
    settings.session.pauseBytes = 64 * 1024;
    settings.session.limitBytes = 1024 * 1024;
    settings.session.drainMs = 1000;
    settings.session.halfClosedMs = 60000;
    return settings;
}

/* --- The set -------------------------------------------------------------------------------- */

/* Takes a reference. Returns 0, or why it is not added; or, of NULL, why none could be. */
static DWORD Service_AddSession(Service *service, Session *session)
{
    DWORD error = 0;

    AcquireSRWLockExclusive(&service->lock);
    if (service->isStopping) {
        error = ERROR_SHUTDOWN_IN_PROGRESS;
    } else if (service->sessionCount >= service->settings.maxSessionCount) {
        error = ERROR_CONNECTION_COUNT_LIMIT;
    } else if (session != NULL) {
        Session_AddRef(session);
        session->previous = NULL;
        session->next = service->first;
        if (session->next != NULL)
            session->next->previous = session;
        service->first = session;
        service->sessionCount++;
        service->sessionsEver++;
    }
    ReleaseSRWLockExclusive(&service->lock);
    return error;
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

static void Service_Report(Service *service, const char *call, DWORD error)
{
    char text[ERROR_TEXT_SIZE];

    if (service->settings.OnError != NULL)
        service->settings.OnError(service, call, error,
                                  ErrorText_Format(text, sizeof(text), call, error));
}

static bool Service_OnSessionConnected(SessionOwner *owner, Session *session)
{
    Service *service = CONTAINING_RECORD(owner, Service, sessionOwner);

    /* A client's sessions are in the set since they were to be connected. */
    if (service->settings.type == SERVICE_CLIENT || Service_AddSession(service, session) == 0)
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

static void Service_OnSessionDisconnected(SessionOwner *owner, Session *session)
{
    Service_RemoveSession(CONTAINING_RECORD(owner, Service, sessionOwner), session);
}

static void Service_OnError(SessionOwner *owner, const char *call, DWORD error)
{
    Service_Report(CONTAINING_RECORD(owner, Service, sessionOwner), call, error);
}

static Session *Service_CreateSession(SessionOwner *owner, int family)
{
    Service *service = CONTAINING_RECORD(owner, Service, sessionOwner);

    return service->settings.createSession(service, family);
}

/* --- Workers -------------------------------------------------------------------------------- */

static void Service_WorkerMain(void *argument)
{
    Service *service = (Service *)argument;

    for (;;) {
        DispatchResult result = IocpCore_Dispatch(&service->core, INFINITE);

        if (result == DISPATCH_QUIT)
            return;
        if (result == DISPATCH_FAILED) {
            Service_Report(service, "GetQueuedCompletionStatus", GetLastError());
            Sleep(ERROR_PAUSE_MS);
        }
    }
}

/* False: there is not one worker; GetLastError says why. */
static bool Service_LaunchWorkers(Service *service)
{
    int count = service->settings.workerCount;

    if (count == 0)
        count = ThreadManager_GetProcessorCount();
    if (service->settings.workerCount == 0 && count < MIN_WORKERS)
        count = MIN_WORKERS;
    for (int i = 0; i < count; i++) {
        if (!ThreadManager_Launch(&service->workers, Service_WorkerMain, service)) {
            if (i > 0)
                Service_Report(service, "_beginthreadex", GetLastError());
            break;
        }
    }
    return service->workers.count > 0;
}

static void Service_StopWorkers(Service *service)
{
    for (int i = 0; i < service->workers.count; i++) {
        while (!IocpCore_PostQuit(&service->core))
            Sleep(ERROR_PAUSE_MS);
    }
    ThreadManager_Join(&service->workers);
}

/* --- Settings ------------------------------------------------------------------------------- */

/* What is wrong with the settings: a sentence. NULL: nothing. */
static const char *CheckSettings(const ServiceSettings *settings)
{
    const SessionSettings *session = &settings->session;

    if (settings->type != SERVICE_SERVER && settings->type != SERVICE_CLIENT)
        return "type has to be SERVICE_SERVER or SERVICE_CLIENT.";
    if (NetAddress_GetFamily(&settings->address) != AF_INET &&
        NetAddress_GetFamily(&settings->address) != AF_INET6)
        return "address has to be set.";
    if (settings->createSession == NULL)
        return "createSession has to be set.";
    if (settings->maxSessionCount < 1)
        return "maxSessionCount has to be at least 1.";
    if (settings->connectCount < 0 || settings->connectCount > settings->maxSessionCount)
        return "connectCount has to be from 0 to maxSessionCount.";
    if (settings->workerCount < 0)
        return "workerCount has to be at least 0.";
    if (session->recvBufferSize < 1)
        return "recvBufferSize has to be at least 1.";
    if (session->recvBufferMax < session->recvBufferSize)
        return "recvBufferMax has to be at least recvBufferSize.";
    if (session->pauseBytes < 0)
        return "pauseBytes has to be at least 0.";
    if (session->limitBytes < session->pauseBytes)
        return "limitBytes has to be at least pauseBytes.";
    return NULL;
}

/* --- Start and stop ------------------------------------------------------------------------- */

static void Service_Init(Service *service, const ServiceSettings *settings)
{
    ZeroMemory(service, sizeof(*service));
    service->settings = *settings;
    service->sessionOwner.core = &service->core;
    service->sessionOwner.keeper = &service->keeper;
    service->sessionOwner.settings = settings->session;
    service->sessionOwner.OnSessionConnected = Service_OnSessionConnected;
    service->sessionOwner.OnSessionDisconnected = Service_OnSessionDisconnected;
    service->sessionOwner.CreateSession = Service_CreateSession;
    service->sessionOwner.OnError = Service_OnError;
    InitializeSRWLock(&service->lock);
    InitializeConditionVariable(&service->noSession);
    Listener_Init(&service->listener);
}

static const char *Service_ConnectAll(Service *service)
{
    for (int i = 0; i < service->settings.connectCount; i++) {
        if (!Service_Connect(service, 0))
            return "createSession";
    }
    return NULL;
}

/* Returns NULL, or the call that failed; GetLastError says why. */
static const char *Service_Open(Service *service)
{
    if (!SocketUtils_BindConnectEx())
        return "WSAIoctl";
    if (!IocpCore_Create(&service->core))
        return "CreateIoCompletionPort";
    if (!Keeper_Start(&service->keeper) || !Service_LaunchWorkers(service))
        return "_beginthreadex";
    if (service->settings.type == SERVICE_SERVER)
        return Listener_StartAccept(&service->listener, &service->settings.address,
                                    &service->sessionOwner);
    return Service_ConnectAll(service);
}

bool Service_Start(Service *service, const ServiceSettings *settings)
{
    const char *sentence = CheckSettings(settings), *failedCall = NULL;
    DWORD error;

    Service_Init(service, settings);
    if (sentence == NULL)
        failedCall = Service_Open(service);
    if (sentence == NULL && failedCall == NULL)
        return true;
    error = sentence != NULL ? ERROR_INVALID_PARAMETER : GetLastError();
    Service_Stop(service);
    if (sentence != NULL)
        snprintf(service->error, sizeof(service->error), "Wrong settings: %s", sentence);
    else if (service->settings.type == SERVICE_SERVER)
        ErrorText_FormatListen(service->error, sizeof(service->error), &service->settings.address,
                               failedCall, error);
    else
        ErrorText_Format(service->error, sizeof(service->error), failedCall, error);
    SetLastError(error);
    return false;
}

const char *Service_GetError(const Service *service)
{
    return service->error;
}

static void Service_CloseAll(Service *service)
{
    AcquireSRWLockExclusive(&service->lock);
    service->isStopping = true;
    for (Session *session = service->first; session != NULL; session = session->next)
        Session_Close(session, CAUSE_SERVICE_STOPPED);
    ReleaseSRWLockExclusive(&service->lock);
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

bool Service_Stop(Service *service)
{
    if (ThreadManager_IsCaller(&service->workers) ||
        ThreadManager_IsCaller(&service->keeper.thread)) {
        SetLastError(ERROR_POSSIBLE_DEADLOCK);
        return false;
    }
    Listener_Close(&service->listener);
    Service_CloseAll(service);
    Service_WaitUntilEmpty(service, service->settings.session.drainMs);
    Service_DisconnectAll(service);
    Service_WaitUntilEmpty(service, INFINITE);
    Keeper_Stop(&service->keeper);
    Service_StopWorkers(service);
    IocpCore_Close(&service->core);
    return true;
}

/* --- For the program ------------------------------------------------------------------------ */

bool Service_Connect(Service *service, DWORD delayMs)
{
    const NetAddress *address = &service->settings.address;
    Session *session = NULL;
    DWORD error = ERROR_INVALID_FUNCTION;

    if (service->settings.type == SERVICE_CLIENT)
        error = Service_AddSession(service, NULL);
    if (error == 0) {
        session = service->settings.createSession(service, NetAddress_GetFamily(address));
        error = session != NULL ? Service_AddSession(service, session) : GetLastError();
    }
    if (error == 0)
        Session_Connect(session, address, delayMs);
    if (session != NULL)
        Session_Release(session);
    SetLastError(error);
    return error == 0;
}

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

ServiceCounters Service_GetCounters(Service *service)
{
    SessionCounters *sessions = &service->sessionOwner.counters;
    ServiceCounters counters;

    AcquireSRWLockShared(&service->lock);
    counters.sessionsNow = service->sessionCount;
    counters.sessionsEver = service->sessionsEver;
    ReleaseSRWLockShared(&service->lock);
    counters.refused = service->refused;
    counters.recvBytes = sessions->recvBytes.value;
    counters.sendBytes = sessions->sendBytes.value;
    counters.recvCalls = sessions->recvCalls.value;
    counters.sendCalls = sessions->sendCalls.value;
    counters.packets = sessions->packets.value;
    return counters;
}

Session *Session_New(Service *service, const SessionVtbl *vtbl, size_t size, int family)
{
    Session *session = (Session *)calloc(1, size);

    if (session == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (!Session_Init(session, vtbl, &service->sessionOwner, family)) {
        free(session);
        return NULL;
    }
    return session;
}

Service *Session_GetService(Session *session)
{
    return CONTAINING_RECORD(session->owner, Service, sessionOwner);
}
