/*
 * InstrumentMemory: see InstrumentMemory.h.
 */
#include "InstrumentMemory.h"

#define INSTRUMENT_INSIDE /* our own calls are the originals */
#include "Instrument.h"

static HANDLE ownHeap;

void Memory_Init(void)
{
    ownHeap = HeapCreate(0, 0, 0);
}

void *Memory_Allocate(size_t size)
{
    void *memory = HeapAlloc(ownHeap, HEAP_ZERO_MEMORY, size);

    if (memory == NULL) {
        fprintf(stderr, "The instrumented build has no memory left.\n");
        ExitProcess(1);
    }
    return memory;
}

void Memory_Release(void *memory)
{
    if (memory != NULL)
        HeapFree(ownHeap, 0, memory);
}
