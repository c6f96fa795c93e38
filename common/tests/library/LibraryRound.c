/*
 * LibraryRound: eight threads do with sessions what they like, at random, in rounds; at the end
 * every session has had each callback once, and is gone.
 */
#include "Library.h"
#include "SessionSlot.h"

#define THREADS  8
#define SLOTS    48
#define CLIENTS  16
#define ROUNDS   6
#define STEPS    300 /* of each thread in a round */
#define SEND_MAX 3000

static struct Rounds {
    SessionSlot slots[SLOTS];
    Host *server;
    Host *client;
    volatile LONG sends;
    volatile LONG disconnects;
    volatile LONG closes;
    volatile LONG broadcasts;
} rounds;

static void SendRandom(Session *session, uint32_t *seed, int count)
{
    for (int i = 0; i < count; i++) {
        SendBuffer *buffer = SendBuffer_Open(SEND_MAX);

        if (buffer == NULL)
            return;
        SendBuffer_Close(buffer, 1 + (int)Random_Next(seed, SEND_MAX));
        Session_SendAndRelease(session, buffer);
        InterlockedIncrement(&rounds.sends);
    }
}

static void BroadcastRandom(uint32_t *seed)
{
    Host *host = Random_Next(seed, 2) == 0 ? rounds.server : rounds.client;
    SendBuffer *buffer = SendBuffer_Copy("to all of you", 13);

    if (buffer == NULL)
        return;
    Service_Broadcast(&host->service, buffer);
    SendBuffer_Release(buffer);
    InterlockedIncrement(&rounds.broadcasts);
}

/* --- What the sessions do -------------------------------------------------------------------- */

static void Join(Probe *probe)
{
    SessionSlot_Put(&rounds.slots[Random_Next(&probe->seed, SLOTS)], &probe->session);
    if (Random_Next(&probe->seed, 20) == 0)
        Session_Disconnect(&probe->session, CAUSE_PROGRAM);
}

static int Answer(Probe *probe, const char *data, int length)
{
    uint32_t choice = Random_Next(&probe->seed, 1000);

    if (choice < 150)
        Probe_Send(probe, data, length);
    else if (choice < 152)
        Session_Disconnect(&probe->session, CAUSE_PROGRAM);
    else if (choice < 154)
        Session_Close(&probe->session, CAUSE_PROGRAM);
    else if (choice < 160)
        BroadcastRandom(&probe->seed);
    return Random_Next(&probe->seed, 3) == 0 ? (length + 1) / 2 : length;
}

static void Leave(Probe *probe)
{
    FAULT_IF(Probe_Send(probe, "x", 1), "Session_Send returned true in OnDisconnected");
}

static const Behaviour behaviour = {.OnConnected = Join, .OnRecv = Answer, .OnDisconnected = Leave};

/* --- What the threads do --------------------------------------------------------------------- */

static void Step(Session *session, uint32_t *seed)
{
    uint32_t choice = Random_Next(seed, 1000);

    if (choice < 600) {
        SendRandom(session, seed, 1);
    } else if (choice < 640) {
        SendRandom(session, seed, 20);
    } else if (choice < 650) {
        Session_Disconnect(session, (DisconnectCause)(CAUSE_PROGRAM + 1));
        InterlockedIncrement(&rounds.disconnects);
    } else if (choice < 660) {
        Session_Close(session, (DisconnectCause)(CAUSE_PROGRAM + 2));
        InterlockedIncrement(&rounds.closes);
    } else if (choice < 700) {
        BroadcastRandom(seed);
    } else if (choice < 720) {
        SessionSlot_Put(&rounds.slots[Random_Next(seed, SLOTS)], NULL);
    } else {
        Session_GetQueuedBytes(session);
        Session_IsConnected(session);
        Session_GetError(session);
        Service_GetCounter(&rounds.server->service, COUNTER_SESSIONS);
    }
}

static void RunSteps(void *argument)
{
    uint32_t seed = *(uint32_t *)argument;

    for (int i = 0; i < STEPS && !Test_IsOver(); i++) {
        Session *session = SessionSlot_Take(&rounds.slots[Random_Next(&seed, SLOTS)]);

        if (session == NULL)
            continue;
        Step(session, &seed);
        Session_Release(session);
    }
}

