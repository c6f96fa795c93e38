/*
 * ChatTestProcess: the programs that are tested, and servers of wrong ones. See ChatTest.h.
 */
#include "ChatTest.h"

#define PATH_SIZE 1024

ServerProcess *chatServer;
NetAddress chatAddress;

static const char *programFolder;
static FalseServer *falseServer; /* that runs; NULL: none does */
static bool chatMayStop;         /* it has been started and not been stopped */

void Fixture_Init(const char *folder)
{
    programFolder = folder;
}

const char *Program_Find(const char *name)
{
    static char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", programFolder, name);
    return path;
}

void Chat_StartWith(const char *const arguments[])
{
    chatServer =
        NEED(TestProgram_StartServer(Program_Find("ChatServer.exe"), arguments, &chatAddress));
    chatMayStop = true;
}

void Chat_Start(void)
{
    Chat_StartWith(ARGUMENTS("--port", "0"));
}

void Chat_Ensure(void)
{
    if (chatServer == NULL)
        Chat_Start();
}

void Chat_CheckStop(void)
{
    if (chatMayStop)
        TestProgram_CheckStop(chatServer, WAIT_MS);
    chatMayStop = false;
}

void Chat_EndTest(void)
{
    chatMayStop = false;
    chatServer = NULL;
    FalseServer_Stop();
    Talkers_CloseAll();
}

void FalseServer_Start(FalseServer *server, void (*serve)(void *), void *argument)
{
    ThreadManager_Init(&server->threads);
    server->socket = NEED_SOCKET(Peer_Listen(&server->address));
    falseServer = server;
    NEED_TRUE(ThreadManager_Launch(&server->threads, serve, argument));
}

void FalseServer_Stop(void)
{
    if (falseServer == NULL)
        return;
    Peer_Close(&falseServer->socket);
    ThreadManager_Join(&falseServer->threads);
    falseServer = NULL;
}
