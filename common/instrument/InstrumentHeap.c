/*
 * InstrumentHeap: the functions that stand in for those that give and take memory.
 */
#include "InstrumentGuardHeap.h"
#include "InstrumentOperation.h"
#include "InstrumentWrapper.h"

#include <errno.h>

#define FRESH 0xCD /* what malloc's memory holds: not the zeros that it often has */

/* C's functions say in errno that they have failed. */
static void CheckMemory(const void *memory, size_t size)
{
    if (memory == NULL && size > 0)
        errno = ENOMEM;
}

/* False: the memory is none of ours, and whoever made it is to free it. */
static bool Free(Call *call, void *memory)
{
    Block *block = GuardHeap_FindBlock(memory);
    bool isPinned;

    if (block == NULL)
        return false;
    isPinned = block->pins > 0;
    if (isPinned && !block->isFree && block->memory == memory)
        Operation_CheckFreed(call, block->memory, block->size);
    GuardHeap_Free(call, block, memory, isPinned);
    return true;
}

void *Instrument_malloc(InstrumentPlace place, size_t size)
{
    Call call;
    void *memory = NULL;

    if (Call_Begin(&call, API_malloc, place)) {
        memory = instrument.isVerifying ? GuardHeap_Allocate(&call, size, FRESH) : malloc(size);
        Call_Done(&call);
    }
    CheckMemory(memory, size);
    Call_End(&call);
    return memory;
}

void *Instrument_calloc(InstrumentPlace place, size_t count, size_t size)
{
    Call call;
    void *memory = NULL;

    if (Call_Begin(&call, API_calloc, place)) {
        if (!instrument.isVerifying)
            memory = calloc(count, size);
        else if (size == 0 || count <= SIZE_MAX / size)
            memory = GuardHeap_Allocate(&call, count * size, 0);
        Call_Done(&call);
    }
    CheckMemory(memory, size);
    Call_End(&call);
    return memory;
}

/* Always somewhere else: who keeps the old pointer is found out. */
static void *Reallocate(Call *call, const Block *block, void *memory, size_t size, bool isZeroed)
{
    void *moved;

    if (!GuardHeap_CheckWhole(call, block, memory))
        return NULL;
    moved = GuardHeap_Allocate(call, size, isZeroed ? 0 : FRESH);
    if (moved == NULL)
        return NULL;
    memcpy(moved, memory, block->size < size ? block->size : size);
    Free(call, memory);
    return moved;
}

void *Instrument_realloc(InstrumentPlace place, void *memory, size_t size)
{
    const Block *block = instrument.isVerifying ? GuardHeap_FindBlock(memory) : NULL;
    Call call;
    void *moved = NULL;

    if (Call_Begin(&call, API_realloc, place)) {
        if (instrument.isVerifying && memory == NULL)
            moved = GuardHeap_Allocate(&call, size, FRESH);
        else if (block == NULL)
            moved = realloc(memory, size);
        else if (size == 0)
            Free(&call, memory);
        else
            moved = Reallocate(&call, block, memory, size, false);
        Call_Done(&call);
    }
    CheckMemory(moved, size);
    Call_End(&call);
    return moved;
}

void Instrument_free(InstrumentPlace place, void *memory)
{
    Call call;

    Call_Begin(&call, API_free, place);
    if (memory != NULL && !(instrument.isVerifying && Free(&call, memory)))
        free(memory);
    Call_End(&call);
}

char *Instrument__strdup(InstrumentPlace place, const char *text)
{
    size_t size = strlen(text) + 1;
    Call call;
    char *copy = NULL;

    if (Call_Begin(&call, API__strdup, place)) {
        copy = (char *)(instrument.isVerifying ? GuardHeap_Allocate(&call, size, FRESH)
                                               : malloc(size));
        if (copy != NULL)
            memcpy(copy, text, size);
        Call_Done(&call);
    }
    CheckMemory(copy, size);
    Call_End(&call);
    return copy;
}

LPVOID Instrument_HeapAlloc(InstrumentPlace place, HANDLE heap, DWORD flags, SIZE_T size)
{
    Call call;
    void *memory = NULL;

    if (Call_Begin(&call, API_HeapAlloc, place)) {
        if (instrument.isVerifying)
            memory = GuardHeap_Allocate(&call, size, (flags & HEAP_ZERO_MEMORY) != 0 ? 0 : FRESH);
        else
            memory = HeapAlloc(heap, flags, size);
        Call_Done(&call);
    }
    Call_End(&call);
    return memory;
}

LPVOID Instrument_HeapReAlloc(InstrumentPlace place, HANDLE heap, DWORD flags, LPVOID memory,
                              SIZE_T size)
{
    const Block *block = instrument.isVerifying ? GuardHeap_FindBlock(memory) : NULL;
    Call call;
    void *moved = NULL;

    if (Call_Begin(&call, API_HeapReAlloc, place)) {
        if (block != NULL)
            moved = Reallocate(&call, block, memory, size, (flags & HEAP_ZERO_MEMORY) != 0);
        else
            moved = HeapReAlloc(heap, flags, memory, size);
        Call_Done(&call);
    }
    Call_End(&call);
    return moved;
}

BOOL Instrument_HeapFree(InstrumentPlace place, HANDLE heap, DWORD flags, LPVOID memory)
{
    Call call;
    BOOL isFreed = TRUE;

    Call_Begin(&call, API_HeapFree, place);
    if (memory != NULL && !(instrument.isVerifying && Free(&call, memory))) {
        isFreed = HeapFree(heap, flags, memory);
        Call_Done(&call);
    }
    Call_End(&call);
    return isFreed;
}

COUNTED(HANDLE, GetProcessHeap, NULL, (InstrumentPlace place), ())

/* What CommandLineToArgvW returned is freed with LocalFree; in verify it is a block of ours. */
LPWSTR *Instrument_CommandLineToArgvW(InstrumentPlace place, LPCWSTR line, int *count)
{
    Call call;
    LPWSTR *words = NULL;

    if (Call_Begin(&call, API_CommandLineToArgvW, place)) {
        words = CommandLineToArgvW(line, count);
        Call_Done(&call);
        if (words != NULL && instrument.isVerifying) {
            SIZE_T size = LocalSize((HLOCAL)words);
            LPWSTR *copy = (LPWSTR *)GuardHeap_Allocate(&call, size, 0);

            /* The words lie behind the pointers to them. */
            if (copy != NULL) {
                memcpy(copy, words, size);
                for (int i = 0; i < *count; i++)
                    copy[i] = (LPWSTR)(void *)((char *)copy + ((char *)words[i] - (char *)words));
                LocalFree((HLOCAL)words);
                words = copy;
            }
        }
    }
    Call_End(&call);
    return words;
}

HLOCAL Instrument_LocalFree(InstrumentPlace place, HLOCAL memory)
{
    Call call;
    HLOCAL left = NULL;

    Call_Begin(&call, API_LocalFree, place);
    if (memory != NULL && !(instrument.isVerifying && Free(&call, memory))) {
        left = LocalFree(memory);
        Call_Done(&call);
    }
    Call_End(&call);
    return left;
}

COUNTED_VOID(freeaddrinfo, (InstrumentPlace place, struct addrinfo *info), (info))
