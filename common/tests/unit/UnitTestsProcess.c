/*
 * UnitTestsProcess: tests of CtrlC and ServerProcess. See UnitTests.h.
 */
#include "UnitTests.h"
#include "CtrlC.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- CtrlC ----------------------------------------------------------------------------------- */

static HANDLE wakeEvent;
static volatile LONG wakeCount;

static void Wake(void)
{
    InterlockedIncrement(&wakeCount);
    SetEvent(wakeEvent);
}

/* Waits for Ctrl+C to call Wake twice, the second time without another press. */
static int WaitForCtrlCInChild(void)
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

static void PressCtrlC(void)
{
    static const char *const arguments[] = {"--child-ctrl-c", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "ready", NULL, WAIT_MS)));
    REQUIRE(CHECK(TestProgram_PressCtrlC(child)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "removed", NULL, WAIT_MS)));
    CHECK(TestProgram_PressCtrlC(child));
    CheckChild(7, "ready\nremoved\nnot woken\n", "");
}

/* --- ServerProcess --------------------------------------------------------------------------- */

static void ArgumentsArriveAsTheyAre(void)
{
    static const char *const arguments[] = {
        "--child-arguments", "plain",  "",   "two words",    "a\"b", "\\",
        "c:\\dir\\",         "\\\\\"", "\"", "a\\\"b c\\\\", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    CheckChild(
        11, "<plain>\n<>\n<two words>\n<a\"b>\n<\\>\n<c:\\dir\\>\n<\\\\\">\n<\">\n<a\\\"b c\\\\>\n",
        "to stderr\n");
}

static int PrintNumbersInChild(void)
{
    for (int i = 0; i < 6000; i++)
        printf("number %d\n", i);
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

#define HANDLE_COUNT 100
#define HANDLE_NOISE 10 /* that the system opens and closes for itself meanwhile */

static int SpinInChild(void)
{
    volatile ULONG turns = 0;

    /* The parent does not wait for the end of it. */
    while (turns < 0xffffffff)
        turns = turns + 1;
    return 0;
}

/* Opens HANDLE_COUNT handles, some time after it has said "before". */
static int OpenHandlesInChild(void)
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
static void OutputIsCaptured(void)
{
    static const char *const arguments[] = {"--child-numbers", NULL};
    size_t position = 0;
    DWORD exitCode = 0;
    char *rest;

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "number 5999", NULL, WAIT_MS)));
    CHECK_INT(ServerProcess_CountLines(child, "number "), 6000);
    CHECK(ServerProcess_WaitForCount(child, "number 599", 11, 0));
    CHECK(!ServerProcess_WaitForCount(child, "number 599", 12, 50));

    CHECK(ServerProcess_WaitForLine(child, "number 599", &position, 0));
    CHECK(ServerProcess_WaitForLine(child, "number 599", &position, 0));
    rest = ServerProcess_CopyOutput(child, position);
    if (CHECK(rest != NULL))
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
static void ReadingCanBePaused(void)
{
    static const char *const arguments[] = {"--child-numbers", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    ServerProcess_PauseReading(child, true);
    CHECK(!ServerProcess_WaitForLine(child, "number 5999", NULL, 500));
    ServerProcess_PauseReading(child, false);
    CHECK(ServerProcess_WaitForLine(child, "number 5999", NULL, WAIT_MS));
}

/* A busy process and one that rests are told apart, and both from this one. */
static void ProcessorTime(void)
{
    static const char *const atWork[] = {"--child-spin", NULL};
    ULONGLONG start = Test_Now();

    REQUIRE(CHECK(StartChild(atWork)));
    while (ServerProcess_GetCpuMs(child) < 100) {
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, WAIT_MS));
        Sleep(20);
    }
    CHECK_AT_MOST(ServerProcess_GetCpuMs(child), Test_Now() - start + 100);
    ServerProcess_Kill(child);
}

static void Handles(void)
{
    static const char *const arguments[] = {"--child-handles", NULL};
    int before, opened;

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "before", NULL, WAIT_MS)));
    before = ServerProcess_GetHandleCount(child);
    CHECK(before > 0);
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "after", NULL, WAIT_MS)));
    opened = ServerProcess_GetHandleCount(child) - before;
    CHECK(opened >= HANDLE_COUNT - HANDLE_NOISE);
    CHECK_AT_MOST(opened, HANDLE_COUNT + HANDLE_NOISE);
}

static void NoSuchProgram(void)
{
    static const char *const arguments[] = {NULL};

    CHECK(ServerProcess_Start("no-such-program.exe", arguments, NULL, NULL) == NULL);
    CHECK_INT(GetLastError(), ERROR_FILE_NOT_FOUND);
}

/* Each has a console of its own, and Ctrl+C reaches only the one that it is pressed in. */
static void ConsolesAreApart(void)
{
    static const char *const arguments[] = {"--child-ctrl-c", NULL};
    ServerProcess *other;

    REQUIRE(CHECK(StartChild(arguments)));
    other = child;
    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(other, "ready", NULL, WAIT_MS)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "ready", NULL, WAIT_MS)));
    REQUIRE(CHECK(TestProgram_PressCtrlC(other)) && CHECK(TestProgram_PressCtrlC(other)));
    CHECK(ServerProcess_WaitForExit(other, WAIT_MS, NULL));
    CHECK_INT(ServerProcess_CountLines(child, "removed"), 0);
}

/* The next child in a console is not disturbed by the one before. */
static void ConsoleIsUsedAgain(void)
{
    for (int i = 0; i < 3; i++) {
        PressCtrlC();
        TestPrograms_Close(false);
    }
}

/* --- The lists ------------------------------------------------------------------------------- */

const Test processTests[] = {
    {"CtrlC: a press wakes, also again", PressCtrlC, LIMIT_S},
    {"ServerProcess: arguments", ArgumentsArriveAsTheyAre, LIMIT_S},
    {"ServerProcess: output", OutputIsCaptured, LIMIT_S},
    {"ServerProcess: reading can be paused", ReadingCanBePaused, LIMIT_S},
    {"ServerProcess: processor time", ProcessorTime, LIMIT_S},
    {"ServerProcess: handles", Handles, LIMIT_S},
    {"ServerProcess: no such program", NoSuchProgram, LIMIT_S},
    {"ServerProcess: Ctrl+C reaches one of two programs", ConsolesAreApart, LIMIT_S},
    {"ServerProcess: a console is used again", ConsoleIsUsedAgain, LIMIT_S},
    {NULL, NULL, 0},
};

const UnitChild processChildren[] = {
    {"--child-ctrl-c", WaitForCtrlCInChild},
    {"--child-numbers", PrintNumbersInChild},
    {"--child-spin", SpinInChild},
    {"--child-handles", OpenHandlesInChild},
    {NULL, NULL},
};
