/*
 * UnitTests: what the files of unit.exe share; see UnitTests.c, which has the functions.
 */
#ifndef UNIT_TESTS_H
#define UNIT_TESTS_H

#include "Peer.h"
#include "Test.h"
#include "TestProgram.h"

/* CHILD("--child-log") { ... }: what a child does whose first argument that is, and its exit code. */
#define CHILD(word) REGISTER(__LINE__, int, Child, Child_Register, .name = (word))

typedef struct Child {
    const char *name;
    int (*run)(void);
    struct Child *next;
} Child;

void Child_Register(Child *newChild);

/* The one that was started last; it is ended after the test. */
extern ServerProcess *child;

void StartChild(const char *const arguments[]);

/* Waits for a line with the text. Without it the test is over. */
void WaitForChild(const char *text);

/* Waits for the child's end and checks all that it has printed. */
void CheckChild(DWORD exitCode, const char *expectedOutput, const char *errorsContain);

#endif
