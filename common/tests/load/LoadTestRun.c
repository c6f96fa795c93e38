/*
 * LoadTestRun: runs load.exe and reads what it says. See LoadTest.h.
 */
#include "LoadTest.h"

#define WORD_MAX   24
#define WORDS_SIZE 200

Measured measured;

/* --- Running --------------------------------------------------------------------------------- */

/* A ServerProcessLine: notes what the server has met by then. */
static void WatchLine(void *context, const char *line, bool isError)
{
    (void)context;
    if (isError)
        return;
    if (strncmp(line, "Measuring for ", 14) == 0) {
        measured.from = echo;
        measured.fromMs = Test_Now();
    } else if (strcmp(line, "Measured.") == 0) {
        measured.to = echo;
        measured.toMs = Test_Now();
    }
}

void Load_Start(const EchoPlan *plan, const char *words)
{
    const char *list[WORD_MAX + 1] = {NULL};
    char text[WORDS_SIZE];
    char *rest = text;

    NEED_TRUE(EchoServer_Start(plan));
    snprintf(text, sizeof(text), "--port %d --seconds 1 %s", echo.port, words);
    for (int i = 0; i < WORD_MAX && *rest != '\0'; i++)
        list[i] = strtok_s(rest, " ", &rest);
    memset(&measured, 0, sizeof(measured));
    ToolRun_Start(list, WatchLine);
}

void Load_Test(const EchoPlan *plan, const char *words)
{
    Load_Start(plan, words);
    ToolRun_Wait(WAIT_MS);
}

/* --- Reading --------------------------------------------------------------------------------- */

double Load_GetFigure(const char *name)
{
    return ToolRun_ReadFigure(tool.figures, name);
}

/* As strict as JSON is, for what such a file has: no texts but names, and no arrays. NULL: wrong. */
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
    if (*at != '{')
        return SkipNumber(at);
    do {
        int length = 0;

        sscanf(at + 1, " \"%*[^\"\\\n]\": %n", &length);
        at = length > 0 && depth > 0 ? SkipValue(at + 1 + length, depth - 1) : NULL;
    } while (at != NULL && *at == ',');
    return at != NULL && *at == '}' ? at + 1 : NULL;
}

bool Load_IsFileJson(void)
{
    const char *at = *tool.figures == '{' ? SkipValue(tool.figures, 2) : NULL;

    if (at != NULL && strcmp(at, "\n") == 0)
        return true;
    return Test_Explain("expected one JSON object on a line, but the file says: %s", tool.figures);
}

bool IsBetween(const char *name, double value, double least, double most)
{
    if (value >= least && value <= most)
        return true;
    return Test_Explain("expected %s from %.3f to %.3f, but it is %.3f", name, least, most, value);
}

bool Load_IsBetween(const char *name, double least, double most)
{
    return IsBetween(name, Load_GetFigure(name), least, most);
}
