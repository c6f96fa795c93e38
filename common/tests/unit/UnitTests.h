/*
 * UnitTests: what the files of unit.exe share; see UnitTests.c, which has the functions.
 */
#ifndef UNIT_TESTS_H
#define UNIT_TESTS_H

#include "Peer.h"
#include "Test.h"
#include "TestProgram.h"

/* CHILD("--child-log") { ... }: what a child does whose first argument that is, and its exit code. */
#define CHILD(name)            CHILD_AT(__LINE__, name)
#define CHILD_AT(number, name) CHILD_ON_LINE(number, name)
#define CHILD_ON_LINE(number, name)                                                                \
    static int Run##number(void);                                                                  \
    BEFORE_MAIN(Register##number)                                                                  \
    {                                                                                              \
        RegisterChild(name, Run##number);                                                          \
    }                                                                                              \
    static int Run##number(void)

void RegisterChild(const char *name, int (*run)(void));

/* The one that was started last; it is ended after the test. */
extern ServerProcess *child;

void StartChild(const char *name);
void StartChildWith(const char *const arguments[]);

/* Waits for a line with the text. Without it the test is over. */
void WaitForChild(const char *text);

/* Waits for the child's end and checks all that it has printed. */
void CheckChild(DWORD exitCode, const char *expectedOutput, const char *errorsContain);

#endif
