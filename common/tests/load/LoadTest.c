/*
 * LoadTest: that load.exe measures what is, and misses no fault of a server.
 *
 *     load.exe TOOL SERVER... [--list] [FILTER]     see ToolTest.h
 *
 * TOOL is the load.exe of common/tools; a server is one of a stage. Most tests have an echo server
 * in this process instead, which is slow or wrong on purpose and counts what it does. The last line
 * says "N passed, N failed".
 */
#include "LoadTest.h"

#include "ErrorText.h"
#include "SocketUtils.h"

static void Fixture_End(bool failed)
{
    (void)failed;
    ToolRun_End();
    EchoServer_Stop();
    SetEnvironmentVariableA(ECHO_SERVER_MODE, NULL);
}

static void AddTests(void)
{
    AddHistogramTests();
    AddCommandLineTests();
    AddHonestTests();
    AddDelayTests();
    AddFaultTests();
    AddRealTests();
}

int main(int argc, char *argv[])
{
    static const TestHooks hooks = {NULL, Fixture_End, ToolRun_Kill};
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (!SocketUtils_Init()) {
        ErrorText_Print("Starting Winsock", GetLastError());
        return 1;
    }
    if (EchoServer_RunChild(&exitCode))
        return exitCode;
    if (!ToolTest_Parse(argc, argv, "load"))
        return TOOL_EXIT_USAGE;
    Test_SetHooks(&hooks);
    AddTests();
    exitCode = ToolTest_Run();
    SocketUtils_Clear();
    return exitCode;
}
