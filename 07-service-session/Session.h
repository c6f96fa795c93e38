/*
 * Session: one connection, as a program of the library sees it.
 *
 * Life. A session is created with one reference, is connected once (by a Listener, or by
 * Session_Connect) and disconnected once, when its socket is closed, and is destroyed with its last
 * reference. A program that keeps a pointer to a session keeps a reference: Session_AddRef,
 * Session_Release.
 *
 * Callbacks. They run on the worker threads, never under a lock of the library and never inside a
 * call of the program: a callback may call every function here. For one session they come in this
 * order: OnConnected once; then OnRecv, one at a time, and OnSend, one at a time, which may run
 * beside an OnRecv; then, when all of them have returned and nothing is outstanding, OnDisconnected
 * once. A session that could not be connected has OnDisconnected alone. A callback must not wait:
 * the sessions that its worker has at hand would wait with it.
 *
 * Sending. Session_Send queues; one WSASend at a time takes as much of the queue as it may gather.
 * A session whose queue is longer than its pauseBytes receives nothing more until the queue is
 * shorter, so a client that does not read is not read either. What others send to it still piles
 * up: past limitBytes it is disconnected.
 * A peer that has closed its side is sent what is queued first; if it does not read, its session
 * stays until the owner's idle timeout.
 */
#ifndef SESSION_H
#define SESSION_H

#include "IocpCore.h"
#include "NetAddress.h"
#include "RecvBuffer.h"
#include "SendBuffer.h"

typedef struct Session Session;

/* Why a session is over. */
typedef enum DisconnectCause {
    CAUSE_NONE,            /* it is not */
    CAUSE_PEER_CLOSED,     /* the peer closed its side; what was queued went first, if it could */
    CAUSE_PEER_RESET,      /* the connection failed; Session_GetError says how */
    CAUSE_CONNECT_FAILED,  /* it was never connected; Session_GetError says why */
    CAUSE_SLOW_RECEIVER,   /* more than limitBytes were queued */
    CAUSE_IDLE,            /* nothing was received or sent for the idle timeout */
    CAUSE_BAD_PACKET,      /* PacketSession: a size that cannot be */
    CAUSE_BUFFER_FULL,     /* OnRecv consumed nothing of a full buffer */
    CAUSE_BAD_CONSUME,     /* OnRecv returned a number that cannot be */
    CAUSE_NO_MEMORY,       /* memory or handles ran out */
    CAUSE_SERVICE_STOPPED, /* Service_Stop */
    CAUSE_PROGRAM          /* the program's own reasons begin here: CAUSE_PROGRAM + n */
} DisconnectCause;

/* A sentence for a person: "the peer does not read what it is sent". */
const char *DisconnectCause_GetText(DisconnectCause cause);

/* What a program does with its sessions. NULL: nothing. All on a worker thread. */
typedef struct SessionVtbl {
    /* It can be sent to and will receive. */
    void (*OnConnected)(Session *session);

    /*
     * `length` bytes, at least 1, wait at `data`. Returns how many were consumed, 0 to `length`;
     * the others are there again, with what follows them, when more was received. The bytes are
     * the session's: the program copies what it wants to keep. NULL: all are consumed.
     */
    int (*OnRecv)(Session *session, const char *data, int length);

    /* `bytes` of the queue were handed to the system since the last OnSend. Not: delivered. */
    void (*OnSend)(Session *session, int bytes);

    /* The connection is over, and this is the last call. The peer's address is still known. */
    void (*OnDisconnected)(Session *session, DisconnectCause cause);

    /*
     * Frees what the program allocated, the struct that holds the session included. NULL: free().
     * Session_Init's own part is freed already. On the thread that released the last reference.
     */
    void (*Destroy)(Session *session);
} SessionVtbl;

/* Counters of all sessions of an owner. Any thread may read them; each is exact, by itself. */
typedef struct SessionCounters {
    volatile LONG64 recvBytes;
    volatile LONG64 sendBytes;
    volatile LONG64 recvCalls; /* WSARecv */
    volatile LONG64 sendCalls; /* WSASend */
    volatile LONG64 packets;   /* whole packets that a PacketSession delivered */
} SessionCounters;

typedef struct SessionSettings {
    int recvBufferSize; /* bytes of the receive buffer */
    int recvBufferMax;  /* that it grows to while more comes than fits */
    int pauseBytes;     /* queued bytes above which nothing is received */
    int limitBytes;     /* queued bytes above which the session is disconnected */
} SessionSettings;

/* Whoever keeps the sessions, told on a worker thread. A session knows nothing else of it. */
typedef struct SessionOwner SessionOwner;
struct SessionOwner {
    IocpCore *core;
    SessionSettings settings;
    SessionCounters counters;

    /* The session was connected. Before its OnConnected. False: it is refused. */
    bool (*OnSessionConnected)(SessionOwner *owner, Session *session);

