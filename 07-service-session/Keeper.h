/*
 * Keeper: a thread for everything that is driven by time rather than by completions.
 *
 * An IocpObject that wants to be called at a time has a KeeperTimer. The timers stand in a wheel: a
 * ring of slots, one for each TICK_MS, and each timer in the list of the slot in which it is due. So
 * a timer is set and removed in constant time, and the thread looks only at what is due. One that is
 * due later than the wheel reaches is looked at once a round.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "IocpCore.h"
#include "ThreadManager.h"

#define TICK_MS      100
#define KEEPER_SLOTS 512

typedef struct KeeperTimer {
    IocpObject *object;
    ULONGLONG dueMs;              /* 0: it is not set */
    struct KeeperTimer *previous; /* in the list of a slot, a ring whose head is no timer */
    struct KeeperTimer *next;
    bool isRemoved;
} KeeperTimer;

typedef struct Keeper {
    ThreadManager thread;
    HANDLE wake;

    SRWLOCK lock;                    /* held to change what follows; no other is taken under it */
    bool isOver;                     /* the thread is to end */
    int count;                       /* timers that are set */
    ULONGLONG tick;                  /* the next that the thread does, in TICK_MS */
    KeeperTimer slots[KEEPER_SLOTS]; /* that of `tick` is slots[tick % KEEPER_SLOTS] */
} Keeper;

/* Starts the thread. False: GetLastError says why. Keeper_Stop may be called anyway. */
bool Keeper_Start(Keeper *keeper);

/* Ends the thread. When this returns, it calls no object any more. Not on the keeper's thread. */
void Keeper_Stop(Keeper *keeper);

/*
 * The timer's object is called, IocpObjectVtbl.OnTime, at `dueMs` (GetTickCount64) or up to 100 ms
 * later; earlier, if it was to be called earlier anyway. Does nothing after Keeper_Remove. Any
 * thread, and under any lock but the keeper's.
 */
void Keeper_Set(Keeper *keeper, KeeperTimer *timer, ULONGLONG dueMs);

/* The object is not called any more, from its next call on. It must have been called before the
   object's owner gives up its reference. */
void Keeper_Remove(Keeper *keeper, KeeperTimer *timer);

#endif
