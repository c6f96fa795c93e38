/*
 * Demo: shows stages at work.
 *
 *     demo.exe PATH/TO/NN-name/server.exe...
 *
 * Starts each server in turn, has clients talk to it over loopback, and prints what the clients do
 * and what the server prints, in the order in which it happens. Then it meets the limit of the
 * stage's model, and ends the server with Ctrl+C. Everything that it prints it has checked; what does
 * not go as it should ends the stage with a sentence. Exit code 0: all went well. 1: something did
 * not. 2: the command line is wrong.
 */
#include "ErrorText.h"
#include "ServerProcess.h"
#include "SocketUtils.h"
#include "Waits.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE   2
#define SILENCE_MS   1000 /* how long the second client of stage 01 listens in vain */
#define COLUMN_MAX   92   /* longer lines are broken */
#define ROW_SIZE     512
#define CROWD_SIZE   200 /* clients at once, where the model has no limit to show */
#define CLIENT_MAX   64  /* of select and of WSAWaitForMultipleEvents, the listener being one */
#define THREAD_MAX   256 /* more threads than any stage starts */
#define MESSAGE_SIZE 64

typedef enum Limit { LIMIT_ONE_CLIENT, LIMIT_63_CLIENTS, LIMIT_NONE } Limit;

typedef struct Model {
    const char *number; /* of the folder's name */
    const char *text;   /* the model in a sentence */
    Limit limit;
} Model;

static const Model models[] = {
    {"01", "One thread that accepts a client and serves it until it leaves.", LIMIT_ONE_CLIENT},
    {"02", "One thread that asks select which sockets are ready.", LIMIT_63_CLIENTS},
    {"03", "One thread, overlapped I/O: the system does the work, then signals an event.",
     LIMIT_63_CLIENTS},
    {"04", "One thread, overlapped I/O: the system calls a completion routine when it is done.",
     LIMIT_NONE},
    {"05", "An I/O completion port, and worker threads that take completions from it.", LIMIT_NONE},
    {"06", "A completion port that also accepts, and objects: core, listener, session.",
     LIMIT_NONE},
    {"07", "A service that owns reference-counted sessions, on a completion port.", LIMIT_NONE},
};

/* The server that is being shown, and how much of its output has been. */
typedef struct Show {
    ServerProcess *process;
    NetAddress address;
    size_t shown; /* bytes of its output that were printed or passed over */
} Show;

typedef struct Client {
    SOCKET socket;
    char name[16]; /* "client 12" */
} Client;

/* --- Printing -------------------------------------------------------------------------------- */

/* Where to break a text so that at most `width` characters are in the line; its end, if all fits. */
static size_t FindBreak(const char *text, size_t width)
{
    size_t at = strlen(text);

    if (at <= width)
        return at;
    for (at = width; at > 0 && text[at] != ' '; at--)
        continue;
    return at > 0 ? at : width;
}

/* "  server    | the text", broken at a space where it is too long for the line. */
static void PrintRow(const char *who, const char *text)
{
    do {
        size_t length = FindBreak(text, COLUMN_MAX - 14);

        printf("  %-9s | %.*s\n", who, (int)length, text);
        text += length;
        while (*text == ' ')
            text++;
        who = "";
    } while (*text != '\0');
    fflush(stdout);
}

