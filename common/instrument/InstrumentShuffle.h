/*
 * InstrumentShuffle: holds the threads a little, so that orders come up that are rare otherwise.
 */
#ifndef INSTRUMENT_SHUFFLE_H
#define INSTRUMENT_SHUFFLE_H

#include "InstrumentThread.h"

/* Between two steps of the program. With INSTRUMENT=shuffle=SEED the thread may be held there. */
void Shuffle_Hold(Thread *thread);

#endif
