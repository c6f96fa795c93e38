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

#include "PacketSession.h"
#include "Peer.h"
#include "Random.h"
#include "ServerProcess.h"
#include "Service.h"
#include "Test.h"
#include "TestProgram.h"
#include "TestSocketUtils.h"

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
    uint32_t seed; /* for what a test does at random */
    int state;     /* the test's own */
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

    SRWLOCK lock; /* held for what follows */
    Probe *probes;
    Probe *kept[KEPT_MAX]; /* by the number of the session */
    char violation[200];   /* the first rule that the library broke; "": none */
};

/* Sends a copy of the bytes, or those of the pattern from `position` on. As Session_Send. */
bool Probe_Send(Probe *probe, const void *data, int size);
bool Probe_SendPattern(Probe *probe, int size, LONG64 position);

/* Notes that the library broke a rule; the first one is what Host_Stop shows. Any thread. */
void Host_AddViolation(Host *host, const char *format, ...);

/*
 * A host that is not started, with the library's defaults on a free port of 127.0.0.1, but a short
 * time to end in peace.
 */
Host *Host_Create(ServiceType type, const Behaviour *behaviour);

void Host_Start(Host *host);

/* How a server is other than Host_Create makes it. Members that are 0 change nothing. */
typedef struct ServerOptions {
    const Behaviour *behaviour;
    bool keepsSessions;
    int workerCount, maxSessionCount; /* the others as in ServiceSettings and SessionSettings */
    int recvBufferSize, recvBufferMax, pauseBytes, limitBytes;
    DWORD idleTimeoutMs, drainMs;
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

/* Waits until they are. */
bool Host_AllEnd(Host *host, DisconnectCause cause, int count);

/* Stops the hosts of the test that run, the last one first, and frees all. */
void Hosts_CloseAll(void);

/* A callback on a thread that has said this is a fault: the library calls back on its own. */
void Host_MarkProgramThread(void);

/* --- Peers and threads ------------------------------------------------------------------------ */

/* Connects to it, see Peer_OpenTo. */
SOCKET Peer_Open(const Host *host);
SOCKET Peer_OpenWithBuffers(const Host *host, int bufferSize);

/* The same in two steps. The first does not wait; INVALID_SOCKET: not even that. */
SOCKET Peer_BeginOpen(const NetAddress *address);
bool Peer_EndOpen(SOCKET peer);

/*
 * Writes a packet that says it has `size` bytes, with a body of the pattern from `id` on. Returns how
 * many bytes it has: a header at least.
 */
int Packet_Append(char *stream, int size, int id);

/* A thread that sends `size` bytes of the pattern, or without end for -1. See Threads_Join. */
bool Peer_StartSending(SOCKET peer, LONG64 size);

/* A thread that runs a function of the test's. It is a thread of the program. */
bool Threads_Start(void (*run)(void *), void *argument);

/* Waits for all threads of the test; those that send without end end with their connection. */
void Threads_Join(void);

/* --- This process and servers ---------------------------------------------------------------- */

int Process_GetHandleCount(void);
int Process_GetMemoryKib(void);

/* This program is an instrumented one that was told to watch itself. */
bool Process_IsInstrumented(void);

/* The port that --port says; 0: none. */
extern long givenPort;

/* Starts the server.exe of stage 6 or 7 on a free port, quiet, and waits until it listens. NULL: it does not. */
ServerProcess *Server_Start(int stage, NetAddress *address);

void Fixture_Init(void);

/* After each test. */
void Fixture_End(void);

#endif
