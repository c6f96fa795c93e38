/*
 * LoadTest: that load.exe measures what is, and misses no fault of a server.
 *
 *     load.exe TOOL SERVER... [--list] [FILTER]     see ToolTest.h
 *
 * TOOL is the load.exe of common/tools; a server is one of a stage. Most tests have an echo server
 * in this process instead, which is slow or wrong on purpose and counts what it does.
 */
#include "LoadTest.h"

static void EndTest(void)
{
    EchoServer_Stop();
    SetEnvironmentVariableA(ECHO_SERVER_MODE, NULL);
}

int main(int argc, char *argv[])
{
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode) || EchoServer_RunChild(&exitCode))
        return exitCode;
    return ToolTest_Main("Usage: load.exe TOOL SERVER... [--list] [FILTER]\n", EndTest, argc, argv);
}
