/*
 * InstrumentMemory: memory of our own, from a heap that the program does not see.
 */
#ifndef INSTRUMENT_MEMORY_H
#define INSTRUMENT_MEMORY_H

#include <stddef.h>

/* Before all others. */
void Memory_Init(void);

/* Zeroed; never NULL. */
void *Memory_Allocate(size_t size);
void Memory_Release(void *memory);

#endif
