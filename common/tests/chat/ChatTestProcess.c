/*
 * ChatTestProcess: the programs that are tested, and servers of wrong ones. See ChatTest.h.
 */
#include "ChatTest.h"

#define PATH_SIZE 1024

const char *programFolder;
ServerProcess *chatServer;
NetAddress chatAddress;

static SOCKET falseSocket = INVALID_SOCKET; /* of the false server, where one runs */
static ThreadManager falseThreads;

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

void FalseServer_Stop(void)
{
    Peer_Close(&falseSocket);
    ThreadManager_Join(&falseThreads);
}

const NetAddress *FalseServer_Start(void (*serve)(void *), void *argument)
{
    static NetAddress address;

    falseSocket = NEED_SOCKET(Peer_Listen(&address));
    NEED_TRUE(ThreadManager_Launch(&falseThreads, serve, argument));
    return &address;
}

SOCKET FalseServer_Accept(void)
{
    NetAddress address;

    return SocketUtils_Accept(falseSocket, &address);
}
