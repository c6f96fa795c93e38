/*
 * LoadTest: that load.exe measures what is, and misses no fault of a server.
 *
 *     load.exe TOOL SERVER... [--list] [FILTER]     see ToolTest.h
 *
 * TOOL is the load.exe of common/tools; a server is one of a stage. Most tests have an echo server
 * in this process instead, which is slow or wrong on purpose and counts what it does.
 */
#include "LoadTest.h"
#include "TestMain.h"

static void Fixture_End(void)
{
    ToolRun_End();
    EchoServer_Stop();
    SetEnvironmentVariableA(ECHO_SERVER_MODE, NULL);
}

static int Begin(const char *const words[])
{
    ToolTest_Init(words, "load");
    return OPTIONS_RUN;
}

int main(int argc, char *argv[])
{
    static const TestSuite suite = {
        .usage = "Usage: load.exe TOOL SERVER... [--list] [FILTER]\n",
        .missing = "Which tool and servers?",
        .wordMin = 2,
        .wordMax = 1 + TOOL_SERVER_MAX,
        .begin = Begin,
        .endTest = Fixture_End,
    };
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode) || EchoServer_RunChild(&exitCode))
        return exitCode;
    return Test_Main(&suite, argc, argv);
}
