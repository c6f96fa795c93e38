/*
 * Library: what the files of the library's tests share. LibraryHost.c and LibraryPeer.c have the
 * functions.
 *
 * A Host is a Service whose sessions, the Probes, watch the library: every callback is checked for
 * its order, its thread and its number before the test's own function sees it. A Peer is a plain
 * socket at the other end. A test may return at any point: after it each host that runs is stopped,
 * and checked as by Host_Stop, and what else it leaves is ended. Sizes are in bytes, times in
 * milliseconds. A function that returns a host, a probe or a socket ends the test where there is
 * none; one that returns bool explains a failure with Test_Explain, except in callbacks and on
 * threads of their own.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "Peer.h"
#include "Random.h"
#include "ServerProcess.h"
#include "Service.h"
#include "Test.h"
#include "TestProgram.h"
#include "TestSocketUtils.h"

/*
 * STEP is the step of 07 that is tested; the last one is the stage. What an earlier step does not have
 * is left out of its tests: SINCE_5(...) is there from 07.5 on, and a test with `.firstStage = 5` runs
 * from there on.
 */
#ifndef STEP
#define STEP 7
#endif
#if STEP >= 4
#include "PacketSession.h"
#define SINCE_4(...) __VA_ARGS__
typedef int RecvResult;
#else
#define SINCE_4(...)
#define PACKET_HEADER_SIZE 4
typedef void RecvResult;
typedef Session PacketSession;
#endif
#if STEP >= 5
#define SINCE_5(...) __VA_ARGS__
#else
#define SINCE_5(...)
typedef enum ServiceType { SERVICE_SERVER, SERVICE_CLIENT } ServiceType;
#endif
#if STEP >= 6
#define SINCE_6(...) __VA_ARGS__
#else
#define SINCE_6(...)
#define Session_Close                     Session_Disconnect
#define Service_Connect(service, delayMs) Service_Connect(service)
#endif
#if STEP >= 7
#define SINCE_7(...) __VA_ARGS__
#else
#define SINCE_7(...)
#define Service_GetCounter(service, counter) ((void)(service), -1)
#endif

#define CAUSE_MAX 40 /* causes that a Host counts */
#define KEPT_MAX  64 /* sessions that a Host with keepsSessions can keep */

/* --- Hosts and probes ------------------------------------------------------------------------ */

typedef struct Host Host;
typedef struct Probe Probe;

/* What a test does with its sessions, on worker threads. NULL: nothing, or all is consumed. */
typedef struct Behaviour {
    void (*OnConnected)(Probe *probe);
    int (*OnRecv)(Probe *probe, const char *data, int length);
    void (*OnBytes)(Probe *probe); /* instead, where it does not matter which: all are consumed */
    void (*OnDisconnected)(Probe *probe);

    /* Not 0: the sessions are PacketSessions, with packets of at most so many bytes. */
    int maxPacketSize;
    void (*OnRecvPacket)(Probe *probe, uint16_t id, const char *body, int length);
} Behaviour;

extern const Behaviour silentBehaviour; /* receives, and does nothing with it */
extern const Behaviour echoBehaviour;   /* sends back all that comes */

/* A session. It is never freed before its host is, so a test may look at it at any time. */
struct Probe {
    union { /* must be first: the library destroys what begins here */
        Session session;
        PacketSession packetSession; /* where its host's behaviour has packets */
    };
    Host *host;
    Probe *next;             /* of the host's */
    SOCKET peer;             /* its other end, where Probe_Open has opened it */
    int number;              /* of the session, from 0 in the order of the connections; -1: none */
    volatile LONG started;   /* calls of OnConnected that have begun, */
    volatile LONG connected; /* and that have returned */
    volatile LONG disconnected;
    volatile LONG destroyed;
    volatile LONG receiving; /* calls of OnRecv that are running now */
    volatile LONG recvCalls; /* calls of OnRecv ever */
    volatile LONG64 consumed;
    DisconnectCause cause;
    DWORD error;
    uint32_t seed;       /* for what a test does at random */
    volatile LONG state; /* the test's own */
};

struct Host {
    Service service;
    ServiceSettings settings; /* a test may change them before Host_Start */
    const Behaviour *behaviour;
    bool keepsSessions; /* each connected session is kept by a reference until Host_Stop */
    bool isStarted;
    volatile LONG creationsToFail; /* so many of the next sessions are not created */

    volatile LONG created; /* sessions, ever */
    volatile LONG connected;
    volatile LONG disconnected;
    volatile LONG destroyed;
    volatile LONG refused;
    const char *volatile failedCall; /* of the last call of OnError */
    volatile LONG errors;            /* calls of OnError */
    volatile LONG causes[CAUSE_MAX];
    volatile LONG packets;

