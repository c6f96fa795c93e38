/*
 * InstrumentHeap: the calls that give and take memory, and the guard-page heap of verify.
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
#include "InstrumentCore.h"

#define PAGE_SIZE_   4096
#define ARENA_PAGES  16384 /* 64 MiB of addresses; most of it is never backed by memory */
#define ARENA_MAX    32768
#define FILLER       0xFB
#define FRESH        0xCD /* what malloc's memory holds: not the zeros that it often has */
#define ALIGNMENT    8
#define REPORTED_MAX 20

typedef struct Block {
    char *memory;
    size_t size;
    int firstPage, pages; /* in its arena, without the guards */
    int pins;             /* outstanding operations that use it */
    bool isFree;
    Api api, freedBy;
    InstrumentPlace made, freed;
} Block;

typedef struct Arena {
    char *memory;
    int pages;
    int used;       /* pages that were handed out */
    Block **blocks; /* the block of each page */
} Arena;

static SRWLOCK lock = SRWLOCK_INIT;
static Arena *arenas[ARENA_MAX];
static volatile LONG arenaCount;

/* --- The heap ------------------------------------------------------------------------------- */

/* NULL: none of ours. Without the lock: entries do not change once they are there. */
static Block *FindBlock(const void *memory)
{
    LONG count = arenaCount;

    for (LONG i = count - 1; i >= 0; i--) {
        const Arena *arena = arenas[i];
        const char *at = (const char *)memory;

        if (at >= arena->memory && at < arena->memory + (size_t)arena->pages * PAGE_SIZE_)
            return arena->blocks[(size_t)(at - arena->memory) / PAGE_SIZE_];
    }
    return NULL;
}

/* Under the lock. An arena with room for so many pages and the guards around them. */
static Arena *GetArena(int pages)
{
    Arena *arena = arenaCount > 0 ? arenas[arenaCount - 1] : NULL;
    int size = pages + 2 > ARENA_PAGES ? pages + 2 : ARENA_PAGES;

    if (arena != NULL && arena->pages - arena->used >= pages + 1)
        return arena;
    if (arenaCount == ARENA_MAX)
        return NULL;
    arena = (Arena *)Instrument_Allocate(sizeof(*arena));
    arena->memory =
        (char *)VirtualAlloc(NULL, (size_t)size * PAGE_SIZE_, MEM_RESERVE, PAGE_NOACCESS);
    if (arena->memory == NULL) {
        Instrument_Release(arena);
        return NULL;
    }
    arena->pages = size;
    arena->used = 1;
    arena->blocks = (Block **)Instrument_Allocate((size_t)size * sizeof(arena->blocks[0]));
    arenas[arenaCount] = arena;
    InterlockedIncrement(&arenaCount);
    return arena;
}

static char *GetPages(const Block *block)
{
    return (char *)((uintptr_t)block->memory / PAGE_SIZE_ * PAGE_SIZE_);
}

/* Under the lock. NULL: no memory. */
static Block *AddBlock(size_t size)
{
    size_t room = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    int pages = (int)((room + PAGE_SIZE_ - 1) / PAGE_SIZE_);
    Arena *arena;
    Block *block;
    char *start;

    if (pages == 0)
        pages = 1;
    arena = size < INT_MAX / 2 ? GetArena(pages) : NULL;
    if (arena == NULL)
        return NULL;
    start = arena->memory + (size_t)arena->used * PAGE_SIZE_;
    if (VirtualAlloc(start, (size_t)pages * PAGE_SIZE_, MEM_COMMIT, PAGE_READWRITE) == NULL)
        return NULL;
    memset(start, FILLER, (size_t)pages * PAGE_SIZE_);
    block = (Block *)Instrument_Allocate(sizeof(*block));
    block->firstPage = arena->used;
    block->pages = pages;
    block->size = size;
    block->memory = start + (size_t)pages * PAGE_SIZE_ - room;
    /* The guard behind it counts as its own, the one before as that of the block before. */
    for (int i = 0; i <= pages; i++)
        arena->blocks[arena->used + i] = block;
    arena->used += pages + 1;
    return block;
}

static void *Allocate(const Call *call, size_t size, int fill)
{
    Block *block;

    AcquireSRWLockExclusive(&lock);
    block = AddBlock(size);
    if (block != NULL) {
        block->api = call->api;
        block->made = call->place;
        memset(block->memory, fill, size);
    }
    ReleaseSRWLockExclusive(&lock);
    return block != NULL ? block->memory : NULL;
}

static void ReportBlock(const Call *call, const Block *block, const char *what, const char *why)
{
    Finding finding;

    Finding_Begin(&finding, RULE_MEMORY, what, (unsigned long)block->size);
    Finding_AddPlace(&finding, "began", apiInfos[block->api].name, block->made, NULL);
    if (block->isFree)
        Finding_AddPlace(&finding, "freed", apiInfos[block->freedBy].name, block->freed, NULL);
    if (call != NULL)
        Finding_AddPlace(&finding, "seen", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding, why);
}

