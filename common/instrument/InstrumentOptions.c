/*
 * InstrumentOptions: see InstrumentOptions.h.
 */
#include "InstrumentOptions.h"
#include "InstrumentFault.h"
#include "InstrumentMemory.h"

#define OPTIONS_SIZE 1024
#define EXIT_USAGE   2
#define SEED_DIGITS  9

InstrumentOptions instrument;

static void Reject(const char *word)
{
    fprintf(
        stderr,
        "INSTRUMENT: '%s' is not understood. It takes calls, calls=FILE, echoes=N, trace=FILE, "
        "verify, shuffle=SEED, a number of up to 9 digits, and fault=N[:API[:ERROR]], with commas "
        "between them.\n",
        word);
    exit(EXIT_USAGE);
}

static char *CopyText(const char *text)
{
    size_t size = strlen(text) + 1;

    return (char *)memcpy(Memory_Allocate(size), text, size);
}

static bool ParseSeed(const char *text)
{
    size_t length = strlen(text);

    instrument.seed = (uint32_t)strtoul(text, NULL, 10);
    return length <= SEED_DIGITS && strspn(text, "0123456789") == length;
}

/* False: the word is none of ours. */
static bool ParseWord(char *word)
{
    char *value = strchr(word, '=');
    size_t length = value != NULL ? (size_t)(value - word) : strlen(word);

    if (value != NULL && *++value == '\0')
        return false;
    if (strcmp(word, "calls") == 0) {
        instrument.isCounting = true;
    } else if (length == 5 && strncmp(word, "calls", length) == 0 && value != NULL) {
        instrument.isCounting = true;
        instrument.callsFile = CopyText(value);
    } else if (length == 5 && strncmp(word, "trace", length) == 0 && value != NULL) {
        instrument.isTracing = true;
        instrument.traceFile = CopyText(value);
    } else if (strcmp(word, "verify") == 0) {
        instrument.isVerifying = true;
    } else if (length == 5 && strncmp(word, "fault", length) == 0 && value != NULL) {
        instrument.isFaulting = true;
        return Fault_Parse(value);
    } else if (length == 7 && strncmp(word, "shuffle", length) == 0 && value != NULL) {
        instrument.isShuffling = true;
        return ParseSeed(value);
    } else if (length == 6 && strncmp(word, "echoes", length) == 0 && value != NULL) {
        char *end;

        instrument.echoes = strtol(value, &end, 10);
        return *end == '\0' && instrument.echoes > 0;
    } else {
        return false;
    }
    return true;
}

void Options_Read(void)
{
    char text[OPTIONS_SIZE], whole[OPTIONS_SIZE];
    DWORD length = GetEnvironmentVariableA("INSTRUMENT", text, sizeof(text));

    if (length >= sizeof(text))
        Reject("(too long)");
    if (length == 0)
        return;
    memcpy(whole, text, sizeof(whole));
    for (char *word = text, *next; word != NULL; word = next) {
        char shown[OPTIONS_SIZE];

        next = strchr(word, ',');
        if (next != NULL)
            *next++ = '\0';
        snprintf(shown, sizeof(shown), "%s", word);
        if (!ParseWord(word))
            Reject(shown);
    }
    instrument.isOn = instrument.isCounting || instrument.isTracing || instrument.isVerifying ||
                      instrument.isFaulting || instrument.isShuffling;
}
