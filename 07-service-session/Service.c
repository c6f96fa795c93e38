/*
 * Service: see Service.h.
 *
 * The set of sessions holds a reference to each from before its OnConnected until after its
 * OnDisconnected, and Service_Stop waits until it is empty. So whoever finds a session that is not
 * disconnected, under its lock, finds its service alive. A session's lock may be taken while the
 * service's lock is held, and never the other way round; the keeper's under both.
 */
#include "SessionCore.h"
#include "ErrorText.h"

#include <limits.h>
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
    bool isClient = service->settings.type == SERVICE_CLIENT;
    DWORD error = 0;

    AcquireSRWLockExclusive(&service->lock);
    if (service->isStopping) {
        error = ERROR_SHUTDOWN_IN_PROGRESS;
    } else if (service->sessionCount - (isClient ? service->endingCount : 0) >=
               service->settings.maxSessionCount) {
        error = ERROR_CONNECTION_COUNT_LIMIT;
    } else if (session != NULL) {
        Session_AddRef(session);
        session->previous = NULL;
        session->next = service->first;
        if (session->next != NULL)
            session->next->previous = session;
        service->first = session;
        service->sessionCount++;
        Service_Count(service, COUNTER_SESSIONS, 1);
    }
    ReleaseSRWLockExclusive(&service->lock);
    return error;
}

void Service_RemoveSession(Service *service, Session *session)
{
    AcquireSRWLockExclusive(&service->lock);
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        service->first = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    InterlockedDecrement(&service->endingCount);
    if (--service->sessionCount == 0)
        WakeConditionVariable(&service->noSession);
    ReleaseSRWLockExclusive(&service->lock);
    Session_Release(session);
}

/* --- What sessions and the listener tell ---------------------------------------------------- */

void Service_Report(Service *service, const char *call, DWORD error)
{
    char text[ERROR_TEXT_SIZE];

    if (service->settings.OnError != NULL)
        service->settings.OnError(service, call, error,
                                  ErrorText_Format(text, sizeof(text), call, error));
}

bool Service_AdmitSession(Service *service, Session *session)
{
    if (Service_AddSession(service, session) == 0)
        return true;
    Service_Count(service, COUNTER_REFUSED, 1);
    if (service->settings.OnRefused != NULL) {
        char reason[64];

        snprintf(reason, sizeof(reason), "%d sessions are the limit",
                 service->settings.maxSessionCount);
        service->settings.OnRefused(service, Session_GetAddress(session), reason);
    }
    return false;
}

void Service_Count(Service *service, Counter counter, LONG64 number)
{
    InterlockedExchangeAdd64(&service->counters[counter].value, number);
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
        count = max(ThreadManager_GetProcessorCount(), MIN_WORKERS);
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
    int family = NetAddress_GetFamily(&settings->address);
    const struct {
        bool isRight;
        const char *sentence;
    } rules[] = {
        {settings->type == SERVICE_SERVER || settings->type == SERVICE_CLIENT,
         "type has to be SERVICE_SERVER or SERVICE_CLIENT."},
        {family == AF_INET || family == AF_INET6, "address has to be set."},
        {settings->createSession != NULL, "createSession has to be set."},
        {settings->maxSessionCount >= 1, "maxSessionCount has to be at least 1."},
        {settings->connectCount >= 0 && settings->connectCount <= settings->maxSessionCount,
         "connectCount has to be from 0 to maxSessionCount."},
        {settings->workerCount >= 0, "workerCount has to be at least 0."},
        {session->recvBufferSize >= 1, "recvBufferSize has to be at least 1."},
        {session->recvBufferMax >= session->recvBufferSize,
         "recvBufferMax has to be at least recvBufferSize."},
        {session->pauseBytes >= 0, "pauseBytes has to be at least 0."},
        {session->limitBytes >= session->pauseBytes && session->limitBytes > BUFFER_COST,
         "limitBytes has to be at least pauseBytes, and more than 100."},
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!rules[i].isRight)
            return rules[i].sentence;
    }
    return NULL;
}

/* --- Start and stop ------------------------------------------------------------------------- */

/* A copy: the settings may be those that are in the service. */
static void Service_Init(Service *service, ServiceSettings settings)
{
    ZeroMemory(service, sizeof(*service));
    service->settings = settings;
    InitializeSRWLock(&service->lock);
    InitializeConditionVariable(&service->noSession);
    Listener_Init(&service->listener);
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
        return Listener_StartAccept(&service->listener, service);
    for (int i = 0; i < service->settings.connectCount; i++) {
        if (!Service_Connect(service, 0))
            return "createSession";
    }
    return NULL;
}

bool Service_Start(Service *service, const ServiceSettings *settings)
{
    const char *sentence = CheckSettings(settings), *failedCall = NULL;
    DWORD error;

    Service_Init(service, *settings);
    if (sentence == NULL)
        failedCall = Service_Open(service);
    if (sentence == NULL && failedCall == NULL)
        return true;
    error = sentence != NULL ? ERROR_INVALID_PARAMETER : GetLastError();
    Service_Stop(service);
    if (sentence != NULL)
        snprintf(service->error, sizeof(service->error), "Wrong settings: %s", sentence);
    else if (service->listener.service != NULL)
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

/* Ends all sessions, `end` is Session_Close or Session_Disconnect, and waits until the set is empty,
   but not longer than until `endMs`. */
static void Service_EndAll(Service *service, void (*end)(Session *, DisconnectCause),
                           ULONGLONG endMs)
{
    ULONGLONG nowMs = GetTickCount64();

    AcquireSRWLockExclusive(&service->lock);
    service->isStopping = true;
    for (Session *session = service->first; session != NULL; session = session->next)
        end(session, CAUSE_SERVICE_STOPPED);
    for (; service->sessionCount > 0 && nowMs < endMs; nowMs = GetTickCount64())
        SleepConditionVariableSRW(&service->noSession, &service->lock,
                                  (DWORD)min(endMs - nowMs, INFINITE), 0);
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
    Service_EndAll(service, Session_Close, GetTickCount64() + service->settings.session.drainMs);
    Service_EndAll(service, Session_Disconnect, ULLONG_MAX);
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
    DWORD error = service->settings.type == SERVICE_CLIENT ? Service_AddSession(service, NULL)
                                                           : ERROR_INVALID_FUNCTION;

    if (error == 0) {
        session = service->settings.createSession(service, NetAddress_GetFamily(address));
        error = session != NULL ? Service_AddSession(service, session)
                                : max(GetLastError(), ERROR_INVALID_FUNCTION);
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

LONG64 Service_GetCounter(const Service *service, Counter counter)
{
    return service->counters[counter].value;
}
