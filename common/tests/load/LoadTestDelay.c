/*
 * LoadTestDelay: that a server's delays are in the percentiles, each where it belongs.
 * See LoadTest.h.
 */
#include "LoadTest.h"

#define HOLD_MS      50
#define RARE_HOLD_MS 200
#define STOP_AT_MS   1000 /* half a second after the measuring begins */
#define EARLY_MS     750
#define STOP_MS      500

static void EachIsHeld(void)
{
    const EchoPlan plan = {.size = 64, .holdMs = HOLD_MS, .holdEvery = 1};
    double most;

    REQUIRE(CHECK(EchoServer_Start(&plan)));
    REQUIRE(CHECK(Load_Run("--clients 4")));
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsBetween("p50", Load_GetFigure("p50"), HOLD_MS, HOLD_MS + 35));
    CHECK(IsBetween("p90", Load_GetFigure("p90"), HOLD_MS, HOLD_MS + 150));
    CHECK(IsBetween("p99", Load_GetFigure("p99"), HOLD_MS, HOLD_MS + 500));

    /* A client that is faster has not waited; one that is at its first message has one more. */
    most = 4 * (Load_GetFigure("seconds") * 1000 / HOLD_MS + 1);
    CHECK(IsBetween("messages", Load_GetFigure("messages"), 40, most));
}

/* One message in fifty: 2 of 100. An average would say 4 ms of each. */
static void OneInFiftyIsHeld(void)
{
    const EchoPlan plan = {.size = 64, .holdMs = RARE_HOLD_MS, .holdEvery = 50};

    REQUIRE(CHECK(EchoServer_Start(&plan)));
    REQUIRE(CHECK(Load_Run("--clients 4")));
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsBetween("p50", Load_GetFigure("p50"), 0, RARE_HOLD_MS / 4));
    CHECK(IsBetween("p90", Load_GetFigure("p90"), 0, RARE_HOLD_MS / 2));
    CHECK(IsBetween("p99", Load_GetFigure("p99"), RARE_HOLD_MS, 10 * RARE_HOLD_MS));
    CHECK(IsBetween("max", Load_GetFigure("max"), RARE_HOLD_MS, 20 * RARE_HOLD_MS));
}

/*
 * With a rate the times begin when messages are due: of 400, the 100 that are due while the server
 * has stopped are late, the first by 500 ms, the last by nearly nothing. So the tenth part of all
 * is 300 ms late, or more.
 */
static void StopWithRate(void)
{
    const EchoPlan plan = {.size = 64, .stopAtMs = STOP_AT_MS, .stopMs = STOP_MS};

    REQUIRE(CHECK(EchoServer_Start(&plan)));
    REQUIRE(CHECK(Load_Run("--rate 200 --seconds 2")));
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsBetween("messages", Load_GetFigure("messages"), 320, 420));
    CHECK(IsBetween("p50", Load_GetFigure("p50"), 0, 250));
    CHECK(IsBetween("p90", Load_GetFigure("p90"), 200, 2 * STOP_MS));
    CHECK(IsBetween("p99", Load_GetFigure("p99"), 400, 4 * STOP_MS));
    CHECK(IsBetween("max", Load_GetFigure("max"), STOP_MS - 20, 4 * STOP_MS));
}

/* The same, but one message alone has met the stop: the others were not sent. */
static void StopWithoutRate(void)
{
    const EchoPlan plan = {.size = 64, .stopAtMs = EARLY_MS, .stopMs = STOP_MS};

    REQUIRE(CHECK(EchoServer_Start(&plan)));
    REQUIRE(CHECK(Load_Run("")));
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsBetween("p90", Load_GetFigure("p90"), 0, 50));
    CHECK(IsBetween("p99", Load_GetFigure("p99"), 0, 150));
    CHECK(IsBetween("max", Load_GetFigure("max"), STOP_MS - 20, 4 * STOP_MS));
}

/*
 * The server stands still when the measuring ends, one second later than it began: 50 messages are
 * back by then, one is on its way, and 49 were due and not sent. Those have waited, too.
 */
static void StopBeyondTheEnd(void)
{
    const EchoPlan plan = {.size = 64, .stopAtMs = STOP_AT_MS, .stopMs = 3 * STOP_MS};

    REQUIRE(CHECK(EchoServer_Start(&plan)));
    REQUIRE(CHECK(Load_Run("--rate 100")));
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsBetween("messages", Load_GetFigure("messages"), 20, 75));
    CHECK(IsBetween("p90", Load_GetFigure("p90"), 200, 3 * STOP_MS));
    CHECK(IsBetween("max", Load_GetFigure("max"), 3 * STOP_MS - 100, 10 * STOP_MS));
}

/* Each echo takes longer than the measuring. */
static void AllBeyondTheEnd(void)
{
    const EchoPlan plan = {.size = 64, .holdMs = 4 * STOP_MS, .holdEvery = 1};

    REQUIRE(CHECK(EchoServer_Start(&plan)));
    REQUIRE(CHECK(Load_Run("--clients 4")));
    CHECK_INT(tool.exitCode, 0);
    CHECK_INT(Load_GetFigure("messages"), 0);
    CHECK(IsBetween("p50", Load_GetFigure("p50"), 4 * STOP_MS - 20, 20 * STOP_MS));
}

void AddDelayTests(void)
{
    Test_Add("load: each echo is held for 50 ms", EachIsHeld, LIMIT);
    Test_Add("load: one echo in fifty is held for 200 ms", OneInFiftyIsHeld, LIMIT);
    Test_Add("load: a stop of 500 ms, with a rate", StopWithRate, LIMIT);
    Test_Add("load: a stop of 500 ms, without a rate", StopWithoutRate, LIMIT);
    Test_Add("load: a stop that lasts longer than the measuring", StopBeyondTheEnd, LIMIT);
    Test_Add("load: no echo comes while it is measured", AllBeyondTheEnd, LIMIT);
}
