/*
 * Test: a small harness for named tests.
 *
 *     TEST("adds up")
 *     {
 *         REQUIRE(CHECK(Open() == true));   // without this the rest makes no sense: return
 *         CHECK_INT(1 + 1, 2);              // a failure is noted, and the test goes on
 *     }
 *
 * A test that stands in a file of the program takes part; they run in the order of the files' names
 * and of the lines. A check that fails prints file and line, what was expected and what came; the run
 * goes on with the next test. A thread watches the time that each test takes, so a test that hangs
 * is a test that fails. Checks are made on the main thread only; any thread may say FAULT_IF.
 */
#ifndef TEST_H
#define TEST_H

#include "Waits.h"

#include <winsock2.h>
#include <windows.h>

/* What nearly every test needs of C. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a program does around each of its tests. */
typedef struct TestHooks {
    void (*last)(void);       /* the last checks of each test that has come to its end */
    void (*end)(bool failed); /* after each test: frees what the test left open */
    void (*overTime)(void);   /* on the watching thread: makes the test's waits end */
} TestHooks;

typedef struct Test {
    const char *name;
    void (*run)(void);
    int limitSeconds;          /* how long it may take; at least three times WAIT_MS */
    int firstStage, lastStage; /* runs only for these, see Test_SetStage; 0: no bound */
    const bool *isWanted;      /* NULL, or it runs only where this is true */
    bool isLarge;              /* runs only where the filter has its whole name */

    void (*runCase)(const void *); /* where `run` is NULL, and what it gets */
    const void *data;
    const char *file; /* where it stands */
    int line;
    struct Test *next;
} Test;

