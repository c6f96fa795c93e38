/*
 * Listener: accepts clients through the port.
 *
 * Several AcceptEx are outstanding, each with a session that waits for its client and a buffer for
 * the addresses. When one has completed, whatever its result, a worker starts it again with a new
 * session. If that fails for lack of resources, the accept is postponed, and the owner is asked to
 * call Listener_RetryAccepts after a pause. So no accept is lost, no worker waits, and no thread
 * spins.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "IocpCore.h"
#include "NetAddress.h"
#include "Session.h"

#define ACCEPT_COUNT 16

/* What AcceptEx needs for each of the two addresses: 16 bytes more than the address has. */
#define ACCEPT_ADDRESS_SIZE ((int)sizeof(SOCKADDR_STORAGE) + 16)

/* What a listener needs from its owner. */
typedef struct ListenerOwner ListenerOwner;
struct ListenerOwner {
    /* A session with a socket of `family`, one reference, the listener's. NULL: GetLastError. */
    Session *(*CreateSession)(ListenerOwner *owner, int family);

    /* An accept was postponed: call Listener_RetryAccepts after a pause. Any thread. */
    void (*OnAcceptPostponed)(ListenerOwner *owner);
};

/* An accept: its event, and what else it needs. */
typedef struct AcceptEvent {
    IocpEvent event;
    Session *session;                     /* for the next client; a reference */
    char buffer[2 * ACCEPT_ADDRESS_SIZE]; /* where AcceptEx writes the addresses */
    bool isPostponed;                     /* not outstanding; Listener_RetryAccepts starts it */
} AcceptEvent;

typedef struct Listener {
    IocpObject object;
    SOCKET socket;
    int family; /* AF_INET or AF_INET6 */
    LPFN_ACCEPTEX acceptEx;
    LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs;
    IocpCore *core;
    ListenerOwner *owner;

    SRWLOCK lock;                /* held to change or read what follows */
    CONDITION_VARIABLE noAccept; /* no accept is outstanding */
    int outstanding;             /* accepts that are started and not yet dispatched */
    bool isClosing;              /* no more accepts are started */
    AcceptEvent events[ACCEPT_COUNT];
} Listener;

/* Makes Listener_Close harmless before Listener_StartAccept. */
void Listener_Init(Listener *listener);

/*
 * Listens on `address`, in which port 0 becomes the port that the system chose, and starts to
 * accept. On :: it also accepts IPv4 clients. Completions are dispatched by `core`, which outlives
 * the listener, as `owner` does. False: it failed and has printed why; Listener_Close
 * must still be called.
 */
bool Listener_StartAccept(Listener *listener, NetAddress *address, IocpCore *core,
                          ListenerOwner *owner);

/* Starts the postponed accepts. If one fails again, the owner is told again. */
void Listener_RetryAccepts(Listener *listener);

/*
 * Cancels the accepts and waits until all have been dispatched, by other threads; then closes the
 * socket. After that no more sessions are started. The owner's thread, no callback's.
 */
void Listener_Close(Listener *listener);

#endif
