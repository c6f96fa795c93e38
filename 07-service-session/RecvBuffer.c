/*
 * RecvBuffer: see RecvBuffer.h.
 */
#include "RecvBuffer.h"

#include <stdlib.h>
#include <string.h>

bool RecvBuffer_Init(RecvBuffer *buffer, int capacity)
{
    buffer->data = (char *)malloc((size_t)capacity);
    buffer->capacity = capacity;
    buffer->readPos = 0;
    buffer->writePos = 0;
    return buffer->data != NULL;
}

void RecvBuffer_Free(RecvBuffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
}

bool RecvBuffer_Resize(RecvBuffer *buffer, int capacity)
{
    int dataSize = RecvBuffer_DataSize(buffer);
    char *data = dataSize > capacity ? NULL : (char *)malloc((size_t)capacity);

    if (data == NULL)
        return false;
    memcpy(data, RecvBuffer_ReadPos(buffer), (size_t)dataSize);
    free(buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
    buffer->readPos = 0;
    buffer->writePos = dataSize;
    return true;
}

void RecvBuffer_Clean(RecvBuffer *buffer)
{
    int dataSize = RecvBuffer_DataSize(buffer);

    /* memmove, not memcpy: where the data is and where it goes may overlap. */
    if (dataSize > 0 && buffer->readPos > 0)
        memmove(buffer->data, RecvBuffer_ReadPos(buffer), (size_t)dataSize);
    buffer->readPos = 0;
    buffer->writePos = dataSize;
}

bool RecvBuffer_OnRead(RecvBuffer *buffer, int bytes)
{
    if (bytes < 0 || bytes > RecvBuffer_DataSize(buffer))
        return false;
    buffer->readPos += bytes;
    return true;
}

bool RecvBuffer_OnWrite(RecvBuffer *buffer, int bytes)
{
    if (bytes < 0 || bytes > RecvBuffer_FreeSize(buffer))
        return false;
    buffer->writePos += bytes;
    return true;
}

char *RecvBuffer_ReadPos(RecvBuffer *buffer)
{
    return buffer->data + buffer->readPos;
}

char *RecvBuffer_WritePos(RecvBuffer *buffer)
{
    return buffer->data + buffer->writePos;
}

int RecvBuffer_DataSize(const RecvBuffer *buffer)
{
    return buffer->writePos - buffer->readPos;
}

int RecvBuffer_FreeSize(const RecvBuffer *buffer)
{
    return buffer->capacity - buffer->writePos;
}
