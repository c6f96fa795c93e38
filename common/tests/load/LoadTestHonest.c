/*
 * LoadTestHonest: what load.exe says of a server that does all as it should. See LoadTest.h.
 */
#include "LoadTest.h"

#include <math.h>
#include "TestProgram.h"

#define STOP_MS 2000 /* a person who has pressed Ctrl+C waits no longer */

static bool IsNear(const char *name, double wanted, double part)
{
    return Load_IsBetween(name, wanted * (1 - part), wanted * (1 + part));
}

/*
 * All is right, and load.exe says so in each way. The server meets these connections, 0: however many, and
 * all that it is sent it is sent whole.
 */
static void TestRight(const EchoPlan *plan, const char *words, int connections)
{
    Load_Test(plan, words);
    CHECK_INT(tool.exitCode, 0);
    CHECK_TEXT(tool.errors, "");
    CHECK_CONTAINS(tool.output, "\n  errors                                  0\n");
    CHECK_CONTAINS(tool.figures,
                   "\"errors\": 0, \"errorKinds\": {\"noConnection\": 0, \"broken\": 0, "
                   "\"ended\": 0, \"silent\": 0, \"corrupt\": 0, \"displaced\": 0, \"extra\": 0}}");
    CHECK(Load_IsFileJson());
    CHECK_INT(echo.accepted, connections > 0 ? connections : echo.accepted);
    CHECK_INT(echo.ended, echo.accepted);
    CHECK_INT(echo.bytes, (LONG64)(echo.messages * Load_GetFigure("size")));
    CHECK(Load_IsBetween("messages", 1, echo.messages));
}

/*
 * Is the figure what the server met in the meantime, but for a third? The line that the measuring begins,
 * or that it has ended, may come late: then the two have counted for times of another length.
 */
static bool IsAsMet(const char *name, LONG met)
{
    double seconds = Load_GetFigure("seconds");
    double seenSeconds = (double)(measured.toMs - measured.fromMs) / 1000;

    return IsNear(name, met, 0.35 + fabs(seenSeconds - seconds) / seconds);
}

/* What was measured is what the server met while it was measured, and not before, nor after. */
static void CheckMeasured(void)
{
    double megabytes;

    CHECK(Load_IsBetween("seconds", 1, 2));
    CHECK(IsAsMet("messages", measured.to.messages - measured.from.messages));
    CHECK(
        IsNear("messagesPerSecond", Load_GetFigure("messages") / Load_GetFigure("seconds"), 0.01));
    megabytes = Load_GetFigure("messagesPerSecond") * Load_GetFigure("size") / 1e6;
    CHECK(Load_IsBetween("megabytesPerSecond", megabytes - 0.0006, megabytes + 0.0006));
}

/* The same figure in the table and in the file. */
static void CheckBoth(const char *text, const char *name, double rounding)
{
    double figure = Load_GetFigure(name);

    CHECK(IsBetween(text, ToolRun_ReadBehind(tool.output, text), figure - rounding,
                    figure + rounding));
}

TEST("load: an honest server")
{
    TestRight(&(EchoPlan){0}, "--clients 3", 3);
    CheckMeasured();
}

TEST("load: the table and the file agree")
{
    static const char *const percentiles[] = {"p50", "p90", "p99", "p99.9", "max"};
    double least = 0.001;
    char text[60];

    TestRight(&(EchoPlan){.size = 1000}, "--clients 2 --size 1000 --idle 1", 3);
    CHECK_CONTAINS(tool.output, "Clients that are connected after 0.");
    CHECK_CONTAINS(tool.output,
                   "Measuring for 1 s.\nMeasured.\n\n2 clients, messages of 1000 bytes, "
                   "up to 1 on its way for each client, 1 silent client; measured");
    CHECK_CONTAINS(tool.figures,
                   "{\"clients\": 2, \"idle\": 1, \"size\": 1000, \"depth\": 1, "
                   "\"churn\": false, \"burst\": false, \"rate\": 0.0, \"seconds\": 1.");
    CheckBoth("measured for ", "seconds", 0.006);
    CheckBoth("\n  messages a second            ", "messagesPerSecond", 0.06);
    CheckBoth("\n  megabytes a second, each way ", "megabytesPerSecond", 0.006);
    for (size_t i = 0; i < COUNT_OF(percentiles); i++) {
        snprintf(text, sizeof(text), "\n  latency, ms            %-5s ", percentiles[i]);
        CheckBoth(text, percentiles[i], 0.001);
        CHECK(Load_IsBetween(percentiles[i], least, WAIT_MS));
        least = Load_GetFigure(percentiles[i]);
    }
    CHECK(Load_IsBetween("connectSeconds", 0, 10));
}

