/*
 * LoadTest: that load.exe measures what is, and misses no fault of a server. See ToolTest.h for the command
 * line.
 *
 * A test starts an echo server in this process, which may be slow or wrong and counts what it does, has
 * load.exe talk to it, and looks at what load.exe says of it:
 *
 *     Load_Test(&(EchoPlan){.size = 64, .fault = FAULT_CORRUPT, .message = 1000}, "--clients 3");
 *     CHECK_INT(tool.exitCode, 1);
 *     CHECK_INT(Load_GetFigure("corrupt"), 1);
 *
 * What a test has left is ended behind it.
 */
#ifndef LOAD_TEST_H
#define LOAD_TEST_H

#include "ServerProcess.h"
#include "Test.h"
#include "ToolTest.h"

#define ECHO_MS_MAX 1000
#define EXTRA_SIZE  5 /* bytes, where a server sends more than it should */

/* --- LoadTestServer.c ------------------------------------------------------------------------ */

/* What the server does wrong, with the plan's message unless this says when. */
typedef enum Fault {
    FAULT_NONE,
    FAULT_LOSE_BYTE,      /* loses the message's tenth byte */
    FAULT_LOSE_LAST_BYTE, /* loses its last byte */
    FAULT_LOSE_MESSAGE,
    FAULT_SILENT,       /* from then on sends nothing */
    FAULT_DEAF,         /* nor receives: it waits for the client's reset */
    FAULT_CORRUPT,      /* changes one bit, in the last byte of the message */
    FAULT_CORRUPT_LAST, /* the same with the message behind which none comes for half a second */
    FAULT_SWAP,         /* sends it after the next one */
    FAULT_TWICE,        /* sends it again before the next one */
    FAULT_EXTRA,        /* sends some bytes behind it that nobody has sent */
    FAULT_EXCHANGE,     /* of the first two connections each gets what the other has sent */
    FAULT_END,          /* ends the connection instead of an echo */
    FAULT_END_AMID,     /* ends it after half of the echo */
    FAULT_END_AFTER,    /* ends it after the echo */
    FAULT_END_SILENT,   /* ends the connections on which nothing has come so far */
    FAULT_RESET,        /* resets the connection instead of an echo */
    FAULT_CLOSE_LISTEN, /* nobody listens any more; before the message is echoed */
    FAULT_EXTRA_AT_END, /* these three when the client has sent its end: sends some bytes, */
    FAULT_RESET_AT_END, /* resets it, */
    FAULT_NO_END        /* does not end it */
} Fault;

typedef struct EchoPlan {
    int size;      /* bytes of a message, 0: 64; it receives a whole one, then echoes it */
    int holdMs;    /* it waits so long before it echoes */
    int holdEvery; /* each n-th message of a connection; 0: none */
    int stopAtMs;  /* so long after the first message of all it stops, and goes on after stopMs */
    int stopMs;
    bool isIpv6;

    Fault fault;
    int connection; /* the n-th that was accepted, 1 the first; 0: each */
    int message;    /* the n-th of the connection, 1 the first */
} EchoPlan;

/* What the server has met. Each count is exact by itself, at any time. */
typedef struct EchoCounts {
    volatile LONG accepted;
    volatile LONG messages; /* that were received whole */
    volatile LONG made;  /* faults; of FAULT_EXCHANGE and FAULT_END_SILENT each connection counts */
    volatile LONG ended; /* connections whose client has sent its end behind a whole message */
    volatile LONG deaf;  /* the number of messages when a client of FAULT_DEAF had reset */
    volatile LONG64 bytes; /* that were received */
    int port;
    /* When each message, the first at 0, of the first connection was echoed, in ms after the first of all
       had come. 0: it has not been. */
    double ms[ECHO_MS_MAX];
} EchoCounts;

extern EchoCounts echo;

/* Begins to listen on a free port. False: explained. */
bool EchoServer_Start(const EchoPlan *plan);

/* Ends it, and all its connections. Does nothing where none is started. */
void EchoServer_Stop(void);

/*
 * True: this process is not the test but a server that load.exe has started with --server; main
 * returns `exitCode` at once. ECHO_SERVER_MODE says how it is wrong, see LoadTestReal.c.
 */
bool EchoServer_RunChild(int *exitCode);

#define ECHO_SERVER_MODE "ECHO_SERVER_MODE"

/* --- LoadTestRun.c --------------------------------------------------------------------------- */

/* What the server had met when load.exe said that it begins to measure, and that it has. */
typedef struct Measured {
    EchoCounts from, to;
    ULONGLONG fromMs, toMs; /* as Test_Now */
} Measured;

extern Measured measured; /* by the run of the tool */

/*
 * Starts such a server, and load.exe for it, to measure for 1 s and to write its file. `words`, with
 * blanks between them, come behind that and prevail. Without both the test is over.
 */
void Load_Start(const EchoPlan *plan, const char *words);

/* The same, and waits for its end. */
void Load_Test(const EchoPlan *plan, const char *words);

/* The number behind that name in its file; -1 where there is none. */
double Load_GetFigure(const char *name);

/* Says whether the file has one JSON object and nothing else. False: explained. */
bool Load_IsFileJson(void);

/* Is that figure of its file in these bounds? False: explained. */
bool Load_IsBetween(const char *name, double least, double most);

/* False: explained, with the name. */
bool IsBetween(const char *name, double value, double least, double most);

#endif