static bool IsFiller(const char *from, const char *to)
{
    for (; from < to; from++) {
        if ((unsigned char)*from != FILLER)
            return false;
    }
    return true;
}

static void CheckFiller(const Call *call, const Block *block)
{
    const char *pages = GetPages(block);

    if (!IsFiller(pages, block->memory))
        ReportBlock(call, block, "something was written before a block of %lu bytes",
                    "what is there belongs to somebody else");
    if (!IsFiller(block->memory + block->size, pages + (size_t)block->pages * PAGE_SIZE_))
        ReportBlock(call, block, "something was written behind a block of %lu bytes",
                    "what is there belongs to somebody else");
}

/* False: the memory is none of ours, and whoever made it is to free it. */
static bool Free(Call *call, void *memory)
{
    Block *block = FindBlock(memory);

    if (block == NULL)
        return false;
    if (block->isFree) {
        ReportBlock(call, block, "a block of %lu bytes is freed for the second time",
                    "somebody else may have the memory by then");
        return true;
    }
    if (block->memory != memory) {
        ReportBlock(call, block, "a pointer into the middle of a block of %lu bytes is freed",
                    "free takes what malloc returned, and nothing else");
        return true;
    }
    if (block->pins > 0)
        Operation_CheckFreed(call, block->memory, block->size);
    CheckFiller(call, block);
    AcquireSRWLockExclusive(&lock);
    block->isFree = true;
    block->freedBy = call->api;
    block->freed = call->place;
    ReleaseSRWLockExclusive(&lock);
    VirtualFree(GetPages(block), (size_t)block->pages * PAGE_SIZE_, MEM_DECOMMIT);
    return true;
}

void GuardHeap_Pin(const void *memory, int change)
{
    Block *block = instrument.isVerifying ? FindBlock(memory) : NULL;

    if (block == NULL)
        return;
    AcquireSRWLockExclusive(&lock);
    block->pins += change;
    ReleaseSRWLockExclusive(&lock);
}

void GuardHeap_CheckRange(const Call *call, const void *memory, size_t size, const char *what)
{
    const Block *block = instrument.isVerifying ? FindBlock(memory) : NULL;
    const char *start = (const char *)memory;
    Finding finding;

    if (block == NULL || size == 0)
        return;
    if (!block->isFree && start >= block->memory && start + size <= block->memory + block->size)
        return;
    Finding_Begin(&finding, RULE_MEMORY, "%s is given %s of %lu bytes that is not inside its block",
                  apiInfos[call->api].name, what, (unsigned long)size);
    Finding_AddPlace(&finding, block->isFree ? "freed" : "began",
                     apiInfos[block->isFree ? block->freedBy : block->api].name,
                     block->isFree ? block->freed : block->made, NULL);
    Finding_AddPlace(&finding, "broken", apiInfos[call->api].name, call->place, call->thread);
    Finding_End(&finding, block->isFree ? "the block was freed before"
                                        : "the system would read or write what lies behind it");
    SetLastError(call->error);
}

/* --- An access that the guards have stopped ------------------------------------------------- */

static void DescribeAccess(const Block *block, const char *address, bool isWrite)
{
    const char *kind = isWrite ? "write" : "read";
    const Thread *thread = Thread_GetCurrent();
    Finding finding;

    if (block->isFree)
        Finding_Begin(&finding, RULE_MEMORY, "a %s in a block of %lu bytes that was freed", kind,
                      (unsigned long)block->size);
    else if (address >= block->memory)
        Finding_Begin(&finding, RULE_MEMORY, "a %s %lu bytes behind a block of %lu bytes", kind,
                      (unsigned long)(address - block->memory - (ptrdiff_t)block->size),
                      (unsigned long)block->size);
    else
        Finding_Begin(&finding, RULE_MEMORY, "a %s before a block of %lu bytes", kind,
                      (unsigned long)block->size);
    Finding_AddPlace(&finding, "began", apiInfos[block->api].name, block->made, NULL);
    if (block->isFree)
        Finding_AddPlace(&finding, "freed", apiInfos[block->freedBy].name, block->freed, NULL);
    Finding_AddPlace(&finding, "broken", "an instruction", Place_AfterLast(), thread);
    Finding_End(&finding, "the program cannot go on from here");
}

static LONG CALLBACK HandleException(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    const char *address;
    Block *block;

    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record->NumberParameters < 2)
        return EXCEPTION_CONTINUE_SEARCH;
    address = (const char *)record->ExceptionInformation[1];
    block = FindBlock(address);
    if (block == NULL)
        return EXCEPTION_CONTINUE_SEARCH;
    DescribeAccess(block, address, record->ExceptionInformation[0] == 1);
    TerminateProcess(GetCurrentProcess(), EXIT_FINDING);
    return EXCEPTION_CONTINUE_SEARCH;
}

