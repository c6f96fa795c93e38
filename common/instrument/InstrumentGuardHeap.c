/*
 * InstrumentGuardHeap: see InstrumentGuardHeap.h.
 */
#include "InstrumentGuardHeap.h"
#include "InstrumentMemory.h"
#include "InstrumentOptions.h"
#include "InstrumentState.h"

#include <limits.h>

#define PAGE_SIZE_   4096
#define ARENA_PAGES  16384 /* 64 MiB of addresses; most of it is never backed by memory */
#define ARENA_MAX    32768
#define FILLER       0xFB
#define ALIGNMENT    8
#define REPORTED_MAX 20

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
static const Arena *FindArena(const void *memory)
{
    const char *at = (const char *)memory;

    for (LONG i = arenaCount - 1; i >= 0; i--) {
        const Arena *arena = arenas[i];

        if (at >= arena->memory && at < arena->memory + (size_t)arena->pages * PAGE_SIZE_)
            return arena;
    }
    return NULL;
}

Block *GuardHeap_FindBlock(const void *memory)
{
    const Arena *arena = FindArena(memory);

    if (arena == NULL)
        return NULL;
    return arena->blocks[(size_t)((const char *)memory - arena->memory) / PAGE_SIZE_];
}

/* The same, or the block behind the guard if its memory is nearer. */
static const Block *FindNearest(const char *address)
{
    const Arena *arena = FindArena(address);
    const Block *block = GuardHeap_FindBlock(address);
    const Block *next = NULL;
    int page;

    if (arena == NULL)
        return NULL;
    page = (int)((size_t)(address - arena->memory) / PAGE_SIZE_);
    if (page + 1 < arena->pages)
        next = arena->blocks[page + 1];
    if (next == NULL || next == block)
        return block;
    if (block == NULL || next->memory - address < address - (block->memory + block->size))
        return next;
    return block;
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
    arena = (Arena *)Memory_Allocate(sizeof(*arena));
    arena->memory =
        (char *)VirtualAlloc(NULL, (size_t)size * PAGE_SIZE_, MEM_RESERVE, PAGE_NOACCESS);
    if (arena->memory == NULL) {
        Memory_Release(arena);
        return NULL;
    }
    arena->pages = size;
    arena->used = 1;
    arena->blocks = (Block **)Memory_Allocate((size_t)size * sizeof(arena->blocks[0]));
    arenas[arenaCount] = arena;
    InterlockedIncrement(&arenaCount);
    return arena;
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
    block = (Block *)Memory_Allocate(sizeof(*block));
    block->start = start;
    block->pages = pages;
    block->size = size;
    block->memory = start + (size_t)pages * PAGE_SIZE_ - room;
    /* The guard behind it counts as its own, the one before as that of the block before. */
    for (int i = 0; i <= pages; i++)
        arena->blocks[arena->used + i] = block;
    arena->used += pages + 1;
    return block;
}

void *GuardHeap_Allocate(const Call *call, size_t size, int fill)
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

static void AddMade(const Block *block, Finding *finding)
{
    Finding_AddPlace(finding, "made", apiInfos[block->api].name, block->made, NULL);
    if (block->isFree)
        Finding_AddPlace(finding, "freed", apiInfos[block->freedBy].name, block->freed, NULL);
}

/* `how`: whether the call is where it went wrong, or only where that is seen. */
static void ReportBlock(const Call *call, const Block *block, const char *how, const char *what,
                        const char *why)
{
    Finding finding;

    Finding_Begin(&finding, RULE_MEMORY, what, (unsigned long)block->size);
    AddMade(block, &finding);
    if (call != NULL)
        Call_AddPlace(call, &finding, how);
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
    if (!IsFiller(block->start, block->memory))
        ReportBlock(call, block, "seen", "something was written before a block of %lu bytes",
                    "what is there belongs to somebody else");
    if (!IsFiller(block->memory + block->size, block->start + (size_t)block->pages * PAGE_SIZE_))
        ReportBlock(call, block, "seen", "something was written behind a block of %lu bytes",
                    "what is there belongs to somebody else");
}

