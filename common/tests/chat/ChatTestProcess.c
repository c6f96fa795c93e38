/*
 * ChatTestProcess: the programs that are tested, and servers of wrong ones. See ChatTest.h.
 */
#include "ChatTest.h"

#include <stdio.h>

#define PATH_SIZE 1024

ServerProcess *chatServer;
NetAddress chatAddress;

static const char *programFolder;

void Fixture_Init(const char *folder)
{
    programFolder = folder;
}

/* The path of this program, until the next call. */
static const char *FindProgram(const char *name)
{
    static char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", programFolder, name);
    return path;
}

ServerProcess *Program_Launch(const char *name, const char *const arguments[])
{
    return TestProgram_Start(FindProgram(name), arguments);
}

ServerProcess *Program_LaunchWithInput(const char *name, const char *const arguments[])
{
    return TestProgram_StartWithInput(FindProgram(name), arguments);
}

ServerProcess *Program_StartServer(const char *name, const char *const arguments[],
                                   NetAddress *address)
{
    return TestProgram_StartServer(FindProgram(name), arguments, address);
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
