/*
 * ToolTest: what the tests of calls.exe and of load.exe share: their command line, and runs of the
 * tool.
 *
 *     NAME.exe TOOL SERVER... [--list] [FILTER]
 *
 * TOOL is the program that is tested, the servers are those of stages. FILTER runs only the tests
 * whose name contains it; it is the word that does not end with ".exe".
 */
#ifndef TOOL_TEST_H
#define TOOL_TEST_H

#include "ServerProcess.h"

#define TOOL_SERVER_MAX 7

/* Takes the words of the command line, those of the tests `name`. */
void ToolTest_Init(const char *const words[], const char *name);

int ToolTest_GetServerCount(void);
const char *ToolTest_GetServer(int index);

/* A run of the tool. */
typedef struct ToolRun {
    ServerProcess *process;
    DWORD exitCode;
    char *output, *errors;
    char *figures; /* what it wrote to ToolRun_GetFile; "" if it did not */
} ToolRun;

extern ToolRun tool; /* of the test that runs */

/* The file for --json: beside this program, that is, under build, with the process's number. */
const char *ToolRun_GetFile(void);

/* Starts the tool, with these words up to a NULL; the run before is ended. False: explained. */
bool ToolRun_Start(const char *const words[], ServerProcessLine onLine);

/* Waits for its end and reads what it has left. False: explained. */
bool ToolRun_Wait(DWORD timeoutMs);

/* Frees what a run has left, and kills it if it is not over. To be called after each test. */
void ToolRun_End(void);

/* The number behind `key` in the text, as in `"messages": 12`; -1 where there is none. */
double ToolRun_ReadBehind(const char *text, const char *key);
double ToolRun_ReadFigure(const char *text, const char *name);

#endif
