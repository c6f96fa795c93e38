/*
 * WrongShared: threads that share sessions, with a lock that is held for too short. See Wrong.h.
 */
#include "Wrong.h"

typedef struct Session {
    volatile LONG references;
    char name[16];
} Session;

typedef struct Owner {
    SRWLOCK lock;
    CONDITION_VARIABLE nobody;
    int sessionCount; /* under the lock, as what follows */
    bool isClosed;
    Session *live; /* with a reference */
} Owner;

static Owner *owner;

static void OpenOwner(int sessionCount)
{
    owner = (Owner *)Need(calloc(1, sizeof(*owner)));
    owner->sessionCount = sessionCount;
}

/* Returns with the lock. */
static void WaitForSessions(void)
{
    AcquireSRWLockExclusive(&owner->lock);
    while (owner->sessionCount > 0)
        SleepConditionVariableSRW(&owner->nobody, &owner->lock, INFINITE, 0);
}

static void Release(Session *session)
{
    if (InterlockedDecrement(&session->references) == 0)
        free(session);
}

/* A new session takes the place of the one that is live, unless the owner is closed. */
static void Replace(void)
{
    Session *old = (Session *)Need(calloc(1, sizeof(*old)));

    old->references = 1;
    AcquireSRWLockExclusive(&owner->lock);
    if (!owner->isClosed) {
        Session *session = old;

        old = owner->live;
        owner->live = session;
    }
    ReleaseSRWLockExclusive(&owner->lock);
    if (old != NULL)
        Release(old);
}

/* --- Without a reference --------------------------------------------------------------------- */

#define GREETINGS 50

static void GreetTooLate(void)
{
    Session *session;

    AcquireSRWLockShared(&owner->lock);
    session = owner->live;
    ReleaseSRWLockShared(&owner->lock);
    InterlockedIncrement(&session->references); /* Wrong */
    session->name[0] = 'x';
    Release(session);
}

static void GreetAll(void)
{
    for (int i = 0; i < GREETINGS; i++)
        GreetTooLate();
}

/*
 * A thread takes a session out of a set and its reference only when the lock of the set is free again:
 * between the two the session may have gone.
 */
PROGRAM("session-no-reference", RACE | HARMS, "memory: a")
{
    HANDLE thread;

    OpenOwner(0);
    Replace();
    thread = StartThread(GreetAll);
    for (int i = 0; i < GREETINGS; i++)
        Replace();
    JoinThread(thread);
    Release(owner->live);
    free(owner);
}

/* --- A flag outside the lock ----------------------------------------------------------------- */

static SRWLOCK lock = SRWLOCK_INIT;
static void *only; /* the set */
static volatile bool isClosed;

static void Add(void)
{
    void *session;

    if (isClosed)
        return;
    session = malloc(100); /* Wrong */
    AcquireSRWLockExclusive(&lock);
    only = session;
    ReleaseSRWLockExclusive(&lock);
}

static void CloseSet(void)
{
    AcquireSRWLockExclusive(&lock);
    isClosed = true;
    free(only);
    only = NULL;
    ReleaseSRWLockExclusive(&lock);
}

/*
 * A thread asks whether a set is closed before it has the lock of the set: by the time that it adds a
 * session, the set may have been closed and emptied, and nobody will take that session out. It is tried
 * until a session was lost, so that one block is left.
 */
PROGRAM("flag-outside-lock", RACE, "left over: 1 block of 100 bytes")
{
    for (int i = 0; i < 20 && only == NULL; i++) {
        HANDLE thread;

        isClosed = false;
        thread = StartThread(Add);
        CloseSet();
        JoinThread(thread);
    }
}

/* --- An owner after its lock ----------------------------------------------------------------- */

#define WORKERS  2
#define SESSIONS 5 /* that each worker ends */

static void EndSessions(void)
{
    Owner *mine = owner;

    for (int i = 0; i < SESSIONS; i++) {
        AcquireSRWLockExclusive(&mine->lock);
        mine->sessionCount--;
        ReleaseSRWLockExclusive(&mine->lock);
        WakeAllConditionVariable(&mine->nobody); /* Wrong */
    }
}

/*
 * Each worker gives back the lock of its owner and wakes who waits there then: who waits may have been
 * woken by another, have seen that nobody is left, and have freed the owner.
 */
PROGRAM("owner-after-release", RACE | HARMS, "memory: a")
{
    for (int i = 0; i < 10; i++) {
        HANDLE threads[WORKERS];

        OpenOwner(WORKERS * SESSIONS);
        for (int j = 0; j < WORKERS; j++)
            threads[j] = StartThread(EndSessions);
        WaitForSessions();
        ReleaseSRWLockExclusive(&owner->lock);
        free(owner);
        for (int j = 0; j < WORKERS; j++)
            JoinThread(threads[j]);
    }
}

/* --- As it should be ------------------------------------------------------------------------- */

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

static void Work(void)
{
    for (int i = 0; i < 5; i++) {
        Replace();
        Greet();
    }
    AcquireSRWLockExclusive(&owner->lock);
    owner->sessionCount--;
    WakeAllConditionVariable(&owner->nobody);
    ReleaseSRWLockExclusive(&owner->lock);
}

/*
 * Two threads share sessions as they should: the reference is taken, and the flag read, under the lock
 * of the set, and who waits for the last session is woken under it.
 */
PROGRAM("right-shared", RACE)
{
    HANDLE threads[2];
    Session *last;

    OpenOwner(2);
    threads[0] = StartThread(Work);
    threads[1] = StartThread(Work);
    WaitForSessions();
    owner->isClosed = true;
    last = owner->live;
    ReleaseSRWLockExclusive(&owner->lock);
    Release(last);
    /* Joined before it is freed: ReleaseSRWLockExclusive of the last one may still run. */
    JoinThread(threads[0]);
    JoinThread(threads[1]);
    free(owner);
}
