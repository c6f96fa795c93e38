/*
 * Each worker gives back the lock of its owner and wakes who waits there then: who waits may have been
 * woken by another, have seen that nobody is left, and have freed the owner.
 *
 * Expect: memory: a
 * Seeds: 20
 * Alone: no
 */
#include "Loopback.h"

#define ROUNDS   10
#define WORKERS  2
#define SESSIONS 5 /* that each worker ends */

typedef struct Owner {
    SRWLOCK lock;
    CONDITION_VARIABLE nobody;
    int sessionCount; /* under the lock */
} Owner;

static Owner *owner;

static unsigned __stdcall EndSessions(void *unused)
{
    Owner *mine = owner;

    (void)unused;
    for (int i = 0; i < SESSIONS; i++) {
        AcquireSRWLockExclusive(&mine->lock);
        mine->sessionCount--;
        ReleaseSRWLockExclusive(&mine->lock);
        WakeAllConditionVariable(&mine->nobody); /* Wrong */
    }
    return 0;
}

static void StopOwner(void)
{
    AcquireSRWLockExclusive(&owner->lock);
    while (owner->sessionCount > 0)
        SleepConditionVariableSRW(&owner->nobody, &owner->lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&owner->lock);
    free(owner);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        HANDLE threads[WORKERS];

        owner = (Owner *)calloc(1, sizeof(*owner));
        Require(owner != NULL, "calloc");
        owner->sessionCount = WORKERS * SESSIONS;
        for (int j = 0; j < WORKERS; j++)
            threads[j] = StartThread(EndSessions);
        StopOwner();
        for (int j = 0; j < WORKERS; j++)
            JoinThread(threads[j]);
    }
    return 0;
}
