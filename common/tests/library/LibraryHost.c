/*
 * LibraryHost: services whose sessions watch the library. See Library.h.
 */
#include "Library.h"

#define HOST_MAX       128
#define SHORT_DRAIN_MS 100  /* peers that a test leaves open hold up a stop no longer */
#define POISON         0xDD /* what a session is filled with once it is destroyed */

/* What a thread is, kept in a slot of each thread. A worker of the library has nothing there. */
#define THREAD_OF_PROGRAM ((void *)1)
#define THREAD_IN_CALL    ((void *)2)

static Host *hosts[HOST_MAX];
static int hostCount;
static DWORD threadSlot = TLS_OUT_OF_INDEXES;

/* --- Callbacks ------------------------------------------------------------------------------- */

void Host_MarkProgramThread(void)
{
    if (threadSlot == TLS_OUT_OF_INDEXES)
        threadSlot = TlsAlloc();
    TlsSetValue(threadSlot, THREAD_OF_PROGRAM);
}

/* Each callback begins with this and ends with LeaveCall. */
static void EnterCall(Probe *probe, const char *name)
{
    void *thread = TlsGetValue(threadSlot);

    FAULT_IF(thread == THREAD_OF_PROGRAM, "%s was called on a thread of the program", name);
    FAULT_IF(thread == THREAD_IN_CALL, "%s was called inside another callback", name);
    TlsSetValue(threadSlot, THREAD_IN_CALL);
    FAULT_IF(probe->destroyed != 0, "%s was called after Destroy", name);
    FAULT_IF(probe->session.object.references < 1, "%s was called without a reference", name);
}

static void LeaveCall(void)
{
    TlsSetValue(threadSlot, NULL);
}

static Probe *FromSession(Session *session)
{
    return CONTAINING_RECORD(session, Probe, session);
}

static void OnConnected(Session *session)
{
    Probe *probe = FromSession(session);
    Host *host = probe->host;

    EnterCall(probe, "OnConnected");
    FAULT_IF(InterlockedIncrement(&probe->started) != 1, "OnConnected was called twice");
    FAULT_IF(probe->disconnected != 0, "OnConnected was called after OnDisconnected");
    probe->number = (int)InterlockedIncrement(&host->connected) - 1;
    if (host->behaviour->OnConnected != NULL)
        host->behaviour->OnConnected(probe);
    InterlockedIncrement(&probe->connected);
    if (host->keepsSessions && probe->number < KEPT_MAX) {
        Session_AddRef(&probe->session);
        host->kept[probe->number] = probe;
    }
    LeaveCall();
}

/* What holds for every call of OnRecv and OnRecvPacket. */
static void CheckLife(Probe *probe, const char *name)
{
    FAULT_IF(InterlockedIncrement(&probe->receiving) != 1, "%s was called while another %s ran",
             name, name);
    FAULT_IF(probe->connected != 1, "%s was called before OnConnected had returned", name);
    FAULT_IF(probe->disconnected != 0, "%s was called after OnDisconnected", name);
}

static RecvResult OnRecv(Session *session, const char *data, int length)
{
    Probe *probe = FromSession(session);
    int consumed = length;

    EnterCall(probe, "OnRecv");
    CheckLife(probe, "OnRecv");
    InterlockedIncrement(&probe->recvCalls);
    FAULT_IF(length < 1 SINCE_4(|| (length > probe->host->settings.session.recvBufferSize &&
                                    length > probe->host->settings.session.recvBufferMax)),
             "OnRecv was called with length %d", length);
    if (probe->host->behaviour->OnRecv != NULL)
        consumed = probe->host->behaviour->OnRecv(probe, data, length);
    if (probe->host->behaviour->OnBytes != NULL)
        probe->host->behaviour->OnBytes(probe);
    if (consumed > 0 && consumed <= length)
        InterlockedExchangeAdd64(&probe->consumed, consumed);
    InterlockedDecrement(&probe->receiving);
    LeaveCall();
    return SINCE_4(consumed);
}

