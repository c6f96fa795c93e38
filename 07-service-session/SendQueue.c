/*
 * SendQueue: see SendQueue.h.
 */
#include "SendQueue.h"

#include <stdlib.h>

#define FIRST_CAPACITY 4
#define KEPT_CAPACITY  64 /* a larger ring does not stay when it is empty */

static SendBuffer *SendQueue_At(const SendQueue *queue, int index)
{
    return queue->buffers[(queue->first + index) % queue->capacity];
}

static bool SendQueue_Grow(SendQueue *queue)
{
    int capacity = queue->capacity == 0 ? FIRST_CAPACITY : queue->capacity * 2;
    SendBuffer **buffers = (SendBuffer **)malloc((size_t)capacity * sizeof(*buffers));

    if (buffers == NULL)
        return false;
    for (int i = 0; i < queue->count; i++)
        buffers[i] = SendQueue_At(queue, i);
    free(queue->buffers);
    queue->buffers = buffers;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

int SendQueue_GetCost(const SendBuffer *buffer)
{
    return buffer->capacity + BUFFER_COST;
}

bool SendQueue_Push(SendQueue *queue, SendBuffer *buffer)
{
    if (queue->count == queue->capacity && !SendQueue_Grow(queue))
        return false;
    SendBuffer_AddRef(buffer);
    queue->buffers[(queue->first + queue->count) % queue->capacity] = buffer;
    queue->count++;
    queue->bytes += buffer->size;
    queue->cost += SendQueue_GetCost(buffer);
    return true;
}

DWORD SendQueue_Gather(const SendQueue *queue, WSABUF *pieces, DWORD maxCount, ULONG maxBytes)
{
    DWORD count = 0;
    int sent = queue->sentOfFirst;

    for (; count < maxCount && (int)count < queue->count && maxBytes > 0; count++) {
        SendBuffer *buffer = SendQueue_At(queue, (int)count);
        ULONG length = (ULONG)(buffer->size - sent);

        if (length > maxBytes)
            length = maxBytes;
        pieces[count].buf = buffer->data + sent;
        pieces[count].len = length;
        maxBytes -= length;
        sent = 0;
    }
    return count;
}

static void SendQueue_Pop(SendQueue *queue)
{
    SendBuffer *buffer = SendQueue_At(queue, 0);

    queue->cost -= SendQueue_GetCost(buffer);
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    SendBuffer_Release(buffer);
}

void SendQueue_Remove(SendQueue *queue, int bytes)
{
    queue->bytes -= bytes;
    queue->sentOfFirst += bytes;
    while (queue->count > 0 && queue->sentOfFirst >= SendQueue_At(queue, 0)->size) {
        queue->sentOfFirst -= SendQueue_At(queue, 0)->size;
        SendQueue_Pop(queue);
    }
    if (queue->count == 0 && queue->capacity > KEPT_CAPACITY)
        SendQueue_Free(queue);
}

void SendQueue_Free(SendQueue *queue)
{
    while (queue->count > 0)
        SendQueue_Pop(queue);
    free(queue->buffers);
    ZeroMemory(queue, sizeof(*queue));
}