bool GuardHeap_CheckWhole(const Call *call, const Block *block, const void *memory)
{
    if (block->isFree)
        ReportBlock(call, block, "broken", "a block of %lu bytes is freed for the second time",
                    "somebody else may have the memory by then");
    else if (block->memory != memory)
        ReportBlock(call, block, "broken",
                    "what is freed points into a block of %lu bytes, not to its beginning",
                    "free takes what malloc returned, and nothing else");
    else
        return true;
    return false;
}

void GuardHeap_Free(const Call *call, Block *block, const void *memory, bool isPinned)
{
    AcquireSRWLockExclusive(&lock);
    if (GuardHeap_CheckWhole(call, block, memory)) {
        CheckFiller(call, block);
        block->isFree = true;
        block->freedBy = call->api;
        block->freed = call->place;
        if (!isPinned)
            VirtualFree(block->start, (size_t)block->pages * PAGE_SIZE_, MEM_DECOMMIT);
    }
    ReleaseSRWLockExclusive(&lock);
}

void GuardHeap_Pin(const void *memory, int change)
{
    Block *block = instrument.isVerifying ? GuardHeap_FindBlock(memory) : NULL;

    if (block == NULL)
        return;
    AcquireSRWLockExclusive(&lock);
    block->pins += change;
    ReleaseSRWLockExclusive(&lock);
}

void GuardHeap_CheckRange(const Call *call, const void *memory, size_t size, const char *what)
{
    const Block *block = instrument.isVerifying ? GuardHeap_FindBlock(memory) : NULL;
    const char *start = (const char *)memory;
    Finding finding;

    if (block == NULL || size == 0)
        return;
    if (!block->isFree && start >= block->memory && start + size <= block->memory + block->size)
        return;
    if (block->isFree)
        Finding_Begin(&finding, RULE_MEMORY, "%s is given %s of %lu bytes that was freed before",
                      apiInfos[call->api].name, what, (unsigned long)size);
    else
        Finding_Begin(&finding, RULE_MEMORY,
                      "%s is given %s of %lu bytes that is not inside its block of %lu",
                      apiInfos[call->api].name, what, (unsigned long)size,
                      (unsigned long)block->size);
    AddMade(block, &finding);
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding, block->isFree ? "somebody else may have the memory by then"
                                        : "the system would read or write what lies behind it");
    SetLastError(call->error);
}

void GuardHeap_CheckBuffers(const Call *call, const WSABUF *buffers, DWORD count)
{
    for (DWORD i = 0; i < count; i++)
        GuardHeap_CheckRange(call, buffers[i].buf, buffers[i].len, "a buffer");
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
    else
        Finding_Begin(&finding, RULE_MEMORY, "a %s %s a block of %lu bytes, at its index %ld", kind,
                      address < block->memory ? "before" : "behind", (unsigned long)block->size,
                      (long)(address - block->memory));
    AddMade(block, &finding);
    Finding_AddPlace(&finding, "broken", "an instruction", Thread_PlaceAfterLast(), thread);
    Finding_End(&finding, block->isFree
                              ? "somebody else may have the memory by then; the program stops here"
                              : "what is there belongs to somebody else; the program stops here");
}

static LONG CALLBACK HandleException(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    const char *address;
    const Block *block;

    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record->NumberParameters < 2)
        return EXCEPTION_CONTINUE_SEARCH;
    address = (const char *)record->ExceptionInformation[1];
    block = FindNearest(address);
    if (block == NULL)
        return EXCEPTION_CONTINUE_SEARCH;
    DescribeAccess(block, address, record->ExceptionInformation[0] == 1);
    fflush(stdout);
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

    AcquireSRWLockExclusive(&lock);
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
    ReleaseSRWLockExclusive(&lock);
    for (int i = 0; i < used; i++) {
        Finding finding;

        if (left[i].count == 1)
            Finding_Begin(&finding, RULE_LEFT_OVER, "1 block of %lu bytes is not freed at the end",
                          left[i].bytes);
        else
            Finding_Begin(&finding, RULE_LEFT_OVER,
                          "%lu blocks, %lu bytes in all, are not freed at the end", left[i].count,
                          left[i].bytes);
        Finding_AddPlace(&finding, "made", apiInfos[left[i].first->api].name, left[i].first->made,
                         NULL);
        Finding_End(&finding,
                    "a server that forgets a block for each client has no memory one day");
    }
}
