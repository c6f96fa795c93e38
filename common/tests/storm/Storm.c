/*
 * storm.exe: attacks the library of stage 07 at random, from all sides at once.
 *
 *     storm.exe [--seed N] [--seconds N] [--list] [FILTER]     see TestMain.h
 *
 * The same seed draws the same numbers; which thread comes first is for the system. more/storm.sh
 * runs it with one seed after the other, watched and not.
 */
#include "Storm.h"
#include "ServerProcess.h"
#include "TestMain.h"
#include "ThreadManager.h"

#define USERS      4
#define PEERS      4
#define WARM_UP_MS 500
#define REST_MS    600 /* a service lives at most so long */

Storm storm;

static long firstSeed = 1;
static long seconds = 8;

/* However slow the machine is. */
static bool HasMetEnough(void)
{
    return storm.services > 4 && storm.unstarted > 0 && storm.created > 20 && storm.peers > 10 &&
           storm.sends > 20;
}

bool Storm_IsOver(void)
{
    return Test_IsOver() || (Test_Now() >= storm.endMs && HasMetEnough());
}

/* --- Services that come and go --------------------------------------------------------------- */

Place *Storm_Enter(uint32_t *seed)
{
    Place *place = &storm.places[Random_Next(seed, PLACES)];

    AcquireSRWLockShared(&place->lock);
    if (place->isUp)
        return place;
    ReleaseSRWLockShared(&place->lock);
    return NULL;
}

void Storm_Leave(Place *place)
{
    ReleaseSRWLockShared(&place->lock);
}

static void SetUp(Place *place, bool isUp)
{
    AcquireSRWLockExclusive(&place->lock);
    place->isUp = isUp;
    place->address = place->service.settings.address;
    ReleaseSRWLockExclusive(&place->lock);
}

/* What has to hold for a service that was stopped. */
static void CheckStopped(Place *place)
{
    int now = Service_GetSessionCount(&place->service);
    LONG64 ever = Service_GetCounter(&place->service, COUNTER_SESSIONS);

    FAULT_IF(now != 0, "%d sessions are in the set after Service_Stop", now);
    FAULT_IF(ever != place->disconnected, "a %s had %d sessions and %ld calls of OnDisconnected",
             place->type == SERVICE_SERVER ? "server" : "client", (int)ever, place->disconnected);
    FAULT_IF(place->type == SERVICE_SERVER && place->connected != place->disconnected,
             "%ld calls of OnConnected, but %ld of OnDisconnected", place->connected,
             place->disconnected);
}

static void RunService(Place *place)
{
    ServiceSettings settings;
    bool isLegal = Settings_Draw(place, &settings);

    place->connected = place->disconnected = 0;
    if (Service_Start(&place->service, &settings)) {
        FAULT_IF(!isLegal, "Service_Start has taken settings that are illegal");
        InterlockedIncrement(&storm.services);
        SetUp(place, true);
        Sleep(Random_Next(&place->seed, REST_MS));
        SetUp(place, false);
    } else {
        FAULT_IF(strlen(Service_GetError(&place->service)) < 10,
                 "Service_Start fails without a sentence");
        InterlockedIncrement(&storm.unstarted);
    }
    FAULT_IF(!Service_Stop(&place->service),
             "Service_Stop fails on a thread of the program: error %lu", GetLastError());
    CheckStopped(place);
}

/* --- Threads --------------------------------------------------------------------------------- */

static void RunServices(void *argument)
{
    while (!Storm_IsOver())
        RunService((Place *)argument);
}

static void RunUser(void *argument)
{
    uint32_t *seed = (uint32_t *)argument;

    while (!Storm_IsOver()) {
        Place *place = Random_Next(seed, 4) == 0 ? Storm_Enter(seed) : NULL;

        if (place != NULL) {
            Service_Try(place, seed);
            Storm_Leave(place);
        } else {
            Sessions_Try(seed);
        }
        if (Random_Next(seed, 8) == 0)
            Sleep(Random_Next(seed, 3));
    }
}

static void RunPeers(void *argument)
{
    while (!Storm_IsOver())
        Peer_Visit((uint32_t *)argument);
}

/* All of them, until it is over. */
static void RunAll(DWORD milliseconds, uint32_t seed)
{
    uint32_t seeds[USERS + PEERS];
    ThreadManager threads;

    ThreadManager_Init(&threads);
    storm.endMs = Test_Now() + milliseconds;
    for (int i = 0; i < PLACES; i++) {
        storm.places[i].type = i < SERVERS ? SERVICE_SERVER : SERVICE_CLIENT;
        storm.places[i].seed = (seed * 100 + (uint32_t)i) * 2654435761u;
        InitializeSRWLock(&storm.places[i].lock);
        NetAddress_FromText(&storm.places[i].address, "127.0.0.1", 1); /* nobody is there */
        CHECK(ThreadManager_Launch(&threads, RunServices, &storm.places[i]));
    }
    for (int i = 0; i < USERS + PEERS; i++) {
        seeds[i] = (seed * 100 + PLACES + (uint32_t)i) * 2654435761u;
        CHECK(ThreadManager_Launch(&threads, i < USERS ? RunUser : RunPeers, &seeds[i]));
    }
    ThreadManager_Join(&threads);
    Sessions_Forget();
}

TEST("storm", .limitSeconds = 240)
{
    int handles;

    /* What the system opens the first time it keeps. */
    RunAll(WARM_UP_MS, (uint32_t)firstSeed + 1);
    handles = ServerProcess_CountHandles(GetCurrentProcess());
    RunAll((DWORD)seconds * 1000, (uint32_t)firstSeed);

    CHECK_INT(storm.destroyed, storm.created);
    WAIT_WHILE(ServerProcess_CountHandles(GetCurrentProcess()) > handles);
    CHECK_AT_MOST(ServerProcess_CountHandles(GetCurrentProcess()), handles);
    printf("  %ld services, %ld that could not start, %ld sessions, %ld peers, %ld sends\n",
           storm.services, storm.unstarted, storm.created, storm.peers, storm.sends);
    CHECK(HasMetEnough());
}

int main(int argc, char *argv[])
{
    static const Option options[] = {
        {.name = "--seed", .number = &firstSeed, .least = 0, .most = 2147483647},
        {.name = "--seconds", .number = &seconds, .least = 1, .most = 120},
        {.name = NULL},
    };
    static const TestSuite suite = {
        .usage = "Usage: storm.exe [--seed N] [--seconds N] [--list] [FILTER]\n",
        .options = options,
    };

    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    return Test_Main(&suite, argc, argv);
}
