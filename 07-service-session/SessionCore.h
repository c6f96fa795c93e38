/*
 * SessionCore: what Session.c and SessionWorker.c share, and nobody else uses.
 *
 * The lock of the session is held in all these calls.
 */
#ifndef SESSION_CORE_H
#define SESSION_CORE_H

#include "SessionOwner.h"

#define MAX_SEND 65536 /* bytes that one WSASend takes: so that it is seen that it goes */

/* What became of a call that begins an operation. */
typedef enum IoResult {
    IO_DONE,    /* it is over, and no completion comes */
    IO_PENDING, /* a completion comes */
    IO_FAILED   /* it did not begin, and no completion comes */
} IoResult;

/* The vtbl of the session as an IocpObject, in SessionWorker.c; and in Session.c: */
void Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);
ULONGLONG Session_OnTime(IocpObject *object);

/* The cause where an operation has failed. */
DisconnectCause DisconnectCause_FromError(DWORD error);

/* To be called before each call that begins an operation, and whatever its result after it. `result`
   is what it returned. */
void Session_BeginOperation(Session *session, IocpEvent *event, EventType type);
IoResult Session_EndCall(Session *session, IocpEvent *event, int result, DWORD *error);

/* Ends the connection. What is outstanding completes soon, and the last of it ends the session. */
void Session_Abort(Session *session, DisconnectCause cause, DWORD error);

/* Does what has become possible. To be called after each change of what the lock protects. */
void Session_Advance(Session *session);

/* `bytes` of the queue were sent. */
void Session_EndSend(Session *session, DWORD bytes);

/* True: what is queued has to become less before more is received. */
bool Session_IsTooFull(const Session *session);

/* The keeper is to look at the session at that time, if not earlier. */
void Session_SetTimer(Session *session, ULONGLONG dueMs);

#endif