static void Say(const char *who, const char *format, ...)
{
    char text[ROW_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    PrintRow(who, text);
}

/* Says what went wrong. Returns false, for its caller to return. */
static bool Fail(const char *format, ...)
{
    char text[ROW_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    PrintRow("WRONG", text);
    return false;
}

static bool FailCall(const char *who, const char *call, DWORD error)
{
    char reason[ERROR_TEXT_SIZE];

    return Fail("%s: %s", who, ErrorText_Format(reason, sizeof(reason), call, error));
}

/* --- The server's side ----------------------------------------------------------------------- */

/* Prints the server's whole lines that were not shown, up to the position or all. */
#define ALL_LINES SIZE_MAX
static void ShowLines(Show *show, size_t position)
{
    char *output = ServerProcess_CopyOutput(show->process, show->shown);
    char *line = output;
    char *end;

    if (output == NULL)
        return;
    while (show->shown < position && (end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        PrintRow("server", line);
        show->shown += (size_t)(end + 1 - line);
        line = end + 1;
    }
    free(output);
}

/*
 * Waits for a line with the text, which was not shown, and shows what came up to it. What has come
 * behind it already is for the next call: it may be what that one waits for.
 */
static bool AwaitLine(Show *show, const char *text)
{
    size_t position = show->shown;

    if (!ServerProcess_WaitForLine(show->process, text, &position, WAIT_MS)) {
        ShowLines(show, ALL_LINES);
        return Fail("The server should have printed '%s'.", text);
    }
    ShowLines(show, position);
    return true;
}

/* Waits until `more` lines with the text came since there were `before`, and only counts them. */
static bool AwaitCount(Show *show, const char *text, int before, int more)
{
    int count;

    if (ServerProcess_WaitForCount(show->process, text, before + more, WAIT_MS))
        return true;
    count = ServerProcess_CountLines(show->process, text) - before;
    return Fail("The server should have printed '%s' %d times, and did so %d times.", text, more,
                count);
}

/* Passes over the server's lines up to here. */
static void SkipLines(Show *show)
{
    show->shown = ServerProcess_GetPosition(show->process);
}

static bool StartServer(Show *show, const char *path)
{
    const char *const arguments[] = {"--port", "0", NULL};

    show->shown = 0;
    show->process = ServerProcess_Start(path, arguments, NULL, NULL);
    if (show->process == NULL)
        return FailCall(path, "CreateProcess", GetLastError());
    if (!ServerProcess_WaitForListening(show->process, &show->address, WAIT_MS))
        return Fail("The server should have said where it listens.");
    ShowLines(show, ALL_LINES);
    return true;
}

/* Shows what the server wrote to stderr, which should be nothing. */
static bool CheckErrors(Show *show)
{
    char *errors = ServerProcess_CopyErrors(show->process);
    bool isEmpty = errors != NULL && errors[0] == '\0';

    if (errors != NULL && !isEmpty)
        Fail("The server complains: %s", errors);
    free(errors);
    return isEmpty;
}

static bool StopServer(Show *show)
{
    DWORD exitCode = 0;

    PrintRow("Ctrl+C", "is pressed in the server's console");
    if (!ServerProcess_PressCtrlC(show->process))
        return Fail("Ctrl+C could not be pressed.");
    if (!ServerProcess_WaitForExit(show->process, WAIT_MS, &exitCode))
        return Fail("The server should have ended after Ctrl+C.");
    if (!AwaitLine(show, "Server stopped."))
        return false;
    if (exitCode != 0)
        return Fail("The server's exit code should be 0, and is %lu.", exitCode);
    PrintRow("", "exit code 0");
    return CheckErrors(show);
}

/* --- The clients' side ----------------------------------------------------------------------- */

static void Client_Close(Client *client)
{
    SocketUtils_Close(&client->socket);
}

/* Connects, without a word. The client is `number`; whoever calls this closes it. */
static bool Client_Open(Client *client, int number, const Show *show)
{
    DWORD timeout = WAIT_MS;

    snprintf(client->name, sizeof(client->name), "client %d", number);
    client->socket = SocketUtils_CreateSocket(NetAddress_GetFamily(&show->address));
    if (client->socket == INVALID_SOCKET)
        return FailCall(client->name, "socket", (DWORD)WSAGetLastError());
    if (!SocketUtils_Connect(client->socket, &show->address))
        return FailCall(client->name, "connect", (DWORD)WSAGetLastError());
    /* A client that waits in vain ends the demo with a sentence, not by hanging. */
    setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, (const char *)&timeout, sizeof(timeout));
    return true;
}

static bool Client_Send(Client *client, const char *text)
{
    int size = (int)strlen(text);

    /* So few bytes always fit into the system's buffer: send takes all of them. */
    if (send(client->socket, text, size, 0) != size)
        return FailCall(client->name, "send", (DWORD)WSAGetLastError());
    return true;
}

/* Receives as many bytes as the text has, and requires that they are the text. */
static bool Client_Receive(Client *client, const char *text)
{
    char echo[MESSAGE_SIZE] = {0};
    int size = (int)strlen(text);

    for (int received = 0; received < size;) {
        int bytes = recv(client->socket, echo + received, size - received, 0);

        if (bytes == SOCKET_ERROR)
            return FailCall(client->name, "recv", (DWORD)WSAGetLastError());
        if (bytes == 0)
            return Fail("%s: the server closed the connection before the echo.", client->name);
        received += bytes;
    }
    if (memcmp(echo, text, (size_t)size) != 0)
        return Fail("%s got '%.*s' instead of '%s'.", client->name, size, echo, text);
    return true;
}

/* Says that nothing more comes, and waits for the server to close its side. */
static bool Client_Leave(Client *client)
{
    char byte;
    int bytes;

    shutdown(client->socket, SD_SEND);
    bytes = recv(client->socket, &byte, 1, 0);
    if (bytes == SOCKET_ERROR)
        return FailCall(client->name, "recv", (DWORD)WSAGetLastError());
    if (bytes > 0)
        return Fail("%s got more than it sent.", client->name);
    Client_Close(client);
    return true;
}

/* True: something came, or the connection has ended. */
static bool Client_HasNews(Client *client, long milliseconds)
{
    struct timeval timeout = {milliseconds / 1000, milliseconds % 1000 * 1000};
    fd_set readSet;

    FD_ZERO(&readSet);
    FD_SET(client->socket, &readSet);
    return select(0, &readSet, NULL, NULL, &timeout) != 0;
}

/* --- Scenes: what a client and the server do together, both shown ------------------------------ */

static bool Arrive(Show *show, Client *client, int number)
{
    if (!Client_Open(client, number, show))
        return false;
    PrintRow(client->name, "connects");
    return AwaitLine(show, "Client Connected!");
}

static bool Talk(Show *show, Client *client, const char *text)
{
    if (!Client_Send(client, text))
        return false;
    Say(client->name, "sent \"%s\"", text);
    if (!Client_Receive(client, text) || !AwaitLine(show, "Recv Data Len"))
        return false;
    Say(client->name, "got  \"%s\"", text);
    return true;
}

static bool Depart(Show *show, Client *client)
{
    PrintRow(client->name, "leaves");
    return Client_Leave(client) && AwaitLine(show, "Client Disconnected!");
}

/* Two clients at the same time. Not for stage 01. */
static bool ShowConversation(Show *show, Client *clients)
{
    return Arrive(show, &clients[0], 1) && Talk(show, &clients[0], "hello") &&
           Arrive(show, &clients[1], 2) && Talk(show, &clients[1], "how are you?") &&
           Talk(show, &clients[0], "still here") && Depart(show, &clients[0]) &&
           Depart(show, &clients[1]);
}

/* Stage 01: the second client waits for the first to leave. */
static bool ShowOneClient(Show *show, Client *clients)
{
    static const char question[] = "is anybody there?";

    if (!Arrive(show, &clients[0], 1) || !Talk(show, &clients[0], "hello"))
        return false;
    printf("\n  The limit: one client at a time.\n");
    if (!Client_Open(&clients[1], 2, show))
        return false;
    PrintRow(clients[1].name, "connects");
    if (!Client_Send(&clients[1], question))
        return false;
    Say(clients[1].name, "sent \"%s\"", question);
    if (Client_HasNews(&clients[1], SILENCE_MS))
        return Fail("client 2 should get no answer while client 1 is there.");
    Say(clients[1].name, "no answer for %d ms: the server waits inside recv for client 1",
        SILENCE_MS);
    if (!Talk(show, &clients[0], "still here") || !Depart(show, &clients[0]))
        return false;
    if (!Client_Receive(&clients[1], question) || !AwaitLine(show, "Recv Data Len"))
        return false;
    Say(clients[1].name, "got  \"%s\"", question);
    return Depart(show, &clients[1]);
}

/* Connects clients `first` to `first + count - 1` and waits until the server has taken them. */
static bool OpenCrowd(Show *show, Client *clients, int first, int count)
{
    int before = ServerProcess_CountLines(show->process, "Client Connected!");

    for (int i = 0; i < count; i++) {
        if (!Client_Open(&clients[i], first + i, show))
            return false;
    }
    return AwaitCount(show, "Client Connected!", before, count);
}

/* All of them send, then all of them receive: each its own text. */
static bool TalkToCrowd(Show *show, Client *clients, int count)
{
    int before = ServerProcess_CountLines(show->process, "Recv Data Len");
    char text[MESSAGE_SIZE];

    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "I am %s", clients[i].name);
        if (!Client_Send(&clients[i], text))
            return false;
    }
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "I am %s", clients[i].name);
        if (!Client_Receive(&clients[i], text))
            return false;
    }
    return AwaitCount(show, "Recv Data Len", before, count);
}