    Probe *volatile kept[KEPT_MAX]; /* by the number of the session */
    SRWLOCK lock;                   /* held for what follows */
    Probe *probes;
};

/* Sends a copy of the bytes, or those of the pattern from `position` on. As Session_Send. */
bool Probe_Send(Probe *probe, const void *data, int size);
bool Probe_SendPattern(Probe *probe, int size, LONG64 position);

/* The same for a buffer. NULL, which could not be opened, is not sent. */
bool Session_SendAndRelease(Session *session, SendBuffer *buffer);

/* What OnRecv gets has to be the pattern, from where the last call has stopped to consume. */
void Probe_CheckPattern(Probe *probe, const char *data, int length);

/*
 * A host that is not started, with the library's defaults on a free port of 127.0.0.1, but a short
 * time to end in peace.
 */
Host *Host_Create(ServiceType type, const Behaviour *behaviour);

void Host_Start(Host *host);

/* A session of such a host, as its createSession. A test's own createSession may call it. */
Session *Probe_Create(Service *service, int family);

/* How a server is other than Host_Create makes it. Members that are 0 change nothing. */
typedef struct ServerOptions {
    const Behaviour *behaviour;
    bool keepsSessions;
    const char *listenOn;             /* an address without its port */
    int workerCount, maxSessionCount; /* the others as in ServiceSettings and SessionSettings */
    int recvBufferSize, recvBufferMax, pauseBytes, limitBytes;
    DWORD idleTimeoutMs, drainMs, halfClosedMs;
} ServerOptions;

/* Creates and starts a server: START_SERVER(&echoBehaviour, .keepsSessions = true). */
#define START_SERVER(...) Host_StartServer(&(const ServerOptions){.behaviour = __VA_ARGS__})
Host *Host_StartServer(const ServerOptions *options);

/* Creates a client of `count` sessions to the server. It is not started. */
Host *Host_CreateClient(const Host *server, const Behaviour *behaviour, int count);

/* Creates and starts it. */
Host *Host_StartClient(const Host *server, const Behaviour *behaviour, int count);

/* Stops the service and makes all checks that hold for every service that was stopped. */
void Host_Stop(Host *host);

/* The two halves of that. The second releases the sessions that were kept. */
void Host_StopService(Host *host);
void Host_CheckStopped(Host *host);

/*
 * Waits for the session with this number, counted from 0 in the order of the connections, on a host
 * that keeps its sessions: it has a reference until Host_Stop.
 */
Probe *Host_WaitForProbe(Host *host, int number);

/* Waits until every session that was connected is disconnected, and that they are `count`. */
bool Host_WaitForDisconnected(Host *host, int count);

/* Each session that was disconnected was so with this cause, and there are `count` of them. */
bool Host_CheckCause(Host *host, DisconnectCause cause, int count);

/* Waits until the sessions receive nothing more. Returns how many bytes they have received. */
LONG64 Host_WaitForPause(Host *host);

/* Waits until they are. */
bool Host_AllEnd(Host *host, DisconnectCause cause, int count);

/* Stops the hosts of the test that run, the last one first, and frees all. */
void Hosts_CloseAll(void);

/* A callback on a thread that has said this is a fault: the library calls back on its own. */
void Host_MarkProgramThread(void);

/* --- Peers and threads ------------------------------------------------------------------------ */

/* Connects to it. */
SOCKET Peer_Open(const Host *host);

/*
 * The same, and waits for the session: the host keeps its sessions, and none that was opened before
 * is still to come. Little fits into NARROW buffers when nobody reads; 0: those of the system.
 */
#define NARROW 8192
Probe *Probe_Open(Host *host, int bufferSize);

/*
 * Writes a packet that says it has `size` bytes, with a body of the pattern from `id` on. Returns how
 * many bytes it has: a header at least.
 */
int Packet_Append(char *stream, int size, int id);

/* Sends `size` bytes of the pattern from `position` on; ENDLESS: until the connection ends. */
#define ENDLESS INT64_MAX
bool Peer_SendPattern(SOCKET peer, LONG64 position, LONG64 size);

/* The same from 0 on, on a thread. See Threads_Join. */
void Peer_StartSending(SOCKET peer, LONG64 size);

/* A thread that runs a function of the test's. It is a thread of the program. */
void Threads_Start(void (*run)(void *), void *argument);

/* What callbacks may wait for: an event that is not set when a test starts, and set at its end. */
extern HANDLE gate;

/* Waits for all threads of the test; those that send without end end with their connection. */
void Threads_Join(void);

/* --- Servers --------------------------------------------------------------------------------- */

/* The port that --port says; 0: none. */
extern long givenPort;

/* Starts the server.exe of stage 6 or 7 on a free port, quiet, and waits until it listens. NULL: it does not. */
ServerProcess *Server_Start(int stage, NetAddress *address);

/* After each test. */
void Fixture_End(void);

#endif
