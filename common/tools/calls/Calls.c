/*
 * Calls: counts what a server asks of the system for one echo.
 *
 *     calls.exe [--clients N] [--echoes N] [--busy] [--json FILE] [--check FILE]
 *               PATH/TO/NN-name/server.exe...
 *
 * The servers are instrumented: built with WATCHED=1. For each, in turn: N clients (1) connect.
 * Then the first of them sends 64 bytes and gets them back, N times (100). Then all leave, and
 * Ctrl+C ends the server. Everything is done when the server is at rest, and its counts are read
 * right before the first echo and right after the last, so the figures are exact: starting,
 * stopping, coming and going are not in them, and another run has the same.
 *
 * --busy: all clients send, then all receive, N times. A figure is then a mean over all echoes.
 * Where several threads work, or one takes several completions at a time, it differs a little from
 * run to run.
 *
 * --json writes the figures, a line for each server. --check compares them with such a file.
 * Exit code 0: all went well. 1: a server did not do what it should, or the figures differ. 2: the
 * command line is wrong.
 */
#include "Conversation.h"
#include "ErrorText.h"
#include "Options.h"
#include "SocketUtils.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ECHO_SIZE  64 /* bytes of an echo */
#define CLIENT_MAX 1000
#define ROUND_MAX  1000000
#define SERVER_MAX 100
#define COLUMN_MAX 92 /* longer lines are broken */
#define NAME_WIDTH 28
#define LINE_SIZE  8192

static const char usage[] =
    "Usage: calls.exe [--clients N] [--echoes N] [--busy] [--json FILE] [--check FILE] SERVER...\n"
    "  SERVER        an instrumented NN-name/server.exe\n"
    "  --clients N   so many clients are connected (default 1; stage 01: 1, 02 and 03: up to 63)\n"
    "  --echoes N    the first client makes so many echoes of 64 bytes (default 100)\n"
    "  --busy        all clients make an echo at the same time, N times; the figures vary a "
    "little\n"
    "  --json FILE   writes the figures to FILE\n"
    "  --check FILE  requires that the figures are those in FILE\n";

typedef struct Options {
    long clients;
    long rounds; /* echoes of the first client; with isBusy, of each */
    bool isBusy;
    const char *jsonPath;  /* NULL: none */
    const char *checkPath; /* NULL: none */
    const char *servers[SERVER_MAX];
    int serverCount;
} CallsOptions;

/* One of the system's functions, as a server uses it. */
typedef struct Row {
    char name[sizeof(((InstrumentCount *)NULL)->name)];
    char kind[sizeof(((InstrumentCount *)NULL)->kind)];
    long calls, handles; /* while echoes were made */
    long callsInAll;
} Row;

typedef struct Figures {
    char server[64]; /* its folder */
    long clients;
    long echoes;
    bool isBusy;
    Row rows[INSTRUMENT_COUNT_MAX]; /* the most frequent in an echo first */
    int rowCount;
} Figures;

/* --- Measuring ------------------------------------------------------------------------------- */

typedef struct Snapshot {
    InstrumentCount counts[INSTRUMENT_COUNT_MAX];
} Snapshot;

static void TakeSnapshot(Snapshot *snapshot, const Conversation *conversation)
{
    for (int i = 0; i < INSTRUMENT_COUNT_MAX; i++)
        snapshot->counts[i] = conversation->state->counts[i];
}

/* All clients send before any of them receives. */
static bool EchoTogether(Conversation *conversation, Client *clients, long count, int round)
{
    char data[ECHO_SIZE];

    for (long i = 0; i < count; i++) {
        Client_FillData(&clients[i], data, ECHO_SIZE, round);
        if (Client_Send(&clients[i], data, ECHO_SIZE) != CLIENT_DONE)
            return false;
    }
    for (long i = 0; i < count; i++) {
        Client_FillData(&clients[i], data, ECHO_SIZE, round);
        if (Client_Receive(&clients[i], data, ECHO_SIZE) != CLIENT_DONE)
            return false;
    }
    return Conversation_WaitForRest(conversation);
}