/* Has a function run before main. */
#ifdef _MSC_VER
#pragma section(".CRT$XCU", read)
#define BEFORE_MAIN(function)                                                                      \
    static void function(void);                                                                    \
    __declspec(allocate(".CRT$XCU")) static void (*const function##Pointer)(void) = function;      \
    static void function(void)
#else
#define BEFORE_MAIN(function) static void __attribute__((constructor)) function(void)
#endif

/* REGISTER(__LINE__, void, Test, Test_Register, members) { ... }: before main Test_Register gets a Test
   with these members, whose `run` is the function that begins here. */
#define REGISTER(number, result, type, function, ...)                                              \
    REGISTER_ON_LINE(number, result, type, function, __VA_ARGS__)
#define REGISTER_ON_LINE(number, result, type, function, ...)                                      \
    static result Run##number(void);                                                               \
    BEFORE_MAIN(Register##number)                                                                  \
    {                                                                                              \
        static type item = {.run = Run##number, __VA_ARGS__};                                      \
                                                                                                   \
        function(&item);                                                                           \
    }                                                                                              \
    static result Run##number(void)

/* TEST("name") { ... }: the name, or members of Test behind it: TEST("name", .lastStage = 3). */
#define TEST(...)                                                                                  \
    REGISTER(__LINE__, void, Test, Test_Register, .file = __FILE__, .line = __LINE__,              \
             .name = __VA_ARGS__)

/* Tests of one kind: `check` gets a pointer to each of the cases, whose first member is its name. */
#define TEST_CASES(check, cases)                                                                   \
    BEFORE_MAIN(Register##check)                                                                   \
    {                                                                                              \
        static Test tests[COUNT_OF(cases)];                                                        \
                                                                                                   \
        for (size_t i = 0; i < COUNT_OF(tests); i++) {                                             \
            tests[i] = (Test){.name = (cases)[i].name, .runCase = (check), .data = &(cases)[i]};   \
            tests[i].file = __FILE__;                                                              \
            tests[i].line = __LINE__ + (int)i;                                                     \
            Test_Register(&tests[i]);                                                              \
        }                                                                                          \
    }                                                                                              \
    struct Test

void Test_Register(Test *test);

/* Tests that name stages run only for theirs. */
void Test_SetStage(int stage);

/*
 * Runs the tests whose name contains `filter` (NULL: all), or only prints their names. The last
 * line says "N passed, N failed". Returns the program's exit code: 0, or 1 where a test failed or
 * none ran.
 */
int Test_Run(const TestHooks *hooks, const char *filter, bool listOnly);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Milliseconds since the program started. */
ULONGLONG Test_Now(void);

/* True: the test's time is over; loops end then. Any thread. */
bool Test_IsOver(void);

/* Where a check stands, and what it is of. */
typedef struct TestPlace {
    const char *text;
    const char *file;
    int line;
} TestPlace;

#define PLACE(text) ((TestPlace){text, __FILE__, __LINE__})

/* Each returns whether the check holds. `actual` and `expected` are evaluated once. */
#define CHECK(condition)             Test_Check((condition), PLACE(#condition))
#define CHECK_INT(actual, expected)  Test_CheckInt((long)(actual), (long)(expected), PLACE(#actual))
#define CHECK_AT_MOST(actual, most)  Test_CheckAtMost((long)(actual), (long)(most), PLACE(#actual))
#define CHECK_TEXT(actual, expected) Test_CheckText((actual), (expected), PLACE(#actual))
#define CHECK_CONTAINS(text, part)   Test_CheckContains((text), (part), PLACE(#text))

/* A call of the system has failed, and with this error: CHECK_ERROR(recv(...) < 0, WSAEWOULDBLOCK). */
#define CHECK_ERROR(hasFailed, error) Test_CheckError((hasFailed), (long)(error), PLACE(#hasFailed))

/* What a callback or another thread finds wrong: FAULT_IF(isClosed, "closed twice: %d", number). Only the
   first one of a test is printed. */
#define FAULT_IF(isFault, ...) ((isFault) ? Test_AddFault(PLACE(#isFault), __VA_ARGS__) : (void)0)
void Test_AddFault(TestPlace place, const char *format, ...);

/* Leaves the test function where a check failed. */
#define REQUIRE(check)                                                                             \
    do {                                                                                           \
        if (!(check))                                                                              \
            return;                                                                                \
    } while (0)

/*
 * What the test cannot do without: `Server *server = NEED(Server_Start());`. Where there is none the check
 * fails and the test is over, in whatever function it stands.
 */
#define NEED(pointer)       Test_Need((pointer), PLACE(#pointer))
#define NEED_SOCKET(socket) Test_NeedSocket((socket), PLACE(#socket))
#define NEED_TRUE(holds)    Test_NeedTrue((holds), PLACE(#holds))

/* Waits until that is over. The test has failed if it lasts longer than WAIT_MS. */
#define WAIT_WHILE(condition)                                                                      \
    for (ULONGLONG end = Test_Now() + WAIT_MS;                                                     \
         (condition) && Test_MayWait(end, #condition, __FILE__, __LINE__);)                        \
    Sleep(1)
bool Test_MayWait(ULONGLONG end, const char *condition, const char *file, int line);

/* Waits until *value is at least `least`, not alertably. `name` is for the explanation. Any thread. */
#define WAIT_FOR(value, least) Test_WaitForValue(&(value), (least), WAIT_MS, #value)
bool Test_WaitForValue(const volatile LONG *value, LONG least, DWORD timeoutMs, const char *name);

/*
 * For a helper that is about to return false: says what was expected and what came, as printf
 * does. The CHECK that its caller makes of the result prints it. Returns false. On any other thread
 * than main's it says nothing.
 */
bool Test_Explain(const char *format, ...);

void Test_NeedTrue(bool holds, TestPlace place);
void *Test_Need(void *pointer, TestPlace place);
SOCKET Test_NeedSocket(SOCKET socket, TestPlace place);
bool Test_Check(bool holds, TestPlace place);
bool Test_CheckError(bool hasFailed, long error, TestPlace place);
bool Test_CheckInt(long actual, long expected, TestPlace place);
bool Test_CheckAtMost(long actual, long most, TestPlace place);
bool Test_CheckText(const char *actual, const char *expected, TestPlace place);
bool Test_CheckContains(const char *actual, const char *part, TestPlace place);

#endif
