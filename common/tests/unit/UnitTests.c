/*
 * UnitTests: tests of the helpers in common and of the tools for tests.
 *
 *     unit.exe [--list] [FILTER]     see TestMain.h
 *
 * What prints, or waits for Ctrl+C, runs in a child process: this program again with a first
 * argument that begins with "--child-".
 */
#include "UnitTests.h"
#include "TestMain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ServerProcess *child;

static const char *ownPath; /* the program that a child is another run of */

bool StartChild(const char *const arguments[])
{
    child = TestProgram_Start(ownPath, arguments);
    return child != NULL;
}

void CheckChild(DWORD exitCode, const char *expectedOutput, const char *errorsContain)
{
    DWORD code = 0;
    char *output;
    char *errors;

    REQUIRE(CHECK(ServerProcess_WaitForExit(child, WAIT_MS, &code)));
    output = ServerProcess_CopyOutput(child, 0);
    errors = ServerProcess_CopyErrors(child);
    if (CHECK(output != NULL && errors != NULL)) {
        CHECK_TEXT(output, expectedOutput);
        CHECK_CONTAINS(errors, errorsContain);
    }
    CHECK_INT(code, exitCode);
    free(output);
    free(errors);
}

const char *ToText(const NetAddress *address)
{
    static char text[NET_ADDRESS_TEXT_SIZE];

    return NetAddress_ToText(address, text, (int)sizeof(text));
}

/* --- main ------------------------------------------------------------------------------------ */

static int PrintArgumentsInChild(int argc, char *argv[])
{
    for (int i = 2; i < argc; i++)
        printf("<%s>\n", argv[i]);
    fprintf(stderr, "to stderr\n");
    return argc;
}

static int RunChild(int argc, char *argv[])
{
    static const UnitChild *const groups[] = {textChildren, threadChildren, processChildren};

    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (const UnitChild *one = groups[i]; one->name != NULL; one++) {
            if (strcmp(argv[1], one->name) == 0)
                return one->run();
        }
    }
    return PrintArgumentsInChild(argc, argv);
}

static int Begin(const char *const words[])
{
    (void)words;
    Test_AddAll(textTests);
    Test_AddAll(threadTests);
    Test_AddAll(socketTests);
    Test_AddAll(processTests);
    return OPTIONS_RUN;
}

int main(int argc, char *argv[])
{
    static const TestSuite suite = {.usage = "Usage: unit.exe [--list] [FILTER]\n", .begin = Begin};

    ownPath = argv[0];
    if (argc > 1 && strncmp(argv[1], "--child-", 8) == 0)
        return RunChild(argc, argv);
    return Test_Main(&suite, argc, argv);
}
