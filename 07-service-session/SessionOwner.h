/*
 * SessionOwner: what a session needs from whoever keeps it, and what that calls. A program needs
 * none of it: Service is the owner of its sessions.
 */
#ifndef SESSION_OWNER_H
#define SESSION_OWNER_H

#include "Session.h"

/* Each counter has a cache line of its own: two workers that count do not wait for each other. */
#define CACHE_LINE 64

typedef struct SessionCounter {
    DECLSPEC_ALIGN(CACHE_LINE) volatile LONG64 value;
} SessionCounter;

/* Counters of all sessions of an owner. Any thread may read them; each is exact, by itself. */
typedef struct SessionCounters {
    SessionCounter recvBytes;
    SessionCounter sendBytes;
    SessionCounter recvCalls; /* WSARecv */
    SessionCounter sendCalls; /* WSASend */
    SessionCounter packets;   /* whole packets that a PacketSession delivered */
} SessionCounters;

void SessionCounter_Add(SessionCounter *counter, LONG64 number);

typedef struct SessionSettings {
    int recvBufferSize;  /* bytes of the receive buffer */
    int recvBufferMax;   /* that it grows to while more comes than fits */
    int pauseBytes;      /* above so much of queued memory nothing is received */
    int limitBytes;      /* and above so much the session is disconnected */
    DWORD idleTimeoutMs; /* a session without a byte for so long is disconnected; 0: never */
    DWORD drainMs;       /* how long Session_Close and Service_Stop let a session end in peace */
    DWORD halfClosedMs; /* how long a peer that has closed its side may take nothing; 0: for ever */
} SessionSettings;

typedef struct SessionOwner SessionOwner;
struct SessionOwner {
    IocpCore *core;
    Keeper *keeper;
    SessionSettings settings;
    SessionCounters counters;

    /* For a Listener: a session with a socket of `family`, one reference, the caller's. NULL:
       GetLastError says why. */
    Session *(*CreateSession)(SessionOwner *owner, int family);

    /* The session was connected. A worker thread, before its OnConnected. False: it is refused. */
    bool (*OnSessionConnected)(SessionOwner *owner, Session *session);

    /* The session is over. A worker thread, after its OnDisconnected; not for one that was refused. */
    void (*OnSessionDisconnected)(SessionOwner *owner, Session *session);

    /* A session could not be accepted, connected or served now: `call` failed. Any thread. */
    void (*OnError)(SessionOwner *owner, const char *call, DWORD error);
};

/*
 * Makes a session with a new socket of `family` for `owner`, with one reference, the caller's. The
 * program's struct begins with the session and was allocated by malloc or by the program;
 * vtbl->Destroy frees it. False: there is no session, GetLastError says why, and the caller frees
 * the struct itself.
 */
bool Session_Init(Session *session, const SessionVtbl *vtbl, SessionOwner *owner, int family);

/*
 * Begins to connect to `address`, `delayMs` from now, on a worker. Once, for a session that the
 * owner keeps already. OnConnected follows, or OnDisconnected with CAUSE_CONNECT_FAILED. Any thread.
 */
void Session_Connect(Session *session, const NetAddress *address, DWORD delayMs);

/*
 * For a Listener: the session's socket has accepted a client from `address`. If the program has
 * disconnected the session already, its socket is closed, and no callback comes. A worker thread.
 */
void Session_ProcessAccept(Session *session, const NetAddress *address);

#endif
