/*
 * TestProgram: what tests of a program that runs beside them have in common: what it has printed,
 * shown where a test fails, and what verify has found in it.
 */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include "ServerProcess.h"

/* Prints the last lines of what the program has printed so far, those of stderr last. */
void TestProgram_PrintOutput(ServerProcess *process);

/* Prints that and, before it, how the program has ended, if it has. `name` is what to call it. */
void TestProgram_Print(ServerProcess *process, const char *name);

/* Takes the lines out in which verify warns: they are no findings. Returns `errors`. */
char *TestProgram_RemoveWarnings(char *errors);

/* False, with an explanation for CHECK: it could not be done. */
bool TestProgram_PressCtrlC(ServerProcess *process);

/*
 * Checks that verify has found nothing in the program, and prints the program where it has. It is
 * ended with Ctrl+C if it runs, within `timeoutMs`: a finding is told when it is made, or at the
 * end. One that was killed has not come to its end, and tells only what it found before.
 */
void TestProgram_CheckFindings(ServerProcess *process, const char *name, DWORD timeoutMs);

#endif
