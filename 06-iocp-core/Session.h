/*
 * Session: one client, from the accept to the end of its connection; SessionList: all of them.
 *
 * A session always has one operation outstanding: receive, send all of it, receive again. The
 * thread that handles the completion has the session to itself until it starts the next operation.
 * If there is no next one, and no thread uses the session any longer, it leaves the list, closes
 * its socket and frees itself.
 */
#ifndef SESSION_H
#define SESSION_H

#include "IocpCore.h"
#include "NetAddress.h"

#define BUFFER_SIZE 4096

/* The connected sessions. Any thread. */
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

    volatile LONG references; /* its own while it is open, and one for each thread at work on it */
    SessionList *list;        /* the list that it joins when it is connected */
    struct Session *previous;
    struct Session *next;
    IocpEvent recvEvent; /* one of these two is outstanding */
    IocpEvent sendEvent;
} Session;

/*
 * Creates a session with a new socket of `family`, which is neither connected nor in `list`. It
 * belongs to the caller until Session_Destroy or Session_Start. NULL: GetLastError says why.
 */
Session *Session_Create(SessionList *list, int family);

/* Frees a session that was never started. */
void Session_Destroy(Session *session);

/*
 * Serves the client at `address` that is connected to the session's socket. The session joins its
 * list and belongs to itself: the caller must not touch it any more.
 */
void Session_Start(Session *session, IocpCore *core, const NetAddress *address);

void SessionList_Init(SessionList *list);

/* Disconnects all sessions and waits until the workers have closed the last one. */
void SessionList_CloseAll(SessionList *list);

#endif
