/*
 * SendBuffer: bytes to be sent, written once and then shared by all sessions that send them.
 *
 * Each thread cuts its buffers from a chunk of its own, one behind the other, so that a buffer
 * costs no lock and no call of malloc. A chunk goes back to a pool when the thread has gone on to
 * the next one and the last of its buffers has been released. How it is used:
 *
 *     SendBuffer *buffer = SendBuffer_Open(100);        at most 100 bytes, one reference
 *     memcpy(buffer->data, ...);
 *     SendBuffer_Close(buffer, 60);                     60 were written; the rest is given back
 *     Session_Send(session, buffer);                    takes a reference of its own
 *     SendBuffer_Release(buffer);
 *
 * A buffer is written by the thread that opened it and does not change after SendBuffer_Close. From
 * then on any thread may read it, AddRef and Release it. A thread has one buffer open at a time.
 */
#ifndef SEND_BUFFER_H
#define SEND_BUFFER_H

#include <winsock2.h>
#include <windows.h>
#include <stdbool.h>

/* Bytes that one chunk can hand out. A larger buffer gets memory of its own. */
#define SEND_CHUNK_SIZE 16384

typedef struct SendBuffer {
    volatile LONG references;
    struct SendBufferChunk *chunk; /* where the bytes are; a reference */
    char *data;
    int capacity; /* bytes that may be written until SendBuffer_Close */
    int size;     /* bytes that were written */
} SendBuffer;

/*
 * Before the first buffer, on the main thread, and after the last was released and every other
 * thread that opened one has ended. False: GetLastError says why.
 */
bool SendBufferManager_Init(void);
void SendBufferManager_Clear(void);

/* Room for `capacity` bytes, at least 1, and a reference that is the caller's. NULL: no memory. */
SendBuffer *SendBuffer_Open(int capacity);

/* `size` bytes were written, 0 to capacity. On the thread that opened it, once. */
void SendBuffer_Close(SendBuffer *buffer, int size);

/* Open, copy, close. NULL: no memory. */
SendBuffer *SendBuffer_Copy(const void *data, int size);

void SendBuffer_AddRef(SendBuffer *buffer);
void SendBuffer_Release(SendBuffer *buffer);

/* For tests: chunks that are in use or in the pool. */
int SendBufferManager_GetChunkCount(void);

#endif
