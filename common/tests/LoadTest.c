/*
 * LoadTest: that load.exe measures what is, and misses no fault of a server.
 *
 *     load.exe TOOL SERVER... [--list] [FILTER]
 *
 * TOOL is the load.exe of common/tools; a server is one of a stage. Most tests have an echo server
 * in this process instead, which is slow or wrong on purpose and counts what it does. FILTER runs
 * only the tests whose name contains it; it is the word that does not end with ".exe". The last
 * line says "N passed, N failed".
 */
#include "LoadTest.h"

#include "ErrorText.h"
#include "SocketUtils.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static void Fixture_End(bool failed)
{
    (void)failed;
    Load_End();
    EchoServer_Stop();
    SetEnvironmentVariableA(ECHO_SERVER_MODE, NULL);
}

static int PrintUsage(const char *sentence, const char *word)
{
    fprintf(stderr, "%s%s\nUsage: load.exe TOOL SERVER... [--list] [FILTER]\n", sentence, word);
    return EXIT_USAGE;
}

static bool IsProgram(const char *word)
{
    size_t length = strlen(word);

    return length > 4 && strcmp(word + length - 4, ".exe") == 0;
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
    static const TestHooks hooks = {NULL, Fixture_End, Load_Kill};
    const char *filter = NULL;
    bool listOnly = false, hasTool = false;
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (!SocketUtils_Init()) {
        HandleError("Starting Winsock", GetLastError());
        return 1;
    }
    if (EchoServer_RunChild(&exitCode))
        return exitCode;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            listOnly = true;
        else if (!IsProgram(argv[i]) && filter == NULL)
            filter = argv[i];
        else if (!IsProgram(argv[i]))
            return PrintUsage("Too many words: ", argv[i]);
        else if (hasTool)
            Load_AddServer(argv[i]);
        else {
            Load_SetTool(argv[i]);
            hasTool = true;
        }
    }
    if (Load_GetServerCount() == 0)
        return PrintUsage("Which tool and servers?", "");
    Test_SetHooks(&hooks);
    AddTests();
    exitCode = Test_Run(filter, listOnly);
    SocketUtils_Clear();
    return exitCode;
}
