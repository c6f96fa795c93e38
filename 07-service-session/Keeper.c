/*
 * Keeper: see Keeper.h.
 */
#include "Keeper.h"

/* --- The wheel; the lock is held ------------------------------------------------------------ */

static void Timer_Unlink(KeeperTimer *timer)
{
    timer->previous->next = timer->next;
    timer->next->previous = timer->previous;
}

static void Timer_Link(KeeperTimer *timer, KeeperTimer *head)
{
    timer->previous = head;
    timer->next = head->next;
    head->next->previous = timer;
    head->next = timer;
}

/* Into the slot of its time: not before the next tick, and not further than the wheel reaches. */
static void Keeper_Insert(Keeper *keeper, KeeperTimer *timer)
{
    ULONGLONG tick = (timer->dueMs + TICK_MS - 1) / TICK_MS;

    tick = max(tick, keeper->tick);
    tick = min(tick, keeper->tick + KEEPER_SLOTS - 2);
    Timer_Link(timer, &keeper->slots[tick % KEEPER_SLOTS]);
}

static void Keeper_Clear(Keeper *keeper, KeeperTimer *timer)
{
    if (timer->dueMs != 0) {
        Timer_Unlink(timer);
        timer->dueMs = 0;
        keeper->count--;
    }
}

/* --- The thread ----------------------------------------------------------------------------- */

/* Calls the object of a timer whose time has come; the lock is not held during the call. */
static void Keeper_Call(Keeper *keeper, KeeperTimer *timer)
{
    IocpObject *object = timer->object;
    ULONGLONG dueMs;

    /* The timer is removed before its object is destroyed: so here it is still alive. */
    IocpObject_AddRef(object);
    Keeper_Clear(keeper, timer);
    ReleaseSRWLockExclusive(&keeper->lock);
    dueMs = object->vtbl->OnTime(object);
    if (dueMs != 0)
        Keeper_Set(keeper, timer, dueMs);
    IocpObject_Release(object);
    AcquireSRWLockExclusive(&keeper->lock);
}

/* Does the next tick: its slot is empty after it, as nothing is put into the slot of a tick that was. */
static void Keeper_DoTick(Keeper *keeper, ULONGLONG nowMs)
{
    KeeperTimer *head = &keeper->slots[keeper->tick++ % KEEPER_SLOTS];

    while (head->next != head) {
        KeeperTimer *timer = head->next;

        if (timer->dueMs <= nowMs) {
            Keeper_Call(keeper, timer);
        } else {
            Timer_Unlink(timer);
            Keeper_Insert(keeper, timer);
        }
    }
}

static void Keeper_Main(void *argument)
{
    Keeper *keeper = (Keeper *)argument;

    AcquireSRWLockExclusive(&keeper->lock);
    while (!keeper->isOver) {
        DWORD timeoutMs = keeper->count > 0 ? TICK_MS : INFINITE;
        ULONGLONG nowMs;

        ReleaseSRWLockExclusive(&keeper->lock);
        WaitForSingleObject(keeper->wake, timeoutMs);
        AcquireSRWLockExclusive(&keeper->lock);
        nowMs = GetTickCount64();
        while (keeper->tick <= nowMs / TICK_MS && !keeper->isOver)
            Keeper_DoTick(keeper, nowMs);
    }
    ReleaseSRWLockExclusive(&keeper->lock);
}

bool Keeper_Start(Keeper *keeper)
{
    ZeroMemory(keeper, sizeof(*keeper));
    InitializeSRWLock(&keeper->lock);
    for (int i = 0; i < KEEPER_SLOTS; i++)
        keeper->slots[i].previous = keeper->slots[i].next = &keeper->slots[i];
    keeper->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    return keeper->wake != NULL && ThreadManager_Launch(&keeper->thread, Keeper_Main, keeper);
}

void Keeper_Stop(Keeper *keeper)
{
    AcquireSRWLockExclusive(&keeper->lock);
    keeper->isOver = true;
    ReleaseSRWLockExclusive(&keeper->lock);
    if (keeper->wake == NULL)
        return;
    SetEvent(keeper->wake);
    ThreadManager_Join(&keeper->thread);
    CloseHandle(keeper->wake);
    keeper->wake = NULL;
}

void Keeper_Set(Keeper *keeper, KeeperTimer *timer, ULONGLONG dueMs)
{
    AcquireSRWLockExclusive(&keeper->lock);
    if (!timer->isRemoved && (timer->dueMs == 0 || dueMs < timer->dueMs)) {
        bool isFirst = keeper->count == 0;

        /* Without a timer the thread sleeps, and the wheel has stood still. */
        if (isFirst)
            keeper->tick = max(keeper->tick, GetTickCount64() / TICK_MS);
        Keeper_Clear(keeper, timer);
        timer->dueMs = dueMs;
        keeper->count++;
        Keeper_Insert(keeper, timer);
        if (isFirst)
            SetEvent(keeper->wake);
    }
    ReleaseSRWLockExclusive(&keeper->lock);
}

void Keeper_Remove(Keeper *keeper, KeeperTimer *timer)
{
    AcquireSRWLockExclusive(&keeper->lock);
    Keeper_Clear(keeper, timer);
    timer->isRemoved = true;
    ReleaseSRWLockExclusive(&keeper->lock);
}