static void OnDisconnected(Session *session, DisconnectCause cause)
{
    Probe *probe = FromSession(session);
    Host *host = probe->host;
    bool isCause = cause > CAUSE_NONE && cause < CAUSE_MAX;

    EnterCall(probe, "OnDisconnected");
    FAULT_IF(probe->connected != probe->started, "OnDisconnected was called while OnConnected ran");
    FAULT_IF(probe->receiving != 0, "OnDisconnected was called while OnRecv ran");
    FAULT_IF(InterlockedIncrement(&probe->disconnected) != 1, "OnDisconnected was called twice");
    FAULT_IF(!isCause, "OnDisconnected was called with cause %d", (int)cause);
    if (isCause)
        InterlockedIncrement(&host->causes[cause]);
    FAULT_IF(Session_IsConnected(session), "Session_IsConnected was true in OnDisconnected");
    probe->cause = cause;
    probe->error = Session_GetError(session);
    if (host->behaviour->OnDisconnected != NULL)
        host->behaviour->OnDisconnected(probe);
    LeaveCall();
    if (probe->started != 0)
        InterlockedIncrement(&host->disconnected);
}

/* The struct lives on, filled with a pattern: whoever still uses the session shows. */
static void Destroy(Session *session)
{
    Probe *probe = FromSession(session);

    FAULT_IF(InterlockedIncrement(&probe->destroyed) != 1, "a session was destroyed twice");
    FAULT_IF(probe->started != probe->disconnected && probe->started != 0,
             "a session was destroyed before its OnDisconnected");
    FAULT_IF(probe->receiving != 0, "a session was destroyed while OnRecv ran");
    memset(&probe->packetSession, POISON, sizeof(probe->packetSession));
    InterlockedIncrement(&probe->host->destroyed);
}

static const SessionVtbl sessionVtbl = {.OnConnected = OnConnected,
                                        .OnRecv = OnRecv,
                                        .OnDisconnected = OnDisconnected,
                                        .Destroy = Destroy};

/* --- The same for packets -------------------------------------------------------------------- */

#if STEP >= 4
static void OnRecvPacket(Session *session, uint16_t id, const char *body, int length)
{
    Probe *probe = FromSession(session);

    EnterCall(probe, "OnRecvPacket");
    CheckLife(probe, "OnRecvPacket");
    InterlockedIncrement(&probe->host->packets);
    FAULT_IF(length < 0 || length > probe->host->behaviour->maxPacketSize - PACKET_HEADER_SIZE,
             "OnRecvPacket was called with length %d", length);
    if (probe->host->behaviour->OnRecvPacket != NULL)
        probe->host->behaviour->OnRecvPacket(probe, id, body, length);
    InterlockedDecrement(&probe->receiving);
    LeaveCall();
}

static const PacketSessionVtbl packetSessionVtbl = {
    .session = {.OnConnected = OnConnected,
                .OnRecv = PacketSession_OnRecv,
                .OnDisconnected = OnDisconnected,
                .Destroy = Destroy},
    .OnRecvPacket = OnRecvPacket,
};
#endif

/* --- Behaviours ------------------------------------------------------------------------------ */

bool Session_SendAndRelease(Session *session, SendBuffer *buffer)
{
    bool isSent = buffer != NULL && Session_Send(session, buffer);

    if (buffer != NULL)
        SendBuffer_Release(buffer);
    return isSent;
}

bool Probe_Send(Probe *probe, const void *data, int size)
{
    return Session_SendAndRelease(&probe->session, SendBuffer_Copy(data, size));
}

bool Probe_SendPattern(Probe *probe, int size, LONG64 position)
{
    SendBuffer *buffer = SendBuffer_Open(size);

    if (buffer != NULL) {
        Pattern_Fill(buffer->data, size, position);
        SendBuffer_Close(buffer, size);
    }
    return Session_SendAndRelease(&probe->session, buffer);
}

void Probe_CheckPattern(Probe *probe, const char *data, int length)
{
    FAULT_IF(!Pattern_IsRight(data, length, probe->consumed), "OnRecv got wrong bytes after %ld",
             (long)probe->consumed);
}

static int Echo(Probe *probe, const char *data, int length)
{
    Probe_Send(probe, data, length);
    return length;
}

const Behaviour silentBehaviour = {.OnRecv = NULL};
const Behaviour echoBehaviour = {.OnRecv = Echo};

/* --- Hosts ----------------------------------------------------------------------------------- */

