/*
 * SessionCore: what the service, the listener and the two files of a session call of each other, and
 * no program does.
 */
#ifndef SESSION_CORE_H
#define SESSION_CORE_H

#include "Service.h"

/* --- A session, for its service and the listener; any thread ------------------------------------- */

/*
 * Starts to connect to `address`, `delayMs` from now, on a worker. Once, for a session that is in the
 * set already. OnConnected follows, or OnDisconnected with CAUSE_CONNECT_FAILED.
 */
void Session_Connect(Session *session, const NetAddress *address, DWORD delayMs);

/*
 * The session's socket has accepted a client from `address`. True: it is in the set, and Session_Serve
 * has to be called. False: the program has disconnected it already, or its service does not want it;
 * its socket is closed, and no callback comes. A worker thread.
 */
bool Session_ProcessAccept(Session *session, const NetAddress *address);
void Session_Serve(Session *session);

/* --- A service, for its sessions and the listener; no lock is held ------------------------------- */

/* The session was accepted. A worker thread, before its OnConnected. False: it is refused. */
bool Service_AdmitSession(Service *service, Session *session);

/* The session is over. After its OnDisconnected; not for one that was refused. A worker thread. */
void Service_RemoveSession(Service *service, Session *session);

/* Something does not work now: `call` failed. Any thread. */
void Service_Report(Service *service, const char *call, DWORD error);

void Service_Count(Service *service, Counter counter, LONG64 number);

/* --- Between Session.c and SessionWorker.c; the session's lock is held ----------------------------- */

#define MAX_SEND 65536 /* bytes that one WSASend takes: so that it is seen that it goes */

/* The outcome of a call that starts an operation. */
typedef enum IoResult {
    IO_DONE,    /* it is over, and no completion comes */
    IO_PENDING, /* a completion comes */
    IO_FAILED   /* it did not start, and no completion comes */
} IoResult;

/* The vtbl of the session as an IocpObject, in SessionWorker.c: without the lock. */
void Session_Dispatch(IocpObject *object, IocpEvent *event, DWORD bytes, DWORD error);

/* The cause where an operation has failed. */
DisconnectCause DisconnectCause_FromError(DWORD error);

/* To be called before each call that starts an operation, and whatever its result after it. `result`
   is what it returned. */
void Session_BeginOperation(Session *session, IocpEvent *event, EventType type);
IoResult Session_EndCall(Session *session, IocpEvent *event, int result, DWORD *error);

/* Ends the connection. What is outstanding completes soon, and the last of it ends the session. */
void Session_Abort(Session *session, DisconnectCause cause, DWORD error);

/* Does what has become possible. To be called after each change of what the lock protects. */
void Session_Advance(Session *session);

/* `bytes` of the queue were sent. */
void Session_EndSend(Session *session, DWORD bytes);

/* The keeper is to look at the session at that time, if not earlier. */
void Session_SetTimer(Session *session, ULONGLONG dueMs);

#endif
