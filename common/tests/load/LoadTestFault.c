/*
 * LoadTestFault: that each fault of a server is seen, counted once, and named. See LoadTest.h.
 *
 * Where the server is wrong for one client, others are there that must not be counted. Some tests
 * have no others: with its only client gone load.exe is done, and the test takes no time.
 */
#include "LoadTest.h"
#include "tools/load/LoadClient.h"

#include "Peer.h"

/* load.exe waits so long: no client that is served waits nearly as long, on a busy machine either. */
#define SILENT_MS "4000"

#define MEGABYTE 1000000

/* What load.exe has to say. */
typedef struct Verdict {
    LoadError error;
    int count;            /* clients */
    const char *sentence; /* with what comes behind "client 0: " */
    const char *detail;
} Verdict;

/* Of all kinds of errors only this one is counted, and it is named in one line. */
static void CheckVerdict(const Verdict *verdict)
{
    char text[LOAD_REASON_SIZE];

    CHECK_INT(tool.exitCode, 1);
    CHECK(Load_IsFileJson());
    CHECK_INT(Load_GetFigure("errors"), verdict->count);
    for (int i = 0; i < LOAD_ERROR_COUNT; i++) {
        static const char *const names[LOAD_ERROR_COUNT] = {
            "noConnection", "broken", "ended", "silent", "corrupt", "displaced", "extra"};
        double wanted = i == (int)verdict->error ? verdict->count : 0;

        CHECK(IsBetween(names[i], Load_GetFigure(names[i]), wanted, wanted));
    }
    snprintf(text, sizeof(text), "\n  errors                       %12d\n", verdict->count);
    CHECK_CONTAINS(tool.output, text);
    snprintf(text, sizeof(text), "%s: %d client%s. The first: client ", verdict->sentence,
             verdict->count, verdict->count == 1 ? "" : "s");
    CHECK_CONTAINS(tool.errors, text);
    CHECK_CONTAINS(tool.errors, verdict->detail);
    CHECK(strncmp(tool.errors, text, strlen(text)) == 0);
    CHECK(strchr(tool.errors, '\n') == tool.errors + strlen(tool.errors) - 1);
}

/* The server is wrong so often, and those for whom it is not have all left in peace. */
static void CheckFault(const EchoPlan *plan, const char *words, const Verdict *verdict)
{
    Load_Test(plan, words);
    CheckVerdict(verdict);
    CHECK_INT(echo.made, verdict->count);
    CHECK(IsBetween("ended in peace", echo.ended, echo.accepted - echo.made, echo.accepted));
    if (Load_GetFigure("clients") > verdict->count)
        CHECK(Load_GetFigure("messages") > 0);
}

static const char corrupt[] = "Got a byte that was not sent";
static const char displaced[] = "Got bytes out of order, twice, or after some that were lost";
static const char extra[] = "Got more bytes than were sent";
static const char silent[] = "Waited in vain";
static const char ended[] = "Met the connection's end too early";
static const char broken[] = "Lost the connection";
static const char noConnection[] = "Could not connect";

/* --- One fault each ---------------------------------------------------------------------------- */

typedef struct FaultCase {
    const char *name;
    EchoPlan plan;
    const char *words;
    Verdict verdict;
} FaultCase;

static void CheckCase(const void *data)
{
    const FaultCase *one = (const FaultCase *)data;

    CheckFault(&one->plan, one->words, &one->verdict);
}

