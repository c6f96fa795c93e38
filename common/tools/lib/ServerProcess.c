/*
 * ServerProcess: see ServerProcess.h.
 */
#include "ServerProcess.h"
#include "ChildProcess.h"
#include "ServerConsole.h"
#include "Options.h"
#include "ThreadManager.h"

#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLED_EXIT_CODE 999
#define READ_SIZE        4096

/* One of the server's two streams and all that came through it. */
typedef struct Stream {
    ServerProcess *server;
    bool isError;
    HANDLE pipe;     /* this program's end; the thread that reads owns it */
    char *text;      /* under the lock */
    size_t size;     /* bytes in `text`, under the lock */
    size_t capacity; /* under the lock */
    size_t reported; /* bytes that onLine has seen; for the reading thread only */
} Stream;

struct ServerProcess {
    HANDLE process;
    HANDLE job;   /* its closing kills what is in it: the server */
    HANDLE input; /* this program's end of the server's stdin; NULL: it has none */
    DWORD processId;
    ServerConsole *console; /* the one that the server is in, under the lock; NULL: it has ended */
    ServerProcessLine onLine;
    void *context;
    Stream output;
    Stream errors;
    ThreadManager readers;
    SRWLOCK lock;
    CONDITION_VARIABLE changed; /* more text, or a stream less */
    int openStreams;            /* under the lock */
    bool isPaused;              /* under the lock */
};

/* --- Reading --------------------------------------------------------------------------------- */

/* Appends the bytes but the '\r's. Without memory the text stays as it is, and a wait fails. */
static void Stream_Append(Stream *stream, const char *bytes, size_t count)
{
    if (stream->size + count + 1 > stream->capacity) {
        size_t capacity = (stream->size + count + 1) * 2;
        char *text = (char *)realloc(stream->text, capacity);
        if (text == NULL)
            return;
        stream->text = text;
        stream->capacity = capacity;
    }
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\r')
            stream->text[stream->size++] = bytes[i];
    }
    stream->text[stream->size] = '\0';
}

/* The line that begins at `position`, or NULL if it is not whole. The caller frees it. */
static char *Stream_CopyLine(Stream *stream, size_t position)
{
    const char *end;
    size_t length;
    char *line;

    if (position >= stream->size)
        return NULL;
    end = (const char *)memchr(stream->text + position, '\n', stream->size - position);
    if (end == NULL)
        return NULL;
    length = (size_t)(end - stream->text) - position;
    line = (char *)malloc(length + 1);
    if (line != NULL) {
        memcpy(line, stream->text + position, length);
        line[length] = '\0';
    }
    return line;
}

/* Hands the whole lines that came to onLine, outside of the lock: it may take its time. */
static void Stream_ReportLines(Stream *stream)
{
    ServerProcess *server = stream->server;

    if (server->onLine == NULL)
        return;
    for (;;) {
        char *line;

        AcquireSRWLockShared(&server->lock);
        line = Stream_CopyLine(stream, stream->reported);
        ReleaseSRWLockShared(&server->lock);
        if (line == NULL)
            return;
        stream->reported += strlen(line) + 1;
        server->onLine(server->context, line, stream->isError);
        free(line);
    }
}

static void WaitWhilePaused(ServerProcess *server)
{
    AcquireSRWLockExclusive(&server->lock);
    while (server->isPaused)
        SleepConditionVariableSRW(&server->changed, &server->lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&server->lock);
}

/* A reader thread: it ends when the server has closed its end of the pipe, that is, has ended. */
static void Stream_Read(void *argument)
{
    Stream *stream = (Stream *)argument;
    ServerProcess *server = stream->server;
    char bytes[READ_SIZE];
    DWORD count;

    while (ReadFile(stream->pipe, bytes, sizeof(bytes), &count, NULL)) {
        AcquireSRWLockExclusive(&server->lock);
        Stream_Append(stream, bytes, count);
        ReleaseSRWLockExclusive(&server->lock);
        WakeAllConditionVariable(&server->changed);
        Stream_ReportLines(stream);
        WaitWhilePaused(server);
    }
    AcquireSRWLockExclusive(&server->lock);
    server->openStreams--;
    ReleaseSRWLockExclusive(&server->lock);
    WakeAllConditionVariable(&server->changed);
}

