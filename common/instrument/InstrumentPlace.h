/*
 * InstrumentPlace: where in the program a call is. The type itself is in Instrument.h: each call
 * brings its place along.
 */
#ifndef INSTRUMENT_PLACE_H
#define INSTRUMENT_PLACE_H

#define INSTRUMENT_INSIDE /* our own calls are the originals */
#include "Instrument.h"

#define PLACE_TEXT_SIZE 200

/* "05-iocp-basic/Server.c:123", or "after ..." where only the call before is known. */
const char *Place_ToText(InstrumentPlace place, char *text, int size);

#endif
