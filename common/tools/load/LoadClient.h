/*
 * LoadClient: one connection of load.exe.
 *
 * A client connects, sends messages as its plan says, compares every byte that comes back, and
 * leaves: it tells the server that it sends no more, and waits for the server's end. One receive and
 * one send may be outstanding, so it keeps receiving while it sends. Whatever goes wrong ends it and
 * is counted, once.
 *
 * What it sends. The bytes of a connection are a part of one long sequence that repeats itself after
 * 65,521 bytes, a prime number; each connection begins elsewhere in it. So a client keeps no copy of
 * what it sends: for every byte that comes back, its place tells what it must be.
 *
 * Messages. A message is `size` bytes, and up to `depth` of them are on their way. Without a rate
 * the next is sent as soon as one has come back, and its time begins when it is handed to WSASend.
 * With a rate each message has a time at which it is due, whatever the server does, and its time
 * begins then, even if it could not be sent yet: a server that stops for a second makes all messages
 * of that second late, not one. With bursts it is due when the burst begins, and the burst is what
 * is timed.
 *
 * All clients of a group, and the group, belong to one thread, but for the counts.
 */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "LoadHistogram.h"
#include "NetAddress.h"

/* What all clients are to do. It only goes forward. */
typedef enum LoadPhase {
    PHASE_CONNECT, /* connect all clients, and be silent */
    PHASE_WARM_UP, /* talk, and measure nothing yet */
    PHASE_MEASURE, /* talk, and measure */
    PHASE_DRAIN,   /* say nothing more, and wait for what is owed */
    PHASE_LEAVE,   /* end the connections */
    PHASE_STOP     /* the same at once */
} LoadPhase;

/* Is that a phase in which clients talk? */
static inline bool LoadPhase_IsTalking(LoadPhase phase)
{
    return phase == PHASE_WARM_UP || phase == PHASE_MEASURE;
}

/* What can go wrong for a client. Any of it ends the client. */
typedef enum LoadError {
    LOAD_NO_CONNECTION, /* there was none, or no socket */
    LOAD_BROKEN,        /* a send or a receive failed */
    LOAD_ENDED,         /* the server ended the connection and owed bytes, or not yet asked to */
    LOAD_SILENT,        /* nothing came for timeoutMs, and something was owed */
    LOAD_CORRUPT,       /* a byte that is not in what was sent */
    LOAD_DISPLACED,     /* bytes of another place: some were lost, or came twice, or out of order */
    LOAD_EXTRA,         /* more bytes than were sent */
    LOAD_ERROR_COUNT
} LoadError;

/* One word for each: "corrupt". And a few, of clients: "Got a byte that was not sent". */
const char *LoadError_GetName(LoadError error);
const char *LoadError_GetText(LoadError error);

/* The same for all clients, and unchanged while there are some. */
typedef struct LoadPlan {
    NetAddress address;
    int clients; /* that talk, in all workers */
    int idle;    /* that do not */
    int size;    /* bytes of a message */
    int depth;   /* messages of a client on their way */
    int threads;
    double rate;     /* messages a second of all clients; 0: as fast as they come back */
    bool isChurn;    /* each message on a connection of its own */
    bool isBurst;    /* all send one message at once, when those before have come back */
    DWORD timeoutMs; /* how long a client waits for what it is owed */
    int64_t startNs; /* with a rate: where the times begin; set before PHASE_WARM_UP */
} LoadPlan;

#define LOAD_REASON_SIZE 200

/* What clients have measured and met. */
typedef struct LoadResult {
    uint64_t messages; /* that came back while it was measured */
    LoadHistogram
        latency; /* of those, and of those that were then on their way or due; or of bursts */
    uint64_t connections; /* with isChurn: that were begun, used and ended while it was measured */
    uint64_t errors[LOAD_ERROR_COUNT];
    char reasons[LOAD_ERROR_COUNT][LOAD_REASON_SIZE]; /* of the first of each kind */
} LoadResult;

