/*
 * TestMain: what every test program does from its command line to its exit code.
 *
 *     NAME.exe [OPTION...] [WORD...] [--list] [FILTER]
 *
 * FILTER runs only the tests whose name contains it; --list prints their names, one a line. The last line
 * says "N passed, N failed"; exit code 1 where any failed or none ran, 2 where the command line is not
 * understood. What a test has started with TestProgram.h and opened with Peer.h is ended after it.
 */
#ifndef TEST_MAIN_H
#define TEST_MAIN_H

#include "Options.h"
#include "Test.h"

#define TEST_WORD_MAX 10

/* Members that are not needed are NULL or 0. */
typedef struct TestSuite {
    const char *usage;     /* one line, the last: "Usage: ..." */
    const Option *options; /* those of its own; at most 4 */
    const char *missing;   /* what to say where words are missing: "Which server?" */
    int wordMin,
        wordMax; /* words that are no FILTER; those behind the first wordMin end with ".exe" */

    /* May be NULL. `words` are those that are no FILTER, a NULL behind them. Returns OPTIONS_RUN or the
       exit code: a sentence has said what is wrong. */
    int (*begin)(const char *const words[]);
    void (*end)(void);

    void (*endTest)(void);  /* before what the test has left is ended */
    void (*overTime)(void); /* as in TestHooks */
} TestSuite;

/* Returns the exit code. */
int Test_Main(const TestSuite *suite, int argc, char *argv[]);

#endif
