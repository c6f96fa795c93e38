/*
 * LoadReport: see LoadReport.h.
 */
#include "LoadReport.h"

#include <inttypes.h>
#include <stdio.h>

#define PERCENTILES 4

static const double percentiles[PERCENTILES] = {50, 90, 99, 99.9};
static const char *const percentileNames[PERCENTILES] = {"p50", "p90", "p99", "p99.9"};

uint64_t LoadReport_CountErrors(const LoadReport *report)
{
    uint64_t count = 0;

    for (int i = 0; i < LOAD_ERROR_COUNT; i++)
        count += report->result.errors[i];
    return count;
}

/* 0 where nothing was measured. */
static double GetPerSecond(const LoadReport *report, uint64_t count)
{
    return report->seconds > 0 ? (double)count / report->seconds : 0;
}

static double GetMessagesPerSecond(const LoadReport *report)
{
    return GetPerSecond(report, report->result.messages);
}

/* A megabyte is 1,000,000 bytes. Each byte goes there and comes back, and counts once. */
static double GetMegabytesPerSecond(const LoadReport *report, const LoadPlan *plan)
{
    return GetMessagesPerSecond(report) * plan->size / 1e6;
}

static double GetLatencyMs(const LoadHistogram *latency, int index)
{
    uint64_t ns = LoadHistogram_GetPercentile(latency, percentiles[index]);

    return (double)ns / 1e6;
}

static double GetCpuMicroseconds(const LoadReport *report)
{
    return report->serverCpuMs * 1000.0 / (double)report->result.messages;
}

static double GetKibPerClient(const LoadReport *report, const LoadPlan *plan)
{
    return (double)(report->serverMemoryKib - report->serverEmptyKib) /
           (plan->clients + plan->idle);
}

static void PrintHead(const LoadReport *report, const LoadPlan *plan)
{
    printf("\n%d client%s, messages of %d byte%s, ", plan->clients, plan->clients == 1 ? "" : "s",
           plan->size, plan->size == 1 ? "" : "s");
    if (plan->isChurn)
        printf("each on a connection of its own");
    else if (plan->isBurst)
        printf("all sent at once, and again when all are back");
    else
        printf("up to %d on %s way for each client", plan->depth,
               plan->depth == 1 ? "its" : "their");
    if (plan->idle > 0)
        printf(", %d silent client%s", plan->idle, plan->idle == 1 ? "" : "s");
    if (report->seconds > 0)
        printf("; measured for %.2f s\n\n", report->seconds);
    else
        printf("; nothing was measured\n\n");
}

static void PrintServer(const LoadReport *report, const LoadPlan *plan)
{
    if (report->serverCpuMs >= 0 && report->result.messages > 0)
        printf("  server's CPU, us a message   %12.2f\n", GetCpuMicroseconds(report));
    if (report->serverMemoryKib >= 0 && report->serverEmptyKib >= 0)
        printf("  server's memory, KiB         %12d   %.2f for each client\n",
               report->serverMemoryKib, GetKibPerClient(report, plan));
}

static void PrintErrors(const LoadReport *report)
{
    for (int i = 0; i < LOAD_ERROR_COUNT; i++) {
        if (report->result.errors[i] > 0)
            fprintf(stderr, "%s: %.0f client%s. The first: %s.\n", LoadError_GetText((LoadError)i),
                    (double)report->result.errors[i], report->result.errors[i] == 1 ? "" : "s",
                    report->result.reasons[i]);
    }
}

static void PrintMeasured(const LoadReport *report, const LoadPlan *plan)
{
    const LoadHistogram *latency = &report->result.latency;
    const char *what = plan->isBurst ? "a burst, ms" : "latency, ms";

    printf("  messages a second            %12.1f\n", GetMessagesPerSecond(report));
    if (plan->rate > 0)
        printf("  of which should have been    %12.1f\n", plan->rate);
    printf("  megabytes a second, each way %12.2f\n", GetMegabytesPerSecond(report, plan));
    if (plan->isChurn)
        printf("  connections a second         %12.1f\n",
               GetPerSecond(report, report->result.connections));
    for (int i = 0; i < PERCENTILES; i++)
        printf("  %s            %-5s %12.3f\n", what, percentileNames[i], GetLatencyMs(latency, i));
    printf("  %s            max   %12.3f\n", what, (double)latency->max / 1e6);
    PrintServer(report, plan);
}

void LoadReport_Print(const LoadReport *report, const LoadPlan *plan)
{
    PrintHead(report, plan);
    if (report->seconds > 0)
        PrintMeasured(report, plan);
    printf("  errors                       %12" PRIu64 "\n", LoadReport_CountErrors(report));
    fflush(stdout);
    PrintErrors(report);
}

static void WriteLatency(const LoadHistogram *latency, FILE *file)
{
    fprintf(file, "\"latencyMs\": {");
    for (int i = 0; i < PERCENTILES; i++)
        fprintf(file, "\"%s\": %.4f, ", percentileNames[i], GetLatencyMs(latency, i));
    fprintf(file, "\"max\": %.4f}, ", (double)latency->max / 1e6);
}

static void WriteErrors(const LoadReport *report, FILE *file)
{
    fprintf(file, "\"errors\": %" PRIu64 ", \"errorKinds\": {", LoadReport_CountErrors(report));
    for (int i = 0; i < LOAD_ERROR_COUNT; i++)
        fprintf(file, "%s\"%s\": %.0f", i > 0 ? ", " : "", LoadError_GetName((LoadError)i),
                (double)report->result.errors[i]);
    fprintf(file, "}");
}

bool LoadReport_WriteJson(const LoadReport *report, const LoadPlan *plan, const char *path)
{
    FILE *file = NULL;

    if (fopen_s(&file, path, "wb") != 0)
        return false;
    fprintf(file,
            "{\"clients\": %d, \"idle\": %d, \"size\": %d, \"depth\": %d, \"churn\": %s, "
            "\"burst\": %s, \"rate\": %.1f, \"seconds\": %.3f, \"connectSeconds\": %.3f, ",
            plan->clients, plan->idle, plan->size, plan->depth, plan->isChurn ? "true" : "false",
            plan->isBurst ? "true" : "false", plan->rate, report->seconds, report->connectSeconds);
    fprintf(file,
            "\"messages\": %.0f, \"messagesPerSecond\": %.1f, \"megabytesPerSecond\": %.6f, "
            "\"connectionsPerSecond\": %.1f, ",
            (double)report->result.messages, GetMessagesPerSecond(report),
            GetMegabytesPerSecond(report, plan), GetPerSecond(report, report->result.connections));
    WriteLatency(&report->result.latency, file);
    if (report->serverCpuMs >= 0 && report->result.messages > 0)
        fprintf(file, "\"serverCpuUsPerMessage\": %.3f, ", GetCpuMicroseconds(report));
    if (report->serverMemoryKib >= 0 && report->serverEmptyKib >= 0)
        fprintf(file, "\"serverKibPerClient\": %.3f, ", GetKibPerClient(report, plan));
    WriteErrors(report, file);
    fprintf(file, "}\n");
    return fclose(file) == 0;
}