static bool MakeEchoes(Conversation *conversation, Client *clients, const CallsOptions *options)
{
    for (int round = 0; round < options->rounds; round++) {
        if (options->isBusy) {
            if (!EchoTogether(conversation, clients, options->clients, round))
                return false;
        } else if (!Client_Echo(&clients[0], ECHO_SIZE)) {
            return false;
        }
    }
    return true;
}

/* The counts right before the echoes, right after them, and when the server has ended. */
static bool Converse(Conversation *conversation, Client *clients, const CallsOptions *options,
                     Snapshot snapshots[3])
{
    for (long i = 0; i < options->clients; i++) {
        if (!Client_Arrive(&clients[i], conversation))
            return false;
    }
    TakeSnapshot(&snapshots[0], conversation);
    if (!MakeEchoes(conversation, clients, options))
        return false;
    TakeSnapshot(&snapshots[1], conversation);
    for (long i = 0; i < options->clients; i++) {
        if (!Client_Depart(&clients[i]))
            return false;
    }
    if (!Conversation_Stop(conversation))
        return false;
    TakeSnapshot(&snapshots[2], conversation);
    return true;
}

static int CompareRows(const void *left, const void *right)
{
    const Row *a = (const Row *)left, *b = (const Row *)right;

    if (a->calls != b->calls)
        return a->calls < b->calls ? 1 : -1;
    if (a->callsInAll != b->callsInAll)
        return a->callsInAll < b->callsInAll ? 1 : -1;
    return strcmp(a->name, b->name);
}

static void MakeRows(Figures *figures, const Snapshot snapshots[3])
{
    for (int i = 0; i < INSTRUMENT_COUNT_MAX && snapshots[2].counts[i].name[0] != '\0'; i++) {
        const InstrumentCount *before = &snapshots[0].counts[i];
        const InstrumentCount *after = &snapshots[1].counts[i];
        Row *row = &figures->rows[figures->rowCount++];

        memcpy(row->name, after->name, sizeof(row->name));
        memcpy(row->kind, after->kind, sizeof(row->kind));
        row->calls = after->calls - before->calls;
        row->handles = after->handles - before->handles;
        row->callsInAll = snapshots[2].counts[i].calls;
    }
    qsort(figures->rows, (size_t)figures->rowCount, sizeof(figures->rows[0]), CompareRows);
}

/* False: it could not be measured, and a sentence has said why. */
static bool Measure(const char *path, const CallsOptions *options, Figures *figures)
{
    static Client clients[CLIENT_MAX];
    static Snapshot snapshots[3];
    Conversation conversation;
    bool went;

    memset(figures, 0, sizeof(*figures));
    Conversation_FindStage(path, figures->server, sizeof(figures->server));
    figures->clients = options->clients;
    figures->echoes = options->isBusy ? options->rounds * options->clients : options->rounds;
    figures->isBusy = options->isBusy;

    memset(clients, 0, sizeof(clients));
    went = Conversation_Start(&conversation, path, "calls") &&
           Converse(&conversation, clients, options, snapshots);
    if (!went)
        fprintf(stderr, "%s: %s\n", path, conversation.reason);
    for (int i = 0; i < CLIENT_MAX; i++)
        Client_Close(&clients[i]);
    Conversation_Close(&conversation);
    if (went)
        MakeRows(figures, snapshots);
    return went;
}

/* --- The table ------------------------------------------------------------------------------- */

static double PerEcho(const Figures *figures, long count)
{
    return (double)count / (double)figures->echoes;
}

typedef struct Sum {
    long calls, handles;
} Sum;

/* What the functions of a kind come to while echoes were made. */
static Sum SumKind(const Figures *figures, const char *kind)
{
    Sum sum = {0, 0};

    for (int i = 0; i < figures->rowCount; i++) {
        if (strcmp(figures->rows[i].kind, kind) == 0) {
            sum.calls += figures->rows[i].calls;
            sum.handles += figures->rows[i].handles;
        }
    }
    return sum;
}

static bool IsIo(const Row *row)
{
    return strcmp(row->kind, "io") == 0;
}