/* A client service comes, eight threads work on all sessions, and the client service goes. */
static void RunRound(int round)
{
    static uint32_t seeds[THREADS];

    rounds.client = Host_StartClient(rounds.server, &behaviour, CLIENTS);
    Test_WaitForValue(&rounds.client->connected, CLIENTS, 1000, "the clients");
    for (int i = 0; i < THREADS; i++) {
        seeds[i] = (uint32_t)(round * 1000 + i + 1);
        Threads_Start(RunSteps, &seeds[i]);
    }
    /* Every second time in the middle of it. */
    if (round % 2 == 0)
        Threads_Join();
    else
        Sleep(20);
    Host_StopService(rounds.client);
    Threads_Join();
}

/* What the program has counted against what the library has. */
static void CheckCounters(Host *host)
{
    LONG64 consumed = 0;

    for (Probe *probe = host->probes; probe != NULL; probe = probe->next)
        consumed += probe->consumed;
    CHECK(consumed <= Service_GetCounter(&host->service, COUNTER_RECV_BYTES));
    CHECK(Service_GetCounter(&host->service, COUNTER_SEND_CALLS) > 0);
    CHECK(Service_GetCounter(&host->service, COUNTER_RECV_CALLS) > 0);
}

TEST("rounds: eight threads at random")
{
    Host *clients[ROUNDS];
    LONG64 sentByClients = 0, receivedByClients = 0;

    rounds.sends = rounds.disconnects = rounds.closes = rounds.broadcasts = 0;
    rounds.server = START_SERVER(&behaviour);
    for (int i = 0; i < ROUNDS; i++) {
        RunRound(i);
        clients[i] = rounds.client;
    }
    for (uint32_t i = 0; i < SLOTS; i += 2)
        SessionSlot_Put(&rounds.slots[i], NULL);
    Host_StopService(rounds.server);
    for (uint32_t i = 0; i < SLOTS; i++)
        SessionSlot_Put(&rounds.slots[i], NULL);
    for (int i = 0; i < ROUNDS; i++) {
        Host_CheckStopped(clients[i]);
        CheckCounters(clients[i]);
        sentByClients += Service_GetCounter(&clients[i]->service, COUNTER_SEND_BYTES);
        receivedByClients += Service_GetCounter(&clients[i]->service, COUNTER_RECV_BYTES);
    }
    Host_CheckStopped(rounds.server);
    CheckCounters(rounds.server);
    CHECK(Service_GetCounter(&rounds.server->service, COUNTER_RECV_BYTES) <= sentByClients);
    CHECK(receivedByClients <= Service_GetCounter(&rounds.server->service, COUNTER_SEND_BYTES));

    /* It was no idle talk. */
    CHECK(rounds.server->connected > CLIENTS * ROUNDS / 2);
    CHECK(rounds.sends > 2000);
    CHECK(rounds.disconnects > 20);
    CHECK(rounds.closes > 20);
    CHECK(rounds.broadcasts > 100);
}

/* --- Sessions that come and go at once ------------------------------------------------------- */

static void LeaveAtOnce(Probe *probe)
{
    if (probe->seed % 3 == 0)
        Session_Disconnect(&probe->session, CAUSE_PROGRAM);
    if (probe->seed % 3 == 1)
        Session_Close(&probe->session, CAUSE_PROGRAM);
    if (probe->seed % 3 == 2)
        Probe_Send(probe, "hello", 5);
}

/* Both ends end it at the same moment, in all ways. */
TEST("rounds: sessions that come and go")
{
    static const Behaviour leaving = {.OnConnected = LeaveAtOnce, .OnRecv = Answer};
    rounds.server = START_SERVER(&leaving);
    for (int i = 0; i < 6; i++) {
        rounds.client = Host_StartClient(rounds.server, &leaving, 40);
        if (i % 2 == 0)
            Test_WaitForValue(&rounds.client->connected, 30, 1000, "the clients");
        Host_Stop(rounds.client);
    }
}