static bool CloseCrowd(Show *show, Client *clients, int count)
{
    int before = ServerProcess_CountLines(show->process, "Client Disconnected!");
    int here = 0;

    for (int i = 0; i < count; i++) {
        if (clients[i].socket == INVALID_SOCKET)
            continue;
        here++;
        if (!Client_Leave(&clients[i]))
            return false;
    }
    return AwaitCount(show, "Client Disconnected!", before, here);
}

/* Stages 02 and 03: 63 clients are served, the next is refused, and a place that gets free is used. */
static bool Show63Clients(Show *show, Client *clients)
{
    int served = CLIENT_MAX - 1;
    Client *last = &clients[served];
    char byte;

    printf("\n  The limit: %d clients. A wait has room for %d, and the listener takes one place.\n",
           served, CLIENT_MAX);
    if (!OpenCrowd(show, clients, 1, served) || !TalkToCrowd(show, clients, served))
        return false;
    Say("clients", "1 to %d are connected; each sent a line, and each got its own back", served);
    SkipLines(show);

    if (!Client_Open(last, CLIENT_MAX, show))
        return false;
    PrintRow(last->name, "connects");
    if (!AwaitLine(show, "Client Refused!"))
        return false;
    /* Closed or reset, as the system likes. */
    if (recv(last->socket, &byte, 1, 0) > 0)
        return Fail("%s should have been refused.", last->name);
    PrintRow(last->name, "the server has closed the connection");
    Client_Close(last);

    if (!Depart(show, &clients[0]) || !Arrive(show, &clients[0], CLIENT_MAX + 1) ||
        !Talk(show, &clients[0], "now there is room"))
        return false;
    if (!CloseCrowd(show, clients, served))
        return false;
    SkipLines(show);
    Say("clients", "2 to %d leave", CLIENT_MAX + 1);
    return true;
}

