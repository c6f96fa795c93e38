/*
 * NotesTerminal: a terminal for the check of the notes, on Windows; common/maintain/notes/commands.sh
 * starts one for each command.
 *
 *     terminal.exe FOLDER [PROGRAM [WORD...]]
 *
 * Runs `sh FOLDER/command`, or the program, in a console of its own, so that Ctrl+C reaches all that
 * runs in it and nobody else. What it prints goes to FOLDER/out, line by line. FOLDER/keys is what the
 * person does; lines may be added to it at any time:
 *
 *     type TEXT    types the line into the program
 *     press        presses Ctrl+C
 *     end          ends this program, and with it all that runs in the terminal; so does removing keys
 *
 * When the command has ended, FOLDER/code has its exit code. commands.sh does the same elsewhere.
 */
#include "ServerProcess.h"

#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS   50
#define LINE_SIZE  4096 /* the longest line of FOLDER/keys */
#define EXIT_USAGE 2
#define ENDED_CODE 130 /* in FOLDER/code, if the terminal was ended and not the program */

typedef struct Terminal {
    const char *folder;
    FILE *output; /* FOLDER/out */
    FILE *keys;   /* FOLDER/keys */
    SRWLOCK lock; /* around a line of the output: stdout and stderr come on two threads */
    ServerProcess *process;
} Terminal;

/* The path of the file, until the next call. */
static const char *PathOf(const Terminal *terminal, const char *name)
{
    static char path[MAX_PATH];

    snprintf(path, sizeof(path), "%s/%s", terminal->folder, name);
    return path;
}

/* NULL, with a sentence: it cannot be opened. While it is open, others may read, write and remove it. */
static FILE *OpenIn(const Terminal *terminal, const char *name, DWORD access, DWORD creation)
{
    HANDLE handle = CreateFileA(PathOf(terminal, name), access,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                creation, FILE_ATTRIBUTE_NORMAL, NULL);
    int descriptor = handle != INVALID_HANDLE_VALUE ? _open_osfhandle((intptr_t)handle, 0) : -1;
    FILE *file = descriptor >= 0 ? _fdopen(descriptor, access == GENERIC_READ ? "rb" : "ab") : NULL;

    if (file == NULL)
        fprintf(stderr, "Cannot open %s/%s: error %lu\n", terminal->folder, name, GetLastError());
    return file;
}

static void WriteLine(void *context, const char *line, bool isError)
{
    Terminal *terminal = (Terminal *)context;

    (void)isError;
    AcquireSRWLockExclusive(&terminal->lock);
    fprintf(terminal->output, "%s\n", line);
    fflush(terminal->output);
    ReleaseSRWLockExclusive(&terminal->lock);
}

/* Does what has been added to FOLDER/keys, of which each line is written at once. False: it is the end. */
static bool ActOnKeys(Terminal *terminal)
{
    char line[LINE_SIZE];

    while (fgets(line, sizeof(line) - 1, terminal->keys) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, "end") == 0)
            return false;
        if (strcmp(line, "press") == 0)
            ServerProcess_PressCtrlC(terminal->process);
        if (strncmp(line, "type ", 5) == 0) {
            strcat_s(line, sizeof(line), "\n");
            ServerProcess_WriteInput(terminal->process, line + 5);
        }
    }
    clearerr(terminal->keys);
    /* Whoever has removed the file is not there any more. */
    return GetFileAttributesA(PathOf(terminal, "keys")) != INVALID_FILE_ATTRIBUTES;
}

/* The file gets its name when all of it is there. */
static void WriteCode(const Terminal *terminal, DWORD code)
{
    FILE *file = OpenIn(terminal, "code.txt", GENERIC_WRITE, CREATE_ALWAYS);
    char from[MAX_PATH];

    if (file == NULL)
        return;
    fprintf(file, "%lu\n", code);
    fclose(file);
    snprintf(from, sizeof(from), "%s", PathOf(terminal, "code.txt"));
    MoveFileExA(from, PathOf(terminal, "code"), MOVEFILE_REPLACE_EXISTING);
}

/* Runs the program to its end. Returns the exit code of this one. */
static int Run(Terminal *terminal, const char *path, const char *const arguments[])
{
    DWORD code;

    terminal->process = ServerProcess_StartWithInput(path, arguments, WriteLine, terminal);
    if (terminal->process == NULL) {
        fprintf(stderr, "%s did not start: error %lu\n", path, GetLastError());
        WriteCode(terminal, 127);
        return 1;
    }
    while (!ServerProcess_WaitForExit(terminal->process, PAUSE_MS, &code)) {
        /* With this process the system ends all that it has started; nothing is waited for. */
        if (!ActOnKeys(terminal)) {
            WriteCode(terminal, ENDED_CODE);
            return 0;
        }
    }
    WriteCode(terminal, code);
    ServerProcess_Close(terminal->process);
    return 0;
}

int main(int argc, char *argv[])
{
    char command[MAX_PATH];
    Terminal terminal = {0};
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (argc < 2) {
        fprintf(stderr, "Usage: terminal.exe FOLDER [PROGRAM [WORD...]]\n");
        return EXIT_USAGE;
    }
    terminal.folder = argv[1];
    InitializeSRWLock(&terminal.lock);
    terminal.output = OpenIn(&terminal, "out", FILE_APPEND_DATA, OPEN_ALWAYS);
    terminal.keys = OpenIn(&terminal, "keys", GENERIC_READ, OPEN_EXISTING);
    if (terminal.output == NULL || terminal.keys == NULL)
        return 1;
    if (argc > 2)
        return Run(&terminal, argv[2], (const char *const *)argv + 3);
    snprintf(command, sizeof(command), "%s", PathOf(&terminal, "command"));
    return Run(&terminal, "sh", (const char *const[]){command, NULL});
}
