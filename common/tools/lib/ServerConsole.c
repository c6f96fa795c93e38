/*
 * ServerConsole: see ServerConsole.h.
 *
 * This program and a keeper talk through a piece of memory that both have mapped: `asked` says that a
 * question is in it, `answered` that the answer is. The keeper has inherited the three handles, and
 * their numbers are the words that it is started with.
 */
#include "ServerConsole.h"
#include "ChildProcess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEPER_OPTION    "--keep-console"
#define KEEPER_ATTEMPTS  5
#define ANSWER_MS        30000 /* for what takes a moment: the keeper hangs if it takes so long */
#define CONSOLE_MAX      64
#define ENVIRONMENT_SIZE 65536 /* characters; the system sets no limit */

typedef enum Question { QUESTION_START, QUESTION_PRESS } Question;

/* Handles are numbers here, those of the process that uses them: the keeper. */
typedef struct Talk {
    Question question;
    char command[CHILD_COMMAND_SIZE];
    WCHAR environment[ENVIRONMENT_SIZE]; /* the other program's, as it is now */
    ULONGLONG standard[3];
    DWORD error; /* of the answer; 0: it is done. The first says whether there is a console */
    DWORD processId;
    ULONGLONG process;
} Talk;

struct ServerConsole {
    HANDLE keeper; /* NULL: this entry is free */
    HANDLE job;
    HANDLE mapping, asked, answered;
    Talk *talk;
    bool isTaken; /* under the lock */
};

static ServerConsole consoles[CONSOLE_MAX];
static SRWLOCK consolesLock = SRWLOCK_INIT;

/* --- The keeper ------------------------------------------------------------------------------ */

/* Everyone in the console gets Ctrl+C, the keeper too, and it must not end of it. What children
   inherit is the setting that a NULL stands for, and not this. */
static BOOL WINAPI SurviveCtrlC(DWORD event)
{
    return event == CTRL_C_EVENT;
}

/* A console that there is has an input that can be opened. Returns 0, or the error. */
static DWORD FindConsole(void)
{
    HANDLE input = CreateFileA("CONIN$", GENERIC_READ | GENERIC_WRITE,
                               FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    if (input == INVALID_HANDLE_VALUE)
        return ERROR_INVALID_HANDLE;
    CloseHandle(input);
    SetConsoleCtrlHandler(NULL, FALSE);
    return SetConsoleCtrlHandler(SurviveCtrlC, TRUE) ? 0 : GetLastError();
}

static HANDLE ToHandle(ULONGLONG number)
{
    return (HANDLE)(ULONG_PTR)number;
}

/* The child before has ended: nobody needs its handle any more. */
static DWORD StartInConsole(Talk *talk)
{
    HANDLE standard[3];
    PROCESS_INFORMATION created = {0};
    DWORD error = 0;

    if (talk->process != 0)
        CloseHandle(ToHandle(talk->process));
    talk->process = 0;
    for (int i = 0; i < 3; i++)
        standard[i] = ToHandle(talk->standard[i]);
    if (ChildProcess_Create(talk->command, standard, NULL, 0, talk->environment, 0, &created)) {
        CloseHandle(created.hThread);
        talk->process = (ULONGLONG)(ULONG_PTR)created.hProcess;
        talk->processId = created.dwProcessId;
    } else {
        error = GetLastError();
    }
    for (int i = 0; i < 3; i++)
        CloseHandle(standard[i]);
    return error;
}

static DWORD Answer(Talk *talk)
{
    if (talk->question == QUESTION_START)
        return StartInConsole(talk);
    return GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) ? 0 : GetLastError();
}

