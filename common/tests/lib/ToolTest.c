/*
 * ToolTest: see ToolTest.h.
 */
#include "ToolTest.h"
#include "Test.h"
#include "TestProgram.h"

#define PATH_SIZE   1024
#define FIGURES_MAX 65536
#define KEY_SIZE    80

ToolRun tool;

static const char *toolPath;
static const char *const *servers;
static int serverCount;
static char figuresPath[PATH_SIZE];

/* --- The command line ------------------------------------------------------------------------ */

static void NameFile(const char *name)
{
    char path[PATH_SIZE - 40];
    DWORD length = GetModuleFileNameA(NULL, path, sizeof(path));

    while (length > 0 && path[length - 1] != '\\')
        length--;
    path[length] = '\0';
    snprintf(figuresPath, sizeof(figuresPath), "%s%s-%lu.json", path, name, GetCurrentProcessId());
}

void ToolTest_Init(const char *const words[], const char *name)
{
    toolPath = words[0];
    servers = words + 1;
    while (servers[serverCount] != NULL)
        serverCount++;
    NameFile(name);
}

int ToolTest_GetServerCount(void)
{
    return serverCount;
}

const char *ToolTest_GetServer(int index)
{
    return servers[index];
}

/* --- Running --------------------------------------------------------------------------------- */

const char *ToolRun_GetFile(void)
{
    return figuresPath;
}

bool ToolRun_Start(const char *const words[], ServerProcessLine onLine)
{
    ToolRun_End();
    tool.process = TestProgram_Keep(ServerProcess_Start(toolPath, words, onLine, NULL), toolPath);
    return tool.process != NULL;
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

bool ToolRun_Wait(DWORD timeoutMs)
{
    if (!ServerProcess_WaitForExit(tool.process, timeoutMs, &tool.exitCode))
        return Test_Explain("%s does not end in %lu ms", toolPath, timeoutMs);
    tool.output = ServerProcess_CopyOutput(tool.process, 0);
    tool.errors = ServerProcess_CopyErrors(tool.process);
    tool.figures = ReadFigures();
    if (tool.output == NULL || tool.errors == NULL || tool.figures == NULL)
        return Test_Explain("no memory");
    return true;
}

void ToolRun_End(void)
{
    TestPrograms_Close(false);
    free(tool.output);
    free(tool.errors);
    free(tool.figures);
    memset(&tool, 0, sizeof(tool));
    DeleteFileA(figuresPath);
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
