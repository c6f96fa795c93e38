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

ServerProcess *child;

static const char *ownPath; /* the program that a child is another run of */
static Child *children;

void Child_Register(Child *newChild)
{
    newChild->next = children;
    children = newChild;
}

void StartChild(const char *const arguments[])
{
    child = NEED(TestProgram_Start(ownPath, arguments));
}

void WaitForChild(const char *text)
{
    NEED_TRUE(TestProgram_Says(child, text));
}

void CheckChild(DWORD exitCode, const char *expectedOutput, const char *errorsContain)
{
    char *output;

    TestProgram_CheckEnd(child, WAIT_MS, exitCode, errorsContain);
    output = NEED(ServerProcess_CopyOutput(child, 0));
    CHECK_TEXT(output, expectedOutput);
    free(output);
}

/* A child that nobody has registered prints its arguments. */
static int RunChild(int argc, char *argv[])
{
    for (const Child *one = children; one != NULL; one = one->next) {
        if (strcmp(argv[1], one->name) == 0)
            return one->run();
    }
    for (int i = 2; i < argc; i++)
        printf("<%s>\n", argv[i]);
    fprintf(stderr, "to stderr\n");
    return argc;
}

int main(int argc, char *argv[])
{
    static const TestSuite suite = {.usage = "Usage: unit.exe [--list] [FILTER]\n"};

    ownPath = argv[0];
    if (argc > 1 && strncmp(argv[1], "--child-", 8) == 0)
        return RunChild(argc, argv);
    return Test_Main(&suite, argc, argv);
}
