/*
 * TestProgram: see TestProgram.h.
 */
#include "TestProgram.h"
#include "InstrumentState.h"
#include "Test.h"
#include "Waits.h"

#define PROGRAM_MAX 64
#define NAME_SIZE   MAX_PATH
#define LAST_LINES  15 /* of each of a program's streams that are shown */

typedef struct TestProgram {
    ServerProcess *process;
    char name[NAME_SIZE];
    bool mayStop; /* a server that listens and was not stopped */
} TestProgram;

static bool areVerifying;
static SRWLOCK programsLock = SRWLOCK_INIT; /* the watching thread kills, the main thread closes */
static TestProgram programs[PROGRAM_MAX];
static int programCount;

/* --- Starting -------------------------------------------------------------------------------- */

void TestPrograms_SetVerify(bool isVerifying)
{
    areVerifying = isVerifying;
    SetEnvironmentVariableA("INSTRUMENT", isVerifying ? "verify" : NULL);
}

bool TestProgram_IsWatched(ServerProcess *process)
{
    char name[INSTRUMENT_STATE_NAME_SIZE];
    HANDLE section;

    snprintf(name, sizeof(name), INSTRUMENT_STATE_NAME, ServerProcess_GetId(process));
    section = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    if (section == NULL)
        return Test_Explain("there is no %s: error %lu", name, GetLastError());
    CloseHandle(section);
    return true;
}

ServerProcess *TestProgram_Keep(ServerProcess *process, const char *path)
{
    TestProgram *program = &programs[programCount];

    if (process == NULL || programCount == PROGRAM_MAX) {
        Test_Explain("%s does not start: error %lu", path, GetLastError());
        ServerProcess_Close(process);
        return NULL;
    }
    AcquireSRWLockExclusive(&programsLock);
    *program = (TestProgram){.process = process};
    snprintf(program->name, sizeof(program->name), "%s", path);
    programCount++;
    ReleaseSRWLockExclusive(&programsLock);
    return process;
}

const char *TestProgram_GetPort(const NetAddress *address)
{
    static char port[8];

    snprintf(port, sizeof(port), "%u", (unsigned)NetAddress_GetPort(address));
    return port;
}

ServerProcess *TestProgram_Start(const char *path, const char *const arguments[])
{
    return TestProgram_Keep(ServerProcess_Start(path, arguments, NULL, NULL), path);
}

ServerProcess *TestProgram_StartWithInput(const char *path, const char *const arguments[])
{
    return TestProgram_Keep(ServerProcess_StartWithInput(path, arguments, NULL, NULL), path);
}

ServerProcess *TestProgram_StartServer(const char *path, const char *const arguments[],
                                       NetAddress *address)
{
    ServerProcess *server = TestProgram_Start(path, arguments);

    if (server == NULL)
        return NULL;
    if (!ServerProcess_WaitForListening(server, address, 2 * WAIT_MS)) {
        Test_Explain("there is no line \"Listening on ADDRESS:PORT\"");
        return NULL;
    }
    programs[programCount - 1].mayStop = true;
    return server;
}

bool TestProgram_Says(ServerProcess *process, const char *text)
{
    return ServerProcess_WaitForLine(process, text, NULL, WAIT_MS) ||
           Test_Explain("there is no line with \"%s\"", text);
}

/* --- Showing --------------------------------------------------------------------------------- */

/* The last lines of a text, each with a prefix. */
static void PrintLastLines(const char *prefix, const char *text)
{
    const char *start = text + strlen(text);
    int lines = 0;

    while (start > text) {
        if (start[-1] == '\n' && start[0] != '\0' && ++lines == LAST_LINES)
            break;
        start--;
    }
    if (start > text)
        printf("%s...\n", prefix);
    while (*start != '\0') {
        size_t length = strcspn(start, "\n");

        printf("%s%.*s\n", prefix, (int)length, start);
        start += length + (start[length] == '\n' ? 1 : 0);
    }
}

void TestProgram_PrintOutput(ServerProcess *process)
{
    char *output = ServerProcess_CopyOutput(process, 0);
    char *errors = ServerProcess_CopyErrors(process);

    if (output != NULL)
        PrintLastLines("    | ", output);
    if (errors != NULL)
        PrintLastLines("    stderr | ", errors);
    fflush(stdout);
    free(output);
    free(errors);
}

static void Print(const TestProgram *program)
{
    DWORD exitCode;

    if (ServerProcess_WaitForExit(program->process, 0, &exitCode))
        printf("    %s has ended with exit code %lu; it had printed:\n", program->name, exitCode);
    else
        printf("    %s runs; it has printed:\n", program->name);
    TestProgram_PrintOutput(program->process);
}

