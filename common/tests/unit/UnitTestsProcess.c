/*
 * UnitTestsProcess: tests of CtrlC and ServerProcess. See UnitTests.h.
 */
#include "UnitTests.h"
#include "CtrlC.h"

/* --- CtrlC ----------------------------------------------------------------------------------- */

static HANDLE wakeEvent;
static volatile LONG wakeCount;

static void Wake(void)
{
    InterlockedIncrement(&wakeCount);
    SetEvent(wakeEvent);
}

/* Waits for Ctrl+C to call Wake twice, the second time without another press. */
static int WaitForPresses(void)
{
    LONG atRemove;

    wakeEvent = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (wakeEvent == NULL || CtrlC_IsPressed() || !CtrlC_Install(Wake))
        return 1;
    printf("ready\n");
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        if (WaitForSingleObject(wakeEvent, 2 * WAIT_MS) != WAIT_OBJECT_0)
            return 2;
        if (!CtrlC_IsPressed())
            return 3;
    }
    CtrlC_Remove();
    atRemove = wakeCount;
    printf("removed\n");
    fflush(stdout);

    /* Another press, which the parent makes on this line, neither wakes nor ends it. */
    Sleep(500);
    printf("%s\n", wakeCount == atRemove ? "not woken" : "woken");
    return 7;
}

CHILD("--child-ctrl-c")
{
    return WaitForPresses();
}

/* What a child inherits from a program that ignores Ctrl+C. */
CHILD("--child-ctrl-c-ignored")
{
    return SetConsoleCtrlHandler(NULL, TRUE) ? WaitForPresses() : 4;
}

static void CheckPress(const char *name)
{
    StartChild(ARGUMENTS(name));
    WaitForChild("ready");
    REQUIRE(CHECK(TestProgram_PressCtrlC(child)));
    WaitForChild("removed");
    CHECK(TestProgram_PressCtrlC(child));
    CheckChild(7, "ready\nremoved\nnot woken\n", "");
}

TEST("CtrlC: a press wakes, also again")
{
    CheckPress("--child-ctrl-c");
}

TEST("CtrlC: a press wakes, though who started the program ignores it")
{
    CheckPress("--child-ctrl-c-ignored");
}

#define OTHER_MODE (ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_EXTENDED_FLAGS)

/* Prints the console's mode, less `OTHER_MODE`, which nobody is to change. */
static void PrintMode(HANDLE console, const char *when)
{
    DWORD mode = 0;

    GetConsoleMode(console, &mode);
    printf("%s %lu\n", when, mode ^ OTHER_MODE);
}

/* A user's console has Quick Edit on, and another one's has not. */
CHILD("--child-quick-edit")
{
    HANDLE console = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    for (int isOn = 0; isOn < 2; isOn++) {
        SetConsoleMode(console, OTHER_MODE | (isOn ? ENABLE_QUICK_EDIT_MODE : 0));
        PrintMode(console, "before");
        if (!CtrlC_Install(Wake))
            return 1;
        PrintMode(console, "inside");
        CtrlC_Remove();
        PrintMode(console, "after");
    }
    CloseHandle(console);
    return 0;
}

TEST("CtrlC: Quick Edit is off meanwhile")
{
    StartChild(ARGUMENTS("--child-quick-edit"));
    CheckChild(0, "before 0\ninside 0\nafter 0\nbefore 64\ninside 0\nafter 64\n", "");
}

/* --- ServerProcess --------------------------------------------------------------------------- */

TEST("ServerProcess: arguments")
{
    StartChild(ARGUMENTS("--child-arguments", "plain", "", "two words", "a\"b", "\\", "c:\\dir\\",
                         "\\\\\"", "\"", "a\\\"b c\\\\"));
    CheckChild(
        11, "<plain>\n<>\n<two words>\n<a\"b>\n<\\>\n<c:\\dir\\>\n<\\\\\">\n<\">\n<a\\\"b c\\\\>\n",
        "to stderr\n");
}

