/*
 * TestProgram: see TestProgram.h.
 */
#include "TestProgram.h"
#include "InstrumentState.h"
#include "Test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_LINES 15 /* of each of a program's streams that are shown */

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

void TestProgram_Print(ServerProcess *process, const char *name)
{
    DWORD exitCode;

    if (ServerProcess_WaitForExit(process, 0, &exitCode))
        printf("    %s has ended with exit code %lu; it had printed:\n", name, exitCode);
    else
        printf("    %s runs; it has printed:\n", name);
    TestProgram_PrintOutput(process);
}

char *TestProgram_RemoveWarnings(char *errors)
{
    static const char warning[] = "verify: warning: ";
    char *line = errors;

    while (*line != '\0') {
        char *next = line + strcspn(line, "\n");

        next += *next != '\0' ? 1 : 0;
        if (strncmp(line, warning, strlen(warning)) == 0)
            memmove(line, next, strlen(next) + 1);
        else
            line = next;
    }
    return errors;
}

bool TestProgram_PressCtrlC(ServerProcess *process)
{
    return ServerProcess_PressCtrlC(process) ||
           Test_Explain("Ctrl+C cannot be pressed: error %lu", GetLastError());
}

void TestProgram_CheckFindings(ServerProcess *process, const char *name, DWORD timeoutMs)
{
    DWORD exitCode = 0;
    char *errors;

    /* A test may have left it in a print that nobody reads. */
    ServerProcess_PauseReading(process, false);
    if (ServerProcess_IsRunning(process) && !CHECK(TestProgram_PressCtrlC(process)))
        return;
    REQUIRE(CHECK(ServerProcess_WaitForExit(process, timeoutMs, &exitCode)));
    errors = ServerProcess_CopyErrors(process);
    if (!CHECK(exitCode != EXIT_FINDING) ||
        !CHECK(errors != NULL && strstr(TestProgram_RemoveWarnings(errors), "verify: ") == NULL))
        TestProgram_Print(process, name);
    free(errors);
}