Session *Probe_Create(Service *service, int family)
{
    Host *host = (Host *)service->settings.context;
    Session *session;
    Probe *probe;

    if (InterlockedDecrement(&host->creationsToFail) >= 0) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    session = SINCE_4(host->behaviour->maxPacketSize != 0
                          ? PacketSession_New(service, &packetSessionVtbl, sizeof(*probe), family,
                                              host->behaviour->maxPacketSize)
                          :) Session_New(service, &sessionVtbl, sizeof(*probe), family);
    if (session == NULL)
        return NULL;
    probe = FromSession(session);
    probe->host = host;
    probe->number = -1;
    AcquireSRWLockExclusive(&host->lock);
    probe->next = host->probes;
    host->probes = probe;
    ReleaseSRWLockExclusive(&host->lock);
    probe->seed = (uint32_t)InterlockedIncrement(&host->created) * 7919u;
    return session;
}

static void OnError(Service *service, const char *call, DWORD error, const char *text)
{
    Host *host = (Host *)service->settings.context;
    char number[20];

    snprintf(number, sizeof(number), "error %lu", error);
    FAULT_IF(error == 0 || strstr(text, call) != text || strstr(text, number) == NULL,
             "OnError was called with '%s' for %s, %lu", text, call, error);
    host->failedCall = call;
    InterlockedIncrement(&host->errors);
}

static void OnRefused(Service *service, const NetAddress *address, const char *reason)
{
    Host *host = (Host *)service->settings.context;

    FAULT_IF(TlsGetValue(threadSlot) != NULL, "OnRefused was not called on a worker by itself");
    FAULT_IF(NetAddress_GetPort(address) == 0 || reason == NULL || strlen(reason) < 5,
             "OnRefused was called without an address or a reason");
    InterlockedIncrement(&host->refused);
}

Host *Host_Create(ServiceType type, const Behaviour *behaviour)
{
    Host *host = NEED(hostCount < HOST_MAX ? (Host *)calloc(1, sizeof(*host)) : NULL);

    InitializeSRWLock(&host->lock);
    host->behaviour = behaviour;
    host->settings = Service_GetDefaults();
    SINCE_5(host->settings.type = type);
    host->settings.createSession = Probe_Create;
    host->settings.context = host;
    SINCE_5(host->settings.OnRefused = OnRefused);
    host->settings.OnError = OnError;
    SINCE_6(host->settings.session.drainMs = SHORT_DRAIN_MS);
    NetAddress_FromText(&host->settings.address, "127.0.0.1", 0);
    hosts[hostCount++] = host;
    return host;
}

void Host_Start(Host *host)
{
    host->isStarted = Service_Start(&host->service, &host->settings);
    NEED_TRUE(host->isStarted || Test_Explain("%s", Service_GetError(&host->service)));
}

static void SetUnless0(int *setting, int value)
{
    if (value != 0)
        *setting = value;
}

Host *Host_StartServer(const ServerOptions *options)
{
    Host *host = Host_Create(SERVICE_SERVER, options->behaviour);
    SessionSettings *session = &host->settings.session;

    host->keepsSessions = options->keepsSessions;
    SetUnless0(&host->settings.workerCount, options->workerCount);
    SINCE_5(SetUnless0(&host->settings.maxSessionCount, options->maxSessionCount));
    SINCE_4(SetUnless0(&session->recvBufferSize, options->recvBufferSize));
    SINCE_4(SetUnless0(&session->recvBufferMax, options->recvBufferMax));
    SetUnless0(&session->pauseBytes, options->pauseBytes);
    SetUnless0(&session->limitBytes, options->limitBytes);
    SINCE_6(session->idleTimeoutMs = options->idleTimeoutMs);
    SINCE_6(if (options->drainMs != 0) session->drainMs = options->drainMs);
    SINCE_6(if (options->halfClosedMs != 0) session->halfClosedMs = options->halfClosedMs);
    if (options->listenOn != NULL)
        NEED_TRUE(NetAddress_FromText(&host->settings.address, options->listenOn, 0));
    Host_Start(host);
    return host;
}

Host *Host_CreateClient(const Host *server, const Behaviour *behaviour, int count)
{
    Host *host = Host_Create(SERVICE_CLIENT, behaviour);

    host->settings.address = NetAddress_ToLocal(&server->service.settings.address);
    SINCE_5(host->settings.maxSessionCount = host->settings.connectCount = count);
    return host;
}

Host *Host_StartClient(const Host *server, const Behaviour *behaviour, int count)
{
    Host *client = Host_CreateClient(server, behaviour, count);

    Host_Start(client);
    return client;
}

