/*
 * InstrumentProgram: the begin and the end of the instrumented program.
 */
#ifndef INSTRUMENT_PROGRAM_H
#define INSTRUMENT_PROGRAM_H

#define INSTRUMENT_INSIDE /* our own calls are the originals */
#include "Instrument.h"

/* Before each call: the first makes everything ready, and has the end tell what is left over. */
void Program_Begin(void);

/* WSAStartup (1) or WSACleanup (-1) has succeeded. */
void Program_CountStartup(int change, InstrumentPlace place);

#endif
