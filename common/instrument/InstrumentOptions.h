/*
 * InstrumentOptions: what INSTRUMENT in the environment asks for. README.md has the list.
 */
#ifndef INSTRUMENT_OPTIONS_H
#define INSTRUMENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct InstrumentOptions {
    bool isOn; /* any of the following */
    bool isCounting, isTracing, isVerifying, isFaulting, isShuffling;
    char *callsFile; /* NULL: a table on stderr */
    char *traceFile;
    long echoes;   /* 0: not told */
    uint32_t seed; /* of shuffle */
} InstrumentOptions;

extern InstrumentOptions instrument;

/* Reads them; with one that is not understood the program ends. */
void Options_Read(void);

#endif
