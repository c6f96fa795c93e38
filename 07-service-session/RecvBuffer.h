/*
 * RecvBuffer: what a session has received and its program has not yet consumed.
 *
 *     0          readPos         writePos        capacity
 *     | consumed | to be read    | free          |
 *
 * A receive writes at WritePos, up to FreeSize bytes; the program reads at ReadPos. Nothing here
 * is shared: a session uses its buffer while no receive is outstanding.
 */
#ifndef RECV_BUFFER_H
#define RECV_BUFFER_H

#include <stdbool.h>

typedef struct RecvBuffer {
    char *data;
    int capacity; /* bytes of data */
    int readPos;
    int writePos;
} RecvBuffer;

/* A buffer of `capacity` bytes, at least 1. False: no memory. RecvBuffer_Free is due after true. */
bool RecvBuffer_Init(RecvBuffer *buffer, int capacity);
void RecvBuffer_Free(RecvBuffer *buffer);

/*
 * Gives the buffer another capacity, at least 1. What is to be read stays, at the front. False: it
 * does not fit, or there is no memory, and nothing was changed.
 */
bool RecvBuffer_Resize(RecvBuffer *buffer, int capacity);

/* Moves what is to be read to the front, so that all free bytes are in one piece. */
void RecvBuffer_Clean(RecvBuffer *buffer);

/* `bytes` were consumed. False: there are not so many, and nothing was changed. */
bool RecvBuffer_OnRead(RecvBuffer *buffer, int bytes);

/* `bytes` were received. False: there is no room for so many, and nothing was changed. */
bool RecvBuffer_OnWrite(RecvBuffer *buffer, int bytes);

char *RecvBuffer_ReadPos(RecvBuffer *buffer);
char *RecvBuffer_WritePos(RecvBuffer *buffer);
int RecvBuffer_DataSize(const RecvBuffer *buffer); /* bytes to be read */
int RecvBuffer_FreeSize(const RecvBuffer *buffer); /* bytes that a receive may write */

#endif