/* Ends when the other program does: with that, the job that the keeper is in is closed. */
bool ServerConsole_RunKeeper(int argc, char *argv[], int *exitCode)
{
    HANDLE handles[3];
    Talk *talk;

    if (argc != 5 || strcmp(argv[1], KEEPER_OPTION) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        handles[i] = ToHandle(strtoull(argv[2 + i], NULL, 10));
    *exitCode = 1;
    talk = (Talk *)MapViewOfFile(handles[0], FILE_MAP_WRITE, 0, 0, sizeof(*talk));
    if (talk == NULL)
        return true;
    talk->error = FindConsole();
    SetEvent(handles[2]);
    while (WaitForSingleObject(handles[1], INFINITE) == WAIT_OBJECT_0) {
        talk->error = Answer(talk);
        SetEvent(handles[2]);
    }
    return true;
}

/* --- Asking ---------------------------------------------------------------------------------- */

/* Waits for the keeper's answer. False: it says that it failed, or it does not answer. */
static bool WaitForAnswer(ServerConsole *console)
{
    HANDLE waits[2] = {console->answered, console->keeper};
    DWORD result = WaitForMultipleObjects(2, waits, FALSE, ANSWER_MS);

    if (result == WAIT_OBJECT_0)
        SetLastError(console->talk->error);
    else
        SetLastError(result == WAIT_TIMEOUT ? ERROR_TIMEOUT : ERROR_BROKEN_PIPE);
    return result == WAIT_OBJECT_0 && console->talk->error == 0;
}

static bool Ask(ServerConsole *console, Question question)
{
    console->talk->question = question;
    SetEvent(console->asked);
    return WaitForAnswer(console);
}

bool ServerConsole_PressCtrlC(ServerConsole *console)
{
    return Ask(console, QUESTION_PRESS);
}

/* The child's handles have to be the keeper's first. */
static bool HandOver(ServerConsole *console, HANDLE standard[3])
{
    for (int i = 0; i < 3; i++) {
        HANDLE theirs;

        if (!DuplicateHandle(GetCurrentProcess(), standard[i], console->keeper, &theirs, 0, TRUE,
                             DUPLICATE_SAME_ACCESS))
            return false;
        console->talk->standard[i] = (ULONGLONG)(ULONG_PTR)theirs;
    }
    return true;
}

/* Its strings, the last one empty. The keeper's own are those of the moment that it started in. */
static bool CopyEnvironment(WCHAR *copy)
{
    WCHAR *strings = GetEnvironmentStringsW();
    size_t length = 0;

    if (strings == NULL)
        return false;
    while (strings[length] != L'\0')
        length += wcslen(strings + length) + 1;
    length++;
    if (length <= ENVIRONMENT_SIZE)
        memcpy(copy, strings, length * sizeof(WCHAR));
    FreeEnvironmentStringsW(strings);
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return length <= ENVIRONMENT_SIZE;
}

HANDLE ServerConsole_Start(ServerConsole *console, const char *command, HANDLE standard[3],
                           DWORD *processId)
{
    HANDLE process = NULL;

    snprintf(console->talk->command, sizeof(console->talk->command), "%s", command);
    if (!CopyEnvironment(console->talk->environment) || !HandOver(console, standard) ||
        !Ask(console, QUESTION_START) ||
        !DuplicateHandle(console->keeper, ToHandle(console->talk->process), GetCurrentProcess(),
                         &process, 0, FALSE, DUPLICATE_SAME_ACCESS))
        return NULL;
    *processId = console->talk->processId;
    return process;
}

/* --- Keepers --------------------------------------------------------------------------------- */

static void CloseIfOpen(HANDLE *handle)
{
    if (*handle != NULL)
        CloseHandle(*handle);
    *handle = NULL;
}

/* With the job the keeper ends, and what it has started. */
static void Close(ServerConsole *console)
{
    if (console->keeper != NULL)
        TerminateProcess(console->keeper, 1);
    CloseIfOpen(&console->job);
    CloseIfOpen(&console->keeper);
    if (console->talk != NULL)
        UnmapViewOfFile(console->talk);
    console->talk = NULL;
    CloseIfOpen(&console->mapping);
    CloseIfOpen(&console->asked);
    CloseIfOpen(&console->answered);
}

/* What the two talk through; the keeper inherits it. */
static bool OpenTalk(ServerConsole *console)
{
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};

    console->mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, &inheritable, PAGE_READWRITE, 0,
                                          sizeof(Talk), NULL);
    console->asked = CreateEventA(&inheritable, FALSE, FALSE, NULL);
    console->answered = CreateEventA(&inheritable, FALSE, FALSE, NULL);
    if (console->mapping == NULL || console->asked == NULL || console->answered == NULL)
        return false;
    console->talk =
        (Talk *)MapViewOfFile(console->mapping, FILE_MAP_WRITE, 0, 0, sizeof(*console->talk));
    return console->talk != NULL;
}

