/*
 * RecvBuffer: the bytes that were received and that nobody has consumed yet.
 *
 *     data                  data + size             data + capacity
 *       |  to be read            |  to be received into    |
 *
 * A receive writes behind `size`; a program reads from `data` and says how much it has consumed,
 * which may be less than there is: the rest moves to the front. It belongs to one thread at a time.
 */
#ifndef RECV_BUFFER_H
#define RECV_BUFFER_H

#include <stdbool.h>

typedef struct RecvBuffer {
    char *data; /* NULL while there is none */
    int capacity;
    int size;
} RecvBuffer;

/*
 * Makes the buffer, or makes it larger or smaller; what is to be read stays. False: there is no
 * memory, or it does not fit, and nothing has changed.
 */
bool RecvBuffer_Resize(RecvBuffer *buffer, int capacity);
void RecvBuffer_Free(RecvBuffer *buffer);

/* Where the next receive writes, and how much at most. */
char *RecvBuffer_WritePos(const RecvBuffer *buffer);
int RecvBuffer_FreeSize(const RecvBuffer *buffer);

/* So many bytes were received, or consumed. False: there is not so much, and nothing has changed. */
bool RecvBuffer_OnWrite(RecvBuffer *buffer, int bytes);
bool RecvBuffer_OnRead(RecvBuffer *buffer, int bytes);

#endif