void GuardHeap_Init(void)
{
    AddVectoredExceptionHandler(1, HandleException);
}

/* --- What is left at the end ---------------------------------------------------------------- */

/* Blocks of the same place are one finding. */
typedef struct Left {
    const Block *first;
    unsigned long count, bytes;
} Left;

static int AddLeft(Left left[], int used, const Block *block)
{
    int i = 0;

    while (i < used && (left[i].first->made.line != block->made.line ||
                        strcmp(left[i].first->made.file, block->made.file) != 0))
        i++;
    if (i == REPORTED_MAX)
        return used;
    if (i == used) {
        left[i].first = block;
        left[i].count = 0;
        left[i].bytes = 0;
        used++;
    }
    left[i].count++;
    left[i].bytes += (unsigned long)block->size;
    return used;
}

void GuardHeap_ReportLeftOver(void)
{
    Left left[REPORTED_MAX];
    int used = 0;

    for (LONG i = 0; i < arenaCount; i++) {
        const Block *last = NULL;

        for (int page = 0; page < arenas[i]->used; page++) {
            const Block *block = arenas[i]->blocks[page];

            if (block == NULL || block == last || block->isFree)
                continue;
            last = block;
            CheckFiller(NULL, block);
            used = AddLeft(left, used, block);
        }
    }
    for (int i = 0; i < used; i++) {
        Finding finding;

        Finding_Begin(&finding, RULE_LEFT_OVER,
                      "%lu block%s, %lu bytes in all, not freed at the end", left[i].count,
                      left[i].count == 1 ? "" : "s", left[i].bytes);
        Finding_AddPlace(&finding, "made", apiInfos[left[i].first->api].name, left[i].first->made,
                         NULL);
        Finding_End(&finding,
                    "a server that forgets a block for each client has no memory one day");
    }
}

/* --- The calls ------------------------------------------------------------------------------ */

void *Instrument_malloc(InstrumentPlace place, size_t size)
{
    Call call;
    void *memory = NULL;

    if (Call_Begin(&call, API_malloc, place)) {
        memory = instrument.isVerifying ? Allocate(&call, size, FRESH) : malloc(size);
        Call_Done(&call);
    }
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
            memory = Allocate(&call, count * size, 0);
        Call_Done(&call);
    }
    Call_End(&call);
    return memory;
}

/* Always somewhere else: who keeps the old pointer is found out. */
static void *Reallocate(Call *call, void *memory, size_t size, bool isZeroed)
{
    const Block *block = FindBlock(memory);
    void *moved;

    if (block == NULL)
        return realloc(memory, size);
    moved = Allocate(call, size, isZeroed ? 0 : FRESH);
    if (moved == NULL)
        return NULL;
    memcpy(moved, memory, block->size < size ? block->size : size);
    Free(call, memory);
    return moved;
}

void *Instrument_realloc(InstrumentPlace place, void *memory, size_t size)
{
    Call call;
    void *moved = NULL;

    if (Call_Begin(&call, API_realloc, place)) {
        if (!instrument.isVerifying)
            moved = realloc(memory, size);
        else if (memory == NULL)
            moved = Allocate(&call, size, FRESH);
        else
            moved = Reallocate(&call, memory, size, false);
        Call_Done(&call);
    }
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
        copy = (char *)(instrument.isVerifying ? Allocate(&call, size, FRESH) : malloc(size));
        if (copy != NULL)
            memcpy(copy, text, size);
        Call_Done(&call);
    }
    Call_End(&call);
    return copy;
}

LPVOID Instrument_HeapAlloc(InstrumentPlace place, HANDLE heap, DWORD flags, SIZE_T size)
{
    Call call;
    void *memory = NULL;

    if (Call_Begin(&call, API_HeapAlloc, place)) {
        if (instrument.isVerifying)
            memory = Allocate(&call, size, (flags & HEAP_ZERO_MEMORY) != 0 ? 0 : FRESH);
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
    Call call;
    void *moved = NULL;

    if (Call_Begin(&call, API_HeapReAlloc, place)) {
        if (instrument.isVerifying && FindBlock(memory) != NULL)
            moved = Reallocate(&call, memory, size, (flags & HEAP_ZERO_MEMORY) != 0);
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

HANDLE Instrument_GetProcessHeap(InstrumentPlace place)
{
    Call call;
    HANDLE heap;

    Call_Begin(&call, API_GetProcessHeap, place);
    heap = GetProcessHeap();
    Call_End(&call);
    return heap;
}

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
            LPWSTR *copy = (LPWSTR *)Allocate(&call, size, 0);

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

void Instrument_freeaddrinfo(InstrumentPlace place, struct addrinfo *info)
{
    Call call;

    Call_Begin(&call, API_freeaddrinfo, place);
    freeaddrinfo(info);
    Call_End(&call);
}