/* True: nobody wrote to the session after it was destroyed. */
static bool IsUntouched(const Probe *probe)
{
    const unsigned char *bytes = (const unsigned char *)&probe->packetSession;

    for (size_t i = 0; i < sizeof(probe->packetSession); i++) {
        if (bytes[i] != POISON)
            return false;
    }
    return true;
}

/* What each session has to have been through. */
static void CheckProbe(const Probe *probe)
{
    FAULT_IF(probe->started != 0 && (probe->connected != 1 || probe->disconnected != 1),
             "session %d: OnConnected %ld times, OnDisconnected %ld times", probe->number,
             probe->started, probe->disconnected);
    FAULT_IF(probe->destroyed != 1, "session %d was destroyed %ld times", probe->number,
             probe->destroyed);
    FAULT_IF(!IsUntouched(probe), "session %d was used after it was destroyed", probe->number);
}

void Host_StopService(Host *host)
{
    Service_Stop(&host->service);
    host->isStarted = false;
    for (Probe *probe = host->probes; probe != NULL; probe = probe->next) {
        FAULT_IF(probe->started != probe->disconnected && probe->started != 0,
                 "Service_Stop returned before an OnDisconnected");
    }
}

void Host_CheckStopped(Host *host)
{
    for (int i = 0; i < KEPT_MAX; i++) {
        if (host->kept[i] != NULL)
            Session_Release(&host->kept[i]->session);
        host->kept[i] = NULL;
    }
    for (Probe *probe = host->probes; probe != NULL; probe = probe->next)
        CheckProbe(probe);
    CHECK_INT(host->destroyed, host->created);
    CHECK_INT(host->disconnected, host->connected);
    SINCE_5(CHECK_INT(Service_GetSessionCount(&host->service), 0));
    /* A client counts those that could not be connected, too. */
    SINCE_7(CHECK_INT(Service_GetCounter(&host->service, COUNTER_SESSIONS),
                      host->settings.type == SERVICE_CLIENT ? host->created : host->connected));
    SINCE_7(CHECK_INT(Service_GetCounter(&host->service, COUNTER_REFUSED), host->refused));
}

void Host_Stop(Host *host)
{
    Host_StopService(host);
    Host_CheckStopped(host);
}

Probe *Host_WaitForProbe(Host *host, int number)
{
    WAIT_WHILE(host->kept[number] == NULL && !Test_IsOver());
    return NEED(host->kept[number]);
}

bool Host_WaitForDisconnected(Host *host, int count)
{
    return Test_WaitForValue(&host->disconnected, count, WAIT_MS, "the number of OnDisconnected") &&
           (host->connected == count ||
            Test_Explain("expected %d sessions, but there were %ld", count, host->connected));
}

bool Host_CheckCause(Host *host, DisconnectCause cause, int count)
{
    for (int i = 0; i < CAUSE_MAX; i++) {
        int expected = i == (int)cause ? count : 0;

        if (host->causes[i] != expected)
            return Test_Explain("expected cause %d (%s) %d times, but it came %ld times", i,
                                DisconnectCause_GetText((DisconnectCause)i), expected,
                                host->causes[i]);
    }
    return true;
}

LONG64 Host_WaitForPause(Host *host)
{
    LONG64 before, now = 0;
    ULONGLONG end = Test_Now() + WAIT_MS;

    do {
        before = now;
        Sleep(QUIET_MS);
        now = 0;
        AcquireSRWLockShared(&host->lock);
        for (const Probe *probe = host->probes; probe != NULL; probe = probe->next)
            now += probe->consumed;
        ReleaseSRWLockShared(&host->lock);
    } while ((now != before || now == 0) &&
             Test_MayWait(end, "the sessions receive, or nothing has come", __FILE__, __LINE__));
    return now;
}

bool Host_AllEnd(Host *host, DisconnectCause cause, int count)
{
    return Host_WaitForDisconnected(host, count) && Host_CheckCause(host, cause, count);
}

/* --- Around each test ------------------------------------------------------------------------ */

static void Host_Free(Host *host)
{
    Probe *next;

    for (Probe *probe = host->probes; probe != NULL; probe = next) {
        next = probe->next;
        free(probe);
    }
    free(host);
}

void Hosts_CloseAll(void)
{
    for (int i = hostCount - 1; i >= 0; i--) {
        if (hosts[i]->isStarted)
            Host_Stop(hosts[i]);
    }
    while (hostCount > 0)
        Host_Free(hosts[--hostCount]);
}
