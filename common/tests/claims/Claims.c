/*
 * Claims: what the lecture notes say of the system, each a small test whose name the notes cite.
 *
 *     claims.exe [--list | --report] [FILTER]     see TestMain.h
 *
 * A line "here: ..." below a claim says what this machine does where systems differ; --report prints
 * them all at the end, as a table.
 */
#include "Claims.h"
#include "ErrorText.h"
#include "TestMain.h"
#include "ThreadManager.h"

#include <stdarg.h>

#define REPORT_MAX  60
#define REPORT_SIZE 160

typedef struct Report {
    const char *topic;
    const char *documented;
    char here[REPORT_SIZE];
} Report;

static Report reports[REPORT_MAX];
static int reportCount;

void Claims_Report(const char *topic, const char *documented, const char *format, ...)
{
    Report *report = &reports[reportCount];
    va_list arguments;

    if (!CHECK(reportCount < REPORT_MAX))
        return;
    reportCount++;
    report->topic = topic;
    report->documented = documented;
    va_start(arguments, format);
    vsnprintf(report->here, sizeof(report->here), format, arguments);
    va_end(arguments);
    printf("  here: %s: %s\n", topic, report->here);
}

void Claims_ReportError(const char *topic, const char *documented, int error, const char *good,
                        const char *bad)
{
    if (error == 0)
        Claims_Report(topic, documented, "%s", good);
    else
        Claims_Report(topic, documented, "%s, %d", bad, error);
}

static bool withTable;

static void PrintReports(void)
{
    const char *name = Claims_GetSystemName();

    if (!withTable)
        return;
    printf("\nWhat this machine does: %s, %d processors\n\n", name,
           ThreadManager_GetProcessorCount());
    printf("| what | %s | Windows documents |\n|---|---|---|\n", name);
    for (int i = 0; i < reportCount; i++)
        printf("| %s | %s | %s |\n", reports[i].topic, reports[i].here, reports[i].documented);
}

static int Begin(const char *const words[])
{
    (void)words;
    if (SocketUtils_BindConnectEx())
        return OPTIONS_RUN;
    ErrorText_Print("WSAIoctl", (DWORD)WSAGetLastError());
    return 1;
}

int main(int argc, char *argv[])
{
    static const Option options[] = {{.name = "--report", .flag = &withTable}, {.name = NULL}};
    static const TestSuite suite = {
        .usage = "Usage: claims.exe [--list | --report] [FILTER]\n",
        .options = options,
        .begin = Begin,
        .end = PrintReports,
        .endTest = Claims_CloseAll,
    };

    return Test_Main(&suite, argc, argv);
}