static const FaultCase cases[] = {
    {"load: a wrong bit late in the stream",
     {.size = 64, .fault = FAULT_CORRUPT, .connection = 1, .message = 100},
     "--clients 1 --depth 4",
     {LOAD_CORRUPT, 1, corrupt, ": byte 6399 should be 0x"}},
    {"load: a wrong bit for one of three clients",
     {.size = 64, .fault = FAULT_CORRUPT, .connection = 2, .message = 100},
     "--clients 3",
     {LOAD_CORRUPT, 1, corrupt, ": byte 6399 should be 0x"}},
    {"load: a wrong bit for each client",
     {.size = 10, .fault = FAULT_CORRUPT, .message = 100},
     "--clients 3 --threads 2 --size 10",
     {LOAD_CORRUPT, 3, corrupt, ": byte 999 should be 0x"}},
    {"load: a wrong bit in the first message",
     {.size = 64, .fault = FAULT_CORRUPT, .connection = 1, .message = 1},
     "--clients 1",
     {LOAD_CORRUPT, 1, corrupt, ": byte 63 should be 0x"}},
    {"load: a wrong bit after the measuring",
     {.size = 64, .fault = FAULT_CORRUPT_LAST, .connection = 1},
     "--clients 2 --depth 2",
     {LOAD_CORRUPT, 1, corrupt, " should be 0x"}},
    {"load: a wrong bit in a large message",
     {.size = 300000, .fault = FAULT_CORRUPT, .connection = 1, .message = 5},
     "--size 300000 --depth 2",
     {LOAD_CORRUPT, 1, corrupt, ": byte 1499999 should be 0x"}},
    {"load: a lost byte",
     {.size = 64, .fault = FAULT_LOSE_BYTE, .connection = 1, .message = 100},
     "--clients 1",
     {LOAD_DISPLACED, 1, displaced, ": at byte 6345 came what belongs 1 bytes later"}},
    /* The next message comes a byte too early. */
    {"load: a message's last byte is lost",
     {.size = 64, .fault = FAULT_LOSE_LAST_BYTE, .connection = 1, .message = 100},
     "--clients 1 --depth 4",
     {LOAD_DISPLACED, 1, displaced, ": at byte 6399 came what belongs 1 bytes later"}},
    {"load: a lost message",
     {.size = 64, .fault = FAULT_LOSE_MESSAGE, .connection = 1, .message = 100},
     "--clients 1 --depth 4",
     {LOAD_DISPLACED, 1, displaced, ": at byte 6336 came what belongs 64 bytes later"}},
    {"load: two messages are swapped",
     {.size = 64, .fault = FAULT_SWAP, .connection = 1, .message = 100},
     "--clients 1 --depth 4",
     {LOAD_DISPLACED, 1, displaced, ": at byte 6336 came what belongs 64 bytes later"}},
    {"load: a message comes twice",
     {.size = 64, .fault = FAULT_TWICE, .connection = 1, .message = 100},
     "--clients 1",
     {LOAD_DISPLACED, 1, displaced, ": at byte 6400 came what belongs 64 bytes before"}},
    /* The bytes of one client for the other, and the other way round: both have got what is wrong. */
    {"load: two clients get each other's bytes",
     {.size = 64, .fault = FAULT_EXCHANGE, .message = 100},
     "--clients 4",
     {LOAD_DISPLACED, 2, displaced, ": at byte 6336 came what belongs "}},
    /* All that was asked for has come, and then these. */
    {"load: more bytes than were sent",
     {.size = 64, .fault = FAULT_EXTRA, .connection = 1, .message = 100},
     "--clients 1",
     {LOAD_EXTRA, 1, extra, ": 6400 bytes were sent, and 6405 came"}},
    {"load: more bytes when the client leaves",
     {.size = 64, .fault = FAULT_EXTRA_AT_END, .connection = 2},
     "--clients 2 --idle 1",
     {LOAD_EXTRA, 1, extra, " bytes were sent, and "}},
    {"load: a silent server",
     {.size = 64, .fault = FAULT_SILENT, .connection = 1, .message = 50},
     "--clients 3 --timeout " SILENT_MS,
     {LOAD_SILENT, 1, silent, ": nothing came for " SILENT_MS " ms, and 64 bytes are owed"}},
    /* Nothing is on its way that would come in its place. */
    {"load: a silent server owes one byte",
     {.size = 64, .fault = FAULT_LOSE_LAST_BYTE, .connection = 1, .message = 50},
     "--clients 1 --timeout " SILENT_MS,
     {LOAD_SILENT, 1, silent, ": nothing came for " SILENT_MS " ms, and 1 bytes are owed"}},
    {"load: a server does not answer the client's end",
     {.size = 64, .fault = FAULT_NO_END, .connection = 1},
     "--clients 2 --timeout " SILENT_MS,
     {LOAD_SILENT, 1, silent,
      ": nothing came for " SILENT_MS " ms, and 0 bytes and the connection's end are owed"}},
    {"load: an end instead of an echo",
     {.size = 64, .fault = FAULT_END, .connection = 1, .message = 100},
     "--clients 3",
     {LOAD_ENDED, 1, ended, ": the server ended the connection and owed 64 bytes"}},
    {"load: an end amid an echo",
     {.size = 64, .fault = FAULT_END_AMID, .connection = 1, .message = 100},
     "--clients 1",
     {LOAD_ENDED, 1, ended, ": the server ended the connection and owed 32 bytes"}},
    /* Between two messages: with 20 a second nothing is owed for most of the time. */
    {"load: an end when nothing is owed",
     {.size = 64, .fault = FAULT_END_AFTER, .connection = 1, .message = 5},
     "--clients 1 --rate 20",
     {LOAD_ENDED, 1, ended, ": the server ended the connection and owed "}},
    {"load: an end for silent clients",
     {.size = 64, .fault = FAULT_END_SILENT, .message = 50},
     "--clients 1 --idle 2",
     {LOAD_ENDED, 2, ended, ": the server ended the connection and owed 0 bytes"}},
    {"load: a reset",
     {.size = 64, .fault = FAULT_RESET, .connection = 1, .message = 100},
     "--clients 1",
     {LOAD_BROKEN, 1, broken, " failed with error 10054."}},
    {"load: a reset when the client leaves",
     {.size = 64, .fault = FAULT_RESET_AT_END, .connection = 2},
     "--clients 2",
     {LOAD_BROKEN, 1, broken, " failed with error 10054."}},
    {"load: churn, and a wrong bit",
     {.size = 64, .fault = FAULT_CORRUPT, .connection = 20, .message = 1},
     "--churn --clients 1",
     {LOAD_CORRUPT, 1, corrupt, ": byte 63 should be 0x"}},
    {"load: churn, and no end",
     {.size = 64, .fault = FAULT_NO_END, .connection = 20},
     "--churn --clients 1 --timeout " SILENT_MS,
     {LOAD_SILENT, 1, silent, " bytes and the connection's end are owed"}},
};

