/*
 * Contract: what all stages promise, tested from the outside.
 *
 *     contract.exe [--verify] PATH\TO\NN-name\server.exe [--list] [FILTER]
 *
 * Starts the server as a child process, talks to it over loopback and reads what it prints. The
 * folder's name says which stage it is, and so which limits it has. FILTER runs only the tests
 * whose name contains it. --verify wants a server that make WATCHED=1 has built: it runs with
 * INSTRUMENT=verify, and a finding fails the test in which it came. The last line says "N passed, N
 * failed"; exit code 1 where any failed or none ran, 2 where the command line is not understood.
 */
#include "Contract.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

/* The number in the last folder of the path that looks like "05-iocp-basic"; 0: there is none. */
static int ParseStageNumber(const char *path)
{
    int number = 0;

    for (const char *at = path; *at != '\0'; at++) {
        bool startsName = at == path || at[-1] == '/' || at[-1] == '\\';

        if (startsName && at[0] == '0' && at[1] >= '1' && at[1] <= '0' + LAST_STAGE && at[2] == '-')
            number = at[1] - '0';
    }
    return number;
}

static void AddTests(const ContractTest *tests, int stageNumber)
{
    for (; tests->name != NULL; tests++) {
        if (stageNumber >= tests->firstStage && stageNumber <= tests->lastStage)
            Test_Add(tests->name, tests->run, tests->limitSeconds);
    }
}

static int PrintUsage(const char *sentence, const char *word)
{
    fprintf(stderr,
            "%s%s\nUsage: contract.exe [--verify] PATH/TO/NN-name/server.exe [--list] [FILTER]\n",
            sentence, word);
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    static const TestHooks hooks = {Fixture_Begin, Fixture_End, Fixture_OverTime};
    const ContractTest *groups[] = {commandLineTests, echoTests,  logTests,  leaveTests,
                                    neighbourTests,   limitTests, stopTests, restTests};
    const char *path = NULL;
    const char *filter = NULL;
    bool listOnly = false, isVerifying = false;
    int exitCode, stageNumber;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            listOnly = true;
        else if (strcmp(argv[i], "--verify") == 0)
            isVerifying = true;
        else if (path == NULL)
            path = argv[i];
        else if (filter == NULL)
            filter = argv[i];
        else
            return PrintUsage("Too many words: ", argv[i]);
    }
    if (path == NULL)
        return PrintUsage("Which server?", "");
    stageNumber = ParseStageNumber(path);
    if (stageNumber == 0)
        return PrintUsage("No folder such as 05-iocp-basic, from 01 to 07, is in the path ", path);
    if (!SocketUtils_Init()) {
        fprintf(stderr, "WSAStartup failed with error %lu.\n", GetLastError());
        return 1;
    }
    Fixture_Init(path, stageNumber, isVerifying);
    Test_SetHooks(&hooks);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        AddTests(groups[i], stageNumber);
    if (isVerifying)
        AddTests(verifyTests, stageNumber);
    exitCode = Test_Run(filter, listOnly);
    SocketUtils_Clear();
    return exitCode;
}
