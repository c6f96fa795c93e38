/*
 * LoadTestRun: runs load.exe and reads what it says. See LoadTest.h.
 */
#include "LoadTest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_MAX  7
#define WORD_MAX    24
#define WORDS_SIZE  200
#define PATH_SIZE   1024
#define FIGURES_MAX 65536
#define KEY_SIZE    80

Load load;

static const char *toolPath;
static const char *servers[SERVER_MAX];
static int serverCount;
static char figuresPath[PATH_SIZE]; /* beside this program, that is, under build */

/* With the process's number: several may run at a time. */
static void NameFile(void)
{
    char path[PATH_SIZE - 40];
    DWORD length = GetModuleFileNameA(NULL, path, sizeof(path));

    while (length > 0 && path[length - 1] != '\\')
        length--;
    path[length] = '\0';
    snprintf(figuresPath, sizeof(figuresPath), "%sload-%lu.json", path, GetCurrentProcessId());
}

void Load_SetTool(const char *path)
{
    toolPath = path;
    NameFile();
}

void Load_AddServer(const char *path)
{
    if (serverCount < SERVER_MAX)
        servers[serverCount++] = path;
}

int Load_GetServerCount(void)
{
    return serverCount;
}

const char *Load_GetServer(int index)
{
    return servers[index];
}

/* --- Running --------------------------------------------------------------------------------- */

/* A ServerProcessLine: notes what the server has met by then. */
static void WatchLine(void *context, const char *line, bool isError)
{
    (void)context;
    if (isError)
        return;
    if (strncmp(line, "Measuring for ", 14) == 0)
        load.from = echo;
    else if (strcmp(line, "Measured.") == 0)
        load.to = echo;
}

void Load_End(void)
{
    ServerProcess_Close(load.process);
    free(load.output);
    free(load.errors);
    free(load.figures);
    memset(&load, 0, sizeof(load));
    DeleteFileA(figuresPath);
}

void Load_Kill(void)
{
    if (load.process != NULL)
        ServerProcess_Kill(load.process);
}

/* Begins a list of words; those that come behind prevail. Returns how many it has. */
static int BeginWords(const char *arguments[])
{
    arguments[0] = "--json";
    arguments[1] = figuresPath;
    return 2;
}

static bool Start(const char *arguments[], int count)
{
    Load_End();
    arguments[count] = NULL;
    load.process = ServerProcess_Start(toolPath, arguments, WatchLine, NULL);
    return load.process != NULL ||
           Test_Explain("%s does not start: error %lu", toolPath, GetLastError());
}

bool Load_StartPlain(const char *const words[])
{
    const char *arguments[WORD_MAX + 1];
    int count = BeginWords(arguments);

    for (int i = 0; words[i] != NULL && count < WORD_MAX; i++)
        arguments[count++] = words[i];
    return Start(arguments, count);
}

bool Load_Start(const char *words)
{
    char text[WORDS_SIZE];
    const char *arguments[WORD_MAX + 1];
    int count = BeginWords(arguments);

    snprintf(text, sizeof(text), "--port %d --seconds 1 %s", EchoServer_GetPort(), words);
    for (char *at = text; *at != '\0' && count < WORD_MAX;) {
        arguments[count++] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
    return Start(arguments, count);
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

bool Load_Wait(DWORD timeoutMs)
{
    if (!ServerProcess_WaitForExit(load.process, timeoutMs, &load.exitCode))
        return Test_Explain("%s does not end in %lu ms", toolPath, timeoutMs);
    load.output = ServerProcess_CopyOutput(load.process, 0);
    load.errors = ServerProcess_CopyErrors(load.process);
    load.figures = ReadFigures();
    if (load.output == NULL || load.errors == NULL || load.figures == NULL)
        return Test_Explain("no memory");
    return true;
}

bool Load_Run(const char *words)
{
    return Load_Start(words) && Load_Wait(WAIT_MS);
}

/* --- Reading --------------------------------------------------------------------------------- */

static double ReadBehind(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? strtod(at + strlen(key), NULL) : -1;
}

double Load_GetFigure(const char *name)
{
    char key[KEY_SIZE];

    snprintf(key, sizeof(key), "\"%s\": ", name);
    return ReadBehind(load.figures, key);
}

double Load_GetPrinted(const char *text)
{
    return ReadBehind(load.output, text);
}

static const char *SkipBlanks(const char *at)
{
    return at + strspn(at, " \n");
}

/* As strict as JSON is, for what such a file has: no \ in texts, and no arrays. NULL: wrong. */
static const char *SkipText(const char *at)
{
    if (*at != '"')
        return NULL;
    at += 1 + strcspn(at + 1, "\"\\\n");
    return *at == '"' ? at + 1 : NULL;
}

static const char *SkipNumber(const char *at)
{
    size_t length = strspn(at + (*at == '-'), "0123456789");

    if (length == 0 || (length > 1 && at[*at == '-'] == '0'))
        return NULL;
    at += (*at == '-') + length;
    if (*at != '.')
        return at;
    length = strspn(at + 1, "0123456789");
    return length > 0 ? at + 1 + length : NULL;
}

/* A value, of which an object may be inside another once. */
static const char *SkipValue(const char *at, int depth)
{
    if (strncmp(at, "true", 4) == 0)
        return at + 4;
    if (strncmp(at, "false", 5) == 0)
        return at + 5;
    if (*at == '"')
        return SkipText(at);
    if (*at != '{')
        return SkipNumber(at);
    do {
        at = SkipText(SkipBlanks(at + 1));
        at = at != NULL ? SkipBlanks(at) : NULL;
        if (at == NULL || *at != ':' || depth == 0)
            return NULL;
        at = SkipValue(SkipBlanks(at + 1), depth - 1);
        at = at != NULL ? SkipBlanks(at) : NULL;
    } while (at != NULL && *at == ',');
    return at != NULL && *at == '}' ? at + 1 : NULL;
}

bool Load_IsFileJson(void)
{
    const char *at = *load.figures == '{' ? SkipValue(load.figures, 2) : NULL;

    if (at != NULL && strcmp(at, "\n") == 0)
        return true;
    return Test_Explain("expected one JSON object on a line, but the file says: %s", load.figures);
}

bool IsBetween(const char *name, double value, double least, double most)
{
    if (value >= least && value <= most)
        return true;
    return Test_Explain("expected %s from %.3f to %.3f, but it is %.3f", name, least, most, value);
}
