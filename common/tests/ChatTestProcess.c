/*
 * ChatTestProcess: the programs that are tested, and what goes on around each test. See ChatTest.h.
 */
#include "ChatTest.h"
#include "TestProgram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESS_MAX 24
#define PATH_SIZE   1024

ServerProcess *chatServer;
NetAddress chatAddress;

static const char *programFolder;
static bool isVerifying;                   /* the programs run with INSTRUMENT=verify */
static SRWLOCK processLock = SRWLOCK_INIT; /* the watching thread kills, the main thread closes */
static ServerProcess *processes[PROCESS_MAX];
static const char *processNames[PROCESS_MAX];
static int processCount;

/* --- Starting -------------------------------------------------------------------------------- */

static ServerProcess *Launch(const char *name, const char *const arguments[], bool hasInput)
{
    char path[PATH_SIZE];
    ServerProcess *process = NULL;

    snprintf(path, sizeof(path), "%s/%s", programFolder, name);
    if (processCount == PROCESS_MAX) {
        Test_Explain("PROCESS_MAX is too small");
        return NULL;
    }
    process = hasInput ? ServerProcess_StartWithInput(path, arguments, NULL, NULL)
                       : ServerProcess_Start(path, arguments, NULL, NULL);
    if (process == NULL) {
        Test_Explain("%s does not start: error %lu", path, GetLastError());
        return NULL;
    }
    AcquireSRWLockExclusive(&processLock);
    processNames[processCount] = name;
    processes[processCount++] = process;
    ReleaseSRWLockExclusive(&processLock);
    return process;
}

ServerProcess *Program_Launch(const char *name, const char *const arguments[])
{
    return Launch(name, arguments, false);
}

ServerProcess *Program_LaunchWithInput(const char *name, const char *const arguments[])
{
    return Launch(name, arguments, true);
}

ServerProcess *Program_StartServer(const char *name, const char *const arguments[],
                                   NetAddress *address)
{
    ServerProcess *server = Program_Launch(name, arguments);

    if (server == NULL || ServerProcess_WaitForListening(server, address, 2 * WAIT_MS))
        return server;
    Test_Explain("there is no line \"Listening on ADDRESS:PORT\"");
    return NULL;
}

bool Chat_Start(void)
{
    static const char *const arguments[] = {"--port", "0", NULL};

    chatServer = Program_StartServer("ChatServer.exe", arguments, &chatAddress);
    return chatServer != NULL;
}

bool FalseServer_Start(FalseServer *server, void (*serve)(void *), void *argument)
{
    ThreadManager_Init(&server->threads);
    server->socket = Peer_Listen(&server->address);
    return server->socket != INVALID_SOCKET &&
           ThreadManager_Launch(&server->threads, serve, argument);
}

void FalseServer_Stop(FalseServer *server)
{
    Peer_Close(&server->socket);
    ThreadManager_Join(&server->threads);
}

/* --- Ending ---------------------------------------------------------------------------------- */

void Program_CheckEnd(ServerProcess *process, DWORD timeoutMs, DWORD expectedCode,
                      const char *expectedError)
{
    DWORD exitCode = 0;
    char *errors;

    REQUIRE(CHECK(ServerProcess_WaitForExit(process, timeoutMs, &exitCode)));
    errors = ServerProcess_CopyErrors(process);
    REQUIRE(CHECK(errors != NULL));
    CHECK_INT(exitCode, expectedCode);
    if (expectedError[0] == '\0')
        CHECK_TEXT(isVerifying ? TestProgram_RemoveWarnings(errors) : errors, "");
    else
        CHECK_CONTAINS(errors, expectedError);
    free(errors);
}

void Program_CheckStop(ServerProcess *server)
{
    char *output;

    CHECK(TestProgram_PressCtrlC(server));
    Program_CheckEnd(server, WAIT_MS, 0, "");
    output = ServerProcess_CopyOutput(server, 0);
    REQUIRE(CHECK(output != NULL));
    CHECK_CONTAINS(output, "\nServer stopped.\n");
    CHECK_INT(ServerProcess_CountLines(server, "Client Disconnected! "),
              ServerProcess_CountLines(server, "Client Connected! "));
    free(output);
}

/* --- Around each test ------------------------------------------------------------------------ */

void Fixture_Init(const char *folder, bool verify)
{
    programFolder = folder;
    isVerifying = verify;
    SetEnvironmentVariableA("INSTRUMENT", verify ? "verify" : NULL);
}

void Fixture_End(bool failed)
{
    for (int i = 0; failed && i < processCount; i++)
        TestProgram_Print(processes[i], processNames[i]);
    Talkers_CloseAll();
    for (int i = 0; isVerifying && !failed && i < processCount; i++)
        TestProgram_CheckFindings(processes[i], processNames[i], WAIT_MS);
    AcquireSRWLockExclusive(&processLock);
    for (int i = 0; i < processCount; i++)
        ServerProcess_Close(processes[i]);
    processCount = 0;
    ReleaseSRWLockExclusive(&processLock);
}

/* Without the programs every connection ends, and so does every wait for them. */
void Fixture_OverTime(void)
{
    AcquireSRWLockExclusive(&processLock);
    for (int i = 0; i < processCount; i++)
        ServerProcess_Kill(processes[i]);
    ReleaseSRWLockExclusive(&processLock);
}
