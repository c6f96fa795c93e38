/*
 * SendBuffer: see SendBuffer.h.
 */
#include "SendBuffer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_POOLED_CHUNKS 64

/* Buffers begin at multiples of this, so that a SendBuffer can stand in front of its bytes. */
#define ALIGNMENT 16

/* Memory for buffers, cut off from the front: SendBuffer, bytes, SendBuffer, bytes ... */
typedef struct SendBufferChunk {
    volatile LONG references;     /* the thread that cuts from it, and each of its buffers */
    struct SendBufferChunk *next; /* in the pool */
    int capacity;
    int used; /* bytes that are cut off; only the thread that cuts changes it */
    char *memory;
} SendBufferChunk;

/* Chunks that nobody uses. */
static struct SendBufferManager {
    SRWLOCK lock;
    SendBufferChunk *first;
    int pooled;
    volatile LONG chunkCount; /* in use or in the pool */
    DWORD currentChunk;       /* the slot where each thread keeps the chunk that it cuts from */
} manager;

static SendBufferChunk *Chunk_Create(int capacity)
{
    SendBufferChunk *chunk = (SendBufferChunk *)malloc(sizeof(*chunk));

    if (chunk == NULL)
        return NULL;
    chunk->memory = (char *)malloc((size_t)capacity);
    if (chunk->memory == NULL) {
        free(chunk);
        return NULL;
    }
    chunk->capacity = capacity;
    InterlockedIncrement(&manager.chunkCount);
    return chunk;
}

static void Chunk_Free(SendBufferChunk *chunk)
{
    InterlockedDecrement(&manager.chunkCount);
    free(chunk->memory);
    free(chunk);
}

/* A chunk from the pool, or a new one. NULL: no memory. One reference, the caller's. */
static SendBufferChunk *Chunk_Pop(int capacity)
{
    SendBufferChunk *chunk = NULL;

    AcquireSRWLockExclusive(&manager.lock);
    if (capacity == SEND_CHUNK_SIZE && manager.first != NULL) {
        chunk = manager.first;
        manager.first = chunk->next;
        manager.pooled--;
    }
    ReleaseSRWLockExclusive(&manager.lock);
    if (chunk == NULL)
        chunk = Chunk_Create(capacity);
    if (chunk != NULL) {
        chunk->references = 1;
        chunk->used = 0;
    }
    return chunk;
}

static void Chunk_Push(SendBufferChunk *chunk)
{
    bool isPooled = false;

    AcquireSRWLockExclusive(&manager.lock);
    if (chunk->capacity == SEND_CHUNK_SIZE && manager.pooled < MAX_POOLED_CHUNKS) {
        chunk->next = manager.first;
        manager.first = chunk;
        manager.pooled++;
        isPooled = true;
    }
    ReleaseSRWLockExclusive(&manager.lock);
    if (!isPooled)
        Chunk_Free(chunk);
}

static void Chunk_Release(SendBufferChunk *chunk)
{
    if (InterlockedDecrement(&chunk->references) == 0)
        Chunk_Push(chunk);
}

/* The system calls this when a thread ends, with the chunk that it was cutting from. */
static void WINAPI ReleaseCurrentChunk(void *chunk)
{
    if (chunk != NULL)
        Chunk_Release((SendBufferChunk *)chunk);
}

bool SendBufferManager_Init(void)
{
    InitializeSRWLock(&manager.lock);
    manager.first = NULL;
    manager.pooled = 0;
    manager.currentChunk = FlsAlloc(ReleaseCurrentChunk);
    return manager.currentChunk != FLS_OUT_OF_INDEXES;
}

void SendBufferManager_Clear(void)
{
    /* Calls ReleaseCurrentChunk for what this thread has. */
    FlsFree(manager.currentChunk);
    while (manager.first != NULL) {
        SendBufferChunk *chunk = manager.first;

        manager.first = chunk->next;
        Chunk_Free(chunk);
    }
    manager.pooled = 0;
}

int SendBufferManager_GetChunkCount(void)
{
    return (int)manager.chunkCount;
}

/* Bytes of a chunk that a buffer for `capacity` bytes takes. */
static int GetBlockSize(int capacity)
{
    return ((int)sizeof(SendBuffer) + capacity + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The calling thread's chunk with room for `blockSize` bytes, after a change if need be. */
static SendBufferChunk *GetCurrentChunk(int blockSize)
{
    SendBufferChunk *chunk = (SendBufferChunk *)FlsGetValue(manager.currentChunk);

    if (chunk != NULL && chunk->capacity - chunk->used >= blockSize)
        return chunk;
    if (chunk != NULL) {
        FlsSetValue(manager.currentChunk, NULL);
        Chunk_Release(chunk);
    }
    chunk = Chunk_Pop(SEND_CHUNK_SIZE);
    if (chunk != NULL && !FlsSetValue(manager.currentChunk, chunk)) {
        Chunk_Release(chunk);
        return NULL;
    }
    return chunk;
}

SendBuffer *SendBuffer_Open(int capacity)
{
    bool isShared = capacity <= SEND_CHUNK_SIZE - (int)sizeof(SendBuffer);
    int blockSize;
    SendBufferChunk *chunk;
    SendBuffer *buffer;

    if (capacity < 1 || capacity > INT_MAX - SEND_CHUNK_SIZE)
        return NULL;
    blockSize = GetBlockSize(capacity);
    chunk = isShared ? GetCurrentChunk(blockSize) : Chunk_Pop(blockSize);
    if (chunk == NULL)
        return NULL;

    buffer = (SendBuffer *)(void *)(chunk->memory + chunk->used);
    buffer->references = 1;
    buffer->chunk = chunk;
    buffer->data = (char *)(buffer + 1);
    buffer->capacity = capacity;
    buffer->size = 0;
    chunk->used += blockSize;

    /* A chunk of the buffer's own was made with the one reference that the buffer needs. */
    if (isShared)
        InterlockedIncrement(&chunk->references);
    return buffer;
}

void SendBuffer_Close(SendBuffer *buffer, int size)
{
    int unused = GetBlockSize(buffer->capacity) - GetBlockSize(size);

    buffer->size = size;
    buffer->capacity = size;
    buffer->chunk->used -= unused;
}

SendBuffer *SendBuffer_Copy(const void *data, int size)
{
    SendBuffer *buffer = SendBuffer_Open(size);

    if (buffer == NULL)
        return NULL;
    memcpy(buffer->data, data, (size_t)size);
    SendBuffer_Close(buffer, size);
    return buffer;
}

void SendBuffer_AddRef(SendBuffer *buffer)
{
    InterlockedIncrement(&buffer->references);
}

void SendBuffer_Release(SendBuffer *buffer)
{
    if (InterlockedDecrement(&buffer->references) == 0)
        Chunk_Release(buffer->chunk);
}
