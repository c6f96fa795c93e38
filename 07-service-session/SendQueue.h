/*
 * SendQueue: what a session is to send: buffers, first in, first out.
 *
 * Nothing here is shared: a session uses its queue under its lock. All bytes zero is an empty queue.
 */
#ifndef SEND_QUEUE_H
#define SEND_QUEUE_H

#include "SendBuffer.h"

/* What each buffer costs beside its bytes: its head, its place in the queue, the heap's own. */
#define BUFFER_COST 100

typedef struct QueuedBuffer {
    struct QueuedBuffer *next;
    SendBuffer *buffer; /* a reference */
} QueuedBuffer;

typedef struct SendQueue {
    QueuedBuffer *first;
    QueuedBuffer *last; /* where there is a first */
    int sentOfFirst;    /* bytes of the first buffer that were sent already */
    int bytes;          /* that are still to be sent */
    int cost;           /* memory: the capacity of each buffer, and BUFFER_COST */
} SendQueue;

/* Takes a reference to the buffer. False: no memory, and it does not. */
bool SendQueue_Push(SendQueue *queue, SendBuffer *buffer);

/* Writes where the first `maxBytes` bytes are, in up to `maxCount` pieces. Returns how many. */
DWORD SendQueue_Gather(const SendQueue *queue, WSABUF *pieces, DWORD maxCount, ULONG maxBytes);

/* `bytes` were sent: releases the buffers of which all is. */
void SendQueue_Remove(SendQueue *queue, int bytes);

/* Releases all buffers. */
void SendQueue_Clear(SendQueue *queue);

#endif
