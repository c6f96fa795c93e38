/*
 * Session: one connection, as a program of the library sees it.
 *
 * Life. A session is made by Session_New, is connected once (by a Listener, or because its service
 * dials) and disconnected once, when its socket is closed, and is destroyed with its last reference.
 * A program that keeps a pointer to a session keeps a reference: Session_AddRef, Session_Release.
 *
 * Callbacks. They run on the worker threads, never under a lock of the library and never inside a
 * call of the program: a callback may call every function here. For one session they come one at a
 * time and in this order: OnConnected once, also where it was disconnected an instant before; then
 * OnRecv, again and again; then, when nothing is outstanding any more, OnDisconnected once. So a
 * server's session has OnConnected and OnDisconnected, or no callback at all where it was refused; a
 * client's that could not be connected has OnDisconnected alone. While a callback waits its worker is
 * not there for other sessions; the other workers are.
 *
 * Sending. Session_Send queues; one WSASend at a time takes as much of the queue as it may gather.
 * A session whose queue is longer than its pauseBytes receives nothing more until the queue is
 * shorter, so a client that does not read is not read either. What others send to it still piles
 * up: past limitBytes it is disconnected.
 *
 * Ends. A peer that has closed its side is sent what is queued first, and Session_Close ends a
 * session gracefully as well. Session_Disconnect ends it at once: the peer gets a reset.
 */
#ifndef SESSION_H
#define SESSION_H

#include "Keeper.h"
#include "NetAddress.h"
#include "RecvBuffer.h"
#include "SendQueue.h"

typedef struct Service Service;
typedef struct Session Session;

/* Why a session is over. */
typedef enum DisconnectCause {
    CAUSE_NONE,            /* it is not */
    CAUSE_PEER_CLOSED,     /* the peer closed its side; what was queued went first, if it could */
    CAUSE_PEER_RESET,      /* the connection failed; Session_GetError says how */
    CAUSE_CONNECT_FAILED,  /* it was never connected; Session_GetError says why */
    CAUSE_SLOW_RECEIVER,   /* more than limitBytes were queued */
    CAUSE_IDLE,            /* nothing was received or sent for the idle timeout */
    CAUSE_BAD_PACKET,      /* PacketSession: an invalid size */
    CAUSE_BUFFER_FULL,     /* OnRecv consumed nothing of a full buffer */
    CAUSE_BAD_CONSUME,     /* OnRecv returned an invalid count */
    CAUSE_NO_MEMORY,       /* memory, handles or the system's buffers ran out */
    CAUSE_SERVICE_STOPPED, /* Service_Stop */
    CAUSE_PROGRAM          /* the program's own reasons begin here: CAUSE_PROGRAM + n */
} DisconnectCause;

/* A sentence for a person: "the peer does not read what it is sent". */
const char *DisconnectCause_GetText(DisconnectCause cause);

/* What a program does with its sessions. NULL: nothing. All on a worker thread. */
typedef struct SessionVtbl {
    /* The session is ready to send and receive. */
    void (*OnConnected)(Session *session);

    /*
     * `length` bytes, at least 1, wait at `data`. Returns how many were consumed, 0 to `length`;
     * the others are there again, with what follows them, when more was received. The bytes are
     * the session's: the program copies what it wants to keep. NULL: all are consumed.
     */
    int (*OnRecv)(Session *session, const char *data, int length);

    /* The connection is over, and this is the last call. The peer's address is still known. */
    void (*OnDisconnected)(Session *session, DisconnectCause cause);

    /*
     * Frees what the program allocated, the struct that holds the session included. NULL: free().
     * The library's own part is freed already. On the thread that released the last reference.
     */
    void (*Destroy)(Session *session);
} SessionVtbl;

typedef enum SessionState {
    STATE_NEW,
    STATE_CONNECTING, /* or accepted, and its service has yet to admit it */
    STATE_CONNECTED,
    STATE_CLOSING, /* sends what is queued, tells the peer, and waits for the peer's end */
    STATE_DISCONNECTED
} SessionState;

/* The receiving side of a session. */
typedef enum RecvState {
    RECV_ON,     /* a receive is outstanding, or a worker is about to start one */
    RECV_PAUSED, /* none is, because too much is queued */
    RECV_OVER    /* the peer has closed its side */
} RecvState;

/* The sending side of a session. */
typedef enum SendState {
    SEND_IDLE,
    SEND_BUSY, /* a send is outstanding */
    SEND_OVER  /* the peer was told that no more comes */
} SendState;

struct Session {
    IocpObject object;
    const SessionVtbl *vtbl;
    Service *service;
    SOCKET socket;       /* closed when the session is over */
    bool isSkipping;     /* an operation that succeeds at once queues no completion */
    NetAddress address;  /* the peer */
    IocpEvent recvEvent; /* also of connect */
    IocpEvent sendEvent;
    RecvBuffer recvBuffer; /* of the worker that receives, while no receive is outstanding */

    SRWLOCK lock; /* held to change or read what follows, and to start operations */
    SessionState state;
    RecvState recvState;
    SendState sendState;
    DisconnectCause cause;
    DWORD error;
    int pending; /* operations outstanding and workers at work: the last one ends it */
    SendQueue queue;
    ULONGLONG activeMs; /* GetTickCount64 when it last received or sent */
    ULONGLONG largeMs;  /* and when it last received more than a small buffer holds */
    ULONGLONG dialMs;   /* when it is to connect; 0: it has, or is not to */
    ULONGLONG closeMs;  /* when Session_Close was called; 0: it was not */

    KeeperTimer timer;
    Session *previous; /* in the service's set; under the service's lock */
    Session *next;
    void *context; /* the program's own */
};

void Session_AddRef(Session *session);
void Session_Release(Session *session);

/*
 * Queues the buffer's bytes, whole and in the order of the calls, and takes a reference to it. Any
 * thread. False: the session is not connected or closes, or this was too much for its limitBytes;
 * OnDisconnected tells which.
 */
bool Session_Send(Session *session, SendBuffer *buffer);

/*
 * Ends the connection; what is queued is lost. The first cause counts. Any thread, any time: one that
 * waits for its client yet serves none, and has no callback.
 */
void Session_Disconnect(Session *session, DisconnectCause cause);

/*
 * Ends the connection gracefully: receives nothing more, sends what is queued, tells the peer, and
 * waits until the peer has closed its side as well. Closed at once instead, a connection on which
 * bytes of the peer are unread is reset, and what was sent last is lost. The first cause counts.
 * After drainMs it is disconnected, whatever the peer still sends. Any thread.
 */
void Session_Close(Session *session, DisconnectCause cause);

bool Session_IsConnected(Session *session);
int Session_GetQueuedBytes(Session *session);                 /* that are still to be sent */
const NetAddress *Session_GetAddress(const Session *session); /* the peer; set when connected */
DWORD Session_GetError(Session *session);                     /* what failed; 0 if nothing did */

#endif
