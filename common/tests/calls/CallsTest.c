/*
 * CallsTest: that calls.exe measures, and that each stage asks of the system what it should.
 *
 *     calls.exe TOOL SERVER... [--list] [FILTER]     see ToolTest.h
 *
 * TOOL is the calls.exe of common/tools, the servers are instrumented. The figures are exact: see
 * `models` for why each is what it is.
 */
#include "Conversation.h"
#include "Test.h"
#include "TestProgram.h"
#include "ToolTest.h"

#define CALL_MAX     5
#define WORD_MAX     20
#define TOOL_MS      60000
#define CROWD        10 /* clients, where a test has many */
#define CROWD_TEXT   "10"
#define PATH_SIZE    1024
#define LINE_SIZE    2048
#define SHORT_ECHOES "20" /* for tests that do not look at the figures themselves */

/* --- What the stages need -------------------------------------------------------------------- */

/*
 * Calls for one echo, and the handles that they pass to the system. One part is always the same,
 * the other is for each client that is connected, whether it talks or not.
 */
typedef struct CallModel {
    const char *name;
    int calls, callsForEach;
    int handles, handlesForEach;
} CallModel;

/* By the number of the stage, up to one without a name. */
static const CallModel models[][CALL_MAX] = {
    /* recv returns with the bytes, send takes them. */
    [1] = {{"recv", 1, 0, 1, 0}, {"send", 1, 0, 1, 0}},
    /* Before that, select is asked, about the listener and every client. */
    [2] = {{"select", 1, 0, 1, 1}, {"recv", 1, 0, 1, 0}, {"send", 1, 0, 1, 0}},
    /* A receive and a send are begun, each with its event reset first. Each signals its event, so
       the wait, for the listener's event and those of all clients, returns twice, and each time
       all clients are asked whether they have a result. */
    [3] = {{"WSAWaitForMultipleEvents", 2, 0, 2, 2},
           {"WSAGetOverlappedResult", 0, 2, 0, 2},
           {"WSAResetEvent", 2, 0, 2, 0},
           {"WSARecv", 1, 0, 1, 0},
           {"WSASend", 1, 0, 1, 0}},
    /* A receive and a send; each completes in a wait, for the listener's event alone. */
    [4] = {{"WSAWaitForMultipleEvents", 2, 0, 2, 0},
           {"WSARecv", 1, 0, 1, 0},
           {"WSASend", 1, 0, 1, 0}},
    /* A receive and a send; the completion of each is taken from the port. */
    [5] = {{"GetQueuedCompletionStatus", 2, 0, 2, 0},
           {"WSARecv", 1, 0, 1, 0},
           {"WSASend", 1, 0, 1, 0}},
    [6] = {{"GetQueuedCompletionStatus", 2, 0, 2, 0},
           {"WSARecv", 1, 0, 1, 0},
           {"WSASend", 1, 0, 1, 0}},
    /* The send succeeds at once, and then queues no completion. */
    [7] = {{"GetQueuedCompletionStatus", 1, 0, 1, 0},
           {"WSARecv", 1, 0, 1, 0},
           {"WSASend", 1, 0, 1, 0}},
};

/* --- Running the tool ------------------------------------------------------------------------ */

/* The number of the stage of that server, and its folder. */
static int GetStage(int server, char *folder)
{
    return Conversation_FindStage(servers[server], folder, PATH_SIZE);
}

/* Runs the tool with these words, up to a NULL, and behind them all servers that `clients` can talk to at
   once; 0: no server. */
static void RunTool(const char *const words[], int clients)
{
    const char *arguments[WORD_MAX + TOOL_SERVER_MAX + 1] = {NULL};
    char folder[PATH_SIZE];
    int count = 0;

    for (; words[count] != NULL; count++)
        arguments[count] = words[count];
    for (int i = 0; clients > 0 && i < serverCount; i++) {
        if (clients == 1 || GetStage(i, folder) != 1)
            arguments[count++] = servers[i];
    }
    ToolRun_Start(arguments, NULL);
    ToolRun_Wait(TOOL_MS);
}

/* Copies the part of `text` from `start` on and up to `end`. Without it the test is over. */
static void CopyPart(const char *text, const char *start, const char *end, char *part, size_t size)
{
    const char *from = strstr(text, start);
    const char *to = from != NULL ? strstr(from, end) : NULL;

    if (to == NULL)
        Test_Explain("there is no \"%s\" with \"%s\" behind it in:\n%s", start, end, text);
    NEED_TRUE(to != NULL);
    snprintf(part, size, "%.*s", (int)(to - from), from);
}