    /* Session_Close was called: the session now waits for the peer. Any thread, no lock held. */
    void (*OnSessionClosing)(SessionOwner *owner, Session *session);

    /* The session is over. After its OnDisconnected; not for one that was refused. */
    void (*OnSessionDisconnected)(SessionOwner *owner, Session *session);
};

/* A queue of buffers to be sent: a ring that grows. */
typedef struct SendQueue {
    SendBuffer **buffers; /* references */
    int capacity;
    int first;
    int count;
} SendQueue;

/* The most buffers that one WSASend takes. */
#define MAX_GATHER 16

typedef enum SessionState {
    STATE_NEW,
    STATE_CONNECTING,
    STATE_CONNECTED,
    STATE_CLOSING, /* sends what is queued, then says so to the peer and waits for its end */
    STATE_DISCONNECTED
} SessionState;

struct Session {
    IocpObject object;
    const SessionVtbl *vtbl;
    SessionOwner *owner;
    SOCKET socket; /* closed by Session_Finish; if it never began, with the last reference */
    NetAddress address;
    IocpEvent recvEvent; /* of connect, too */
    IocpEvent sendEvent;
    RecvBuffer recvBuffer;
    int inlineCount; /* receives that went through no port, since the last that did */

    SRWLOCK lock; /* held to change or read what follows, and to begin operations */
    SessionState state;
    DisconnectCause cause;
    DWORD error;
    int pending;      /* operations outstanding and workers at work: the last one ends it */
    bool isConnected; /* OnConnected has been called, or is about to be */
    bool isRefused;   /* by the owner: no callback comes */
    bool isReporting; /* a worker is in OnSend or OnConnected */
    bool isSending;   /* sendEvent is in use */
    bool isPaused;    /* no receive is outstanding, because the queue is too long */
    bool isRecvOver;  /* the peer has sent its last */
    bool isShutDown;  /* STATE_CLOSING: the peer was told that no more comes */
    bool isClosed;    /* by Session_Close: how long it may take is limited */
    SendQueue queue;
    int queuedBytes;        /* in queue and in the operation that is outstanding */
    int sentOfFirst;        /* bytes of the first buffer that went out already */
    int unreportedBytes;    /* sent, and not yet told to OnSend */
    volatile LONG activity; /* changes with every receive and send */
    LONG seenActivity;      /* what Session_CheckTime last saw of it, and when */
    ULONGLONG seenMs;
    ULONGLONG closingMs; /* when Session_CheckTime first saw that Session_Close was called */

    Session *previous; /* for the owner's list; under the owner's lock */
    Session *next;
    void *context; /* the program's own */
};

/*
 * Makes a session with a new socket of `family` for `owner`, with one reference, the caller's. The
 * program's struct begins with the session and was allocated by the program; vtbl->Destroy frees
 * it. False: there is no session, GetLastError says why, and the program frees its struct itself.
 */
bool Session_Init(Session *session, const SessionVtbl *vtbl, SessionOwner *owner, int family);

void Session_AddRef(Session *session);
void Session_Release(Session *session);

/*
 * Begins to connect to `address`. Once, by a program that has no listener. OnConnected follows, or
 * OnDisconnected with CAUSE_CONNECT_FAILED. False: it did not begin, no callback comes, and
 * GetLastError says why. Any thread.
 */
bool Session_Connect(Session *session, const NetAddress *address);

/*
 * For a Listener: the session's socket has accepted a client from `address`. False: it cannot be
 * served, no callback comes, and GetLastError says why. If the program has disconnected the session
 * already, its socket is closed, and no callback comes either. A worker thread.
 */
bool Session_ProcessAccept(Session *session, const NetAddress *address);

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
 * Ends the connection in peace: receives nothing more, sends what is queued, tells the peer, and
 * waits until the peer has closed its side, too. Closed at once instead, a connection on which
 * bytes of the peer are unread is reset, and what was sent last is lost. The first cause counts.
 * How long that may take is up to the owner, see Session_CheckTime. Any thread.
 */
void Session_Close(Session *session, DisconnectCause cause);

bool Session_IsConnected(Session *session);
int Session_GetQueuedBytes(Session *session);
const NetAddress *Session_GetAddress(const Session *session); /* the peer; set when connected */
DWORD Session_GetError(Session *session);                     /* what failed; 0 if nothing did */

/*
 * For the owner, now and then: disconnects a session without a byte for `idleMs` (0: never), or
 * for `closeMs` after Session_Close, whatever the peer still sends. `nowMs` is GetTickCount64; the
 * times run from the first call that finds the session so. True: Session_Close was called and it
 * is not over, so call again soon.
 */
bool Session_CheckTime(Session *session, ULONGLONG nowMs, DWORD idleMs, DWORD closeMs);

#endif