CHILD("--child-numbers")
{
    for (int i = 0; i < 6000; i++)
        printf("number %d\n", i);
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

#define HANDLE_COUNT 100
#define HANDLE_NOISE 10 /* that the system opens and closes for itself meanwhile */

CHILD("--child-spin")
{
    volatile ULONG turns = 0;

    /* The parent does not wait for the end of it. */
    while (turns < 0xffffffff)
        turns = turns + 1;
    return 0;
}

/* Opens HANDLE_COUNT handles, some time after it has said "before". */
CHILD("--child-handles")
{
    printf("before\n");
    fflush(stdout);
    Sleep(500);
    for (int i = 0; i < HANDLE_COUNT; i++) {
        if (CreateEventA(NULL, FALSE, FALSE, NULL) == NULL)
            return 1;
    }
    printf("after\n");
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

/* More than a pipe holds: it is read while the child runs. Then the child is killed. */
TEST("ServerProcess: output")
{
    size_t position = 0;
    DWORD exitCode = 0;
    char *rest;

    StartChild(ARGUMENTS("--child-numbers"));
    WaitForChild("number 5999");
    CHECK_INT(ServerProcess_CountLines(child, "number "), 6000);
    CHECK(ServerProcess_WaitForCount(child, "number 599", 11, 0));
    CHECK(!ServerProcess_WaitForCount(child, "number 599", 12, 50));

    CHECK(ServerProcess_WaitForLine(child, "number 599", &position, 0));
    CHECK(ServerProcess_WaitForLine(child, "number 599", &position, 0));
    rest = NEED(ServerProcess_CopyOutput(child, position));
    CHECK(strncmp(rest, "number 5991\n", 12) == 0);
    free(rest);
    CHECK(!ServerProcess_WaitForLine(child, "no such line", NULL, 50));

    CHECK(ServerProcess_IsRunning(child));
    CHECK(!ServerProcess_WaitForExit(child, 0, NULL));
    CHECK(ServerProcess_GetHandleCount(child) > 0);
    CHECK(ServerProcess_GetMemoryKib(child) > 0);
    CHECK(ServerProcess_GetCpuMs(child) >= 0);
    ServerProcess_Kill(child);
    CHECK(!ServerProcess_IsRunning(child));
    CHECK(ServerProcess_WaitForExit(child, WAIT_MS, &exitCode));
    CHECK_INT(exitCode, 999);
    CHECK(!ServerProcess_WaitForLine(child, "no such line", NULL, 60000));
}

/* The child waits in its prints while nobody reads, and goes on when somebody does. */
TEST("ServerProcess: reading can be paused")
{
    StartChild(ARGUMENTS("--child-numbers"));
    ServerProcess_PauseReading(child, true);
    CHECK(!ServerProcess_WaitForLine(child, "number 5999", NULL, 500));
    ServerProcess_PauseReading(child, false);
    CHECK(ServerProcess_WaitForLine(child, "number 5999", NULL, WAIT_MS));
}

/* A busy process and one that rests are told apart, and both from this one. */
TEST("ServerProcess: processor time")
{
    ULONGLONG start = Test_Now();

    StartChild(ARGUMENTS("--child-spin"));
    WAIT_WHILE(ServerProcess_GetCpuMs(child) < 100);
    CHECK_AT_MOST(ServerProcess_GetCpuMs(child), Test_Now() - start + 100);
    ServerProcess_Kill(child);
}

TEST("ServerProcess: handles")
{
    int before, opened;

    StartChild(ARGUMENTS("--child-handles"));
    WaitForChild("before");
    before = ServerProcess_GetHandleCount(child);
    CHECK(before > 0);
    WaitForChild("after");
    opened = ServerProcess_GetHandleCount(child) - before;
    CHECK(opened >= HANDLE_COUNT - HANDLE_NOISE);
    CHECK_AT_MOST(opened, HANDLE_COUNT + HANDLE_NOISE);
}

TEST("ServerProcess: no such program")
{
    ServerProcess *process =
        ServerProcess_Start("no-such-program.exe", ARGUMENTS(NULL), NULL, NULL);

    CHECK_ERROR(process == NULL, ERROR_FILE_NOT_FOUND);
}

/* Each has a console of its own, and Ctrl+C reaches only the one that it is pressed in. */
TEST("ServerProcess: Ctrl+C reaches one of two programs")
{
    ServerProcess *other;

    StartChild(ARGUMENTS("--child-ctrl-c"));
    WaitForChild("ready");
    other = child;
    StartChild(ARGUMENTS("--child-ctrl-c"));
    WaitForChild("ready");
    REQUIRE(CHECK(TestProgram_PressCtrlC(other)) && CHECK(TestProgram_PressCtrlC(other)));
    CHECK(ServerProcess_WaitForExit(other, WAIT_MS, NULL));
    CHECK_INT(ServerProcess_CountLines(child, "removed"), 0);
}

/* The next child in a console is not disturbed by the one before. */
TEST("ServerProcess: a console is used again")
{
    for (int i = 0; i < 3; i++) {
        CheckPress("--child-ctrl-c");
        TestPrograms_Close(false);
    }
}
