/*
 * Record: has a server write its trace while three clients talk to it.
 *
 *     record.exe PATH/TO/NN-name/server.exe TRACE.json
 *
 * The server is instrumented: built with WATCHED=1. Three clients connect. The first sends a
 * line and gets it back, then the other two do so at the same time. They leave one after the other,
 * and Ctrl+C ends the server. With stage 01, which has one client at a time, the second sends its
 * line while the first is served, and gets it back when that has left. Each step is made when the
 * server is at rest, so the trace is nearly the same each time.
 *
 * Exit code 0: TRACE.json is there. 1: a sentence says what went wrong. 2: the command line is
 * wrong.
 */
#include "Conversation.h"
#include "ErrorText.h"
#include "SocketUtils.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE   2
#define CLIENT_COUNT 3
#define MODES_SIZE   1024

static const char *const lines[CLIENT_COUNT] = {"hello", "how are you?", "fine"};

static ClientResult SendLine(Client *clients, int index)
{
    return Client_Send(&clients[index], lines[index], (int)strlen(lines[index]));
}

static ClientResult ReceiveLine(Client *clients, int index)
{
    return Client_Receive(&clients[index], lines[index], (int)strlen(lines[index]));
}

/* Two clients send before either has its line back. */
static bool TalkAtOnce(Conversation *conversation, Client *clients, int first, int second)
{
    return SendLine(clients, first) == CLIENT_DONE && SendLine(clients, second) == CLIENT_DONE &&
           ReceiveLine(clients, first) == CLIENT_DONE &&
           ReceiveLine(clients, second) == CLIENT_DONE && Conversation_WaitForRest(conversation);
}

static bool ConverseTogether(Conversation *conversation, Client *clients)
{
    for (int i = 0; i < CLIENT_COUNT; i++) {
        if (!Client_Arrive(&clients[i], conversation))
            return false;
    }
    if (!Client_Say(&clients[0], lines[0]) || !TalkAtOnce(conversation, clients, 1, 2))
        return false;
    for (int i = 0; i < CLIENT_COUNT; i++) {
        if (!Client_Depart(&clients[i]))
            return false;
    }
    return true;
}

/* Stage 01: a client whose turn has not come is connected by the system, and waits in its queue. */
static bool ConverseInTurn(Conversation *conversation, Client *clients)
{
    return Client_Arrive(&clients[0], conversation) &&
           Client_Connect(&clients[1], conversation) == CLIENT_DONE &&
           SendLine(clients, 1) == CLIENT_DONE && Conversation_WaitForRest(conversation) &&
           Client_Say(&clients[0], lines[0]) && Client_Depart(&clients[0]) &&
           ReceiveLine(clients, 1) == CLIENT_DONE && Conversation_WaitForRest(conversation) &&
           Client_Depart(&clients[1]) && Client_Arrive(&clients[2], conversation) &&
           Client_Say(&clients[2], lines[2]) && Client_Depart(&clients[2]);
}

/* Is there a file that is not empty? */
static bool CheckFile(Conversation *conversation, const char *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;

    if (!GetFileAttributesExA(path, GetFileExInfoStandard, &data))
        return Conversation_Fail(conversation, "The server did not write %s.", path);
    if (data.nFileSizeLow == 0 && data.nFileSizeHigh == 0)
        return Conversation_Fail(conversation, "The server wrote nothing to %s.", path);
    return true;
}

/* False: something went wrong, and a sentence has said what. */
static bool Record(const char *server, int stage, const char *trace)
{
    Client clients[CLIENT_COUNT] = {0};
    Conversation conversation;
    char modes[MODES_SIZE];
    bool went;

    DeleteFileA(trace);
    snprintf(modes, sizeof(modes), "trace=%s", trace);
    went = Conversation_Start(&conversation, server, modes) &&
           (stage == 1 ? ConverseInTurn(&conversation, clients)
                       : ConverseTogether(&conversation, clients)) &&
           Conversation_Stop(&conversation) && CheckFile(&conversation, trace);
    if (!went)
        fprintf(stderr, "%s: %s\n", server, conversation.reason);
    for (int i = 0; i < CLIENT_COUNT; i++)
        Client_Close(&clients[i]);
    Conversation_Close(&conversation);
    return went;
}

int main(int argc, char *argv[])
{
    char folder[64];
    int exitCode, stage;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (argc != 3) {
        fprintf(stderr, "Usage: record.exe PATH/TO/NN-name/server.exe TRACE.json\n");
        return EXIT_USAGE;
    }
    stage = Conversation_FindStage(argv[1], folder, sizeof(folder));
    if (stage == NUMBER_NONE) {
        fprintf(stderr, "No folder such as 05-iocp-basic is at the end of '%s'.\n", argv[1]);
        return EXIT_USAGE;
    }
    /* A comma ends a word of INSTRUMENT. */
    if (strchr(argv[2], ',') != NULL || strlen(argv[2]) > MODES_SIZE / 2) {
        fprintf(stderr, "The name '%s' has a comma or is too long.\n", argv[2]);
        return EXIT_USAGE;
    }
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = Record(argv[1], stage, argv[2]) ? 0 : 1;
    SocketUtils_Clear();
    return exitCode;
}
