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

#define CHILD_MAX 20

ServerProcess *child;

static const char *ownPath; /* the program that a child is another run of */
static struct {
    const char *name;
    int (*run)(void);
} children[CHILD_MAX];
static int childCount;

void RegisterChild(const char *name, int (*run)(void))
{
    children[childCount].name = name;
    children[childCount++].run = run;
}

void StartChildWith(const char *const arguments[])
{
    child = NEED(TestProgram_Start(ownPath, arguments));
}

void StartChild(const char *name)
{
    const char *const arguments[] = {name, NULL};

    StartChildWith(arguments);
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
    for (int i = 0; i < childCount; i++) {
        if (strcmp(argv[1], children[i].name) == 0)
            return children[i].run();
    }
    return PrintArgumentsInChild(argc, argv);
}

int main(int argc, char *argv[])
{
    static const TestSuite suite = {.usage = "Usage: unit.exe [--list] [FILTER]\n"};

    ownPath = argv[0];
    if (argc > 1 && strncmp(argv[1], "--child-", 8) == 0)
        return RunChild(argc, argv);
    return Test_Main(&suite, argc, argv);
}
