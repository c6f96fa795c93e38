/*
 * LoadTestDelay: that a server's delays are in the percentiles, each where it belongs.
 *
 * How fast a busy machine is nobody knows beforehand. So a bound from above comes from what the run
 * itself tells: from how many messages there were in its time, or from when the server has echoed
 * each of them. See LoadTest.h.
 */
#include "LoadTest.h"

#define HOLD_MS      50
#define RARE_HOLD_MS 200
#define STOP_AT_MS   1000 /* half a second after the measuring begins */
#define EARLY_MS     750
#define STOP_MS      500
#define BACK_MS      250 /* how late the soonest message may have been itself, or the last be back */
#define EDGE_MS      250 /* how far the client's beginning and end may be from what the server sees */

/* --- Bounds ---------------------------------------------------------------------------------- */

/*
 * Of clients without a rate: the percentile that there can be at most. A client waits for one message
 * at a time, so all waits together are as long as the time of all clients. Each has taken `least` ms,
 * and the part of them that is above the percentile as much as the percentile. A histogram's figures
 * are up to 4 % too large.
 */
static double GetMost(int percent, double least)
{
    double eachMs = Load_GetFigure("seconds") * 1000 + 2 * Load_GetFigure("max");
    double mean = Load_GetFigure("clients") * eachMs / Load_GetFigure("messages");

    return (least + (mean - least) * 100 / (100 - percent)) * 1.04;
}

static int Compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return difference < 0 ? -1 : difference > 0;
}

/*
 * Of one client with a rate: the percentile of how late each message can have been at most. It was back
 * before the next was sent, and so before the server has echoed that. The server's time begins when the
 * first message has come to it; the message that was echoed the soonest tells how late that was.
 */
static double GetLate(int percent, int rate)
{
    static double late[ECHO_MS_MAX];
    double soonest = 0;
    int count = 0;

    for (int i = 0; i + 1 < ECHO_MS_MAX && echo.ms[i] > 0; i++) {
        double lateMs = echo.ms[i] - i * 1000.0 / rate;
        double nextMs = echo.ms[i + 1] - i * 1000.0 / rate;

        soonest = min(soonest, lateMs);
        if (i >= rate / 2)
            late[count++] = max(lateMs, nextMs);
    }
    qsort(late, (size_t)count, sizeof(late[0]), Compare);
    return count > 0 ? late[(count - 1) * percent / 100] - soonest : 0;
}

/* Are the messages those that the server has echoed while it was measured, from 500 ms on? */
static bool IsMessagesRight(double ms)
{
    int least = 0, most = 0;

    for (int i = 0; i < ECHO_MS_MAX; i++) {
        double at = echo.ms[i];

        least += at > 500 + EDGE_MS && at < 500 + ms - EDGE_MS ? 1 : 0;
        most += at > 500 - EDGE_MS && at < 500 + ms + EDGE_MS ? 1 : 0;
    }
    return IsBetween("messages", Load_GetFigure("messages"), least, most);
}

/* --- Tests ----------------------------------------------------------------------------------- */

TEST("load: each echo is held for 50 ms")
{
    double most;

    Load_Test(&(EchoPlan){.holdMs = HOLD_MS, .holdEvery = 1}, "--clients 4");
    CHECK_INT(tool.exitCode, 0);
    CHECK(Load_IsBetween("p50", HOLD_MS, GetMost(50, HOLD_MS)));
    CHECK(Load_IsBetween("p90", HOLD_MS, GetMost(90, HOLD_MS)));
    CHECK(Load_IsBetween("p99", HOLD_MS, GetMost(99, HOLD_MS)));

    /* A client that is faster has not waited; one that is at its first message has one more. */
    most = 4 * (Load_GetFigure("seconds") * 1000 / HOLD_MS + 1);
    CHECK(Load_IsBetween("messages", 1, most));
}

