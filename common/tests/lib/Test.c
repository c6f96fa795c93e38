/*
 * Test: see Test.h.
 */
#include "Test.h"
#include "ThreadManager.h"

#include <setjmp.h>
#include <stdarg.h>

#define EXPLANATION_SIZE 1024
#define LIMIT_LEAST_S    (3 * WAIT_MS / 1000)
#define GRACE_MS         15000 /* for a test that is over its time to end after overTime */

static Test *tests; /* in their order */
static int stageNumber;
static TestHooks testHooks;
static int passedCount;
static int failedCount;
static int chosenCount;                    /* tests that this run is to run */
static char explanation[EXPLANATION_SIZE]; /* belongs to the main thread */
static DWORD mainThread;
static jmp_buf testEnd; /* of the test that runs */

/* What the watching thread looks at, all under the lock. */
static struct Watch {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    const Test *test;   /* the one that runs; NULL between tests */
    ULONGLONG deadline; /* as Test_Now */
    bool isOver;        /* its time is over and overTime was called */
    bool failed;        /* a check failed or the time is over */
    bool hasFault;      /* Test_AddFault was called */
    bool ended;         /* there is nothing more to watch */
} watch = {.lock = SRWLOCK_INIT, .changed = CONDITION_VARIABLE_INIT};

void Test_SetStage(int stage)
{
    stageNumber = stage;
}

static bool IsBefore(const Test *one, const Test *other)
{
    int order = strcmp(one->file, other->file);

    return order < 0 || (order == 0 && one->line < other->line);
}

void Test_Register(Test *test)
{
    Test **link = &tests;

    while (*link != NULL && IsBefore(*link, test))
        link = &(*link)->next;
    test->next = *link;
    *link = test;
    test->limitSeconds = max(test->limitSeconds, LIMIT_LEAST_S);
}

ULONGLONG Test_Now(void)
{
    static ULONGLONG start;

    if (start == 0)
        start = GetTickCount64() - 1;
    return GetTickCount64() - start;
}

/* --- Checks ---------------------------------------------------------------------------------- */

bool Test_Explain(const char *format, ...)
{
    va_list arguments;

    if (GetCurrentThreadId() != mainThread)
        return false;
    va_start(arguments, format);
    vsnprintf(explanation, sizeof(explanation), format, arguments);
    va_end(arguments);
    return false;
}

static void PrintFailure(TestPlace place, const char *format, va_list arguments)
{
    printf("  %s:%d: ", place.file, place.line);
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
}

/* Ends every check: notes and prints a failure, and forgets the explanation. Returns `holds`. */
static bool Finish(bool holds, TestPlace place, const char *format, ...)
{
    va_list arguments;

    if (!holds) {
        AcquireSRWLockExclusive(&watch.lock);
        watch.failed = true;
        ReleaseSRWLockExclusive(&watch.lock);
        va_start(arguments, format);
        PrintFailure(place, format, arguments);
        va_end(arguments);
        if (explanation[0] != '\0')
            printf("    %s\n", explanation);
        fflush(stdout);
    }
    explanation[0] = '\0';
    return holds;
}

void Test_AddFault(TestPlace place, const char *format, ...)
{
    va_list arguments;

    AcquireSRWLockExclusive(&watch.lock);
    if (!watch.hasFault) {
        va_start(arguments, format);
        PrintFailure(place, format, arguments);
        va_end(arguments);
    }
    watch.hasFault = watch.failed = true;
    ReleaseSRWLockExclusive(&watch.lock);
}

bool Test_Check(bool holds, TestPlace place)
{
    return Finish(holds, place, "expected that %s", place.text);
}

bool Test_CheckError(bool hasFailed, long error, TestPlace place)
{
    long actual = (long)GetLastError();

    return Finish(hasFailed && actual == error, place,
                  "expected that %s, with error %ld, but it is %d, and the error %ld", place.text,
                  error, hasFailed, actual);
}

bool Test_CheckInt(long actual, long expected, TestPlace place)
{
    return Finish(actual == expected, place, "expected that %s is %ld, but it is %ld", place.text,
                  expected, actual);
}

bool Test_CheckAtMost(long actual, long most, TestPlace place)
{
    return Finish(actual <= most, place, "expected that %s is at most %ld, but it is %ld",
                  place.text, most, actual);
}

bool Test_CheckText(const char *actual, const char *expected, TestPlace place)
{
    return Finish(strcmp(actual, expected) == 0, place,
                  "expected that %s is \"%s\", but it is \"%s\"", place.text, expected, actual);
}

bool Test_CheckContains(const char *actual, const char *part, TestPlace place)
{
    return Finish(strstr(actual, part) != NULL, place,
                  "expected that %s contains \"%s\", but it is \"%s\"", place.text, part, actual);
}

void Test_NeedTrue(bool holds, TestPlace place)
{
    if (!Finish(holds, place, "the test needs %s", place.text))
        longjmp(testEnd, 1);
}

void *Test_Need(void *pointer, TestPlace place)
{
    Test_NeedTrue(pointer != NULL, place);
    return pointer;
}

SOCKET Test_NeedSocket(SOCKET socket, TestPlace place)
{
    Test_NeedTrue(socket != INVALID_SOCKET, place);
    return socket;
}

/* --- The watching thread --------------------------------------------------------------------- */