typedef struct ThreadCount {
    unsigned long thread;
    int lines;
} ThreadCount;

/* Adds one line of this thread to the counts; returns how many there are. */
static int CountThread(ThreadCount *counts, int used, unsigned long thread)
{
    int i = 0;

    while (i < used && counts[i].thread != thread)
        i++;
    if (i == THREAD_MAX)
        return used;
    if (i == used) {
        counts[i].thread = thread;
        counts[i].lines = 0;
        used++;
    }
    counts[i].lines++;
    return used;
}

/* Which threads printed lines with the text, from `position` on: "292 (104 times), 300 (96 times)". */
static bool DescribeThreads(Show *show, const char *text, size_t position, char *result, int size)
{
    static const char mark[] = "[thread ";
    ThreadCount counts[THREAD_MAX];
    int used = 0, length = 0;
    char *output = ServerProcess_CopyOutput(show->process, position);
    char *line = output;
    char *end;

    result[0] = '\0';
    if (output == NULL)
        return Fail("There is no memory for the server's output.");
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        if (strncmp(line, mark, strlen(mark)) == 0 && strstr(line, text) != NULL)
            used = CountThread(counts, used, strtoul(line + strlen(mark), NULL, 10));
        line = end + 1;
    }
    free(output);
    for (int i = 0; i < used && length < size; i++)
        length += snprintf(result + length, (size_t)(size - length), "%s%lu (%d times)",
                           i > 0 ? ", " : "", counts[i].thread, counts[i].lines);
    return true;
}

