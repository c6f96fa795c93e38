/*
 * SendBuffer: bytes to be sent, written once and then shared by all sessions that send them.
 *
 *     SendBuffer *buffer = SendBuffer_Open(100);        room for 100 bytes, one reference
 *     memcpy(buffer->data, ...);
 *     SendBuffer_Close(buffer, 60);                     60 were written
 *     Session_Send(session, buffer);                    takes a reference of its own
 *     SendBuffer_Release(buffer);
 *
 * A buffer is one allocation, and it is freed with its last reference. It does not change after
 * SendBuffer_Close: from then on any thread may read it, AddRef and Release it.
 */
#ifndef SEND_BUFFER_H
#define SEND_BUFFER_H

#include <winsock2.h>
#include <windows.h>
#include <stdbool.h>

typedef struct SendBuffer {
    volatile LONG references;
    int capacity; /* bytes that may be written until SendBuffer_Close */
    int size;     /* bytes that were written */
    char data[];
} SendBuffer;

/* Room for `capacity` bytes, at least 1, and a reference that is the caller's. NULL: no memory. */
SendBuffer *SendBuffer_Open(int capacity);

/* `size` bytes were written, and no more than capacity are sent. Once, before the buffer is sent. */
void SendBuffer_Close(SendBuffer *buffer, int size);

/* Open, copy, close. NULL: no memory. */
SendBuffer *SendBuffer_Copy(const void *data, int size);

void SendBuffer_AddRef(SendBuffer *buffer);
void SendBuffer_Release(SendBuffer *buffer);

#endif
