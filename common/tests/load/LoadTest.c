/*
 * LoadTest: the main of the tests of load.exe. See LoadTest.h.
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
