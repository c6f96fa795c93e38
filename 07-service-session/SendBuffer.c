/*
 * SendBuffer: see SendBuffer.h.
 */
#include "SendBuffer.h"

#include <stdlib.h>
#include <string.h>

SendBuffer *SendBuffer_Open(int capacity)
{
    size_t bytes = sizeof(SendBuffer) + (size_t)capacity;
    SendBuffer *buffer = capacity < 1 ? NULL : (SendBuffer *)malloc(bytes);

    if (buffer == NULL)
        return NULL;
    buffer->references = 1;
    buffer->capacity = capacity;
    buffer->size = 0;
    return buffer;
}

void SendBuffer_Close(SendBuffer *buffer, int size)
{
    buffer->size = max(0, min(size, buffer->capacity));
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
        free(buffer);
}
