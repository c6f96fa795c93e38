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
 * The calls of each client are added to the trace, as if it were a thread. A client is shown to wait
 * in recv right after its send or shutdown. In fact one thread has all the clients here, and may call
 * recv later.
 *
 * Exit code 0: TRACE.json is there. 1: a sentence says what went wrong. 2: the command line is
 * wrong.
 */
#include "Clock.h"
#include "Conversation.h"
#include "ErrorText.h"
#include "SocketUtils.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE   2
#define CLIENT_COUNT 3
#define MODES_SIZE   1024

#define CLIENT_THREAD 100 /* in the trace, of the first client; a server has fewer threads */
#define TRACE_END     "\n]\n"
#define CALL_NS       100 /* of a call that does not wait: the smallest time in a trace */

static const char *const lines[CLIENT_COUNT] = {"hello", "how are you?", "fine"};

static ClientResult SendLine(Client *clients, int index)
{
    return Client_Send(&clients[index], lines[index], (int)strlen(lines[index]));
}

static ClientResult ReceiveLine(Client *clients, int index)
{
    return Client_Receive(&clients[index], lines[index], (int)strlen(lines[index]));
}

/* Waits until one of two clients has something to receive. Returns which: the first, if both have. */
static int WaitForEither(const Client *clients, int first, int second)
{
    struct timeval timeout = {WAIT_MS / 1000, 0};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(clients[first].socket, &set);
    FD_SET(clients[second].socket, &set);
    select(0, &set, NULL, NULL, &timeout);
    return FD_ISSET(clients[first].socket, &set) ? first : second;
}

/* Two clients send before either has its line back. */
static bool TalkAtOnce(Conversation *conversation, Client *clients, int first, int second)
{
    int served;

    if (SendLine(clients, first) != CLIENT_DONE || SendLine(clients, second) != CLIENT_DONE)
        return false;
    served = WaitForEither(clients, first, second);
    return ReceiveLine(clients, served) == CLIENT_DONE &&
           ReceiveLine(clients, first + second - served) == CLIENT_DONE &&
           Conversation_WaitForRest(conversation);
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

/* In the form in which the server has written its own calls, each after another event. The server
   serves the clients in their order: client 1 has session 1. */
static void WriteClients(FILE *file, const Conversation *conversation, const Client *clients)
{
    int64_t ends[CLIENT_COUNT] = {0}; /* of the last call of each */

    for (int i = 0; i < CLIENT_COUNT; i++)
        fprintf(file,
                ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%d,"
                "\"args\":{\"name\":\"client %d\"}}",
                CLIENT_THREAD + i, i + 1);
    for (int i = 0; i < conversation->noteCount; i++) {
        const ClientNote *note = &conversation->notes[i];
        int index = (int)(note->client - clients);
        bool isWaiting = strcmp(note->call, "recv") == 0;
        int64_t begin = isWaiting ? ends[index] : note->time;

        ends[index] = isWaiting ? note->time : note->time + CALL_NS;
        fprintf(file,
                ",\n{\"name\":\"%s\",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.1f,"
                "\"dur\":%.1f,\"args\":{\"socket\":\"session %d\"}}",
                note->call, isWaiting ? "wait" : "work", CLIENT_THREAD + index, (double)begin / 1e3,
                (double)(ends[index] - begin) / 1e3, index + 1);
    }
}

static bool AddClients(Conversation *conversation, const Client *clients, const char *path)
{
    FILE *file = NULL;

    if (fopen_s(&file, path, "r+b") != 0 || file == NULL)
        return Conversation_Fail(conversation, "%s cannot be opened.", path);
    fseek(file, -(long)strlen(TRACE_END), SEEK_END);
    WriteClients(file, conversation, clients);
    fputs(TRACE_END, file);
    if (fclose(file) == 0)
        return true;
    return Conversation_Fail(conversation, "%s cannot be written.", path);
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
           Conversation_Stop(&conversation) && CheckFile(&conversation, trace) &&
           AddClients(&conversation, clients, trace);
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
