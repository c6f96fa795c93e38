/*
 * LibraryMisuse: what programs do wrong, or at an unlucky time, ends in a sentence and not in a fault.
 */
#include "Library.h"

#include <limits.h>

#define LONG_MS      (1000 * WAIT_MS)
#define MANY_WORKERS (2 * ACCEPT_COUNT)

static SessionFactory createProbe;

/* --- Factories ------------------------------------------------------------------------------- */

static volatile LONG isUnwilling;

/* Does not say why, as a function does that has not failed in a call of the system. */
static Session *CreateOrNot(Service *service, int family)
{
    if (isUnwilling == 0)
        return createProbe(service, family);
    SetLastError(0);
    return NULL;
}

static Host *StartUnwilling(ServiceType type)
{
    Host *host = Host_Create(type, &echoBehaviour);

    createProbe = host->settings.createSession;
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
    Host_Stop(client);
    Host_Stop(server);
}

static Session *CreateAndDisconnect(Service *service, int family)
{
    Session *session = createProbe(service, family);

    if (session != NULL)
        Session_Disconnect(session, CAUSE_PROGRAM);
    return session;
}

/* Nobody waits for the time at which it was to connect. */
TEST("misuse: a factory disconnects a session that is to connect later")
{
    Host *client = Host_Create(SERVICE_CLIENT, &silentBehaviour);

    NetAddress_FromText(&client->settings.address, "127.0.0.1", 1);
    createProbe = client->settings.createSession;
    client->settings.createSession = CreateAndDisconnect;
    client->settings.connectCount = 0;
    Host_Start(client);
    CHECK(Service_Connect(&client->service, LONG_MS));
    CHECK(WAIT_FOR(client->destroyed, 1));
    CHECK(Host_CheckCause(client, CAUSE_PROGRAM, 1));
    Host_Stop(client);
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
    Host_Stop(server);
}

/* A service is started again with what it was started with before. */
TEST("misuse: a service's own settings")
{
    Host *server = START_SERVER(&echoBehaviour);

    CHECK(Service_Stop(&server->service));
    REQUIRE(CHECK(Service_Start(&server->service, &server->service.settings)));
    CHECK(Peer_Echo(Peer_Open(server), 10));
    Host_Stop(server);
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
    Host_Stop(server);
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
    Host *server = Host_Create(SERVICE_SERVER, &silentBehaviour);
    SendBuffer *buffer = NEED(SendBuffer_Copy("x", 1));

    server->keepsSessions = true;
    server->settings.session.limitBytes = INT_MAX;
    Host_Start(server);
    Peer_Open(server);
    buffer->capacity = INT_MAX;
    CHECK(!Session_Send(&Host_WaitForProbe(server, 0)->session, buffer));
    SendBuffer_Release(buffer);
    CHECK(WAIT_FOR(server->disconnected, 1));
    CHECK(Host_CheckCause(server, CAUSE_SLOW_RECEIVER, 1));
    Host_Stop(server);
}

/* --- Peers that always have something to say --------------------------------------------------- */

static HANDLE hasSent;

static void WaitForBytes(Probe *probe)
{
    (void)probe;
    WaitForSingleObject(hasSent, WAIT_MS);
}

/* A byte at a time, so that there is always more. */
static Host *StartBytewise(int workerCount)
{
    static const Behaviour behaviour = {.OnConnected = WaitForBytes};
    Host *server = Host_Create(SERVICE_SERVER, &behaviour);

    hasSent = NEED(CreateEventW(NULL, TRUE, FALSE, NULL));
    server->keepsSessions = true;
    server->settings.workerCount = workerCount;
    server->settings.session.recvBufferSize = server->settings.session.recvBufferMax = 1;
    Host_Start(server);
    return server;
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
    REQUIRE(CHECK(Peer_StartSending(peer, -1)));
    SetEvent(hasSent);
    probe = Host_WaitForProbe(server, 0);
    CHECK(WAIT_FOR(probe->recvCalls, 500));
    Host_Stop(server);
    Threads_Join();
    CloseHandle(hasSent);
}

/* One worker, and only one such peer. */
TEST("misuse: a peer that sends without end takes turns")
{
    Host *server = StartBytewise(1);
    SOCKET flood = Peer_Open(server), peer;
    Probe *probe;

    SetEvent(hasSent);
    Host_WaitForProbe(server, 0);
    peer = Peer_Open(server);
    probe = Host_WaitForProbe(server, 1);
    REQUIRE(CHECK(Peer_StartSending(flood, -1)));
    CHECK(WAIT_FOR(server->kept[0]->recvCalls, 500));
    CHECK(Peer_Send(peer, "x", 1));
    CHECK(WAIT_FOR(probe->recvCalls, 1));
    shutdown(flood, SD_BOTH);
    Threads_Join();
    Host_Stop(server);
    CloseHandle(hasSent);
}
