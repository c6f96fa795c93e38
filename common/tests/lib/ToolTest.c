/*
 * ToolTest: see ToolTest.h.
 */
#include "ToolTest.h"
#include "Test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE   1024
#define FIGURES_MAX 65536
#define KEY_SIZE    80

ToolRun tool;

static const char *toolPath;
static const char *servers[TOOL_SERVER_MAX];
static int serverCount;
static const char *filter;
static bool listOnly;
static char figuresPath[PATH_SIZE];

/* --- The command line ------------------------------------------------------------------------ */

static bool IsProgram(const char *word)
{
    size_t length = strlen(word);

    return length > 4 && strcmp(word + length - 4, ".exe") == 0;
}

static void NameFile(const char *name)
{
    char path[PATH_SIZE - 40];
    DWORD length = GetModuleFileNameA(NULL, path, sizeof(path));

    while (length > 0 && path[length - 1] != '\\')
        length--;
    path[length] = '\0';
    snprintf(figuresPath, sizeof(figuresPath), "%s%s-%lu.json", path, name, GetCurrentProcessId());
}

static bool Reject(const char *name, const char *sentence, const char *word)
{
    fprintf(stderr, "%s%s\nUsage: %s.exe TOOL SERVER... [--list] [FILTER]\n", sentence, word, name);
    return false;
}

bool ToolTest_Parse(int argc, char *argv[], const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            listOnly = true;
        else if (!IsProgram(argv[i]) && filter == NULL)
            filter = argv[i];
        else if (!IsProgram(argv[i]) || serverCount == TOOL_SERVER_MAX)
            return Reject(name, "Too many words: ", argv[i]);
        else if (toolPath == NULL)
            toolPath = argv[i];
        else
            servers[serverCount++] = argv[i];
    }
    if (serverCount == 0)
        return Reject(name, "Which tool and servers?", "");
    NameFile(name);
    return true;
}

int ToolTest_Run(void)
{
    return Test_Run(filter, listOnly);
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
    tool.process = ServerProcess_Start(toolPath, words, onLine, NULL);
    return tool.process != NULL ||
           Test_Explain("%s does not start: error %lu", toolPath, GetLastError());
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
    ServerProcess_Close(tool.process);
    free(tool.output);
    free(tool.errors);
    free(tool.figures);
    memset(&tool, 0, sizeof(tool));
    DeleteFileA(figuresPath);
}

void ToolRun_Kill(void)
{
    if (tool.process != NULL)
        ServerProcess_Kill(tool.process);
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