/* The functions that are called, but not for an echo: "WSAStartup 1, socket 2", in lines. */
static void PrintOthers(const Figures *figures)
{
    int column = printf("  To start, to come and go, to stop:");
    bool isFirst = true;

    for (int i = 0; i < figures->rowCount; i++) {
        const Row *row = &figures->rows[i];
        char item[64];
        int length;

        if (!IsIo(row) || row->calls != 0 || row->callsInAll == 0)
            continue;
        length = snprintf(item, sizeof(item), " %s %ld", row->name, row->callsInAll);
        column += printf("%s", isFirst ? "" : ",");
        if (column + length > COLUMN_MAX)
            column = printf("\n   ") - 1;
        column += printf("%s", item);
        isFirst = false;
    }
    printf("%s.\n\n", isFirst ? " nothing" : "");
}

static void PrintTable(const Figures *figures)
{
    Sum io = SumKind(figures, "io");

    printf("%s: %ld client%s, %ld echoes of %d bytes%s\n\n", figures->server, figures->clients,
           figures->clients == 1 ? "" : "s", figures->echoes, ECHO_SIZE,
           figures->isBusy ? ", all clients at the same time" : "");
    printf("  %-*s calls an echo  handles an echo  calls in all\n", NAME_WIDTH, "call");
    for (int i = 0; i < figures->rowCount; i++) {
        const Row *row = &figures->rows[i];

        if (IsIo(row) && row->calls != 0)
            printf("  %-*s %13.2f  %15.2f  %12ld\n", NAME_WIDTH, row->name,
                   PerEcho(figures, row->calls), PerEcho(figures, row->handles), row->callsInAll);
    }
    printf("\n  %.2f calls an echo, with %.2f handles.\n", PerEcho(figures, io.calls),
           PerEcho(figures, io.handles));
    printf("  Inside the process, an echo costs %.2f calls for memory, %.2f for locks, %.2f for "
           "text and time.\n",
           PerEcho(figures, SumKind(figures, "memory").calls),
           PerEcho(figures, SumKind(figures, "lock").calls),
           PerEcho(figures, SumKind(figures, "text").calls));
    PrintOthers(figures);
    fflush(stdout);
}

/* --- The file -------------------------------------------------------------------------------- */

/* Adds `"name": 1.00` to the text in a line of LINE_SIZE, of which `length` is in use. */
static int AddFigure(char *line, int length, const char *before, const char *name, double figure)
{
    int added = 0;

    if (length < LINE_SIZE)
        added = snprintf(line + length, (size_t)(LINE_SIZE - length), "%s\"%s\": %.2f", before,
                         name, figure);
    return length + added;
}

/* What says which figures they are, the first part of their line. */
static int WriteHead(const Figures *figures, char *line)
{
    return snprintf(line, LINE_SIZE, "{\"server\": \"%s\", \"clients\": %ld, \"echoes\": %ld, %s",
                    figures->server, figures->clients, figures->echoes,
                    figures->isBusy ? "\"busy\": true, " : "");
}

static void WriteLine(const Figures *figures, char *line)
{
    int length = WriteHead(figures, line);
    Sum io = SumKind(figures, "io");
    const char *before = "";

    length = AddFigure(line, length, "", "callsPerEcho", PerEcho(figures, io.calls));
    length = AddFigure(line, length, ", ", "handlesPerEcho", PerEcho(figures, io.handles));
    if (length < LINE_SIZE)
        length += snprintf(line + length, (size_t)(LINE_SIZE - length), ", \"calls\": {");
    for (int i = 0; i < figures->rowCount; i++) {
        const Row *row = &figures->rows[i];

        if (!IsIo(row) || row->calls == 0)
            continue;
        length = AddFigure(line, length, before, row->name, PerEcho(figures, row->calls));
        before = ", ";
    }
    if (length < LINE_SIZE)
        snprintf(line + length, (size_t)(LINE_SIZE - length), "}}");
}

/* Opens the file of an option. NULL: it cannot, and a sentence has said why. */
static FILE *OpenText(const char *path, const char *mode)
{
    FILE *file = NULL;

    if (fopen_s(&file, path, mode) == 0)
        return file;
    fprintf(stderr, "The file '%s' cannot be opened.\n", path);
    return NULL;
}

