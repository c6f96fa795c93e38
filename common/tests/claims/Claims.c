/*
 * Claims: what the lecture notes say of the system, each a small test whose name the notes cite.
 *
 *     claims.exe [--list | --report] [FILTER]
 *
 * --list prints the names, one a line. A line "here: ..." below a claim says what this machine does
 * where systems differ; --report prints them all at the end, as a table. Without it the last line
 * says "N passed, N failed". Exit code 1 where a claim does not hold or none was checked.
 */
#include "Claims.h"
#include "ErrorText.h"
#include "TestMain.h"
#include "ThreadManager.h"

#include <stdarg.h>
#include <stdio.h>

#define REPORT_MAX   60
#define REPORT_SIZE  160
#define TIME_LIMIT_S 60

typedef struct Report {
    const char *topic;
    const char *documented;
    char here[REPORT_SIZE];
} Report;

static Report reports[REPORT_MAX];
static int reportCount;

/* --- Reports --------------------------------------------------------------------------------- */

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

static void PrintReports(void)
{
    const char *name = Claims_GetSystemName();

    printf("\nWhat this machine does: %s, %d processors\n\n", name,
           ThreadManager_GetProcessorCount());
    printf("| what | %s | Windows documents |\n|---|---|---|\n", name);
    for (int i = 0; i < reportCount; i++)
        printf("| %s | %s | %s |\n", reports[i].topic, reports[i].here, reports[i].documented);
}

/* --- main ------------------------------------------------------------------------------------ */

static bool withTable;

static int AddClaims(const char *const words[])
{
    static const Claim *const arrays[] = {
        socketClaims,  optionClaims, selectClaims, eventClaims,  overlappedClaims, transferClaims,
        routineClaims, portClaims,   packetClaims, workerClaims, acceptClaims,     extensionClaims,
    };

    (void)words;
    if (!SocketUtils_BindConnectEx()) {
        ErrorText_Print("WSAIoctl", (DWORD)WSAGetLastError());
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(arrays); i++) {
        for (const Claim *claim = arrays[i]; claim->name != NULL; claim++)
            Test_Add(claim->name, claim->run, TIME_LIMIT_S);
    }
    return OPTIONS_RUN;
}

static void EndClaims(void)
{
    if (withTable)
        PrintReports();
}

int main(int argc, char *argv[])
{
    static const Option options[] = {{.name = "--report", .flag = &withTable}, {.name = NULL}};
    static const TestSuite suite = {
        .usage = "Usage: claims.exe [--list | --report] [FILTER]\n",
        .options = options,
        .begin = AddClaims,
        .end = EndClaims,
        .endTest = Claims_CloseAll,
    };

    return Test_Main(&suite, argc, argv);
}
