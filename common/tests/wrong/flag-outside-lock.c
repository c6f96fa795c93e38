/*
 * A thread asks whether a set is closed before it has the lock of the set: by the time that it adds a
 * session, the set may have been closed and emptied, and nobody will take that session out.
 *
 * Expect: left over: 1 block of 100 bytes
 * Seeds: 20
 */
#include "Loopback.h"

#define ROUNDS 20

static SRWLOCK lock = SRWLOCK_INIT;
static void *only; /* the set */
static volatile bool isClosed;

static unsigned __stdcall Add(void *unused)
{
    void *session;

    (void)unused;
    if (isClosed)
        return 0;
    session = malloc(100); /* Wrong */
    AcquireSRWLockExclusive(&lock);
    only = session;
    ReleaseSRWLockExclusive(&lock);
    return 0;
}

static void CloseSet(void)
{
    AcquireSRWLockExclusive(&lock);
    isClosed = true;
    free(only);
    only = NULL;
    ReleaseSRWLockExclusive(&lock);
}

/* Until a session was lost, so that one block is left. */
int main(void)
{
    for (int i = 0; i < ROUNDS && only == NULL; i++) {
        HANDLE thread;

        isClosed = false;
        thread = StartThread(Add);
        CloseSet();
        JoinThread(thread);
    }
    return 0;
}
