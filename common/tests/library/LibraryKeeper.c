/*
 * LibraryKeeper: what is due is done, once and not too early; who is silent costs next to nothing.
 */
#include "Library.h"

#define SLEEPERS    100000
#define IDLE_MS     60000 /* each is due once in that time, as a session with an idle timeout is */
#define MEASURED_MS 4000
#define COST_MS     (MEASURED_MS / 100 + 16) /* 1 % of a core, and a tick of the clock */

/* A session as the keeper sees it. */
typedef struct Sleeper {
    IocpObject object;
    KeeperTimer timer;
    ULONGLONG dueMs;
    LONG calls;
} Sleeper;

static Sleeper *sleepers;
static volatile LONG calls, early;

static ULONGLONG OnTime(IocpObject *object)
{
    Sleeper *sleeper = CONTAINING_RECORD(object, Sleeper, object);

    if (GetTickCount64() < sleeper->dueMs)
        InterlockedIncrement(&early);
    sleeper->calls++;
    InterlockedIncrement(&calls);
    sleeper->dueMs += IDLE_MS;
    return sleeper->dueMs;
}

static const IocpObjectVtbl sleeperVtbl = {.OnTime = OnTime};

/* Due evenly over IDLE_MS: the first at once, the last at its end. */
static void SetSleepers(Keeper *keeper)
{
    ULONGLONG nowMs = GetTickCount64();

    for (int i = 0; i < SLEEPERS; i++) {
        IocpObject_Init(&sleepers[i].object, &sleeperVtbl);
        sleepers[i].timer.object = &sleepers[i].object;
        sleepers[i].dueMs = nowMs + (ULONGLONG)i * IDLE_MS / SLEEPERS;
        Keeper_Set(keeper, &sleepers[i].timer, sleepers[i].dueMs);
    }
}

/* Processor time of this process, in milliseconds. */
static int GetCpuMs(void)
{
    FILETIME created, exited, kernel, user;

    GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user);
    return (int)((kernel.dwLowDateTime + (ULONGLONG)user.dwLowDateTime) / 10000);
}

TEST("keeper: 100,000 sessions cost less than 1 % of a core")
{
    static Keeper keeper;
    LONG due = SLEEPERS / (IDLE_MS / MEASURED_MS);
    int used, wrong = 0;

    sleepers = NEED(calloc(SLEEPERS, sizeof(*sleepers)));
    calls = early = 0;
    if (CHECK(Keeper_Start(&keeper))) {
        SetSleepers(&keeper);
        used = GetCpuMs();
        Sleep(MEASURED_MS);
        used = GetCpuMs() - used;
        CHECK_AT_MOST(used, COST_MS);
        CHECK(WAIT_FOR(calls, due));
    }
    Keeper_Stop(&keeper);
    CHECK_INT(early, 0);
    /* They were called in the order of their times. */
    for (int i = 0; i < SLEEPERS; i++)
        wrong += sleepers[i].calls != (i < calls);
    CHECK_INT(wrong, 0);
    free(sleepers);
}
