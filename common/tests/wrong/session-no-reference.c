/*
 * A thread takes a session out of a set and its reference only when the lock of the set is free again:
 * between the two the session may have gone.
 *
 * Expect: memory: a
 * Seeds: 20
 * Alone: no
 */
#include "Loopback.h"

#define ROUNDS 50

typedef struct Session {
    volatile LONG references;
    char name[16];
} Session;

static SRWLOCK lock = SRWLOCK_INIT;
static Session *live; /* the set; it has a reference */

static void Release(Session *session)
{
    if (InterlockedDecrement(&session->references) == 0)
        free(session);
}

static void Greet(void)
{
    Session *session;

    AcquireSRWLockShared(&lock);
    session = live;
    ReleaseSRWLockShared(&lock);
    InterlockedIncrement(&session->references); /* Wrong */
    session->name[0] = 'x';
    Release(session);
}

static unsigned __stdcall GreetAll(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++)
        Greet();
    return 0;
}

/* A new session takes the place of the one that is in the set. */
static void Replace(void)
{
    Session *session = (Session *)calloc(1, sizeof(*session));
    Session *old;

    Require(session != NULL, "calloc");
    session->references = 1;
    AcquireSRWLockExclusive(&lock);
    old = live;
    live = session;
    ReleaseSRWLockExclusive(&lock);
    if (old != NULL)
        Release(old);
}

int main(void)
{
    HANDLE thread;

    Replace();
    thread = StartThread(GreetAll);
    for (int i = 0; i < ROUNDS; i++)
        Replace();
    JoinThread(thread);
    Release(live);
    return 0;
}
