/*
 * ChildProcess: CreateProcess, with words instead of a command line, and with no other handle of this
 * program's than those that the child is to have.
 */
#ifndef CHILD_PROCESS_H
#define CHILD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include <winsock2.h>

#include <windows.h>

#define CHILD_COMMAND_SIZE 32768 /* the longest command line that CreateProcess takes */
#define CHILD_HANDLE_MAX   4

typedef struct CommandLine {
    char text[CHILD_COMMAND_SIZE];
    size_t length;
    bool isFull; /* a word was left out: it did not fit */
} CommandLine;

/* An empty one has no words: set it to zero. The child gets the very same word in argv. */
void CommandLine_AddWord(CommandLine *command, const char *word);

/*
 * Starts a child. `standard` are its stdin, stdout and stderr. It inherits them and the `others`,
 * all of which have to be inheritable, and nothing else: not the pipes of another child that is
 * started at the same time. `environment` is a block of wide characters; NULL: this program's own.
 * `flags` are CreateProcess's. The caller closes both handles in `created`. False: it did not start;
 * GetLastError says why.
 */
bool ChildProcess_Create(char *command, HANDLE standard[3], const HANDLE *others, int otherCount,
                         WCHAR *environment, DWORD flags, PROCESS_INFORMATION *created);

/*
 * A job whose closing ends the process: however this program ends, the system closes its handles.
 * NULL: there is none, and the process is not ended with this program.
 */
HANDLE ChildProcess_CreateJob(HANDLE process);

#endif
