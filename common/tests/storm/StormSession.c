/*
 * StormSession: what the services of the storm have for settings and sessions, and what threads and
 * callbacks do with them. See Storm.h.
 */
#include "Storm.h"
#include "PacketSession.h"
#include "SessionSlot.h"

#define SLOTS    8 /* few: threads shall meet */
#define SEND_MAX 4000

typedef struct StormSession {
    PacketSession packets; /* or a Session alone, with which it begins, too */
    Place *place;
    uint32_t seed;
    volatile LONG inside; /* callbacks that are running */
    volatile LONG connected;
    volatile LONG disconnected;
} StormSession;

static SessionSlot slots[SLOTS];

void Sessions_Forget(void)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        SessionSlot_Put(&slots[i], NULL);
}

/* --- What threads and callbacks do ----------------------------------------------------------- */

static SendBuffer *MakeBuffer(uint32_t *seed)
{
    int size = (int)Random_Next(seed, SEND_MAX);
    SendBuffer *buffer =
        Random_Next(seed, 2) == 0 ? Packet_Make(7, "body", 4) : SendBuffer_Open(1 + size);

    /* Packet_Make has closed its own. */
    if (buffer != NULL && buffer->size == 0) {
        ZeroMemory(buffer->data, (size_t)size);
        SendBuffer_Close(buffer, size);
    }
    return buffer;
}

static void Act(Session *session, uint32_t *seed)
{
    uint32_t choice = Random_Next(seed, 100);
    SendBuffer *buffer;

    if (choice < 1) {
        Session_Disconnect(session, (DisconnectCause)(1 + Random_Next(seed, CAUSE_PROGRAM + 2)));
    } else if (choice < 2) {
        Session_Close(session, (DisconnectCause)(CAUSE_PROGRAM + 2));
    } else if (choice < 20) {
        Session_GetQueuedBytes(session);
        Session_IsConnected(session);
        Session_GetError(session);
    } else {
        buffer = MakeBuffer(seed);
        for (int i = choice < 30 ? 20 : 1; i > 0 && buffer != NULL; i--) {
            if (Session_Send(session, buffer))
                InterlockedIncrement(&storm.sends);
        }
        if (buffer != NULL)
            SendBuffer_Release(buffer);
    }
}

void Sessions_Try(uint32_t *seed)
{
    SessionSlot *slot = &slots[Random_Next(seed, SLOTS)];
    Session *session = SessionSlot_Take(slot);

    if (session == NULL)
        return;
    /* Some more at once: what one thread begins another ends. */
    for (int i = 0; i < 4; i++)
        Act(session, seed);
    if (!Session_IsConnected(session) || Random_Next(seed, 20) == 0)
        SessionSlot_Put(slot, NULL);
    Session_Release(session);
}

/* As it is allowed on any thread, so in callbacks. */
void Service_Try(Place *place, uint32_t *seed)
{
    Service *service = &place->service;
    SendBuffer *buffer;

    switch (Random_Next(seed, 4)) {
    case 0:
        buffer = MakeBuffer(seed);
        if (buffer != NULL) {
            Service_Broadcast(service, buffer);
            SendBuffer_Release(buffer);
        }
        break;
    case 1:
        FAULT_IF(Service_Connect(service, Random_Next(seed, 2) * Random_Next(seed, 200)) &&
                     place->type == SERVICE_SERVER,
                 "Service_Connect of a server returned true");
        break;
    default:
        Service_GetCounter(service, COUNTER_SESSIONS);
        Service_GetSessionCount(service);
    }
}

/* --- Callbacks ------------------------------------------------------------------------------- */

static StormSession *FromSession(Session *session)
{
    return CONTAINING_RECORD(session, StormSession, packets.session);
}

static void Enter(StormSession *mine)
{
    FAULT_IF(InterlockedIncrement(&mine->inside) != 1, "two callbacks of a session at once");
    FAULT_IF(mine->disconnected != 0, "a callback after OnDisconnected");
}

/* What a callback does before it returns. */
static void Leave(StormSession *mine)
{
    uint32_t choice = Random_Next(&mine->seed, 20);

    if (choice == 0)
        Service_Try(mine->place, &mine->seed);
    if (choice == 1)
        Sleep(Random_Next(&mine->seed, 4));
    FAULT_IF(choice == 2 && Service_Stop(Session_GetService(&mine->packets.session)),
             "Service_Stop was done in a callback");
    if (choice > 12)
        Act(&mine->packets.session, &mine->seed);
    InterlockedDecrement(&mine->inside);
}

static void OnConnected(Session *session)
{
    StormSession *mine = FromSession(session);

    Enter(mine);
    FAULT_IF(InterlockedIncrement(&mine->connected) != 1, "OnConnected twice");
    InterlockedIncrement(&mine->place->connected);
    SessionSlot_Put(&slots[Random_Next(&mine->seed, SLOTS)], session);
    Leave(mine);
}

static int OnRecv(Session *session, const char *data, int length)
{
    StormSession *mine = FromSession(session);
    uint32_t choice = Random_Next(&mine->seed, 200);

    (void)data;
    Enter(mine);
    FAULT_IF(mine->connected != 1, "OnRecv before OnConnected");
    Leave(mine);
    if (choice < 2)
        return choice == 0 ? -1 : length + 1;
    return choice < 60 ? (int)Random_Next(&mine->seed, (uint32_t)length + 1) : length;
}