/* One message in fifty: 2 of 100. An average would say 4 ms of each. */
TEST("load: one echo in fifty is held for 200 ms")
{
    Load_Test(&(EchoPlan){.holdMs = RARE_HOLD_MS, .holdEvery = 50}, "--clients 4");
    CHECK_INT(tool.exitCode, 0);
    CHECK(Load_IsBetween("p50", 0, GetMost(50, 0)));
    CHECK(Load_IsBetween("p90", 0, GetMost(90, 0)));
    CHECK(Load_IsBetween("p99", RARE_HOLD_MS, GetMost(99, 0)));
    CHECK(Load_IsBetween("max", RARE_HOLD_MS, WAIT_MS));
}

/* The echoes of one connection in four are held, and each burst is as long. */
TEST("load: bursts, and one connection whose echoes are held for 200 ms")
{
    const EchoPlan plan = {.holdMs = RARE_HOLD_MS, .holdEvery = 1, .connection = 1};
    double most;

    Load_Test(&plan, "--clients 4 --burst");
    CHECK_INT(tool.exitCode, 0);
    CHECK(Load_IsBetween("p50", RARE_HOLD_MS, WAIT_MS));
    most = 4 * (Load_GetFigure("seconds") * 1000 / RARE_HOLD_MS + 1);
    CHECK(Load_IsBetween("messages", 4, most));
    CHECK_CONTAINS(tool.output, "a burst, ms            p50 ");
}

/*
 * With a rate the times begin when messages are due: of 400, the 100 that are due while the server
 * has stopped are late, the first by 500 ms, the last by nearly nothing. So the tenth part of all
 * is 300 ms late, or more.
 */
TEST("load: a stop of 500 ms, with a rate")
{
    enum { RATE = 200 };

    Load_Test(&(EchoPlan){.stopAtMs = STOP_AT_MS, .stopMs = STOP_MS}, "--rate 200 --seconds 2");
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsMessagesRight(Load_GetFigure("seconds") * 1000));
    CHECK(Load_IsBetween("p50", 0, GetLate(50, RATE) + BACK_MS));
    CHECK(Load_IsBetween("p90", 200, GetLate(90, RATE) + BACK_MS));
    CHECK(Load_IsBetween("p99", 400, GetLate(99, RATE) + BACK_MS));
    CHECK(Load_IsBetween("max", STOP_MS - 20, GetLate(100, RATE) + STOP_MS));
}

/* The same, but one message alone has met the stop: the others were not sent. */
TEST("load: a stop of 500 ms, without a rate")
{
    Load_Test(&(EchoPlan){.stopAtMs = EARLY_MS, .stopMs = STOP_MS}, "");
    CHECK_INT(tool.exitCode, 0);
    CHECK(Load_IsBetween("p90", 0, GetMost(90, 0)));
    CHECK(Load_IsBetween("p99", 0, GetMost(99, 0)));
    CHECK(Load_IsBetween("max", STOP_MS - 20, WAIT_MS));
}

/*
 * The server stands still when the measuring ends, one second later than it began: 50 messages are
 * back by then, one is on its way, and 49 were due and not sent. Those have waited, too.
 */
TEST("load: a stop that lasts longer than the measuring")
{
    Load_Test(&(EchoPlan){.stopAtMs = STOP_AT_MS, .stopMs = 3 * STOP_MS}, "--rate 100");
    CHECK_INT(tool.exitCode, 0);
    CHECK(IsMessagesRight(STOP_AT_MS - 500));
    CHECK(Load_IsBetween("p90", 200, GetLate(100, 100) + BACK_MS));
    CHECK(Load_IsBetween("max", 3 * STOP_MS - 100, GetLate(100, 100) + STOP_MS));
}

/* Each echo takes longer than the measuring. */
TEST("load: no echo comes while it is measured")
{
    Load_Test(&(EchoPlan){.holdMs = 4 * STOP_MS, .holdEvery = 1}, "--clients 4");
    CHECK_INT(tool.exitCode, 0);
    CHECK_INT(Load_GetFigure("messages"), 0);
    CHECK(Load_IsBetween("p50", 4 * STOP_MS - 20, WAIT_MS));
}
