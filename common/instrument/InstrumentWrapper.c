/*
 * InstrumentWrapper: see InstrumentWrapper.h.
 */
#include "InstrumentWrapper.h"
#include "InstrumentCounts.h"
#include "InstrumentFault.h"
#include "InstrumentOperation.h"
#include "InstrumentProgram.h"
#include "InstrumentShuffle.h"
#include "InstrumentTrace.h"

/* What only looks or reckons is not worth it. */
static void Hold(const Call *call)
{
    if (instrument.isShuffling && apiInfos[call->api].kind != KIND_TEXT)
        Shuffle_Hold(call->thread);
}

/*
 * Where the stack of the function that makes this call ends: what lies below is of functions that
 * have returned, or of ours. `call` is a variable of the wrapper, so its caller's is the first frame
 * above that.
 */
static const char *GetCallersStack(const Call *call)
{
#if defined(__x86_64__) || defined(_M_X64)
    CONTEXT context;

    RtlCaptureContext(&context);
    while (context.Rsp <= (uintptr_t)call) {
        DWORD64 base, frame;
        void *data = NULL;
        RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(context.Rip, &base, NULL);

        if (function == NULL)
            break;
        RtlVirtualUnwind(0, base, context.Rip, function, &context, &data, &frame, NULL);
    }
    return (const char *)(uintptr_t)context.Rsp;
#else
    return (const char *)(call + 1);
#endif
}

bool Call_Begin(Call *call, Api api, InstrumentPlace place)
{
    DWORD error = GetLastError();
    DWORD fault = 0;

    Program_Begin();
    memset(call, 0, sizeof(*call));
    call->api = api;
    call->place = place;
    call->error = error;
    if (instrument.isOn) {
        Thread *thread = Thread_GetCurrent();

        call->thread = thread;
        thread->last = place;
        thread->lastApi = api;
        Hold(call);
        Counts_AddCall(api);
        if (api == API_GetQueuedCompletionStatus || api == API_GetQueuedCompletionStatusEx)
            Thread_NameWorker(thread);
        if (instrument.isVerifying && thread->stackOperations != NULL)
            Operation_CheckStack(thread, GetCallersStack(call), place);
        if (instrument.isFaulting)
            fault = Fault_ForCall(api, place);
        if (instrument.isTracing)
            call->begin = Trace_Now();
    }
    if (fault != 0)
        call->error = fault;
    SetLastError(call->error);
    return fault == 0;
}

void Call_End(Call *call)
{
    if (instrument.isOn) {
        if (call->isWaiting)
            Thread_EndWait(call->thread);
        if (instrument.isVerifying && call->thread->stackOperations != NULL)
            Operation_LookAtStack(call->thread, (const char *)call);
        if (instrument.isTracing && (apiInfos[call->api].kind == KIND_IO || call->isWaiting))
            Trace_AddCall(call);
        Registry_Leave(call);
        Hold(call);
    }
    SetLastError(call->error);
}
