/*
 * LibraryMisuse: what programs do wrong, or at an unlucky time, ends in a sentence and not in a fault.
 */
#include "Library.h"

#include <limits.h>

#define LONG_MS      (1000 * WAIT_MS)
#define MANY_WORKERS (2 * ACCEPT_COUNT)

/* --- Factories ------------------------------------------------------------------------------- */

static volatile LONG isUnwilling;

/* Does not say why, as a function does that has not failed in a call of the system. */
static Session *CreateOrNot(Service *service, int family)
{
    if (isUnwilling == 0)
        return Probe_Create(service, family);
    SetLastError(0);
    return NULL;
}

static Host *StartUnwilling(ServiceType type)
{
    Host *host = Host_Create(type, &echoBehaviour);

    host->settings.createSession = CreateOrNot;
    host->settings.connectCount = 0;
    isUnwilling = 1;
    if (type == SERVICE_SERVER && (CHECK(!Service_Start(&host->service, &host->settings))))
        CHECK_CONTAINS(Service_GetError(&host->service), "createSession failed with error 1");
    isUnwilling = 0;
    Host_Start(host);
    return host;
}

TEST("misuse: a factory that fails without an error")
{
    Host *server = StartUnwilling(SERVICE_SERVER);
    Host *client = StartUnwilling(SERVICE_CLIENT);

    isUnwilling = 1;
    CHECK(!Service_Connect(&client->service, 0));
    CHECK_INT(GetLastError(), ERROR_INVALID_FUNCTION);
    CHECK(Peer_Echo(Peer_Open(server), 10));
    CHECK(WAIT_FOR(server->errors, 1));
}

static Session *CreateAndDisconnect(Service *service, int family)
{
    Session *session = Probe_Create(service, family);

    if (session != NULL)
        Session_Disconnect(session, CAUSE_PROGRAM);
    return session;
}

/* Nobody waits for the time at which it was to connect. */
TEST("misuse: a factory disconnects a session that is to connect later")
{
    Host *client = Host_Create(SERVICE_CLIENT, &silentBehaviour);

    NetAddress_FromText(&client->settings.address, "127.0.0.1", 1);
    client->settings.createSession = CreateAndDisconnect;
    client->settings.connectCount = 0;
    Host_Start(client);
    CHECK(Service_Connect(&client->service, LONG_MS));
    CHECK(WAIT_FOR(client->destroyed, 1));
    CHECK(Host_CheckCause(client, CAUSE_PROGRAM, 1));
}

/* sizeof of the wrong thing. */
TEST("misuse: a size that a session does not fit in")
{
    static const SessionVtbl vtbl = {.OnRecv = NULL};
    static const PacketSessionVtbl packetVtbl = {.session = {.OnRecv = PacketSession_OnRecv}};
    Host *server = START_SERVER(&echoBehaviour);

    CHECK(Session_New(&server->service, &vtbl, sizeof(Session *), AF_INET) == NULL);
    CHECK_INT(GetLastError(), ERROR_INVALID_PARAMETER);
    SetLastError(0);
    CHECK(PacketSession_New(&server->service, &packetVtbl, sizeof(Session), AF_INET, 100) == NULL);
    CHECK_INT(GetLastError(), ERROR_INVALID_PARAMETER);
}

/* A service is started again with what it was started with before. */
TEST("misuse: a service's own settings")
{
    Host *server = START_SERVER(&echoBehaviour);

    CHECK(Service_Stop(&server->service));
    REQUIRE(CHECK(Service_Start(&server->service, &server->service.settings)));
    CHECK(Peer_Echo(Peer_Open(server), 10));
}

/* --- Sessions -------------------------------------------------------------------------------- */

static void DisconnectOnce(Probe *probe)
{
    Session_Disconnect(&probe->session, (DisconnectCause)(probe->number + 1));
}

/* Whatever cause a program gives, its OnDisconnected comes, and Service_Stop returns. */
TEST("misuse: the library's own causes")
{
    static const Behaviour behaviour = {.OnConnected = DisconnectOnce};
    Host *server = START_SERVER(&behaviour);

    for (int i = 1; i <= CAUSE_PROGRAM; i++) {
        Peer_Open(server);
        REQUIRE(CHECK(WAIT_FOR(server->disconnected, i)));
        CHECK_INT(server->causes[i], 1);
    }
}

/* What snprintf returns is more than it has written if that did not fit. */
TEST("misuse: more bytes than a buffer has")
{
    SendBuffer *buffer = NEED(SendBuffer_Open(10));

    SendBuffer_Close(buffer, snprintf(buffer->data, 10, "%s", "a text that is too long"));
    CHECK_INT(buffer->size, 10);
    SendBuffer_Close(buffer, -1);
    CHECK_INT(buffer->size, 0);
    SendBuffer_Release(buffer);
}

/* As if there were memory for so many. */
TEST("misuse: a buffer of all bytes that int can count")
{
    Host *server = START_SERVER(&silentBehaviour, .keepsSessions = true, .limitBytes = INT_MAX);
    SendBuffer *buffer = NEED(SendBuffer_Copy("x", 1));

    buffer->capacity = INT_MAX;
    CHECK(!Session_Send(&Probe_Open(server, 0)->session, buffer));
    SendBuffer_Release(buffer);
    CHECK(Host_AllEnd(server, CAUSE_SLOW_RECEIVER, 1));
}

/* --- Peers that always have something to say --------------------------------------------------- */

static void WaitForBytes(Probe *probe)
{
    (void)probe;
    WaitForSingleObject(gate, WAIT_MS);
}

/* A byte at a time, so that there is always more. */
static Host *StartBytewise(int workerCount)
{
    static const Behaviour behaviour = {.OnConnected = WaitForBytes};

    return START_SERVER(&behaviour, .keepsSessions = true, .workerCount = workerCount,
                        .recvBufferSize = 1, .recvBufferMax = 1);
}

/* The worker that serves it finds nobody who waits for it: each cancelled accept has a worker of its own. */
TEST("misuse: a service is stopped while a peer sends without end")
{
    Host *server = StartBytewise(MANY_WORKERS);
    SOCKET peer = Peer_Open(server);
    char bytes[4096] = {0};
    Probe *probe;

    /* The worker that accepts it serves it on from there. */
    CHECK(Peer_Send(peer, bytes, (int)sizeof(bytes)));
    Peer_StartSending(peer, ENDLESS);
    SetEvent(gate);
    probe = Host_WaitForProbe(server, 0);
    CHECK(WAIT_FOR(probe->recvCalls, 500));
    Host_Stop(server);
    Threads_Join();
}

/* One worker, and only one such peer. */
TEST("misuse: a peer that sends without end takes turns")
{
    Host *server = StartBytewise(1);
    Probe *flood, *other;

    SetEvent(gate);
    flood = Probe_Open(server, 0);
    other = Probe_Open(server, 0);
    Peer_StartSending(flood->peer, ENDLESS);
    CHECK(WAIT_FOR(flood->recvCalls, 500));
    CHECK(Peer_Send(other->peer, "x", 1));
    CHECK(WAIT_FOR(other->recvCalls, 1));
    shutdown(flood->peer, SD_BOTH);
    Threads_Join();
}