static bool MakeCommand(CommandLine *command, const HANDLE handles[3])
{
    char word[MAX_PATH];
    DWORD length = GetModuleFileNameA(NULL, word, sizeof(word));

    if (length == 0 || length == sizeof(word))
        return false;
    CommandLine_AddWord(command, word);
    CommandLine_AddWord(command, KEEPER_OPTION);
    for (int i = 0; i < 3; i++) {
        snprintf(word, sizeof(word), "%llu", (ULONGLONG)(ULONG_PTR)handles[i]);
        CommandLine_AddWord(command, word);
    }
    return !command->isFull;
}

/* It has nothing to read and nobody to read what it prints: NUL for all three. */
static bool StartKeeper(ServerConsole *console)
{
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};
    HANDLE handles[3] = {console->mapping, console->asked, console->answered};
    HANDLE nothing =
        CreateFileA("NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    &inheritable, OPEN_EXISTING, 0, NULL);
    HANDLE standard[3] = {nothing, nothing, nothing};
    PROCESS_INFORMATION created = {0};
    CommandLine *command = (CommandLine *)calloc(1, sizeof(*command));
    bool started =
        command != NULL && nothing != INVALID_HANDLE_VALUE && MakeCommand(command, handles) &&
        ChildProcess_Create(command->text, standard, handles, 3, NULL, CREATE_NO_WINDOW, &created);

    if (started) {
        CloseHandle(created.hThread);
        console->keeper = created.hProcess;
        console->job = ChildProcess_CreateJob(created.hProcess);
    }
    if (nothing != INVALID_HANDLE_VALUE)
        CloseHandle(nothing);
    free(command);
    return started;
}

/* A keeper without a console has run nobody's program: another one is started in its place. */
static bool Open(ServerConsole *console)
{
    for (int i = 0; i < KEEPER_ATTEMPTS; i++) {
        DWORD error;

        if (OpenTalk(console) && StartKeeper(console) && WaitForAnswer(console))
            return true;
        error = GetLastError();
        Close(console);
        SetLastError(error);
    }
    return false;
}

/* The entry is the caller's until it is given back: nobody else looks at what is in it. */
static ServerConsole *TakeEntry(void)
{
    ServerConsole *taken = NULL;

    AcquireSRWLockExclusive(&consolesLock);
    for (int i = 0; i < CONSOLE_MAX && taken == NULL; i++) {
        if (!consoles[i].isTaken)
            taken = &consoles[i];
    }
    if (taken != NULL)
        taken->isTaken = true;
    ReleaseSRWLockExclusive(&consolesLock);
    return taken;
}

ServerConsole *ServerConsole_Take(void)
{
    ServerConsole *console = TakeEntry();

    if (console == NULL) {
        SetLastError(ERROR_TOO_MANY_OPEN_FILES);
        return NULL;
    }
    if (console->keeper == NULL || WaitForSingleObject(console->keeper, 0) != WAIT_TIMEOUT) {
        Close(console);
        if (!Open(console)) {
            DWORD error = GetLastError();

            ServerConsole_GiveBack(console);
            SetLastError(error);
            return NULL;
        }
    }
    return console;
}

void ServerConsole_GiveBack(ServerConsole *console)
{
    if (console == NULL)
        return;
    AcquireSRWLockExclusive(&consolesLock);
    console->isTaken = false;
    ReleaseSRWLockExclusive(&consolesLock);
}