static void OnDisconnected(Session *session, DisconnectCause cause)
{
    StormSession *mine = FromSession(session);

    Enter(mine);
    FAULT_IF(cause == CAUSE_NONE, "OnDisconnected with cause %d", (int)cause);
    FAULT_IF(Session_IsConnected(session), "a session is connected in OnDisconnected");
    Leave(mine);
    InterlockedIncrement(&mine->disconnected);
    InterlockedIncrement(&mine->place->disconnected);
}

static void Destroy(Session *session)
{
    StormSession *mine = FromSession(session);

    FAULT_IF(mine->connected != 0 && mine->disconnected != 1,
             "a session was destroyed after %ld calls of OnDisconnected", mine->disconnected);
    FAULT_IF(mine->inside != 0, "a session was destroyed in a callback");
    InterlockedIncrement(&storm.destroyed);
    free(mine);
}

static const SessionVtbl sessionVtbl = {OnConnected, OnRecv, OnDisconnected, Destroy};

static void OnRecvPacket(Session *session, uint16_t id, const char *body, int length)
{
    (void)id;
    OnRecv(session, body, length);
}

static const PacketSessionVtbl packetsVtbl = {
    .session = {OnConnected, PacketSession_OnRecv, OnDisconnected, Destroy},
    .OnRecvPacket = OnRecvPacket,
};

/* --- Settings -------------------------------------------------------------------------------- */

/* Some fail, and some sizes of packets do not fit the settings. */
static Session *CreateSession(Service *service, int family)
{
    static volatile LONG count;
    uint32_t seed = (uint32_t)InterlockedIncrement(&count) * 2654435761u;
    Session *session;

    if (Random_Next(&seed, 10) == 0) {
        SetLastError(Random_Next(&seed, 2) * ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (Random_Next(&seed, 2) == 0)
        session = Session_New(service, &sessionVtbl, sizeof(StormSession), family);
    else
        session = PacketSession_New(service, &packetsVtbl, sizeof(StormSession), family,
                                    4 + (int)Random_Next(&seed, 3000));
    if (session != NULL) {
        FromSession(session)->place = (Place *)service->settings.context;
        FromSession(session)->seed = seed;
        InterlockedIncrement(&storm.created);
    }
    return session;
}

static void OnError(Service *service, const char *call, DWORD error, const char *text)
{
    (void)service;
    FAULT_IF(error == 0 || strncmp(text, call, strlen(call)) != 0, "OnError for %s, error %lu: %s",
             call, error, text);
}

static void BreakOne(ServiceSettings *settings, uint32_t *seed)
{
    const struct {
        int *setting, illegal;
    } breaks[] = {
        {&settings->maxSessionCount, 0},
        {&settings->connectCount, settings->maxSessionCount + 1},
        {&settings->workerCount, -1},
        {&settings->session.recvBufferSize, 0},
        {&settings->session.recvBufferMax, settings->session.recvBufferSize - 1},
        {&settings->session.pauseBytes, -1},
        {&settings->session.limitBytes, settings->session.pauseBytes - 1},
    };
    uint32_t choice = Random_Next(seed, COUNT_OF(breaks) + 2);

    if (choice < COUNT_OF(breaks))
        *breaks[choice].setting = breaks[choice].illegal;
    else if (choice == COUNT_OF(breaks))
        settings->type = (ServiceType)7;
    else
        settings->createSession = NULL;
}

bool Settings_Draw(Place *place, ServiceSettings *settings)
{
    uint32_t *seed = &place->seed;
    SessionSettings *session = &settings->session;

    *settings = Service_GetDefaults();
    settings->type = place->type;
    settings->createSession = CreateSession;
    settings->context = place;
    settings->OnError = Random_Next(seed, 2) == 0 ? OnError : NULL;
    settings->maxSessionCount = 1 + (int)Random_Next(seed, 12);
    settings->connectCount = (int)Random_Next(seed, (uint32_t)settings->maxSessionCount + 1);
    settings->workerCount = (int)Random_Next(seed, 5);
    session->recvBufferSize = 1 + (int)Random_Next(seed, Random_Next(seed, 2) == 0 ? 8 : 8000);
    session->recvBufferMax = session->recvBufferSize + (int)Random_Next(seed, 8000);
    session->pauseBytes = (int)Random_Next(seed, 20000);
    session->limitBytes = session->pauseBytes + (int)Random_Next(seed, 20000);
    session->idleTimeoutMs = Random_Next(seed, 2) * Random_Next(seed, 150);
    session->drainMs = Random_Next(seed, 100);
    session->halfClosedMs = Random_Next(seed, 100);
    NetAddress_FromText(&settings->address, "127.0.0.1", 0);
    if (place->type == SERVICE_CLIENT) {
        Place *server = &storm.places[Random_Next(seed, SERVERS)];

        AcquireSRWLockShared(&server->lock);
        settings->address = server->address; /* it may be gone */
        ReleaseSRWLockShared(&server->lock);
    }
    if (Random_Next(seed, 8) != 0)
        return true;
    BreakOne(settings, seed);
    return false;
}