static void PrintSummary(void)
{
    printf("%d passed, %d failed\n", passedCount, failedCount);
    fflush(stdout);
}

/* The test did not even end when its waits were made to end: give up, and say so. */
static void GiveUp(const Test *test)
{
    failedCount = chosenCount - passedCount;
    printf("FAIL %s\n  It hangs. The tests after it did not run and count as failed.\n",
           test->name);
    PrintSummary();
    ExitProcess(1);
}

/* The time of the test that runs is over. Under the lock. */
static void HandleOverTime(void)
{
    if (watch.isOver)
        GiveUp(watch.test);
    watch.isOver = true;
    watch.failed = true;
    watch.deadline = Test_Now() + GRACE_MS;
    printf("  expected that the test ends within %d s, but it goes on\n", watch.test->limitSeconds);
    fflush(stdout);
    testHooks.overTime();
}

static void WatchTests(void *unused)
{
    (void)unused;
    AcquireSRWLockExclusive(&watch.lock);
    while (!watch.ended) {
        ULONGLONG moment = Test_Now();

        if (watch.test != NULL && moment >= watch.deadline)
            HandleOverTime();
        else
            SleepConditionVariableSRW(
                &watch.changed, &watch.lock,
                watch.test != NULL ? (DWORD)(watch.deadline - moment) : INFINITE, 0);
    }
    ReleaseSRWLockExclusive(&watch.lock);
}

/* Tells the watching thread which test runs; NULL: none. Returns whether the last one failed. */
static bool SetWatchedTest(const Test *test, bool ended)
{
    bool failed;

    AcquireSRWLockExclusive(&watch.lock);
    failed = watch.failed;
    watch.test = test;
    watch.ended = ended;
    if (test != NULL) {
        watch.deadline = Test_Now() + (ULONGLONG)test->limitSeconds * 1000;
        watch.isOver = false;
        watch.failed = false;
        watch.hasFault = false;
    }
    ReleaseSRWLockExclusive(&watch.lock);
    WakeAllConditionVariable(&watch.changed);
    return failed;
}

static bool IsSet(const bool *flag)
{
    bool isSet;

    AcquireSRWLockShared(&watch.lock);
    isSet = *flag;
    ReleaseSRWLockShared(&watch.lock);
    return isSet;
}

bool Test_IsOver(void)
{
    return IsSet(&watch.isOver);
}

bool Test_MayWait(ULONGLONG end, const char *condition, const char *file, int line)
{
    if (Test_Now() < end)
        return true;
    Test_AddFault((TestPlace){condition, file, line}, "waited in vain, while %s", condition);
    return false;
}

bool Test_WaitForValue(const volatile LONG *value, LONG least, DWORD timeoutMs, const char *name)
{
    ULONGLONG deadline = Test_Now() + timeoutMs;

    while (*value < least) {
        if (Test_Now() >= deadline || Test_IsOver())
            return Test_Explain("expected that %s comes to %ld, but it is %ld after %lu ms", name,
                                least, *value, timeoutMs);
        Sleep(1);
    }
    return true;
}

/* --- Running --------------------------------------------------------------------------------- */

static bool IsChosen(const Test *test, const char *filter)
{
    if (test->isLarge)
        return filter != NULL && strstr(filter, test->name) != NULL;
    return (filter == NULL || strstr(test->name, filter) != NULL) &&
           (test->isWanted == NULL || *test->isWanted) && stageNumber >= test->firstStage &&
           (test->lastStage == 0 || stageNumber <= test->lastStage);
}

static void RunTest(const Test *test)
{
    ULONGLONG start = Test_Now();
    bool failed;
    int elapsedMs;

    SetWatchedTest(test, false);
    if (setjmp(testEnd) == 0) {
        if (test->run != NULL)
            test->run();
        else
            test->runCase(test->data);
        testHooks.last();
    }
    testHooks.end(IsSet(&watch.failed));
    failed = SetWatchedTest(NULL, false);
    elapsedMs = (int)(Test_Now() - start);
    if (failed)
        failedCount++;
    else
        passedCount++;
    printf("%s %s (%d.%02d s)\n", failed ? "FAIL" : "ok  ", test->name, elapsedMs / 1000,
           elapsedMs % 1000 / 10);
    fflush(stdout);
}

int Test_Run(const TestHooks *hooks, const char *filter, bool listOnly)
{
    ThreadManager watchers;

    testHooks = *hooks;
    Test_Now();
    mainThread = GetCurrentThreadId();
    ThreadManager_Init(&watchers);
    if (!listOnly && !ThreadManager_Launch(&watchers, WatchTests, NULL)) {
        fprintf(stderr, "No thread to watch the tests.\n");
        return 1;
    }
    for (const Test *test = tests; test != NULL; test = test->next)
        chosenCount += IsChosen(test, filter) ? 1 : 0;
    for (const Test *test = tests; test != NULL; test = test->next) {
        if (!IsChosen(test, filter))
            continue;
        if (listOnly)
            printf("%s\n", test->name);
        else
            RunTest(test);
    }
    if (listOnly)
        return 0;
    SetWatchedTest(NULL, true);
    ThreadManager_Join(&watchers);
    if (chosenCount == 0)
        printf("No test has a name with '%s'.\n", filter != NULL ? filter : "");
    PrintSummary();
    return failedCount == 0 && passedCount > 0 ? 0 : 1;
}
