/*
 * InstrumentSocket: how the calls on a socket begin.
 */
#ifndef INSTRUMENT_SOCKET_H
#define INSTRUMENT_SOCKET_H

#include "InstrumentWrapper.h"

/* Begins a call on a socket. False: it is to fail. */
bool Socket_Begin(Call *call, Api api, InstrumentPlace place, SOCKET s);

/* The same for a call that fails while Windows does not know the socket as connected. */
bool Socket_BeginConnected(Call *call, Api api, InstrumentPlace place, SOCKET s);

/* The same for a call that waits, if the socket is a blocking one. */
bool Socket_BeginBlocking(Call *call, Api api, InstrumentPlace place, SOCKET s);

/* A call on a socket, `s`, with nothing to do after it. `begin` is one of the three above. */
#define SOCKET_CALL(name, begin, parameters, arguments)                                            \
    int Instrument_##name parameters                                                               \
    {                                                                                              \
        int result = SOCKET_ERROR;                                                                 \
        Call call;                                                                                 \
                                                                                                   \
        if (begin(&call, API_##name, place, s)) {                                                  \
            result = name arguments;                                                               \
            Call_Done(&call);                                                                      \
        }                                                                                          \
        Call_End(&call);                                                                           \
        return result;                                                                             \
    }

#endif