/* The other stages: many clients at once. */
static bool ShowCrowd(Show *show, Client *clients)
{
    char accepting[ROW_SIZE / 4], receiving[ROW_SIZE / 2];
    size_t position = show->shown;

    printf("\n  No such limit: %d clients at once.\n", CROWD_SIZE);
    if (!OpenCrowd(show, clients, 1, CROWD_SIZE))
        return false;
    Say("clients", "1 to %d are connected, and all send a line", CROWD_SIZE);
    if (!TalkToCrowd(show, clients, CROWD_SIZE))
        return false;
    Say("clients", "all %d got their own line back", CROWD_SIZE);
    if (!DescribeThreads(show, "Client Connected!", position, accepting, sizeof(accepting)) ||
        !DescribeThreads(show, "Recv Data Len", position, receiving, sizeof(receiving)))
        return false;
    if (receiving[0] != '\0') {
        Say("threads", "accepted: %s", accepting);
        Say("threads", "answered: %s", receiving);
    } else {
        PrintRow("threads", "the server's only thread accepted them and answered them all");
    }
    if (!CloseCrowd(show, clients, CROWD_SIZE))
        return false;
    SkipLines(show);
    Say("clients", "all %d leave", CROWD_SIZE);
    return true;
}

/* --- The whole ------------------------------------------------------------------------------- */

/* The folder that server.exe is in, "05-iocp-basic", and what is known about it; NULL: no stage. */
static const Model *FindModel(const char *path, char *folder, size_t size)
{
    const char *end = path + strlen(path);
    const char *start;

    while (end > path && end[-1] != '/' && end[-1] != '\\')
        end--;
    start = end > path ? --end : end;
    while (start > path && start[-1] != '/' && start[-1] != '\\')
        start--;
    snprintf(folder, size, "%.*s", (int)(end - start), start);
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        if (strncmp(folder, models[i].number, 2) == 0 && folder[2] == '-')
            return &models[i];
    }
    return NULL;
}

static bool ShowStage(const Model *model, const char *path)
{
    Client clients[CROWD_SIZE];
    Show show = {0};
    bool went;

    for (int i = 0; i < CROWD_SIZE; i++)
        clients[i].socket = INVALID_SOCKET;
    went = StartServer(&show, path);
    if (went && model->limit != LIMIT_ONE_CLIENT)
        went = ShowConversation(&show, clients);
    if (went && model->limit == LIMIT_ONE_CLIENT)
        went = ShowOneClient(&show, clients);
    else if (went && model->limit == LIMIT_63_CLIENTS)
        went = Show63Clients(&show, clients);
    else if (went)
        went = ShowCrowd(&show, clients);
    if (went) {
        printf("\n");
        went = StopServer(&show);
    } else if (show.process != NULL) {
        CheckErrors(&show);
    }
    for (int i = 0; i < CROWD_SIZE; i++)
        Client_Close(&clients[i]);
    ServerProcess_Close(show.process);
    return went;
}

int main(int argc, char *argv[])
{
    int exitCode, wrong = 0;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (argc < 2) {
        fprintf(stderr, "Usage: demo.exe PATH/TO/NN-name/server.exe...\n");
        return EXIT_USAGE;
    }
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        char folder[64];
        const Model *model = FindModel(argv[i], folder, sizeof(folder));

        if (model == NULL) {
            fprintf(stderr, "No folder such as 05-iocp-basic is at the end of '%s'.\n", argv[i]);
            return EXIT_USAGE;
        }
        printf("\n=== %s ===\n%s\n\n", folder, model->text);
        fflush(stdout);
        if (!ShowStage(model, argv[i]))
            wrong++;
    }
    SocketUtils_Clear();
    if (wrong > 0)
        printf("\nThe demo failed: %d of %d stages did not do what they should; see WRONG above.\n",
               wrong, argc - 1);
    else
        printf("\nThe demo is over: all %d stages did what they should.\n", argc - 1);
    return wrong > 0 ? 1 : 0;
}
