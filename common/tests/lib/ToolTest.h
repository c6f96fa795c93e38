/*
 * ToolTest: what the tests of calls.exe and of load.exe share: their main, and runs of the tool.
 *
 *     NAME.exe TOOL SERVER... [--list] [FILTER]
 *
 * TOOL is the program that is tested, the servers are those of stages. See TestMain.h for the rest.
 */
#ifndef TOOL_TEST_H
#define TOOL_TEST_H

#include "ServerProcess.h"

#define TOOL_SERVER_MAX 7

/* As Test_Main; `endTest` may be NULL. */
int ToolTest_Main(const char *usage, void (*endTest)(void), int argc, char *argv[]);

/* The servers of the command line. */
extern const char *const *servers;
extern int serverCount;

/* A run of the tool. What is left of it is ended before the next, and after the test. */
typedef struct ToolRun {
    ServerProcess *process;
    DWORD exitCode;
    char *output, *errors;
    char *figures; /* what it wrote to ToolRun_GetFile; "" if it did not */
} ToolRun;

extern ToolRun tool; /* of the test that runs */

/* The file for --json: beside this program, that is, under build, with the process's number. */
const char *ToolRun_GetFile(void);

/* Starts the tool with --json and its file, and behind that these words up to a NULL. Without it the test
   is over. */
void ToolRun_Start(const char *const words[], ServerProcessLine onLine);

/* Waits for its end and reads what it has left. Without that the test is over. */
void ToolRun_Wait(DWORD timeoutMs);

/* The number behind `key` in the text, as in `"messages": 12`; -1 where there is none. */
double ToolRun_ReadBehind(const char *text, const char *key);
double ToolRun_ReadFigure(const char *text, const char *name);

#endif
