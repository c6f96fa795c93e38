/*
 * InstrumentFault: see InstrumentFault.h.
 */
#include "InstrumentFault.h"

#include "InstrumentPlace.h"

static const char *const outcomeNames[OUTCOME_COUNT] = {"completion", "short", "wake-up"};

static struct Fault {
    LONG number;         /* the one that fails; 0: none */
    int api;             /* -1: any */
    int outcome;         /* -1: any */
    DWORD error;         /* 0: the one of the table */
    volatile LONG count; /* those that came so far */
} fault = {.api = -1, .outcome = -1};

/* The name, or its number in the tables. */
static bool ParseName(const char *name)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(name, outcomeNames[i]) == 0) {
            fault.outcome = i;
            return true;
        }
    }
    for (int i = 0; i < API_COUNT; i++) {
        if (strcmp(name, apiInfos[i].name) == 0) {
            fault.api = i;
            return true;
        }
    }
    return false;
}

bool Fault_Parse(char *text)
{
    char *end;
    char *error;

    fault.number = strtol(text, &end, 10);
    if (fault.number < 1 || (*end != '\0' && *end != ':'))
        return false;
    if (*end == '\0')
        return true;
    error = strchr(end + 1, ':');
    if (error != NULL)
        *error++ = '\0';
    if (!ParseName(end + 1))
        return false;
    if (error != NULL) {
        fault.error = (DWORD)strtoul(error, &end, 10);
        return fault.error != 0 && *end == '\0';
    }
    /* A call that cannot fail does only with an error that the user gives. */
    return fault.api < 0 || apiInfos[fault.api].error != 0;
}

static bool IsNext(void)
{
    return InterlockedIncrement(&fault.count) == fault.number;
}

static void Tell(const char *what, InstrumentPlace place, const char *becomes, DWORD error)
{
    char text[PLACE_TEXT_SIZE], number[24] = "";

    if (error != 0)
        snprintf(number, sizeof(number), " %lu", error);
    fprintf(stderr, "fault: call %ld, %s at %s, %s%s\n", fault.number, what,
            Place_ToText(place, text, sizeof(text)), becomes, number);
    fflush(stderr);
}

DWORD Fault_ForCall(Api api, InstrumentPlace place)
{
    DWORD error = fault.error != 0 ? fault.error : apiInfos[api].error;

    if (fault.outcome >= 0 || (fault.api >= 0 && fault.api != (int)api))
        return 0;
    if (error == 0 || (fault.api < 0 && apiInfos[api].error == 0) || !IsNext())
        return 0;
    Tell(apiInfos[api].name, place, "fails with error", error);
    return error;
}

bool Fault_ForOutcome(Outcome outcome, Api api, InstrumentPlace place, DWORD *error)
{
    char what[80];

    if (fault.number == 0 || fault.api >= 0)
        return false;
    if (fault.outcome < 0 ? outcome == OUTCOME_SHORT : fault.outcome != (int)outcome)
        return false;
    if (!IsNext())
        return false;
    if (fault.error != 0)
        *error = fault.error;
    if (outcome == OUTCOME_COMPLETION) {
        snprintf(what, sizeof(what), "the completion of %s", apiInfos[api].name);
        Tell(what, place, "has failed with error", *error);
    } else if (outcome == OUTCOME_SHORT) {
        Tell(apiInfos[api].name, place, "takes half of what it is given", 0);
    } else {
        Tell(apiInfos[api].name, place, "returns though nobody woke it", 0);
    }
    return true;
}