/* --- Others ------------------------------------------------------------------------------------ */

/* What it owes is what the depth says: so many messages have come, and not one more. */
TEST("load: a silent server, and depth")
{
    CheckFault(&(EchoPlan){.size = 64, .fault = FAULT_SILENT, .message = 1},
               "--clients 2 --depth 5 --timeout " SILENT_MS,
               &(Verdict){LOAD_SILENT, 2, silent,
                          ": nothing came for " SILENT_MS " ms, and 320 bytes are owed"});
    CHECK_INT(echo.messages, 2 * 5);
}

TEST("load: nobody listens")
{
    NetAddress address;
    char words[60];

    NEED_SOCKET(Peer_Bind(&address));
    snprintf(words, sizeof(words), "--clients 3 --idle 2 --port %u",
             (unsigned)NetAddress_GetPort(&address));
    REQUIRE(CHECK(Load_Run(words)));
    CheckVerdict(&(Verdict){LOAD_NO_CONNECTION, 5, noConnection, ": connect failed with error "});
    CHECK_INT(Load_GetFigure("messages"), 0);
    CHECK_INT(Load_GetFigure("seconds"), 0);
    CHECK_CONTAINS(tool.output, "; nothing was measured\n");
}

/*
 * A client that gives up resets at once, also when much that it has to send does not go: the server is
 * told while the other client still talks.
 */
TEST("load: a server that takes nothing more is told that the client gives up")
{
    CheckFault(&(EchoPlan){.size = MEGABYTE, .fault = FAULT_DEAF, .connection = 1, .message = 1},
               "--clients 2 --size 1000000 --depth 16 --seconds 5 --timeout " SILENT_MS,
               &(Verdict){LOAD_SILENT, 1, silent,
                          ": nothing came for " SILENT_MS " ms, and 16000000 bytes"});
    CHECK(IsBetween("messages until the reset", echo.deaf, 1, echo.messages - 1));
}

/* With churn a client ends at the first fault; the others go on. */
TEST("load: churn, and a reset")
{
    CheckFault(&(EchoPlan){.size = 64, .fault = FAULT_RESET, .connection = 20, .message = 1},
               "--churn --clients 3",
               &(Verdict){LOAD_BROKEN, 1, broken, " failed with error 10054."});
    CHECK(Load_GetFigure("connectionsPerSecond") > 0);
}

/* The connection on which the server stops listening is a good one; the next has none. */
TEST("load: churn, and nobody listens")
{
    Load_Test(&(EchoPlan){.size = 64, .fault = FAULT_CLOSE_LISTEN, .connection = 10, .message = 1},
              "--churn --clients 1");
    CheckVerdict(&(Verdict){LOAD_NO_CONNECTION, 1, noConnection, ": connect failed with error "});
    CHECK_INT(echo.accepted, 10);
    CHECK_INT(echo.ended, 10);
}

TEST_CASES(CheckCase, cases);
