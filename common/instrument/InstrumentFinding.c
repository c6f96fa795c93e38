/*
 * InstrumentFinding: see InstrumentFinding.h.
 */
#include "InstrumentFinding.h"

#include <stdarg.h>

#define SEEN_MAX 200

static const char *const rules[] = {
    NULL,
    "state is set before the call: its completion may be handled before it returns",
    "an overlapped call has three outcomes: done, pending, failed",
    "GetQueuedCompletionStatus has four outcomes",
    "an OVERLAPPED and its buffer belong to the system until the completion is taken",
    "one OVERLAPPED, one outstanding operation; zeroed before each use",
    "a socket or handle is closed once, when nobody uses it any more",
    "the end: cancel, wait until nothing is outstanding, join the threads, close the port, "
    "WSACleanup",
    "each function fails with a value of its own: NULL, INVALID_HANDLE_VALUE, INVALID_SOCKET",
    "a completion routine makes no call that may wait",
    "listeners use SO_EXCLUSIVEADDRUSE, never SO_REUSEADDR; TCP_NODELAY is set at IPPROTO_TCP",
};

static SRWLOCK lock = SRWLOCK_INIT;
static int findingCount;
static int repeatedCount;

/* What was told, so that it is told once. */
static struct Seen {
    const char *format;
    InstrumentPlace places[2];
} seen[SEEN_MAX];
static int seenCount;

static void AddText(Finding *finding, const char *format, ...)
{
    size_t room = sizeof(finding->text) - (size_t)finding->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(finding->text + finding->length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        finding->length += (size_t)length < room ? length : (int)room - 1;
}

void Finding_Begin(Finding *finding, int rule, const char *format, ...)
{
    char text[600];
    va_list arguments;

    memset(finding, 0, sizeof(*finding));
    finding->rule = rule;
    finding->format = format;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (rule == RULE_WARNING)
        AddText(finding, "verify: warning: %s", text);
    else if (rule == RULE_MEMORY)
        AddText(finding, "verify: memory: %s\n", text);
    else if (rule == RULE_LEFT_OVER)
        AddText(finding, "verify: left over: %s\n", text);
    else if (rule == RULE_CONTEXT)
        AddText(finding, "verify: context: %s\n", text);
    else
        AddText(finding, "verify: rule %d: %s\n    what    %s\n", rule, rules[rule], text);
}

void Finding_AddPlace(Finding *finding, const char *what, const char *call, InstrumentPlace place,
                      const Thread *thread)
{
    char text[PLACE_TEXT_SIZE];

    if (finding->placeCount < 2)
        finding->places[finding->placeCount++] = place;
    Place_ToText(place, text, sizeof(text));
    if (finding->rule == RULE_WARNING)
        AddText(finding, "; %s at %s", call, text);
    else if (thread != NULL)
        AddText(finding, "    %-7s %s at %s, on %s\n", what, call, text, thread->name);
    else
        AddText(finding, "    %-7s %s at %s\n", what, call, text);
}

static bool IsSame(InstrumentPlace a, InstrumentPlace b)
{
    return a.line == b.line &&
           (a.file == b.file || (a.file != NULL && b.file != NULL && strcmp(a.file, b.file) == 0));
}

/* Under the lock. True: this was told before. */
static bool WasSeen(const Finding *finding)
{
    for (int i = 0; i < seenCount; i++) {
        if (seen[i].format == finding->format && IsSame(seen[i].places[0], finding->places[0]) &&
            IsSame(seen[i].places[1], finding->places[1]))
            return true;
    }
    if (seenCount < SEEN_MAX) {
        seen[seenCount].format = finding->format;
        seen[seenCount].places[0] = finding->places[0];
        seen[seenCount].places[1] = finding->places[1];
        seenCount++;
    }
    return false;
}

void Finding_End(Finding *finding, const char *why)
{
    if (finding->rule == RULE_WARNING)
        AddText(finding, ": %s\n", why);
    else
        AddText(finding, "    why     %s\n", why);
    AcquireSRWLockExclusive(&lock);
    if (WasSeen(finding)) {
        if (finding->rule != RULE_WARNING)
            repeatedCount++;
    } else {
        if (finding->rule != RULE_WARNING)
            findingCount++;
        fwrite(finding->text, 1, (size_t)finding->length, stderr);
        fflush(stderr);
    }
    ReleaseSRWLockExclusive(&lock);
}

int Finding_GetCount(void)
{
    return findingCount;
}

void Finding_PrintSum(void)
{
    if (findingCount == 0)
        return;
    fprintf(stderr, "verify: %d finding%s", findingCount, findingCount == 1 ? "" : "s");
    if (repeatedCount > 0)
        fprintf(stderr, "; the same came %d more time%s", repeatedCount,
                repeatedCount == 1 ? "" : "s");
    fprintf(stderr, "\n");
    fflush(stderr);
}