void TestPrograms_Print(bool failed)
{
    for (int i = 0; failed && i < programCount; i++)
        Print(&programs[i]);
}

/* --- Ending ---------------------------------------------------------------------------------- */

bool TestProgram_PressCtrlC(ServerProcess *process)
{
    return ServerProcess_PressCtrlC(process) ||
           Test_Explain("Ctrl+C cannot be pressed: error %lu", GetLastError());
}

/* Takes the lines out in which verify warns: they are no findings. Returns `errors`. */
static char *RemoveWarnings(char *errors)
{
    static const char warning[] = "verify: warning: ";
    char *line = errors;

    while (areVerifying && *line != '\0') {
        char *next = line + strcspn(line, "\n");

        next += *next != '\0' ? 1 : 0;
        if (strncmp(line, warning, strlen(warning)) == 0)
            memmove(line, next, strlen(next) + 1);
        else
            line = next;
    }
    return errors;
}

void TestProgram_CheckEnd(ServerProcess *process, DWORD timeoutMs, DWORD expectedCode,
                          const char *expectedError)
{
    DWORD exitCode = 0;
    char *errors;

    REQUIRE(CHECK(ServerProcess_WaitForExit(process, timeoutMs, &exitCode)));
    errors = ServerProcess_CopyErrors(process);
    REQUIRE(CHECK(errors != NULL));
    CHECK_INT(exitCode, expectedCode);
    if (expectedError[0] == '\0')
        CHECK_TEXT(RemoveWarnings(errors), "");
    else
        CHECK_CONTAINS(errors, expectedError);
    free(errors);
}

bool Text_EndsWith(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t endLength = strlen(end);

    return length >= endLength && strcmp(text + length - endLength, end) == 0;
}

void TestProgram_CheckStopped(ServerProcess *server, DWORD timeoutMs)
{
    char *output;

    for (int i = 0; i < programCount; i++)
        programs[i].mayStop = programs[i].mayStop && programs[i].process != server;
    TestProgram_CheckEnd(server, timeoutMs, 0, "");
    output = NEED(ServerProcess_CopyOutput(server, 0));
    CHECK(Text_EndsWith(output, "\nServer stopped.\n"));
    free(output);
    CHECK_INT(ServerProcess_CountLines(server, "Server stopped."), 1);
    CHECK_INT(ServerProcess_CountLines(server, "Client Disconnected! "),
              ServerProcess_CountLines(server, "Client Connected! "));
}

void TestProgram_CheckStop(ServerProcess *server, DWORD timeoutMs)
{
    CHECK(ServerProcess_IsRunning(server));
    REQUIRE(CHECK(TestProgram_PressCtrlC(server)));
    TestProgram_CheckStopped(server, timeoutMs);
}

void TestPrograms_CheckStop(void)
{
    for (int i = 0; i < programCount; i++) {
        if (programs[i].mayStop)
            TestProgram_CheckStop(programs[i].process, STOP_LIMIT_MS);
    }
}

/*
 * It is ended with Ctrl+C if it runs: a finding is told when it is made, or at the end. One that was
 * killed has not come to its end, and tells only what it found before.
 */
static void CheckFindings(const TestProgram *program)
{
    ServerProcess *process = program->process;
    DWORD exitCode = 0;
    char *errors;

    /* A test may have left it in a print that nobody reads. */
    ServerProcess_PauseReading(process, false);
    if (ServerProcess_IsRunning(process) && !CHECK(TestProgram_PressCtrlC(process)))
        return;
    REQUIRE(CHECK(ServerProcess_WaitForExit(process, WAIT_MS, &exitCode)));
    errors = ServerProcess_CopyErrors(process);
    if (!CHECK(exitCode != EXIT_FINDING) ||
        !CHECK(errors != NULL && strstr(RemoveWarnings(errors), "verify: ") == NULL))
        Print(program);
    free(errors);
}

void TestPrograms_Close(bool failed)
{
    for (int i = 0; areVerifying && !failed && i < programCount; i++)
        CheckFindings(&programs[i]);
    AcquireSRWLockExclusive(&programsLock);
    for (int i = 0; i < programCount; i++)
        ServerProcess_Close(programs[i].process);
    programCount = 0;
    ReleaseSRWLockExclusive(&programsLock);
}

void TestPrograms_Kill(void)
{
    AcquireSRWLockExclusive(&programsLock);
    for (int i = 0; i < programCount; i++)
        ServerProcess_Kill(programs[i].process);
    ReleaseSRWLockExclusive(&programsLock);
}
