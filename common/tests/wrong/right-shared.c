/*
 * Two threads share sessions as they should: the reference is taken, and the flag read, under the lock
 * of the set, and who waits for the last session is woken under it.
 *
 * Expect: nothing
 * Seeds: 20
 */
#include "Loopback.h"

#define ROUNDS 5

typedef struct Session {
    volatile LONG references;
    char name[16];
} Session;

typedef struct Owner {
    SRWLOCK lock;
    CONDITION_VARIABLE nobody;
    int sessionCount;
    bool isClosed;
    Session *live; /* with a reference */
} Owner;

static Owner *owner;

static void Release(Session *session)
{
    if (InterlockedDecrement(&session->references) == 0)
        free(session);
}

static void Put(Session *session)
{
    Session *old = session;

    AcquireSRWLockExclusive(&owner->lock);
    if (!owner->isClosed) {
        old = owner->live;
        owner->live = session;
    }
    ReleaseSRWLockExclusive(&owner->lock);
    if (old != NULL)
        Release(old);
}

static void Greet(void)
{
    Session *session;

    AcquireSRWLockShared(&owner->lock);
    session = owner->live;
    if (session != NULL)
        InterlockedIncrement(&session->references);
    ReleaseSRWLockShared(&owner->lock);
    if (session == NULL)
        return;
    session->name[0] = 'x';
    Release(session);
}

static unsigned __stdcall Work(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        Session *session = (Session *)calloc(1, sizeof(*session));

        Require(session != NULL, "calloc");
        session->references = 1;
        Put(session);
        Greet();
    }
    AcquireSRWLockExclusive(&owner->lock);
    owner->sessionCount--;
    WakeAllConditionVariable(&owner->nobody);
    ReleaseSRWLockExclusive(&owner->lock);
    return 0;
}

int main(void)
{
    HANDLE threads[2];
    Session *last;

    owner = (Owner *)calloc(1, sizeof(*owner));
    Require(owner != NULL, "calloc");
    owner->sessionCount = 2;
    threads[0] = StartThread(Work);
    threads[1] = StartThread(Work);
    AcquireSRWLockExclusive(&owner->lock);
    while (owner->sessionCount > 0)
        SleepConditionVariableSRW(&owner->nobody, &owner->lock, INFINITE, 0);
    owner->isClosed = true;
    last = owner->live;
    ReleaseSRWLockExclusive(&owner->lock);
    Release(last);
    /* Joined before it is freed: ReleaseSRWLockExclusive of the last one may still run. */
    JoinThread(threads[0]);
    JoinThread(threads[1]);
    free(owner);
    return 0;
}
