/*
 * Listener: accepts clients through the port.
 *
 * Several AcceptEx are outstanding, each with a session that waits for its client and a buffer for
 * the addresses. When one has completed, on a worker, it is begun again with a new session,
 * whatever became of it. What cannot be begun just now, for want of sockets or memory, stays idle,
 * and the owner is asked to call Listener_RetryAccepts after a pause: no accept is ever lost, no
 * worker waits, and nobody spins.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "IocpCore.h"
#include "NetAddress.h"
#include "Session.h"

#define ACCEPT_COUNT 16

/* Room that AcceptEx needs for each of the two addresses of a connection: 16 bytes more than it has. */
#define ACCEPT_ADDRESS_SIZE ((int)sizeof(SOCKADDR_STORAGE) + 16)

/* The event of an accept, with what an accept needs. */
typedef struct AcceptEvent {
    IocpEvent event;
    Session *session;                     /* for the client that is to come */
    char buffer[2 * ACCEPT_ADDRESS_SIZE]; /* where AcceptEx writes the addresses */
    bool isPostponed; /* no accept is outstanding; Listener_RetryAccepts begins one */
} AcceptEvent;

typedef struct Listener {
    IocpObject object;
    SOCKET socket;
    int family; /* AF_INET or AF_INET6 */
    LPFN_ACCEPTEX acceptEx;
    LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs;
    IocpCore *core;
    SessionList *sessions; /* where accepted sessions belong */
    HANDLE retryEvent;     /* signalled when an accept has become idle */

    SRWLOCK lock;                /* held to change or read what follows */
    CONDITION_VARIABLE noAccept; /* no accept is outstanding */
    int outstanding;             /* accepts that are begun and not yet dispatched */
    bool isClosing;              /* nothing is begun any more */
    AcceptEvent events[ACCEPT_COUNT];
} Listener;

/* Makes Listener_Close harmless before Listener_StartAccept. */
void Listener_Init(Listener *listener);

/*
 * Listens on `address`, in which port 0 becomes the port that the system chose, and begins to
 * accept. Completions are dispatched by `core`; sessions join `sessions`; `retryEvent` is signalled
 * when the owner should pause and then call Listener_RetryAccepts. All three outlive the listener.
 * False: it cannot, and a sentence has said why; Listener_Close is due all the same.
 */
bool Listener_StartAccept(Listener *listener, NetAddress *address, IocpCore *core,
                          SessionList *sessions, HANDLE retryEvent);

/* Begins the idle accepts. If one still cannot be begun, it signals the event again. */
void Listener_RetryAccepts(Listener *listener);

/*
 * Cancels the accepts and waits until all have been dispatched, by other threads; then closes the
 * socket. No session is started any more when this returns. The owner's thread.
 */
void Listener_Close(Listener *listener);

#endif
