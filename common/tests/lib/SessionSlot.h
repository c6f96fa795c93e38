/*
 * SessionSlot: a place where threads find the sessions of stage 07 that others have put there. All bytes
 * zero is an empty one.
 */
#ifndef SESSION_SLOT_H
#define SESSION_SLOT_H

#include "Session.h"

typedef struct SessionSlot {
    SRWLOCK lock;
    Session *session; /* a reference */
} SessionSlot;

/* Puts the session, or NULL, into the slot; what was there is released. */
static inline void SessionSlot_Put(SessionSlot *slot, Session *session)
{
    Session *old;

    if (session != NULL)
        Session_AddRef(session);
    AcquireSRWLockExclusive(&slot->lock);
    old = slot->session;
    slot->session = session;
    ReleaseSRWLockExclusive(&slot->lock);
    if (old != NULL)
        Session_Release(old);
}

/* What is there, with a reference for the caller, or NULL. */
static inline Session *SessionSlot_Take(SessionSlot *slot)
{
    Session *session;

    AcquireSRWLockShared(&slot->lock);
    session = slot->session;
    if (session != NULL)
        Session_AddRef(session);
    ReleaseSRWLockShared(&slot->lock);
    return session;
}

#endif
