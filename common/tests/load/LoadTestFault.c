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
    int count;          /* clients */
    const char *detail; /* behind "client 0: " */
} Verdict;

/* By LoadError: its name in the file, and its sentence. */
static const char *const kinds[LOAD_ERROR_COUNT][2] = {
    {"noConnection", "Could not connect"},
    {"broken", "Lost the connection"},
    {"ended", "Met the connection's end too early"},
    {"silent", "Waited in vain"},
    {"corrupt", "Got a byte that was not sent"},
    {"displaced", "Got bytes out of order, twice, or after some that were lost"},
    {"extra", "Got more bytes than were sent"},
};

/* Of all kinds of errors only this one is counted, and it is named in one line. */
static void CheckVerdict(const Verdict *verdict)
{
    char text[LOAD_REASON_SIZE];

    CHECK_INT(tool.exitCode, 1);
    CHECK(Load_IsFileJson());
    CHECK_INT(Load_GetFigure("errors"), verdict->count);
    for (int i = 0; i < LOAD_ERROR_COUNT; i++) {
        double wanted = i == (int)verdict->error ? verdict->count : 0;

        CHECK(Load_IsBetween(kinds[i][0], wanted, wanted));
    }
    snprintf(text, sizeof(text), "\n  errors                       %12d\n", verdict->count);
    CHECK_CONTAINS(tool.output, text);
    snprintf(text, sizeof(text), "%s: %d client%s. The first: client ", kinds[verdict->error][1],
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

/* --- One fault each ---------------------------------------------------------------------------- */

/* The words of load.exe, what it has to say, and the plan of the server: its fault, which connection, and
   at which message, or more of it by name. */
#define FAULT_TEST(name, words, error, count, detail, ...)                                         \
    TEST(name)                                                                                     \
    {                                                                                              \
        CheckFault(&(EchoPlan){.fault = __VA_ARGS__}, words, &(Verdict){error, count, detail});    \
    }                                                                                              \
    struct Test

FAULT_TEST("load: a wrong bit late in the stream", "--clients 1 --depth 4", LOAD_CORRUPT, 1,
           ": byte 6399 should be 0x", FAULT_CORRUPT, 1, 100);
FAULT_TEST("load: a wrong bit for one of three clients", "--clients 3", LOAD_CORRUPT, 1,
           ": byte 6399 should be 0x", FAULT_CORRUPT, 2, 100);
FAULT_TEST("load: a wrong bit for each client", "--clients 3 --threads 2 --size 10", LOAD_CORRUPT,
           3, ": byte 999 should be 0x", FAULT_CORRUPT, 0, 100, .size = 10);
FAULT_TEST("load: a wrong bit in the first message", "--clients 1", LOAD_CORRUPT, 1,
           ": byte 63 should be 0x", FAULT_CORRUPT, 1, 1);
FAULT_TEST("load: a wrong bit after the measuring", "--clients 2 --depth 2", LOAD_CORRUPT, 1,
           " should be 0x", FAULT_CORRUPT_LAST, 1);
FAULT_TEST("load: a wrong bit in a large message", "--size 300000 --depth 2", LOAD_CORRUPT, 1,
           ": byte 1499999 should be 0x", FAULT_CORRUPT, 1, 5, .size = 300000);
FAULT_TEST("load: a lost byte", "--clients 1", LOAD_DISPLACED, 1,
           ": at byte 6345 came what belongs 1 bytes later", FAULT_LOSE_BYTE, 1, 100);
/* The next message comes a byte too early. */
FAULT_TEST("load: a message's last byte is lost", "--clients 1 --depth 4", LOAD_DISPLACED, 1,
           ": at byte 6399 came what belongs 1 bytes later", FAULT_LOSE_LAST_BYTE, 1, 100);
FAULT_TEST("load: a lost message", "--clients 1 --depth 4", LOAD_DISPLACED, 1,
           ": at byte 6336 came what belongs 64 bytes later", FAULT_LOSE_MESSAGE, 1, 100);
FAULT_TEST("load: two messages are swapped", "--clients 1 --depth 4", LOAD_DISPLACED, 1,
           ": at byte 6336 came what belongs 64 bytes later", FAULT_SWAP, 1, 100);
FAULT_TEST("load: a message comes twice", "--clients 1", LOAD_DISPLACED, 1,
           ": at byte 6400 came what belongs 64 bytes before", FAULT_TWICE, 1, 100);
/* The bytes of one client for the other, and the other way round: both have got what is wrong. */
FAULT_TEST("load: two clients get each other's bytes", "--clients 4", LOAD_DISPLACED, 2,
           ": at byte 6336 came what belongs ", FAULT_EXCHANGE, 0, 100);
/* All that was asked for has come, and then these. */
FAULT_TEST("load: more bytes than were sent", "--clients 1", LOAD_EXTRA, 1,
           ": 6400 bytes were sent, and 6405 came", FAULT_EXTRA, 1, 100);
FAULT_TEST("load: more bytes when the client leaves", "--clients 2 --idle 1", LOAD_EXTRA, 1,
           " bytes were sent, and ", FAULT_EXTRA_AT_END, 2);
FAULT_TEST("load: a silent server", "--clients 3 --timeout " SILENT_MS, LOAD_SILENT, 1,
           ": nothing came for " SILENT_MS " ms, and 64 bytes are owed", FAULT_SILENT, 1, 50);
/* Nothing is on its way that would come in its place. */
FAULT_TEST("load: a silent server owes one byte", "--clients 1 --timeout " SILENT_MS, LOAD_SILENT,
           1, ": nothing came for " SILENT_MS " ms, and 1 bytes are owed", FAULT_LOSE_LAST_BYTE, 1,
           50);
FAULT_TEST("load: a server does not answer the client's end", "--clients 2 --timeout " SILENT_MS,
           LOAD_SILENT, 1,
           ": nothing came for " SILENT_MS " ms, and 0 bytes and the connection's end are owed",
           FAULT_NO_END, 1);
FAULT_TEST("load: an end instead of an echo", "--clients 3", LOAD_ENDED, 1,
           ": the server ended the connection and owed 64 bytes", FAULT_END, 1, 100);
FAULT_TEST("load: an end amid an echo", "--clients 1", LOAD_ENDED, 1,
           ": the server ended the connection and owed 32 bytes", FAULT_END_AMID, 1, 100);
/* Between two messages: with 20 a second nothing is owed for most of the time. */
FAULT_TEST("load: an end when nothing is owed", "--clients 1 --rate 20", LOAD_ENDED, 1,
           ": the server ended the connection and owed ", FAULT_END_AFTER, 1, 5);
FAULT_TEST("load: an end for silent clients", "--clients 1 --idle 2", LOAD_ENDED, 2,
           ": the server ended the connection and owed 0 bytes", FAULT_END_SILENT, 0, 50);
FAULT_TEST("load: a reset", "--clients 1", LOAD_BROKEN, 1, " failed with error 10054.", FAULT_RESET,
           1, 100);
FAULT_TEST("load: a reset when the client leaves", "--clients 2", LOAD_BROKEN, 1,
           " failed with error 10054.", FAULT_RESET_AT_END, 2);
FAULT_TEST("load: churn, and a wrong bit", "--churn --clients 1", LOAD_CORRUPT, 1,
           ": byte 63 should be 0x", FAULT_CORRUPT, 20, 1);
FAULT_TEST("load: churn, and no end", "--churn --clients 1 --timeout " SILENT_MS, LOAD_SILENT, 1,
           " bytes and the connection's end are owed", FAULT_NO_END, 20);

/* --- Others ------------------------------------------------------------------------------------ */

/* What it owes is what the depth says: so many messages have come, and not one more. */
TEST("load: a silent server, and depth")
{
    CheckFault(
        &(EchoPlan){.fault = FAULT_SILENT, .message = 1},
        "--clients 2 --depth 5 --timeout " SILENT_MS,
        &(Verdict){LOAD_SILENT, 2, ": nothing came for " SILENT_MS " ms, and 320 bytes are owed"});
    CHECK_INT(echo.messages, 2 * 5);
}

TEST("load: nobody listens")
{
    NetAddress address;
    char words[60];

    NEED_SOCKET(Peer_Bind(&address));
    snprintf(words, sizeof(words), "--clients 3 --idle 2 --port %u",
             (unsigned)NetAddress_GetPort(&address));
    Load_Test(&(EchoPlan){0}, words);
    CheckVerdict(&(Verdict){LOAD_NO_CONNECTION, 5, ": connect failed with error "});
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
    CheckFault(
        &(EchoPlan){.size = MEGABYTE, .fault = FAULT_DEAF, .connection = 1, .message = 1},
        "--clients 2 --size 1000000 --depth 16 --seconds 5 --timeout " SILENT_MS,
        &(Verdict){LOAD_SILENT, 1, ": nothing came for " SILENT_MS " ms, and 16000000 bytes"});
    CHECK(IsBetween("messages until the reset", echo.deaf, 1, echo.messages - 1));
}

/* With churn a client ends at the first fault; the others go on. */
TEST("load: churn, and a reset")
{
    CheckFault(&(EchoPlan){.fault = FAULT_RESET, .connection = 20, .message = 1},
               "--churn --clients 3", &(Verdict){LOAD_BROKEN, 1, " failed with error 10054."});
    CHECK(Load_GetFigure("connectionsPerSecond") > 0);
}

/* The connection on which the server stops listening is a good one; the next has none. */
TEST("load: churn, and nobody listens")
{
    Load_Test(&(EchoPlan){.fault = FAULT_CLOSE_LISTEN, .connection = 10, .message = 1},
              "--churn --clients 1");
    CheckVerdict(&(Verdict){LOAD_NO_CONNECTION, 1, ": connect failed with error "});
    CHECK_INT(echo.accepted, 10);
    CHECK_INT(echo.ended, 10);
}
