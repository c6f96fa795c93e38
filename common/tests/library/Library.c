/*
 * Library: the library of stage 07, tested from the inside, and the listener of 06.
 *
 *     library.exe [--port N] [--list] [FILTER]     see TestMain.h
 *
 * A few tests start a server.exe as a child: those of 06 and 07 in the folders beside this program's.
 * The test many-10000 runs only where FILTER names it; with --port its clients go to a server that
 * listens on that port of 127.0.0.1 already.
 */
#include "Library.h"
#include "ServerLog.h"
#include "TestMain.h"

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

long givenPort;

static int Begin(const char *const words[])
{
    (void)words;
    if (!SocketUtils_BindConnectEx()) {
        fprintf(stderr, "The library cannot be set up: error %lu.\n", GetLastError());
        return 1;
    }
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(OnCrash);
    ServerLog_Init(true, false);
    Host_MarkProgramThread();
    Test_SetStage(STEP);
    gate = CreateEventW(NULL, TRUE, FALSE, NULL);
    return OPTIONS_RUN;
}

int main(int argc, char *argv[])
{
    static const Option options[] = {
        {.name = "--port", .number = &givenPort, .least = 1, .most = 65535},
        {.name = NULL},
    };
    static const TestSuite suite = {
        .usage = "Usage: library.exe [--port N] [--list] [FILTER]\n",
        .options = options,
        .begin = Begin,
        .endTest = Fixture_End,
    };

    return Test_Main(&suite, argc, argv);
}