static bool WriteJson(const char *path, const Figures *figures, int count)
{
    static char line[LINE_SIZE];
    FILE *file = OpenText(path, "wb");

    if (file == NULL)
        return false;
    fprintf(file, "[\n");
    for (int i = 0; i < count; i++) {
        WriteLine(&figures[i], line);
        fprintf(file, "%s%s\n", line, i + 1 < count ? "," : "");
    }
    fprintf(file, "]\n");
    return fclose(file) == 0;
}

/* Looks for the line that begins with `head`. Cuts off the comma and the line's end. */
static bool FindLine(FILE *file, const char *head, char *line)
{
    rewind(file);
    while (fgets(line, LINE_SIZE, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strncmp(line, head, strlen(head)) == 0) {
            size_t length = strlen(line);

            if (line[length - 1] == ',')
                line[length - 1] = '\0';
            return true;
        }
    }
    return false;
}

static bool CheckFigures(FILE *file, const Figures *figures)
{
    static char head[LINE_SIZE], measured[LINE_SIZE], expected[LINE_SIZE];

    WriteHead(figures, head);
    WriteLine(figures, measured);
    if (!FindLine(file, head, expected)) {
        printf("The file to check has no line for\n  %s\n", measured);
        return false;
    }
    if (strcmp(expected, measured) == 0)
        return true;
    printf("%s: the figures are not those of the file.\n  file:     %s\n  measured: %s\n",
           figures->server, expected, measured);
    return false;
}

static bool CheckAll(const char *path, const Figures *figures, int count)
{
    FILE *file = OpenText(path, "rb");
    int right = 0;

    if (file == NULL)
        return false;
    for (int i = 0; i < count; i++)
        right += CheckFigures(file, &figures[i]) ? 1 : 0;
    fclose(file);
    printf("%d of %d servers have the figures of %s.\n", right, count, path);
    return right == count;
}

/* --- The command line ------------------------------------------------------------------------ */

/* What only the whole command line tells. */
static int CheckOptions(const CallsOptions *options)
{
    if (options->serverCount == 0)
        return Options_Reject(usage, "Which server?", "", "");
    for (int i = 0; i < options->serverCount; i++) {
        char folder[64];
        int stage = Conversation_FindStage(options->servers[i], folder, sizeof(folder));
        int most = Conversation_GetClientMax(stage, CLIENT_MAX);

        if (stage == NUMBER_NONE)
            return Options_Reject(usage, "No folder such as 05-iocp-basic is at the end of '",
                                  options->servers[i], "'.");
        if (options->clients > most) {
            fprintf(stderr, "%s can have %d client%s at once, not %ld.\n", folder, most,
                    most == 1 ? "" : "s", options->clients);
            return OPTIONS_WRONG;
        }
    }
    return OPTIONS_RUN;
}

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(CallsOptions *options, int argc, char *argv[])
{
    const Option list[] = {
        {.name = "--clients", .number = &options->clients, .least = 1, .most = CLIENT_MAX},
        {.name = "--echoes", .number = &options->rounds, .least = 1, .most = ROUND_MAX},
        {.name = "--busy", .flag = &options->isBusy},
        {.name = "--json", .text = &options->jsonPath},
        {.name = "--check", .text = &options->checkPath},
        {.name = NULL},
    };
    OptionWords words = {options->servers, SERVER_MAX, 0};
    int exitCode = Options_Parse(list, usage, &words, argc, argv);

    options->serverCount = words.count;
    return exitCode == OPTIONS_RUN ? CheckOptions(options) : exitCode;
}

/* False: something did not go as it should, and a sentence has said what. */
static bool Run(const CallsOptions *options)
{
    static Figures figures[SERVER_MAX];
    int count = 0;
    bool went;

    for (int i = 0; i < options->serverCount; i++) {
        if (!Measure(options->servers[i], options, &figures[count]))
            continue;
        PrintTable(&figures[count]);
        count++;
    }
    went = count == options->serverCount;
    if (options->jsonPath != NULL && !WriteJson(options->jsonPath, figures, count))
        went = false;
    if (options->checkPath != NULL && !CheckAll(options->checkPath, figures, count))
        went = false;
    return went;
}

int main(int argc, char *argv[])
{
    static CallsOptions options = {.clients = 1, .rounds = 100};
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    exitCode = ParseOptions(&options, argc, argv);
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = Run(&options) ? 0 : 1;
    SocketUtils_Clear();
    return exitCode;
}
