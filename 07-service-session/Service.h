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
 *     Service_Stop(&service);
 *
 * Service_Start and Service_Stop are called by one thread, which is none of the workers. The other
 * functions may be called on any thread between the two, in callbacks, too.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "Listener.h"
#include "Session.h"
#include "ThreadManager.h"

typedef struct Service Service;

typedef enum ServiceType { SERVICE_SERVER, SERVICE_CLIENT } ServiceType;

/*
 * Makes a session of the program's own: allocates a struct that begins with a Session or a
 * PacketSession and calls Session_Init or PacketSession_Init with `owner` and `family`. Returns
 * it, or NULL with GetLastError. A worker's thread, the keeper's, or the one that calls Service_Start.
 */
typedef Session *(*SessionFactory)(Service *service, SessionOwner *owner, int family);

typedef struct ServiceSettings {
    ServiceType type;
    NetAddress address;           /* where to listen, or whom to connect to */
    SessionFactory createSession; /* must be set */
    void *context;                /* the program's own: service->settings.context */

    int maxSessionCount; /* live sessions; a server refuses more. A client connects so many */
    int workerCount;     /* 0: one for each processor, and two at least */
    SessionSettings session;
    DWORD idleTimeoutMs; /* a session without a byte for so long is disconnected; 0: never */
    DWORD drainMs;       /* how long Session_Close and Service_Stop let a session end in peace */

    /* A server turned a client away. NULL: nobody is told. A worker thread. */
    void (*OnRefused)(Service *service, const NetAddress *address, const char *reason);
} ServiceSettings;

typedef struct ServiceCounters {
    LONG64 sessionsNow;
    LONG64 sessionsEver;
    LONG64 refused;
    LONG64 recvBytes;
    LONG64 sendBytes;
    LONG64 recvCalls;
    LONG64 sendCalls;
    LONG64 packets;
} ServiceCounters;

struct Service {
    SessionOwner sessionOwner;
    ListenerOwner listenerOwner;
    ServiceSettings settings;
    IocpCore core;
    Listener listener;
    ThreadManager workers;
    ThreadManager keeper; /* one thread, for what is due at a time and not at a completion */
    HANDLE keeperEvent;   /* wakes it */

    SRWLOCK lock;                 /* held to change or walk what follows */
    CONDITION_VARIABLE noSession; /* the set has become empty */
    Session *first;               /* the set of live sessions; a reference each */
    int sessionCount;
    volatile LONG isKeeperOver;
    volatile LONG isAcceptIdle; /* Listener_RetryAccepts is due */
    volatile LONG64 sessionsEver;
    volatile LONG64 refused;
};

/* 100,000 sessions, a worker for each processor, buffers of 4 KiB that grow to 64 KiB, 64 KiB until
   a session pauses, 1 MiB until it is disconnected, no idle timeout, 1,000 ms to end in peace. */
ServiceSettings Service_GetDefaults(void);

/*
 * Starts the workers, and listens or begins to connect all sessions. False: it cannot, a sentence
 * on stderr has said why, and all is given back. True: Service_Stop is due. `settings` is copied;
 * the address in service->settings.address then has the real port.
 */
bool Service_Start(Service *service, const ServiceSettings *settings);

/*
 * Accepts nobody any more; closes all sessions in peace (Session_Close) for up to drainMs, then
 * disconnects those that are left; waits until each has had its OnDisconnected; ends the workers
 * and frees all. Sessions that the program still has references to live on, disconnected.
 */
void Service_Stop(Service *service);

/* Sends the buffer to every session that is connected now. Returns to how many. */
int Service_Broadcast(Service *service, SendBuffer *buffer);

int Service_GetSessionCount(Service *service);

/* Each number is exact by itself; they are not read at one instant. */
ServiceCounters Service_GetCounters(Service *service);

#endif
