/*
 * Session: one client, from the accept to the end of its connection; SessionList: all of them.
 *
 * A session has one operation outstanding, always: receive, send all of it, receive again. Whoever
 * handles the completion has the session to itself until it has begun the next operation. When
 * there is no next one, and all threads have left the session, it leaves the list, closes its socket
 * and frees itself.
 */
#ifndef SESSION_H
#define SESSION_H

#include "IocpCore.h"
#include "NetAddress.h"

#define BUFFER_SIZE 4096

/* The sessions that are connected. Any thread. */
typedef struct SessionList {
    SRWLOCK lock;                 /* held to change or to walk the list */
    CONDITION_VARIABLE noSession; /* the list has become empty */
    struct Session *first;
} SessionList;

typedef struct Session {
    IocpObject object;
    SOCKET socket;
    NetAddress address;
    char recvBuffer[BUFFER_SIZE];
    int recvBytes; /* bytes in recvBuffer */
    int sendBytes; /* how many of them went back */
    DWORD error;   /* why the session is over; 0: the client closed its side */

    volatile LONG references; /* its own while it is open, and one of each thread at work on it */
    SessionList *list;        /* where it belongs once it is connected */
    struct Session *previous;
    struct Session *next;
    IocpEvent recvEvent; /* of these two, one is outstanding */
    IocpEvent sendEvent;
} Session;

/*
 * A session with a new socket of `family`, not connected and not in `list`. It is the caller's
 * until Session_Destroy or Session_Start. NULL: GetLastError says why.
 */
Session *Session_Create(SessionList *list, int family);

/* Frees a session that was never started. */
void Session_Destroy(Session *session);

/*
 * A client at `address` is connected to the session's socket: the session joins its list and serves
 * the client. From here on it belongs to itself; the caller must not touch it any more.
 */
void Session_Start(Session *session, IocpCore *core, const NetAddress *address);

void SessionList_Init(SessionList *list);

/* Disconnects all sessions and waits until the last has left the list, on another thread. */
void SessionList_CloseAll(SessionList *list);

#endif
