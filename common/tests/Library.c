/*
 * Library: the library of stage 07, tested from the inside, and the listener of 06.
 *
 *     library.exe [--server PATH] [--port N] [--list] [FILTER]
 *
 * FILTER runs only the tests whose name contains it. A few tests start a server.exe as a child:
 * those of 06 and 07 in the folders beside this program's, or only the one at PATH, whose folder
 * says which stage it is. The test many-10000 runs only where FILTER names it; with --port its
 * clients go to a server that listens on that port of 127.0.0.1 already. The last line says
 * "N passed, N failed"; exit code 1 where any failed or none ran, 2 where the command line is not
 * understood.
 */
#include "Library.h"
#include "ServerLog.h"
#include "ServerOptions.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

typedef struct Options {
    const char *serverPath;
    long serverPort;
    bool listOnly;
    const char *filter;
} Options;

static void AddTests(const LibraryTest *tests, const char *filter, bool isLarge)
{
    for (; tests->name != NULL; tests++) {
        if (!isLarge || (filter != NULL && strstr(filter, tests->name) != NULL))
            Test_Add(tests->name, tests->run, tests->limitSeconds);
    }
}

static int PrintUsage(const char *sentence, const char *word)
{
    fprintf(stderr, "%s%s\nUsage: library.exe [--server PATH] [--port N] [--list] [FILTER]\n",
            sentence, word);
    return EXIT_USAGE;
}

/* Returns 0, or the exit code of a program that is done. */
static int ParseOptions(Options *options, int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        bool hasValue = i + 1 < argc;

        if (strcmp(argv[i], "--list") == 0) {
            options->listOnly = true;
        } else if (strcmp(argv[i], "--server") == 0 && hasValue) {
            options->serverPath = argv[++i];
        } else if (strcmp(argv[i], "--port") == 0 && hasValue) {
            if (!ServerOptions_ParseNumber(argv[++i], 1, 65535, &options->serverPort))
                return PrintUsage("Not a port: ", argv[i]);
        } else if (argv[i][0] == '-' || options->filter != NULL) {
            return PrintUsage("Not understood: ", argv[i]);
        } else {
            options->filter = argv[i];
        }
    }
    return 0;
}

/*
 * The library has crashed the program. Whoever reads the output shall find a failure and its sum,
 * and nobody shall have to close a window first.
 */
static LONG WINAPI OnCrash(EXCEPTION_POINTERS *exception)
{
    printf("FAIL It crashed with exception 0x%08lx at %p. The tests after it did not run.\n"
           "0 passed, 1 failed\n",
           exception->ExceptionRecord->ExceptionCode, exception->ExceptionRecord->ExceptionAddress);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), 1);
    return EXCEPTION_EXECUTE_HANDLER;
}

static int RunTests(const Options *options)
{
    static const TestHooks hooks = {NULL, Fixture_End, NULL};
    const LibraryTest *groups[] = {recvBufferTests,    sendBufferTests, packetTests,
                                   packetSessionTests, sessionTests,    causeTests,
                                   sendTests,          closeTests,      roundTests,
                                   stopTests,          manyTests,       acceptTests};

    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(OnCrash);
    ServerLog_Init(true, false);
    Host_MarkProgramThread();
    Fixture_Init(options->serverPath, (int)options->serverPort);
    Test_SetHooks(&hooks);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        AddTests(groups[i], options->filter, false);
    AddTests(largeTests, options->filter, true);
    return Test_Run(options->filter, options->listOnly);
}

int main(int argc, char *argv[])
{
    Options options = {0};
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    exitCode = ParseOptions(&options, argc, argv);
    if (exitCode != 0)
        return exitCode;
    if (!SocketUtils_Init()) {
        fprintf(stderr, "WSAStartup failed with error %lu.\n", GetLastError());
        return 1;
    }
    if (!SocketUtils_BindConnectEx() || !SendBufferManager_Init()) {
        fprintf(stderr, "The library cannot be set up: error %lu.\n", GetLastError());
        return 1;
    }
    exitCode = RunTests(&options);
    SendBufferManager_Clear();
    SocketUtils_Clear();
    return exitCode;
}
