/*
 * LoadReport: what load.exe prints and writes of a run.
 */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "LoadClient.h"

typedef struct LoadReport {
    LoadResult result;
    double connectSeconds; /* until all clients were connected */
    double seconds;        /* that were measured */

    /* Of a server that load.exe has started itself; -1: not known. */
    int serverCpuMs;     /* while it was measured */
    int serverMemoryKib; /* with all clients, at the end of the measuring */
    int serverEmptyKib;  /* before the first */
} LoadReport;

uint64_t LoadReport_CountErrors(const LoadReport *report);

/* A table for a person, on stdout; the errors, if there are some, on stderr. */
void LoadReport_Print(const LoadReport *report, const LoadPlan *plan);

/* One JSON object on one line. False: the file cannot be written. */
bool LoadReport_WriteJson(const LoadReport *report, const LoadPlan *plan, const char *path);

#endif
