/*
 * ChildProcess: see ChildProcess.h.
 */
#include "ChildProcess.h"

#include <stdlib.h>

#define CREATE_ATTEMPTS 5
#define CREATE_PAUSE_MS 200

static void CommandLine_Put(CommandLine *command, char c)
{
    if (command->length + 1 >= sizeof(command->text)) {
        command->isFull = true;
        return;
    }
    command->text[command->length++] = c;
    command->text[command->length] = '\0';
}

/*
 * Adds a word in quotes. Backslashes count double where a quote follows.
 * https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
 */
void CommandLine_AddWord(CommandLine *command, const char *word)
{
    int backslashes = 0;

    if (command->length > 0)
        CommandLine_Put(command, ' ');
    CommandLine_Put(command, '"');
    for (; *word != '\0'; word++) {
        if (*word == '"') {
            for (int i = 0; i < backslashes + 1; i++)
                CommandLine_Put(command, '\\');
        }
        backslashes = *word == '\\' ? backslashes + 1 : 0;
        CommandLine_Put(command, *word);
    }
    for (int i = 0; i < backslashes; i++)
        CommandLine_Put(command, '\\');
    CommandLine_Put(command, '"');
}

/*
 * CreateProcess, and again where the system could not. Wine, when the machine is busy, now and then
 * says ERROR_INTERNAL_ERROR before the program has begun to run.
 */
static bool CreatePatiently(char *command, WCHAR *environment, DWORD flags, STARTUPINFOEXA *startup,
                            PROCESS_INFORMATION *created)
{
    flags |= EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT;
    for (int attempt = 1; !CreateProcessA(NULL, command, NULL, NULL, TRUE, flags, environment, NULL,
                                          &startup->StartupInfo, created);
         attempt++) {
        if (attempt == CREATE_ATTEMPTS || GetLastError() != ERROR_INTERNAL_ERROR)
            return false;
        Sleep(CREATE_PAUSE_MS);
    }
    return true;
}

/* CreateProcess refuses a list that has a handle twice. */
static void AddOnce(HANDLE *list, size_t *count, HANDLE handle)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == handle)
            return;
    }
    list[(*count)++] = handle;
}

bool ChildProcess_Create(char *command, HANDLE standard[3], const HANDLE *others, int otherCount,
                         WCHAR *environment, DWORD flags, PROCESS_INFORMATION *created)
{
    HANDLE inherited[3 + CHILD_HANDLE_MAX] = {NULL};
    size_t count = 0;
    STARTUPINFOEXA startup = {0};
    SIZE_T size = 0;
    bool started = false;

    for (int i = 0; i < 3; i++)
        AddOnce(inherited, &count, standard[i]);
    for (int i = 0; i < otherCount; i++)
        AddOnce(inherited, &count, others[i]);
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    startup.lpAttributeList = (LPPROC_THREAD_ATTRIBUTE_LIST)malloc(size);
    if (startup.lpAttributeList == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    startup.StartupInfo.cb = sizeof(startup);
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = standard[0];
    startup.StartupInfo.hStdOutput = standard[1];
    startup.StartupInfo.hStdError = standard[2];
    if (InitializeProcThreadAttributeList(startup.lpAttributeList, 1, 0, &size)) {
        if (UpdateProcThreadAttribute(startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                      inherited, count * sizeof(HANDLE), NULL, NULL))
            started = CreatePatiently(command, environment, flags, &startup, created);
        DeleteProcThreadAttributeList(startup.lpAttributeList);
    }
    free(startup.lpAttributeList);
    return started;
}

HANDLE ChildProcess_CreateJob(HANDLE process)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectA(NULL, NULL);

    if (job == NULL)
        return NULL;
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
    AssignProcessToJobObject(job, process);
    return job;
}