TEST("load: messages of 1 byte")
{
    TestRight(&(EchoPlan){.size = 1}, "--size 1 --depth 3", 1);
    CheckMeasured();
}

/* More than the system's buffers hold, so that both sides' sends take several goes. */
TEST("load: messages of 65,536 bytes, four at a time")
{
    TestRight(&(EchoPlan){.size = 65536}, "--size 65536 --depth 4 --clients 2", 2);
    CHECK(Load_GetFigure("megabytesPerSecond") > 0);
}

/* Uneven shares: 5 and 3 clients for 2 threads. */
TEST("load: threads share clients and silent clients")
{
    TestRight(&(EchoPlan){0}, "--clients 5 --idle 3 --depth 4 --threads 2", 8);
    CheckMeasured();
}

/* And more threads than clients that talk. */
TEST("load: IPv6")
{
    TestRight(&(EchoPlan){.isIpv6 = true},
              "--address ::1 --clients 2 --idle 1 --threads 4 --rate 300", 3);
}

/* All messages that are due while it is measured, that is, 300 and no more; but those of its end may still
   be on their way, each for as long as the slowest of all. */
TEST("load: rate")
{
    double seconds, leastSeconds;

    TestRight(&(EchoPlan){0}, "--clients 4 --threads 2 --rate 300", 4);
    seconds = Load_GetFigure("seconds");
    leastSeconds = seconds - Load_GetFigure("max") / 1000;
    CHECK(Load_IsBetween("messages", 300 * leastSeconds - 15, 300 * seconds + 15));
    CHECK(IsAsMet("messages", measured.to.messages - measured.from.messages));
    CHECK_CONTAINS(tool.output, "\n  of which should have been           300.0\n");
    CHECK_CONTAINS(tool.figures, "\"rate\": 300.0, ");
}

/* Each message on a connection of its own, which the client ends. */
TEST("load: churn")
{
    TestRight(&(EchoPlan){0}, "--churn --clients 2 --idle 1", 0);
    CHECK_INT(echo.messages, echo.accepted - 1);
    /* Of each client one connection may have ended and not begun in that time, or the other way. */
    CHECK(Load_IsBetween("connectionsPerSecond",
                         (Load_GetFigure("messages") - 2) / Load_GetFigure("seconds") - 0.1,
                         (Load_GetFigure("messages") + 2) / Load_GetFigure("seconds") + 0.1));
    CHECK(IsAsMet("messages", measured.to.accepted - measured.from.accepted));
    CheckBoth("\n  connections a second         ", "connectionsPerSecond", 0.06);
    CHECK_CONTAINS(tool.output, ", each on a connection of its own, 1 silent client; measured");
    CHECK_CONTAINS(tool.figures, "\"churn\": true, ");
}

/* --- Ctrl+C ---------------------------------------------------------------------------------- */

static void PressCtrlC(void)
{
    NEED_TRUE(TestProgram_PressCtrlC(tool.process));
    ToolRun_Wait(STOP_MS);
    CHECK_INT(tool.exitCode, 0);
}

/* What was measured by then is reported. */
TEST("load: Ctrl+C while it measures")
{
    Load_Start(&(EchoPlan){0}, "--clients 2 --seconds 60");
    REQUIRE(CHECK(TestProgram_Says(tool.process, "Measuring for 60 s.")));
    Sleep(500);
    PressCtrlC();
    CHECK_TEXT(tool.errors, "");
    CHECK(Load_IsFileJson());
    CHECK(Load_IsBetween("seconds", 0.4, 10));
    CHECK(Load_IsBetween("messages", 1, echo.messages));
    CHECK_CONTAINS(tool.output, "\nMeasured.\n");
}

/* It does not wait for a server that does not end the connection. */
TEST("load: Ctrl+C while clients leave")
{
    Load_Start(&(EchoPlan){.fault = FAULT_NO_END}, "--clients 2 --rate 100 --timeout 30000");
    WAIT_WHILE(echo.made < 2);
    CHECK_INT(echo.made, 2);
    Sleep(100);
    PressCtrlC();
    CHECK(Load_GetFigure("messages") > 0);
}

/* What is owed is not waited for, and nothing is made up. */
TEST("load: Ctrl+C before anything comes back")
{
    Load_Start(&(EchoPlan){.fault = FAULT_SILENT, .message = 1}, "--clients 2");
    REQUIRE(CHECK(TestProgram_Says(tool.process, "Clients that are connected after")));
    PressCtrlC();
    CHECK_INT(Load_GetFigure("messages"), 0);
    CHECK(Load_IsFileJson());
}