static int CountText(const char *text, const char *part)
{
    int count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

/* --- Figures --------------------------------------------------------------------------------- */

/* The table and the line of the file have what the model says, and nothing else. */
static void CheckFigures(const char *folder, const CallModel *model, int clients)
{
    char table[LINE_SIZE], line[LINE_SIZE], text[200];
    int calls = 0, handles = 0, count = 0;

    snprintf(text, sizeof(text), "%s: %d client", folder, clients);
    CopyPart(tool.output, text, "To start", table, sizeof(table));
    snprintf(text, sizeof(text), "{\"server\": \"%s\", ", folder);
    CopyPart(tool.figures, text, "\n", line, sizeof(line));

    for (; count < CALL_MAX && model[count].name != NULL; count++) {
        const CallModel *call = &model[count];
        int callCount = call->calls + call->callsForEach * clients;
        int handleCount = call->handles + call->handlesForEach * clients;

        snprintf(text, sizeof(text), "\n  %-28s %13.2f  %15.2f  ", call->name, (double)callCount,
                 (double)handleCount);
        CHECK_CONTAINS(table, text);
        snprintf(text, sizeof(text), "\"%s\": %d.00", call->name, callCount);
        CHECK_CONTAINS(line, text);
        calls += callCount;
        handles += handleCount;
    }
    snprintf(text, sizeof(text), "\n  %d.00 calls an echo, with %d.00 handles.\n", calls, handles);
    CHECK_CONTAINS(table, text);
    snprintf(
        text, sizeof(text),
        "\"clients\": %d, \"echoes\": 100, \"callsPerEcho\": %d.00, \"handlesPerEcho\": %d.00,",
        clients, calls, handles);
    CHECK_CONTAINS(line, text);
    /* No more calls than those: each has a line, as have the title, the heads, and the sums. */
    CHECK_INT(CountText(table, "\n"), count + 6);
    CHECK_INT(CountText(line, "\":"), count + 6);
}

static void CheckAllFigures(int clients)
{
    CHECK_INT(tool.exitCode, 0);
    CHECK_TEXT(tool.errors, "");
    for (int i = 0; i < serverCount; i++) {
        char folder[PATH_SIZE];
        int stage = GetStage(i, folder);

        if (clients > 1 && stage == 1)
            continue;
        if (CHECK(stage < (int)COUNT_OF(models) && models[stage][0].name != NULL))
            CheckFigures(folder, models[stage], clients);
    }
}

TEST("calls: an echo of the only client", .limitSeconds = 90)
{
    RunTool(ARGUMENTS(NULL), 1);
    CheckAllFigures(1);
}

TEST("calls: an echo of one of ten clients", .limitSeconds = 90)
{
    RunTool(ARGUMENTS("--clients", CROWD_TEXT), CROWD);
    CheckAllFigures(CROWD);
}

/* Whatever is counted: the same the second time. */
TEST("calls: the same figures again", .limitSeconds = 120)
{
    const char *const *words = ARGUMENTS("--clients", "3", "--echoes", SHORT_ECHOES);
    char *figures;

    RunTool(words, 3);
    CHECK_INT(tool.exitCode, 0);
    figures = tool.figures;
    tool.figures = NULL;
    RunTool(words, 3);
    CHECK_INT(tool.exitCode, 0);
    CHECK_TEXT(tool.figures, figures);
    CHECK_CONTAINS(tool.figures, "callsPerEcho");
    free(figures);
}

/* With work for all at once, a wait may bring several results: it never takes more calls than one
   echo after the other, and what is received and sent is received and sent once. */
TEST("calls: all clients at once", .limitSeconds = 90)
{
    char line[LINE_SIZE], folder[PATH_SIZE];

    RunTool(ARGUMENTS("--busy", "--clients", CROWD_TEXT, "--echoes", SHORT_ECHOES), CROWD);
    CHECK_INT(tool.exitCode, 0);
    for (int i = 0; i < serverCount; i++) {
        int stage = GetStage(i, folder);
        double most = 0;

        if (stage <= 1 || stage >= (int)COUNT_OF(models))
            continue;
        for (int j = 0; j < CALL_MAX; j++)
            most += models[stage][j].calls + models[stage][j].callsForEach * CROWD;
        snprintf(line, sizeof(line), "{\"server\": \"%s\", ", folder);
        CopyPart(tool.figures, line, "\n", line, sizeof(line));
        CHECK_CONTAINS(line, "\"clients\": 10, \"echoes\": 200, \"busy\": true, ");
        CHECK(ToolRun_ReadFigure(line, "callsPerEcho") > 2);
        CHECK(ToolRun_ReadFigure(line, "callsPerEcho") <= most);
        CHECK_CONTAINS(line,
                       strstr(line, "WSASend") != NULL ? "\"WSASend\": 1.00" : "\"send\": 1.00");
        CHECK_CONTAINS(line,
                       strstr(line, "WSARecv") != NULL ? "\"WSARecv\": 1.00" : "\"recv\": 1.00");
    }
}

/* Stage 07 fetches many completions with one call when all workers are at work, so that little more
   than receive and send is left. */
TEST("calls: 500 clients of stage 07 at once")
{
    const char *path = NULL;
    char folder[PATH_SIZE];

    for (int i = 0; i < serverCount; i++) {
        if (GetStage(i, folder) == 7)
            path = servers[i];
    }
    REQUIRE(CHECK(path != NULL));
    RunTool(ARGUMENTS("--busy", "--clients", "500", "--echoes", SHORT_ECHOES, path), 0);
    CHECK_INT(tool.exitCode, 0);
    CHECK(ToolRun_ReadFigure(tool.figures, "callsPerEcho") >= 2);
    CHECK(ToolRun_ReadFigure(tool.figures, "callsPerEcho") <= 2.3);
}

/* Compares the figures with a file that says `text`. */
static void RunCheck(const char *text)
{
    char path[PATH_SIZE];
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s.check", ToolRun_GetFile());
    NEED_TRUE(fopen_s(&file, path, "wb") == 0);
    fputs(text, file);
    NEED_TRUE(fclose(file) == 0);
    RunTool(ARGUMENTS("--echoes", SHORT_ECHOES, "--check", path), 1);
    DeleteFileA(path);
}

TEST("calls: compares with a file", .limitSeconds = 120)
{
    char text[100];
    char *figures, *figure;

    RunTool(ARGUMENTS("--echoes", SHORT_ECHOES), 1);
    figures = tool.figures;
    tool.figures = NULL;
    RunCheck(figures);
    CHECK_INT(tool.exitCode, 0);
    snprintf(text, sizeof(text), "\n%d of %d servers have the figures of ", serverCount,
             serverCount);
    CHECK_CONTAINS(tool.output, text);

    figure = NEED(strstr(figures, ".00"));
    figure[2] = '1';
    RunCheck(figures);
    CHECK_INT(tool.exitCode, 1);
    CHECK_CONTAINS(tool.output, ": the figures are not those of the file.\n");
    snprintf(text, sizeof(text), "\n%d of %d servers have", serverCount - 1, serverCount);
    CHECK_CONTAINS(tool.output, text);
    free(figures);

    RunCheck("[\n]\n");
    CHECK_INT(tool.exitCode, 1);
    CHECK_CONTAINS(tool.output, "The file to check has no line for\n");
}

typedef struct CommandLine {
    const char *words[5]; /* up to a NULL */
    DWORD exitCode;
    const char *sentence; /* on stderr */
} CommandLine;

/* None of these starts a server. */
TEST("calls: command lines")
{
    static const CommandLine lines[] = {
        {{NULL}, 2, "Which server?"},
        {{"--fast"}, 2, "Unknown option '--fast'."},
        {{"x/05-no/server.exe", "--echoes"}, 2, "Option --echoes needs a value."},
        {{"--echoes", "0"}, 2, "--echoes takes a number from 1 to 1000000, and '0' is none."},
        {{"--clients", "many"}, 2, "--clients takes a number from 1 to 1000, and 'many'"},
        {{"server.exe"}, 2, "No folder such as 05-iocp-basic is at the end of 'server.exe'."},
        {{"--clients", "2", "x/01-no/server.exe"}, 2, "01-no can have 1 client at once, not 2."},
        {{"--clients", "64", "x/02-no/server.exe"}, 2, "02-no can have 63 clients at once, not"},
        {{"--clients", "64", "x/03-no/server.exe"}, 2, "03-no can have 63 clients at once, not"},
        {{"--clients", "64", "x/04-no/server.exe"},
         1,
         "x/04-no/server.exe: The server cannot be started"},
        {{"--json"}, 2, "Option --json needs a value."},
    };

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        RunTool(lines[i].words, 0);
        CHECK_INT(tool.exitCode, lines[i].exitCode);
        CHECK_CONTAINS(tool.errors, lines[i].sentence);
        CHECK_TEXT(tool.output, "");
    }
}

TEST("calls: help")
{
    RunTool(ARGUMENTS("--help"), 0);
    CHECK_INT(tool.exitCode, 0);
    CHECK_CONTAINS(tool.output, "Usage: calls.exe ");
    CHECK_TEXT(tool.errors, "");
}

int main(int argc, char *argv[])
{
    return ToolTest_Main("Usage: calls.exe TOOL SERVER... [--list] [FILTER]\n", NULL, argc, argv);
}
