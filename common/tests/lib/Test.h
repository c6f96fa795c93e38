/*
 * Test: a small harness for named tests.
 *
 *     static void AddsUp(void)
 *     {
 *         REQUIRE(CHECK(Open() == true));   // without this the rest makes no sense: return
 *         CHECK_INT(1 + 1, 2);              // a failure is noted, and the test goes on
 *     }
 *     ...
 *     Test_Add("adds up", AddsUp, 10);
 *     return Test_Run(filter, listOnly);
 *
 * A check that fails prints file and line, what was expected and what came; the run goes on with
 * the next test. A thread watches the time that each test takes, so a test that hangs is a test
 * that fails. Checks are made on the main thread only.
 */
#ifndef TEST_H
#define TEST_H

#include "Waits.h"

#include <winsock2.h>
#include <windows.h>
#include <stdbool.h>

/* What a program does around each of its tests; any member may be NULL. */
typedef struct TestHooks {
    void (*begin)(void);      /* before each test */
    void (*end)(bool failed); /* after each test: frees what the test left open */
    void (*overTime)(void);   /* on the watching thread: makes the test's waits end */
} TestHooks;

void Test_SetHooks(const TestHooks *hooks);

/*
 * `name` stays the caller's and lives as long as the program. The limit is in seconds; none is shorter
 * than three times WAIT_MS.
 */
void Test_Add(const char *name, void (*run)(void), int limitSeconds);

/* The same for a test that is one of several of a kind: `run` gets the case. */
void Test_AddCase(const char *name, void (*run)(const void *), const void *data, int limitSeconds);

/*
 * Runs the tests whose name contains `filter` (NULL: all), or only prints their names. The last
 * line says "N passed, N failed". Returns the program's exit code: 0, or 1 where a test failed or
 * none ran.
 */
int Test_Run(const char *filter, bool listOnly);

/* A test; a name of NULL ends a list of them. */
typedef struct Test {
    const char *name;
    void (*run)(void);
    int limitSeconds;
} Test;

void Test_AddAll(const Test *tests);

/* Milliseconds since the program started. */
ULONGLONG Test_Now(void);

/* True: the test's time is over; loops end then. Any thread. */
bool Test_IsOver(void);

/* Each returns whether the check holds. `actual` and `expected` are evaluated once. */
#define CHECK(condition) Test_Check((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected)                                                                \
    Test_CheckInt((long)(actual), (long)(expected), #actual, __FILE__, __LINE__)
#define CHECK_AT_MOST(actual, most)                                                                \
    Test_CheckAtMost((long)(actual), (long)(most), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected)                                                               \
    Test_CheckText((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_CONTAINS(text, part) Test_CheckContains((text), (part), #text, __FILE__, __LINE__)

/* Leaves the test function where a check failed. */
#define REQUIRE(check)                                                                             \
    do {                                                                                           \
        if (!(check))                                                                              \
            return;                                                                                \
    } while (0)

/*
 * What the test cannot do without, a pointer or a socket: `Server *server = NEED(Server_Start());`. Where
 * there is none the check fails and the test is over, in whatever function it stands.
 */
#define NEED(pointer)       Test_Need((pointer), #pointer, __FILE__, __LINE__)
#define NEED_SOCKET(socket) Test_NeedSocket((socket), #socket, __FILE__, __LINE__)

/*
 * For a helper that is about to return false: says what was expected and what came, as printf
 * does. The CHECK that its caller makes of the result prints it. Returns false. On any other thread
 * than main's it says nothing.
 */
bool Test_Explain(const char *format, ...);

void *Test_Need(void *pointer, const char *text, const char *file, int line);
SOCKET Test_NeedSocket(SOCKET socket, const char *text, const char *file, int line);
bool Test_Check(bool holds, const char *text, const char *file, int line);
bool Test_CheckInt(long actual, long expected, const char *text, const char *file, int line);
bool Test_CheckAtMost(long actual, long most, const char *text, const char *file, int line);
bool Test_CheckText(const char *actual, const char *expected, const char *text, const char *file,
                    int line);
bool Test_CheckContains(const char *actual, const char *part, const char *text, const char *file,
                        int line);

#endif
