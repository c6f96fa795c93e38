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
#include "ThreadManager.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static void EndClaim(bool failed)
{
    (void)failed;
    Claims_CloseAll();
}

static void AddClaims(void)
{
    static const Claim *const arrays[] = {
        socketClaims,  optionClaims, selectClaims, eventClaims,  overlappedClaims, transferClaims,
        routineClaims, portClaims,   packetClaims, workerClaims, acceptClaims,     extensionClaims,
    };

    for (size_t i = 0; i < COUNT_OF(arrays); i++) {
        for (const Claim *claim = arrays[i]; claim->name != NULL; claim++)
            Test_Add(claim->name, claim->run, TIME_LIMIT_S);
    }
}

int main(int argc, char *argv[])
{
    static const TestHooks hooks = {NULL, EndClaim, NULL};
    bool listOnly = argc > 1 && strcmp(argv[1], "--list") == 0;
    bool withTable = argc > 1 && strcmp(argv[1], "--report") == 0;
    int filterIndex = listOnly || withTable ? 2 : 1;
    int exitCode;

    if (argc > filterIndex + 1) {
        fprintf(stderr, "Usage: claims.exe [--list | --report] [FILTER]\n");
        return 2;
    }
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    if (!SocketUtils_BindConnectEx()) {
        ErrorText_Print("WSAIoctl", (DWORD)WSAGetLastError());
        return 1;
    }
    Test_SetHooks(&hooks);
    AddClaims();
    exitCode = Test_Run(argc > filterIndex ? argv[filterIndex] : NULL, listOnly);
    if (withTable)
        PrintReports();
    SocketUtils_Clear();
    return exitCode;
}
