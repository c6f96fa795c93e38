/*
 * RecvBuffer: see RecvBuffer.h.
 */
#include "RecvBuffer.h"

#include <stdlib.h>
#include <string.h>

bool RecvBuffer_Resize(RecvBuffer *buffer, int capacity)
{
    char *data = buffer->size > capacity ? NULL : (char *)realloc(buffer->data, (size_t)capacity);

    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void RecvBuffer_Free(RecvBuffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
}

char *RecvBuffer_WritePos(const RecvBuffer *buffer)
{
    return buffer->data + buffer->size;
}

int RecvBuffer_FreeSize(const RecvBuffer *buffer)
{
    return buffer->capacity - buffer->size;
}

bool RecvBuffer_OnWrite(RecvBuffer *buffer, int bytes)
{
    if (bytes < 0 || bytes > RecvBuffer_FreeSize(buffer))
        return false;
    buffer->size += bytes;
    return true;
}

bool RecvBuffer_OnRead(RecvBuffer *buffer, int bytes)
{
    if (bytes < 0 || bytes > buffer->size)
        return false;
    buffer->size -= bytes;

    /* memmove, not memcpy: where the data is and where it goes may overlap. */
    if (bytes > 0 && buffer->size > 0)
        memmove(buffer->data, buffer->data + bytes, (size_t)buffer->size);
    return true;
}
