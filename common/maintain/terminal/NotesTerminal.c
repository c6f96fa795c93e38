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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS   50
#define KEYS_SIZE  65536 /* the longest FOLDER/keys */
#define LINE_SIZE  4096  /* the longest line of it */
#define EXIT_USAGE 2
#define ENDED_CODE 130 /* in FOLDER/code, if the terminal was ended and not the program */

typedef struct Terminal {
    const char *folder;
    HANDLE output; /* FOLDER/out */
    SRWLOCK lock;  /* around a line of it: stdout and stderr come on two threads */
    ServerProcess *process;
    size_t taken; /* bytes of FOLDER/keys that have been acted on */
} Terminal;

static void MakePath(const Terminal *terminal, const char *name, char *path)
{
    snprintf(path, MAX_PATH, "%s/%s", terminal->folder, name);
}

static HANDLE OpenIn(const Terminal *terminal, const char *name, DWORD access, DWORD creation)
{
    char path[MAX_PATH];

    MakePath(terminal, name, path);
    return CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       creation, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void WriteLine(void *context, const char *line, bool isError)
{
    Terminal *terminal = (Terminal *)context;
    DWORD written;

    (void)isError;
    AcquireSRWLockExclusive(&terminal->lock);
    WriteFile(terminal->output, line, (DWORD)strlen(line), &written, NULL);
    WriteFile(terminal->output, "\n", 1, &written, NULL);
    ReleaseSRWLockExclusive(&terminal->lock);
}

/* Reads FOLDER/keys up to the end of its last whole line. False: the file is gone. */
static bool ReadKeys(Terminal *terminal, char *text)
{
    HANDLE file = OpenIn(terminal, "keys", GENERIC_READ, OPEN_EXISTING);
    DWORD size = 0;
    char *end;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    if (!ReadFile(file, text, KEYS_SIZE - 1, &size, NULL))
        size = 0;
    CloseHandle(file);
    text[size] = '\0';
    end = strrchr(text, '\n');
    *(end != NULL ? end + 1 : text) = '\0';
    return true;
}

/* Does what a line of FOLDER/keys says. False: it is the end. */
static bool Act(Terminal *terminal, const char *line, size_t length)
{
    char text[LINE_SIZE];

    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 3 && memcmp(line, "end", 3) == 0)
        return false;
    if (length == 5 && memcmp(line, "press", 5) == 0)
        ServerProcess_PressCtrlC(terminal->process);
    else if (length >= 5 && length < LINE_SIZE && memcmp(line, "type ", 5) == 0) {
        snprintf(text, sizeof(text), "%.*s\n", (int)(length - 5), line + 5);
        ServerProcess_WriteInput(terminal->process, text);
    }
    return true;
}

/* Does what has been added to FOLDER/keys. False: it is the end. */
static bool ActOnKeys(Terminal *terminal)
{
    static char text[KEYS_SIZE];

    /* Whoever has removed the file is not there any more. */
    if (!ReadKeys(terminal, text))
        return false;
    while (terminal->taken < strlen(text)) {
        const char *line = text + terminal->taken;
        size_t length = (size_t)(strchr(line, '\n') - line);

        terminal->taken += length + 1;
        if (!Act(terminal, line, length))
            return false;
    }
    return true;
}

/* The file gets its name when all of it is there. */
static void WriteCode(const Terminal *terminal, DWORD code)
{
    char from[MAX_PATH], to[MAX_PATH];
    FILE *file;

    MakePath(terminal, "code.txt", from);
    MakePath(terminal, "code", to);
    if (fopen_s(&file, from, "wb") != 0)
        return;
    fprintf(file, "%lu\n", code);
    fclose(file);
    MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING);
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
    const char *const shell[] = {command, NULL};
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
    if (terminal.output == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "Cannot write %s/out: error %lu\n", terminal.folder, GetLastError());
        return 1;
    }
    if (argc > 2)
        return Run(&terminal, argv[2], (const char *const *)argv + 3);
    MakePath(&terminal, "command", command);
    return Run(&terminal, "sh", shell);
}
