/*
 * Service: a program's sessions, the port that serves them, and its workers.
 *
 * A SERVICE_SERVER has a listener and the sessions that it accepted; a SERVICE_CLIENT has sessions
 * that it connects to a server. Either way the program says with a factory what its sessions are
 * and with their vtbl what they do; see Session.h for when its callbacks run.
 *
 *     Service service;
 *     ServiceSettings settings = Service_GetDefaults();
 *     settings.type = SERVICE_SERVER; settings.address = ...; settings.createSession = ...;
 *     if (Service_Start(&service, &settings))
 *         ... until it is time ...
 *     else
 *         fprintf(stderr, "%s\n", Service_GetError(&service));
 *     Service_Stop(&service);
 *
 * SocketUtils_Init comes before, and SocketUtils_Clear after. Service_Start and Service_Stop are
 * called by one thread of the program. The other functions may be called on any thread between the
 * two, also in callbacks.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "Listener.h"
#include "Session.h"

/* Counters are changed by 64-bit instructions, for which 32-bit programs do not align them. */
#ifndef _WIN64
#error "This library is for 64-bit programs."
#endif

#define SERVICE_TEXT_SIZE 640

typedef enum ServiceType { SERVICE_SERVER, SERVICE_CLIENT } ServiceType;

/*
 * Makes a session of the program's own: calls Session_New or PacketSession_New, and sets what the
 * program has added. Returns it, or NULL with GetLastError (0 becomes ERROR_INVALID_FUNCTION). A
 * worker's thread, the keeper's, or the one that calls Service_Start or Service_Connect.
 */
typedef Session *(*SessionFactory)(Service *service, int family);

/* How each session of the service is. */
typedef struct SessionSettings {
    int recvBufferSize;  /* bytes of the receive buffer */
    int recvBufferMax;   /* that it grows to while more comes than fits */
    int pauseBytes;      /* above so much of queued memory nothing is received */
    int limitBytes;      /* and above so much the session is disconnected */
    DWORD idleTimeoutMs; /* a session without a byte for so long is disconnected; 0: never */
    DWORD drainMs;       /* how long Session_Close and Service_Stop wait for a graceful close */
    DWORD halfClosedMs; /* how long a peer that has closed its side may take nothing; 0: for ever */
} SessionSettings;

typedef struct ServiceSettings {
    ServiceType type;
    NetAddress address;           /* where to listen, or whom to connect to */
    SessionFactory createSession; /* must be set */
    void *context;                /* the program's own: service->settings.context */

    int maxSessionCount; /* sessions at once: more are refused */
    int connectCount;    /* sessions that a client connects when it starts */
    int workerCount;     /* 0: one for each processor, and two at least */
    SessionSettings session;

    /* A server turned a client away. NULL: nobody is told. A worker thread. */
    void (*OnRefused)(Service *service, const NetAddress *address, const char *reason);

    /*
     * Something does not work now, and the service goes on: `call` failed with `error`, and `text`
     * is a sentence that says so. NULL: nobody is told. Any thread of the service. That a server
     * could not be reached is not among it: OnDisconnected has it, with CAUSE_CONNECT_FAILED, and
     * Session_GetError the number; but that dialling could not even begin is.
     */
    void (*OnError)(Service *service, const char *call, DWORD error, const char *text);
} ServiceSettings;

/* What is counted. */
typedef enum Counter {
    COUNTER_SESSIONS, /* that were in the set, ever */
    COUNTER_REFUSED,
    COUNTER_RECV_BYTES,
    COUNTER_SEND_BYTES,
    COUNTER_RECV_CALLS, /* WSARecv */
    COUNTER_SEND_CALLS, /* WSASend */
    COUNTER_PACKETS,    /* whole packets that PacketSessions delivered */
    COUNTER_COUNT
} Counter;

/* Each has a cache line of its own: two workers that count do not wait for each other. */
typedef struct CounterLine {
    DECLSPEC_ALIGN(64) volatile LONG64 value;
} CounterLine;

struct Service {
    CounterLine counters[COUNTER_COUNT];
    ServiceSettings settings;
    IocpCore core;
    Keeper keeper;
    Listener listener;
    ThreadManager workers;
    char error[SERVICE_TEXT_SIZE]; /* of Service_Start */

    SRWLOCK lock;                 /* held to change or walk what follows */
    CONDITION_VARIABLE noSession; /* the set has become empty */
    Session *first;               /* the set of live sessions; a reference each */
    int sessionCount;
    bool isStopping;           /* no session is added any more */
    volatile LONG endingCount; /* sessions of the set whose OnDisconnected has begun */
};

/* 100,000 sessions, one that a client connects, a worker for each processor, buffers of 4 KiB that
   grow to 64 KiB, 64 KiB until a session pauses, 1 MiB until it is disconnected, no idle timeout,
   1,000 ms to close gracefully, 60,000 ms for a peer that has closed its side. */
ServiceSettings Service_GetDefaults(void);

/*
 * Starts the workers, and listens or starts to connect. False: it cannot, Service_GetError says why,
 * and all is given back; Service_Stop does nothing then. `settings` is copied; the address in
 * service->settings.address then has the real port.
 */
bool Service_Start(Service *service, const ServiceSettings *settings);

/* Why Service_Start has failed: a sentence. */
const char *Service_GetError(const Service *service);

/*
 * Accepts nobody any more; closes all sessions gracefully (Session_Close) for up to drainMs, then
 * disconnects those that are left; waits until each has had its OnDisconnected; ends the workers
 * and frees all. Sessions that the program still has references to live on, disconnected.
 * False, with ERROR_POSSIBLE_DEADLOCK, and nothing was done: a thread of the service has called it,
 * and would wait for itself.
 */
bool Service_Stop(Service *service);

/*
 * A client: connects one session more, `delayMs` from now. Its OnConnected comes, or its
 * OnDisconnected with CAUSE_CONNECT_FAILED. Any thread; in OnDisconnected the place of that session is
 * free already. False: GetLastError says why. ERROR_CONNECTION_COUNT_LIMIT: there are maxSessionCount.
 * ERROR_SHUTDOWN_IN_PROGRESS: Service_Stop was called.
 */
bool Service_Connect(Service *service, DWORD delayMs);

/* Sends the buffer to every session that is connected now. Returns to how many. */
int Service_Broadcast(Service *service, SendBuffer *buffer);

int Service_GetSessionCount(Service *service);

/* Each number is exact by itself. Also after Service_Stop. */
LONG64 Service_GetCounter(const Service *service, Counter counter);

/*
 * For a factory: a session of `size` bytes, of which the first are a Session and the others 0, with
 * a socket of `family`. One reference, the caller's. NULL: GetLastError says why.
 */
Session *Session_New(Service *service, const SessionVtbl *vtbl, size_t size, int family);

/* The service that the session belongs to. Valid until its OnDisconnected has returned. */
Service *Session_GetService(Session *session);

#endif
