/*
 * InstrumentGuardHeap: the guard-page heap of verify.
 *
 * Each block has pages of its own, at the end of which it lies; the page before and the page behind
 * cannot be touched. A freed block's pages cannot either, and no other block ever gets them. So an
 * access outside of a block, or to one that was freed, stops the program at that instruction:
 *
 *     | no access | filler, block (up to 7 bytes of filler) | no access | ...
 *
 * The block begins at a multiple of 8, which may leave up to 7 bytes behind it. Filler has a known
 * value, and whether it has changed is looked at when the block is freed, and at the end.
 */
#ifndef INSTRUMENT_GUARD_HEAP_H
#define INSTRUMENT_GUARD_HEAP_H

#include "InstrumentCall.h"

#include <stdbool.h>

typedef struct Block {
    char *memory;
    size_t size;
    char *start; /* of its pages */
    int pages;   /* without the guards */
    int pins;    /* outstanding operations that use it */
    bool isFree;
    Api api, freedBy;
    InstrumentPlace made, freed;
} Block;

void GuardHeap_Init(void);

/* The block on whose pages this is, or that lies before the guard on which it is. NULL: none. */
Block *GuardHeap_FindBlock(const void *memory);

/* Memory for this call, filled with this byte. NULL: there is none. */
void *GuardHeap_Allocate(const Call *call, size_t size, int fill);

/* True: `memory` is what was given out as this block, and it is not yet freed. Else that is told. */
bool GuardHeap_CheckWhole(const Call *call, const Block *block, const void *memory);

/* `isPinned`: an operation still uses it, so the memory stays: the system will write to it. */
void GuardHeap_Free(const Call *call, Block *block, const void *memory, bool isPinned);

/* An operation uses this memory, or does not any more. */
void GuardHeap_Pin(const void *memory, int change);

/* The call hands this range to the system: it must be inside one live block, if in any. */
void GuardHeap_CheckRange(const Call *call, const void *memory, size_t size, const char *what);
void GuardHeap_CheckBuffers(const Call *call, const WSABUF *buffers, DWORD count);

void GuardHeap_ReportLeftOver(void);

#endif
