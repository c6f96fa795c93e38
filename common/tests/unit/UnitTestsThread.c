/*
 * UnitTestsThread: tests of ThreadManager and ServerLog. See UnitTests.h.
 */
#include "UnitTests.h"
#include "ServerLog.h"
#include "ThreadManager.h"

/* --- ThreadManager --------------------------------------------------------------------------- */

#define THREAD_COUNT 100 /* WaitForMultipleObjects would take 64 */

typedef struct Visitor {
    DWORD delayMs;
    volatile LONG visits;
} Visitor;

static void Visit(void *argument)
{
    Visitor *visitor = (Visitor *)argument;

    Sleep(visitor->delayMs);
    InterlockedIncrement(&visitor->visits);
}

/* Each comes a little later than the one before, so a join that leaves some out is seen. */
TEST("ThreadManager: 100 threads, twice")
{
    static Visitor visitors[THREAD_COUNT];
    ThreadManager manager;

    ThreadManager_Init(&manager);
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < THREAD_COUNT; i++) {
            visitors[i].delayMs = (DWORD)i * 2;
            REQUIRE(CHECK(ThreadManager_Launch(&manager, Visit, &visitors[i])));
        }
        CHECK_INT(manager.count, THREAD_COUNT);
        ThreadManager_Join(&manager);
        CHECK_INT(manager.count, 0);
        for (int i = 0; i < THREAD_COUNT; i++)
            REQUIRE(CHECK_INT(visitors[i].visits, round));
    }
}

TEST("ThreadManager: join waits")
{
    ThreadManager manager = {0}; /* all bytes zero is an empty one */
    Visitor visitor = {100, 0};

    ThreadManager_Join(&manager); /* nobody to wait for */
    for (int i = 0; i < 3; i++)
        REQUIRE(CHECK(ThreadManager_Launch(&manager, Visit, &visitor)));
    ThreadManager_Join(&manager);
    CHECK_INT(visitor.visits, 3);
    ThreadManager_Join(&manager);
}

TEST("ThreadManager: processors")
{
    CHECK(ThreadManager_GetProcessorCount() >= 1);
    CHECK_AT_MOST(ThreadManager_GetProcessorCount(), 1024);
}

/* --- ServerLog ------------------------------------------------------------------------------- */

static int PrintLog(bool quiet)
{
    NetAddress address;

    if (!NetAddress_FromText(&address, "127.0.0.1", 7777))
        return 1;
    ServerLog_Init(quiet, false);
    ServerLog_Listening(&address);
    ServerLog_Connected(&address);
    ServerLog_Received(5);
    ServerLog_Disconnected(&address, 0);
    ServerLog_Disconnected(&address, WSAECONNRESET);
    ServerLog_Refused(&address, "full");
    ServerLog_CannotListen(&address, "bind", WSAEADDRINUSE);
    ServerLog_Stopped();
    return 0;
}

CHILD("--child-log")
{
    return PrintLog(false);
}

CHILD("--child-log-quiet")
{
    return PrintLog(true);
}

TEST("ServerLog: lines")
{
    StartChild(ARGUMENTS("--child-log"));
    CheckChild(0,
               "Listening on 127.0.0.1:7777\n"
               "Client Connected! 127.0.0.1:7777\n"
               "Recv Data Len = 5\n"
               "Client Disconnected! 127.0.0.1:7777\n"
               "Client Disconnected! 127.0.0.1:7777 (error 10054)\n"
               "Client Refused! 127.0.0.1:7777 (full)\n"
               "Server stopped.\n",
               "Cannot listen on 127.0.0.1:7777: bind failed with error 10048");
}

TEST("ServerLog: quiet")
{
    StartChild(ARGUMENTS("--child-log-quiet"));
    CheckChild(0, "Listening on 127.0.0.1:7777\nServer stopped.\n", "10048");
}

static void LogFromThread(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++)
        ServerLog_Received(123456789);
}

CHILD("--child-log-threads")
{
    ThreadManager threads = {0};

    ServerLog_Init(false, true);
    for (int i = 0; i < 4; i++) {
        if (!ThreadManager_Launch(&threads, LogFromThread, NULL))
            return 1;
    }
    ThreadManager_Join(&threads);
    return 0;
}

/* Lines of several threads do not mix. */
TEST("ServerLog: lines of several threads")
{
    char *output;
    int lines = 0;

    StartChild(ARGUMENTS("--child-log-threads"));
    REQUIRE(CHECK(ServerProcess_WaitForExit(child, WAIT_MS, NULL)));
    output = NEED(ServerProcess_CopyOutput(child, 0));
    for (char *line = output, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char expected[64];
        unsigned long thread = 0;

        *end = '\0';
        sscanf_s(line, "[thread %lu]", &thread);
        snprintf(expected, sizeof(expected), "[thread %lu] Recv Data Len = 123456789", thread);
        if (!CHECK_TEXT(line, expected))
            break;
        lines++;
    }
    CHECK_INT(lines, 800);
    free(output);
}
