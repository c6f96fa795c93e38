/*
 * InstrumentWrapper: what each function does that stands in for one of the program's calls.
 *
 * It has this form. Call_Done keeps what the call left in GetLastError, and Call_End puts it back:
 * the program sees of a wrapper nothing but the result of the call.
 *
 *     Call call;
 *     int result = SOCKET_ERROR;
 *
 *     if (Call_Begin(&call, API_listen, place)) {     false: it is to fail, and call.error says why
 *         result = listen(s, backlog);
 *         Call_Done(&call);
 *     }
 *     Call_End(&call);
 *     return result;
 *
 * Nothing here allocates memory with a call that is wrapped, and no lock of ours is held while a
 * wrapped call runs.
 */
#ifndef INSTRUMENT_WRAPPER_H
#define INSTRUMENT_WRAPPER_H

#include "InstrumentCall.h"
#include "InstrumentOptions.h"
#include "InstrumentRegistry.h"

/* True: make the call. False: it is to fail with call->error. */
bool Call_Begin(Call *call, Api api, InstrumentPlace place);
void Call_End(Call *call);

/* --- Wrappers that are alike ---------------------------------------------------------------- */

/* `parameters` and `arguments` are lists in parentheses; the first parameter is called `place`. */

/* The call `made`, with `then` after it. `failed`: what it returns where it is made to fail. The
   names come pasted together: a name that is handed on by itself is replaced where a header has it
   as a macro, as Wine's has htons. */
#define WRAPPER(type, head, api, failed, made, then)                                               \
    type head                                                                                      \
    {                                                                                              \
        type result = failed;                                                                      \
        Call call;                                                                                 \
                                                                                                   \
        if (Call_Begin(&call, api, place)) {                                                       \
            result = made;                                                                         \
            Call_Done(&call);                                                                      \
            then;                                                                                  \
        }                                                                                          \
        Call_End(&call);                                                                           \
        return result;                                                                             \
    }

/* A call that is only counted. */
#define COUNTED(type, name, failed, parameters, arguments)                                         \
    WRAPPER(type, Instrument_##name parameters, API_##name, failed, name arguments, (void)0)

/* The same where it returns nothing, and says nothing in GetLastError. */
#define COUNTED_VOID(name, parameters, arguments)                                                  \
    void Instrument_##name parameters                                                              \
    {                                                                                              \
        Call call;                                                                                 \
                                                                                                   \
        Call_Begin(&call, API_##name, place);                                                      \
        name arguments;                                                                            \
        Call_End(&call);                                                                           \
    }

/* A call that opens a socket or a handle; `kind` is its ResourceType. */
#define OPENING_CALL(type, name, failed, kind, parameters, arguments)                              \
    WRAPPER(type, Instrument_##name parameters, API_##name, failed, name arguments,                \
            Registry_Open(&call, (HANDLE)result, kind))

/* A call that only uses a handle. */
#define HANDLE_CALL(name, parameters, arguments)                                                   \
    BOOL Instrument_##name parameters                                                              \
    {                                                                                              \
        BOOL result;                                                                               \
        Call call;                                                                                 \
                                                                                                   \
        Call_Begin(&call, API_##name, place);                                                      \
        Registry_Use(&call, handle);                                                               \
        result = name arguments;                                                                   \
        Call_Done(&call);                                                                          \
        Call_End(&call);                                                                           \
        return result;                                                                             \
    }

#endif
