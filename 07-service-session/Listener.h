/*
 * Listener: accepts clients through the port.
 *
 * Several AcceptEx are outstanding, each with a session that waits for its client and a buffer for
 * the addresses. When one has completed, whatever its result, a worker starts it again with a new
 * session, and then serves the client. If it cannot be started for lack of resources, the accept is
 * postponed, and the keeper starts it after a pause. So no accept is lost, no worker waits, and no
 * thread spins.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "Session.h"

#define ACCEPT_COUNT 16

/* What AcceptEx needs for each of the two addresses: 16 bytes more than the address has. */
#define ACCEPT_ADDRESS_SIZE ((int)sizeof(SOCKADDR_STORAGE) + 16)

/* An accept: its event, and what else it needs. */
typedef struct AcceptEvent {
    IocpEvent event;
    Session *session;                     /* for the next client; a reference */
    char buffer[2 * ACCEPT_ADDRESS_SIZE]; /* where AcceptEx writes the addresses */
    volatile LONG isPostponed;            /* not outstanding; the keeper starts it */
} AcceptEvent;

typedef struct Listener {
    IocpObject object;
    SOCKET socket;
    int family; /* AF_INET or AF_INET6 */
    LPFN_ACCEPTEX acceptEx;
    LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs;
    Service *service;
    KeeperTimer timer; /* for the postponed accepts */

    SRWLOCK lock;                /* held to change or read what follows */
    CONDITION_VARIABLE noAccept; /* no accept is outstanding */
    int outstanding;             /* accepts that are started and not yet dispatched */
    bool isClosing;              /* no more accepts are started */
    AcceptEvent events[ACCEPT_COUNT];
} Listener;

/* Makes Listener_Close harmless before Listener_StartAccept. */
void Listener_Init(Listener *listener);

/*
 * Listens on the address of the service's settings, in which port 0 becomes the port that the system
 * chose, and starts to accept. On :: it also accepts IPv4 clients. Returns NULL, or the call that
 * failed; GetLastError says why, and Listener_Close must still be called.
 */
const char *Listener_StartAccept(Listener *listener, Service *service);

/*
 * Cancels the accepts and waits until all have been dispatched, by other threads; then closes the
 * socket. After that no more sessions are started. The owner's thread, no callback's.
 */
void Listener_Close(Listener *listener);

#endif