/* What the main thread may read at any time. Each is exact by itself. */
typedef struct LoadCounts {
    volatile LONG connected; /* clients that have been connected, or have failed */
    volatile LONG busy;      /* that are owed something, or are connecting or leaving */
    volatile LONG over;
    volatile LONG failed;
    volatile LONG64 messages;
} LoadCounts;

/* What the clients of a worker share. */
typedef struct LoadGroup {
    const LoadPlan *plan;
    HANDLE port; /* where their completions go */
    LoadPhase phase;
    int connecting; /* clients that are connecting for the first time */
    LoadCounts counts;
    LoadResult result;
} LoadGroup;

typedef enum LoadClientState {
    CLIENT_NEW,
    CLIENT_CONNECTING,
    CLIENT_OPEN,
    CLIENT_LEAVING, /* has said that it sends no more */
    CLIENT_CLOSED   /* its socket is closed, its operations may still be outstanding */
} LoadClientState;

typedef struct LoadClient LoadClient;

/* A WSAOVERLAPPED first, then what it is for. */
typedef struct OverlappedEx {
    WSAOVERLAPPED overlapped;
    enum { LOAD_CONNECT, LOAD_SEND, LOAD_RECV } type;
    LoadClient *client;
} OverlappedEx;

struct LoadClient {
    LoadGroup *group;
    int index; /* among the clients that talk, of all workers; those that are idle come behind */
    bool isIdle;
    LoadClientState state;
    SOCKET socket;
    OverlappedEx sendEx; /* of connect, too */
    OverlappedEx recvEx;
    int pending; /* operations outstanding: both belong to the system until then */
    bool isSending;
    bool isSkipping; /* what succeeds at once queues no completion */
    bool hasConnected, hasFailed, isBusy, isOver;
    char *buffer; /* of the receive */
    int bufferSize;

    uint64_t connections; /* so far: each has bytes of its own */
    uint32_t offset;      /* where the connection's bytes begin in the pattern */
    uint64_t due;         /* messages that the rate or bursts asked for, on all connections */
    uint64_t asked;       /* messages that were begun, on all connections */
    uint64_t done;        /* that have come back */
    uint64_t before;      /* of done, on connections that are over */
    uint64_t sent;        /* bytes, on this connection */
    uint64_t received;    /* bytes, on this connection, all of them right */
    int64_t *times;       /* when each message on its way began: message n at n % depth */
    int64_t lastNs;       /* when something came, or began to be owed */
};

/* Once, before the first client: makes the bytes that all clients send. */
void LoadClient_MakePattern(void);

/* Makes a client that is not connected. False: no memory. */
bool LoadClient_Init(LoadClient *client, LoadGroup *group, int index, bool isIdle);

/* Frees it. Nothing may be outstanding. */
void LoadClient_Free(LoadClient *client);

/* Begins to connect. */
void LoadClient_Connect(LoadClient *client);

/* A completion that the port has handed out. */
void LoadClient_Dispatch(const OVERLAPPED_ENTRY *entry);

/* Begins what its plan asks for by now, and sends. Nothing to do is no mistake. */
void LoadClient_Talk(LoadClient *client);

/*
 * To be called at the end of PHASE_MEASURE. Messages that were due and could not even be sent have
 * waited at least until now: a server that stands still must not look better by it.
 */
void LoadClient_EndMeasuring(LoadClient *client);

/*
 * Says that it sends no more, as soon as it is owed nothing. The client is over when the server has
 * ended the connection, too.
 */
void LoadClient_Leave(LoadClient *client);

/* Counts the error and ends the client. `detail` says more: printf's format. */
void LoadClient_Fail(LoadClient *client, LoadError error, const char *detail, ...);

/* Ends the client at once. It counts as over when nothing is outstanding any more. */
void LoadClient_Abort(LoadClient *client);

/* Fails the client that has waited for too long. `now` is of Clock_GetNs. */
void LoadClient_CheckTime(LoadClient *client, int64_t now);

#endif
