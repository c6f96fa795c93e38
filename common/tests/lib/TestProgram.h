/*
 * TestProgram: the programs that run beside a test, as processes: started, stopped, shown where a test
 * fails, and what verify has found in them. They are ended after the test, see TestMain.h.
 */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include "ServerProcess.h"

/* The programs watch their own calls from now on: a finding fails the test in which it came. */
void TestPrograms_SetVerify(bool isVerifying);

/* Does the program watch its own calls? One that was built in the usual way has no finding, either. */
bool TestProgram_IsWatched(ServerProcess *process);

/* Makes another process one of them. Returns it; NULL, which is explained, where it has not started. */
ServerProcess *TestProgram_Keep(ServerProcess *process, const char *path);

/* Words for those below: ARGUMENTS("--port", "0"). */
#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The port as a word, until the next call. */
const char *TestProgram_GetPort(const NetAddress *address);

/* Starts it with these arguments, up to a NULL. NULL: explained. */
ServerProcess *TestProgram_Start(const char *path, const char *const arguments[]);

/* The same, with a pipe as its input. */
ServerProcess *TestProgram_StartWithInput(const char *path, const char *const arguments[]);

/* Starts a server and waits until it listens; its stop is checked after the test. NULL: explained. */
ServerProcess *TestProgram_StartServer(const char *path, const char *const arguments[],
                                       NetAddress *address);

bool TestProgram_PressCtrlC(ServerProcess *process);

/* Waits for a line with the text. */
bool TestProgram_Says(ServerProcess *process, const char *text);

/*
 * Waits for its end and checks its exit code and a part of what it wrote to stderr; "": it must have
 * written nothing.
 */
void TestProgram_CheckEnd(ServerProcess *process, DWORD timeoutMs, DWORD expectedCode,
                          const char *expectedError);

/*
 * Presses Ctrl+C and checks the whole of a server's stop: exit code 0 in time, "Server stopped." once
 * and last, nothing on stderr, a Disconnected line for each Connected line.
 */
void TestProgram_CheckStop(ServerProcess *server, DWORD timeoutMs);

/* The part of that which comes after Ctrl+C was pressed. */
void TestProgram_CheckStopped(ServerProcess *server, DWORD timeoutMs);

bool Text_EndsWith(const char *text, const char *end);

/* Prints the last lines of what the program has printed so far, those of stderr last. */
void TestProgram_PrintOutput(ServerProcess *process);

/* --- Around each test ------------------------------------------------------------------------ */

/* TestProgram_CheckStop for each server that the test has left running. */
void TestPrograms_CheckStop(void);

/* Shows how each program has ended and what it has printed, if the test failed. */
void TestPrograms_Print(bool failed);

/* Looks for findings if the test did not fail, and ends the programs. */
void TestPrograms_Close(bool failed);

/* Kills them. Any thread. */
void TestPrograms_Kill(void);

#endif