/* --- Starting -------------------------------------------------------------------------------- */

/* A pipe whose writing end a child may inherit. */
static bool CreateOutputPipe(HANDLE *readEnd, HANDLE *writeEnd)
{
    if (!CreatePipe(readEnd, writeEnd, NULL, OUTPUT_PIPE_SIZE))
        return false;
    return SetHandleInformation(*writeEnd, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
}

/* What a child has as its stdin: a pipe, if `writeEnd` is not NULL, or nothing to read at all. */
static bool CreateInput(HANDLE *readEnd, HANDLE *writeEnd)
{
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};

    if (writeEnd != NULL)
        return CreatePipe(readEnd, writeEnd, NULL, 0) &&
               SetHandleInformation(*readEnd, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    *readEnd = CreateFileA("NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inheritable,
                           OPEN_EXISTING, 0, NULL);
    return *readEnd != INVALID_HANDLE_VALUE;
}

static void CloseIfOpen(HANDLE handle)
{
    if (handle != NULL && handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
}

/* Starts the process and leaves this program's ends of its pipes in the two streams. */
static bool StartProcess(ServerProcess *server, const char *command, bool hasInput)
{
    HANDLE handles[3] = {NULL, NULL, NULL};
    DWORD error = 0;

    server->console = ServerConsole_Take();
    if (server->console != NULL && CreateInput(&handles[0], hasInput ? &server->input : NULL) &&
        CreateOutputPipe(&server->output.pipe, &handles[1]) &&
        CreateOutputPipe(&server->errors.pipe, &handles[2]))
        server->process =
            ServerConsole_Start(server->console, command, handles, &server->processId);
    if (server->process != NULL)
        server->job = ChildProcess_CreateJob(server->process);
    else
        error = GetLastError();
    /* The child's ends are the child's alone: else the readers would never see the end. */
    for (int i = 0; i < 3; i++)
        CloseIfOpen(handles[i]);
    SetLastError(error);
    return server->process != NULL;
}

static bool LaunchReader(ServerProcess *server, Stream *stream, bool isError)
{
    stream->server = server;
    stream->isError = isError;
    AcquireSRWLockExclusive(&server->lock);
    server->openStreams++;
    ReleaseSRWLockExclusive(&server->lock);
    if (ThreadManager_Launch(&server->readers, Stream_Read, stream))
        return true;
    AcquireSRWLockExclusive(&server->lock);
    server->openStreams--;
    ReleaseSRWLockExclusive(&server->lock);
    return false;
}

static bool MakeCommand(CommandLine *command, const char *path, const char *const arguments[])
{
    CommandLine_AddWord(command, path);
    for (int i = 0; arguments[i] != NULL; i++)
        CommandLine_AddWord(command, arguments[i]);
    return !command->isFull;
}

static ServerProcess *Start(const char *path, const char *const arguments[], bool hasInput,
                            ServerProcessLine onLine, void *context)
{
    ServerProcess *server = (ServerProcess *)calloc(1, sizeof(*server));
    CommandLine *command = (CommandLine *)calloc(1, sizeof(*command));
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;
    bool started = false;

    if (server != NULL && command != NULL) {
        server->onLine = onLine;
        server->context = context;
        InitializeSRWLock(&server->lock);
        InitializeConditionVariable(&server->changed);
        ThreadManager_Init(&server->readers);
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        started = MakeCommand(command, path, arguments) &&
                  StartProcess(server, command->text, hasInput) &&
                  LaunchReader(server, &server->output, false) &&
                  LaunchReader(server, &server->errors, true);
        error = GetLastError();
    }
    free(command);
    if (!started) {
        ServerProcess_Close(server);
        SetLastError(error);
        return NULL;
    }
    return server;
}

ServerProcess *ServerProcess_Start(const char *path, const char *const arguments[],
                                   ServerProcessLine onLine, void *context)
{
    return Start(path, arguments, false, onLine, context);
}

ServerProcess *ServerProcess_StartWithInput(const char *path, const char *const arguments[],
                                            ServerProcessLine onLine, void *context)
{
    return Start(path, arguments, true, onLine, context);
}

bool ServerProcess_WriteInput(ServerProcess *server, const char *text)
{
    size_t length = strlen(text);
    DWORD written;

    /* A pipe takes all of it, or fails because nobody is there to read. */
    return WriteFile(server->input, text, (DWORD)length, &written, NULL) && written == length;
}

void ServerProcess_CloseInput(ServerProcess *server)
{
    CloseIfOpen(server->input);
    server->input = NULL;
}

/* The server has ended: the next one can have its console. */
static void GiveConsoleBack(ServerProcess *server)
{
    ServerConsole_GiveBack(server->console);
    server->console = NULL;
}

void ServerProcess_Close(ServerProcess *server)
{
    if (server == NULL)
        return;
    if (server->process != NULL)
        ServerProcess_Kill(server);
    GiveConsoleBack(server);
    ServerProcess_PauseReading(server, false);
    ThreadManager_Join(&server->readers);
    ServerProcess_CloseInput(server);
    CloseIfOpen(server->output.pipe);
    CloseIfOpen(server->errors.pipe);
    CloseIfOpen(server->process);
    CloseIfOpen(server->job);
    free(server->output.text);
    free(server->errors.text);
    free(server);
}

void ServerProcess_PauseReading(ServerProcess *server, bool pause)
{
    AcquireSRWLockExclusive(&server->lock);
    server->isPaused = pause;
    ReleaseSRWLockExclusive(&server->lock);
    WakeAllConditionVariable(&server->changed);
}

DWORD ServerProcess_GetUnreadBytes(ServerProcess *server)
{
    DWORD bytes = 0;

    return PeekNamedPipe(server->output.pipe, NULL, 0, NULL, &bytes, NULL) ? bytes : 0;
}

/* --- Waiting for lines ----------------------------------------------------------------------- */

/*
 * Is `text` in a whole line between `*position` and the end? Moves `*position` behind that line, or
 * behind the last whole line where there is none. Under the lock.
 */
static bool FindLine(const Stream *stream, const char *text, size_t *position)
{
    size_t textLength = strlen(text);

    while (*position < stream->size) {
        const char *line = stream->text + *position;
        const char *end = (const char *)memchr(line, '\n', stream->size - *position);
        bool found = false;

        if (end == NULL)
            return false;
        for (const char *at = line; !found && (size_t)(end - at) >= textLength; at++)
            found = memcmp(at, text, textLength) == 0;
        *position += (size_t)(end - line) + 1;
        if (found)
            return true;
    }
    return false;
}

/* Sleeps until something changes, under the lock. False: the time is over, or nothing will. */
static bool WaitForChange(ServerProcess *server, ULONGLONG deadline)
{
    ULONGLONG moment = GetTickCount64();

    if (server->openStreams == 0 || moment >= deadline)
        return false;
    SleepConditionVariableSRW(&server->changed, &server->lock, (DWORD)(deadline - moment), 0);
    return true;
}

/* Looks for `count` lines with the text from `*position` on, and moves it behind the last. */
static bool WaitForLines(ServerProcess *server, const char *text, int count, size_t *position,
                         DWORD timeoutMs)
{
    ULONGLONG deadline = GetTickCount64() + timeoutMs;
    size_t at = *position;
    int found = 0;

    AcquireSRWLockExclusive(&server->lock);
    do {
        while (found < count && FindLine(&server->output, text, &at))
            found++;
    } while (found < count && WaitForChange(server, deadline));
    ReleaseSRWLockExclusive(&server->lock);
    if (found < count)
        return false;
    *position = at;
    return true;
}

bool ServerProcess_WaitForLine(ServerProcess *server, const char *text, size_t *position,
                               DWORD timeoutMs)
{
    size_t start = 0;

    return WaitForLines(server, text, 1, position != NULL ? position : &start, timeoutMs);
}

bool ServerProcess_WaitForCount(ServerProcess *server, const char *text, int count, DWORD timeoutMs)
{
    size_t start = 0;

    return WaitForLines(server, text, count, &start, timeoutMs);
}

int ServerProcess_CountLines(ServerProcess *server, const char *text)
{
    size_t position = 0;
    int count = 0;

    AcquireSRWLockShared(&server->lock);
    while (FindLine(&server->output, text, &position))
        count++;
    ReleaseSRWLockShared(&server->lock);
    return count;
}

size_t ServerProcess_GetPosition(ServerProcess *server)
{
    size_t position;

    AcquireSRWLockShared(&server->lock);
    position = server->output.size;
    ReleaseSRWLockShared(&server->lock);
    return position;
}

static char *CopyText(Stream *stream, size_t position)
{
    char *copy;
    size_t length;

    AcquireSRWLockShared(&stream->server->lock);
    length = position < stream->size ? stream->size - position : 0;
    copy = (char *)malloc(length + 1);
    if (copy != NULL) {
        if (length > 0)
            memcpy(copy, stream->text + position, length);
        copy[length] = '\0';
    }
    ReleaseSRWLockShared(&stream->server->lock);
    return copy;
}

char *ServerProcess_CopyOutput(ServerProcess *server, size_t position)
{
    return CopyText(&server->output, position);
}

char *ServerProcess_CopyErrors(ServerProcess *server)
{
    return CopyText(&server->errors, 0);
}

/* Reads "127.0.0.1:7777" or "[::1]:7777"; cuts `text` at the port. */
static bool ParseEndpoint(char *text, NetAddress *address)
{
    char *colon = strrchr(text, ':');
    long port;

    if (colon == NULL || !Options_ParseNumber(colon + 1, 0, 65535, &port))
        return false;
    *colon = '\0';
    if (*text == '[' && colon > text && colon[-1] == ']') {
        colon[-1] = '\0';
        text++;
    }
    return NetAddress_FromText(address, text, (uint16_t)port);
}

bool ServerProcess_WaitForListening(ServerProcess *server, NetAddress *address, DWORD timeoutMs)
{
    static const char listening[] = "Listening on ";
    size_t end = 0;
    char *output;
    char *line;
    bool parsed = false;

    if (!ServerProcess_WaitForLine(server, listening, &end, timeoutMs))
        return false;
    output = ServerProcess_CopyOutput(server, 0);
    if (output == NULL)
        return false;
    output[end - 1] = '\0';
    line = strstr(output, listening);
    if (line != NULL)
        parsed = ParseEndpoint(line + strlen(listening), address);
    free(output);
    return parsed;
}

/* --- Ctrl+C and the end ---------------------------------------------------------------------- */

bool ServerProcess_RunHelper(int argc, char *argv[], int *exitCode)
{
    return ServerConsole_RunKeeper(argc, argv, exitCode);
}

bool ServerProcess_PressCtrlC(ServerProcess *server)
{
    bool isPressed = false;

    /* Under the lock: else the console could be another server's by now. */
    AcquireSRWLockExclusive(&server->lock);
    if (server->console != NULL)
        isPressed = ServerConsole_PressCtrlC(server->console);
    else
        SetLastError(ERROR_INVALID_HANDLE);
    ReleaseSRWLockExclusive(&server->lock);
    return isPressed;
}

bool ServerProcess_WaitForExit(ServerProcess *server, DWORD timeoutMs, DWORD *exitCode)
{
    ULONGLONG deadline = GetTickCount64() + timeoutMs;
    bool hasEnded;

    if (WaitForSingleObject(server->process, timeoutMs) != WAIT_OBJECT_0)
        return false;
    AcquireSRWLockExclusive(&server->lock);
    while (server->openStreams > 0 && WaitForChange(server, deadline + 1000))
        ;
    hasEnded = server->openStreams == 0;
    GiveConsoleBack(server);
    ReleaseSRWLockExclusive(&server->lock);
    if (exitCode != NULL)
        GetExitCodeProcess(server->process, exitCode);
    return hasEnded;
}

void ServerProcess_Kill(ServerProcess *server)
{
    /* Fails where it has ended by itself, which is as good. */
    TerminateProcess(server->process, KILLED_EXIT_CODE);
    WaitForSingleObject(server->process, INFINITE);
}

bool ServerProcess_IsRunning(ServerProcess *server)
{
    return WaitForSingleObject(server->process, 0) == WAIT_TIMEOUT;
}

DWORD ServerProcess_GetId(ServerProcess *server)
{
    return server->processId;
}

/* --- Measuring ------------------------------------------------------------------------------- */

/*
 * What NtQuerySystemInformation writes. Wine knows more here than in the functions that are meant
 * for it: its GetProcessTimes tells the times of the caller, its GetProcessHandleCount says 0.
 */
typedef struct ProcessEntry {
    ULONG nextOffset; /* bytes from this entry to the next; 0 in the last */
    ULONG threadCount;
    LONGLONG privateWorkingSet;
    ULONG reserved[2];
    ULONGLONG cycleTime;
    LONGLONG createTime;
    LONGLONG userTime; /* in units of 100 ns, as kernelTime */
    LONGLONG kernelTime;
    struct {
        USHORT length, maximumLength;
        PWSTR buffer;
    } imageName;
    LONG basePriority;
    HANDLE processId;
} ProcessEntry;

typedef LONG(WINAPI *QuerySystemInformation)(int kind, void *data, ULONG size, ULONG *needed);

#define PROCESS_INFORMATION_KIND 5
#define INFORMATION_SIZE         (16u << 20)
#define HANDLE_STEP              4
#define HANDLE_GAP               1000

/* Everything of that kind about the whole system. The caller frees it. NULL: no such thing. */
static void *QueryInformation(int kind)
{
    HMODULE module = GetModuleHandleA("ntdll.dll");
    QuerySystemInformation query;
    void *information;

    if (module == NULL)
        return NULL;
    query =
        (QuerySystemInformation)(void (*)(void))GetProcAddress(module, "NtQuerySystemInformation");
    information = malloc(INFORMATION_SIZE);
    if (query != NULL && information != NULL &&
        query(kind, information, INFORMATION_SIZE, NULL) == 0)
        return information;
    free(information);
    return NULL;
}

int ServerProcess_GetCpuMs(ServerProcess *server)
{
    char *entries = (char *)QueryInformation(PROCESS_INFORMATION_KIND);
    const char *at = entries;
    int result = -1;

    while (at != NULL) {
        ProcessEntry entry;

        memcpy(&entry, at, sizeof(entry));
        if ((DWORD)(ULONG_PTR)entry.processId == server->processId)
            result = (int)((entry.userTime + entry.kernelTime) / 10000);
        at = entry.nextOffset != 0 && result < 0 ? at + entry.nextOffset : NULL;
    }
    free(entries);
    return result;
}

/*
 * Wine says 0. Its list of all handles is not for us: its server crashes when some process has none,
 * as one that just ends. So each number that can be a handle is tried. The system gives the lowest
 * that is free: behind many that are none there are no more.
 */
int ServerProcess_CountHandles(HANDLE process)
{
    DWORD known = 0;
    int count = 0;

    if (GetProcessHandleCount(process, &known) && known > 0)
        return (int)known;
    for (ULONG_PTR number = 1, last = 0; number - last <= HANDLE_GAP; number++) {
        HANDLE copy;

        if (DuplicateHandle(process, (HANDLE)(number * HANDLE_STEP), GetCurrentProcess(), &copy, 0,
                            FALSE, DUPLICATE_SAME_ACCESS)) {
            CloseHandle(copy);
            count++;
            last = number;
        }
    }
    return count;
}

int ServerProcess_GetHandleCount(ServerProcess *server)
{
    return ServerProcess_CountHandles(server->process);
}

int ServerProcess_GetMemoryKib(ServerProcess *server)
{
    PROCESS_MEMORY_COUNTERS counters;

    counters.cb = sizeof(counters);
    if (!K32GetProcessMemoryInfo(server->process, &counters, sizeof(counters)))
        return -1;
    return (int)(counters.PagefileUsage / 1024);
}
