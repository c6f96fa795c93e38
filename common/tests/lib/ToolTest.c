/*
 * ToolTest: see ToolTest.h.
 */
#include "ToolTest.h"
#include "TestMain.h"
#include "TestProgram.h"

#define PATH_SIZE   1024
#define ENDING_SIZE 40
#define WORD_MAX    40
#define FIGURES_MAX 65536
#define KEY_SIZE    80

const char *const *servers;
int serverCount;
ToolRun tool;

static const char *toolPath;
static char figuresPath[PATH_SIZE];
static void (*endToolTest)(void);

/* --- Running --------------------------------------------------------------------------------- */

const char *ToolRun_GetFile(void)
{
    return figuresPath;
}

static void EndRun(void)
{
    TestPrograms_Close(false);
    free(tool.output);
    free(tool.errors);
    free(tool.figures);
    memset(&tool, 0, sizeof(tool));
    DeleteFileA(figuresPath);
}

void ToolRun_Start(const char *const words[], ServerProcessLine onLine)
{
    const char *arguments[WORD_MAX + 1] = {"--json", figuresPath};

    for (int i = 0; words[i] != NULL; i++) {
        NEED_TRUE(i + 2 < WORD_MAX);
        arguments[i + 2] = words[i];
    }
    EndRun();
    tool.process =
        NEED(TestProgram_Keep(ServerProcess_Start(toolPath, arguments, onLine, NULL), toolPath));
}

static char *ReadFigures(void)
{
    FILE *file = NULL;
    char *text = (char *)calloc(1, FIGURES_MAX);

    if (text != NULL && fopen_s(&file, figuresPath, "rb") == 0) {
        text[fread(text, 1, FIGURES_MAX - 1, file)] = '\0';
        fclose(file);
    }
    return text;
}

void ToolRun_Wait(DWORD timeoutMs)
{
    NEED_TRUE(ServerProcess_WaitForExit(tool.process, timeoutMs, &tool.exitCode));
    tool.output = NEED(ServerProcess_CopyOutput(tool.process, 0));
    tool.errors = NEED(ServerProcess_CopyErrors(tool.process));
    tool.figures = NEED(ReadFigures());
}

/* --- Reading --------------------------------------------------------------------------------- */

double ToolRun_ReadBehind(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? strtod(at + strlen(key), NULL) : -1;
}

double ToolRun_ReadFigure(const char *text, const char *name)
{
    char key[KEY_SIZE];

    snprintf(key, sizeof(key), "\"%s\": ", name);
    return ToolRun_ReadBehind(text, key);
}

/* --- The main -------------------------------------------------------------------------------- */

static int Begin(const char *const words[])
{
    DWORD length = GetModuleFileNameA(NULL, figuresPath, PATH_SIZE - ENDING_SIZE);

    snprintf(figuresPath + length, ENDING_SIZE, "-%lu.json", GetCurrentProcessId());
    toolPath = words[0];
    servers = words + 1;
    while (servers[serverCount] != NULL)
        serverCount++;
    return OPTIONS_RUN;
}

static void EndTest(void)
{
    EndRun();
    if (endToolTest != NULL)
        endToolTest();
}

int ToolTest_Main(const char *usage, void (*endTest)(void), int argc, char *argv[])
{
    const TestSuite suite = {
        .usage = usage,
        .missing = "Which tool and servers?",
        .wordMin = 2,
        .wordMax = 1 + TOOL_SERVER_MAX,
        .begin = Begin,
        .endTest = EndTest,
    };

    endToolTest = endTest;
    return Test_Main(&suite, argc, argv);
}
