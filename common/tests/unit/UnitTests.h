/*
 * UnitTests: what the files of unit.exe share; see UnitTests.c.
 *
 *     UnitTests.c         the program, and children of it
 *     UnitTestsText.c     tests of NetAddress, ErrorText and ServerOptions
 *     UnitTestsThread.c   tests of ThreadManager and ServerLog
 *     UnitTestsSocket.c   tests of SocketUtils
 *     UnitTestsProcess.c  tests of CtrlC and ServerProcess
 */
#ifndef UNIT_TESTS_H
#define UNIT_TESTS_H

#include "NetAddress.h"
#include "Test.h"
#include "TestProgram.h"

#define LIMIT_S 60

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

extern const Test textTests[];
extern const Test threadTests[];
extern const Test socketTests[];
extern const Test processTests[];

/* What a child does whose first argument is that name, and its exit code; a name of NULL ends a list
   of them. */
typedef struct UnitChild {
    const char *name;
    int (*run)(void);
} UnitChild;

extern const UnitChild textChildren[];
extern const UnitChild threadChildren[];
extern const UnitChild processChildren[];

/* The one that was started last; it is ended after the test. */
extern ServerProcess *child;

bool StartChild(const char *const arguments[]);

/* Waits for the child's end and checks all that it has printed. */
void CheckChild(DWORD exitCode, const char *expectedOutput, const char *errorsContain);

/* The address as the log has it, until the next call. */
const char *ToText(const NetAddress *address);

#endif
