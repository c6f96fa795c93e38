/*
 * InstrumentOverlapped: what happens to an OVERLAPPED, from the call that is given it until its
 * completion is taken. Where `overlapped` is NULL, nothing does.
 */
#ifndef INSTRUMENT_OVERLAPPED_H
#define INSTRUMENT_OVERLAPPED_H

#include "InstrumentCall.h"

/*
 * An operation is about to begin; before the call. `buffers` may be NULL, and `routine`. What
 * `routine` points to is the program's completion routine, or NULL; then the one that the call is to
 * be given in its place.
 */
void Overlapped_Begin(Call *call, void *overlapped, const WSABUF *buffers, DWORD count,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE *routine);

/* It has this memory, too; one range at the most. */
void Overlapped_AddRange(Call *call, void *overlapped, const void *memory, size_t size);
void Overlapped_SetAcceptSocket(void *overlapped, SOCKET socket);

/* The call has returned: `isDone`, it is over already; else call->error says whether it began. */
void Overlapped_Returned(Call *call, void *overlapped, bool isDone);

/* A packet is about to be posted by hand; after the call, whether it was. */
void Overlapped_BeginPost(Call *call, void *overlapped);
void Overlapped_EndPost(Call *call, void *overlapped, bool isPosted);

/* True: the program is to be told that this operation, which has succeeded, has failed. `error` has
   the usual error, and gets the one that fault= names, if it names one. */
bool Overlapped_HasFault(void *overlapped, DWORD *error);

/* A completion was taken from a port, with this result. */
void Overlapped_Dequeued(Call *call, void *overlapped, DWORD bytes, DWORD error);

/* WSAGetOverlappedResult or GetOverlappedResult has said that it is over. */
void Overlapped_Collected(Call *call, void *overlapped, DWORD bytes, DWORD error);

#endif
