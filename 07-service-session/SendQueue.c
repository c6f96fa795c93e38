/*
 * SendQueue: see SendQueue.h.
 */
#include "SendQueue.h"

#include <stdlib.h>

bool SendQueue_Push(SendQueue *queue, SendBuffer *buffer)
{
    QueuedBuffer *queued = (QueuedBuffer *)malloc(sizeof(*queued));

    if (queued == NULL)
        return false;
    SendBuffer_AddRef(buffer);
    queued->buffer = buffer;
    queued->next = NULL;
    if (queue->first == NULL)
        queue->first = queued;
    else
        queue->last->next = queued;
    queue->last = queued;
    queue->bytes += buffer->size;
    queue->cost += buffer->capacity + BUFFER_COST;
    return true;
}

DWORD SendQueue_Gather(const SendQueue *queue, WSABUF *pieces, DWORD maxCount, ULONG maxBytes)
{
    const QueuedBuffer *queued = queue->first;
    DWORD count = 0;
    int sent = queue->sentOfFirst;

    for (; queued != NULL && count < maxCount && maxBytes > 0; queued = queued->next) {
        pieces[count].buf = queued->buffer->data + sent;
        pieces[count].len = min((ULONG)(queued->buffer->size - sent), maxBytes);
        maxBytes -= pieces[count++].len;
        sent = 0;
    }
    return count;
}

static void SendQueue_Pop(SendQueue *queue)
{
    QueuedBuffer *first = queue->first;

    queue->first = first->next;
    queue->cost -= first->buffer->capacity + BUFFER_COST;
    SendBuffer_Release(first->buffer);
    free(first);
}

void SendQueue_Remove(SendQueue *queue, int bytes)
{
    queue->bytes -= bytes;
    queue->sentOfFirst += bytes;
    while (queue->first != NULL && queue->sentOfFirst >= queue->first->buffer->size) {
        queue->sentOfFirst -= queue->first->buffer->size;
        SendQueue_Pop(queue);
    }
}

void SendQueue_Clear(SendQueue *queue)
{
    while (queue->first != NULL)
        SendQueue_Pop(queue);
    ZeroMemory(queue, sizeof(*queue));
}
