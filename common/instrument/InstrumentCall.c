/*
 * InstrumentCall: see InstrumentCall.h.
 */
#include "InstrumentCall.h"
#include "InstrumentCounts.h"
#include "InstrumentOptions.h"

#include <stdarg.h>

void Call_Done(Call *call)
{
    call->error = GetLastError();
}

void Call_MayWait(const Call *call)
{
    Finding finding;

    if (!instrument.isVerifying || call->thread->routines == 0)
        return;
    Finding_Begin(&finding, 9, "%s, which may wait, inside a completion routine",
                  apiInfos[call->api].name);
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding,
                "while it waits, the thread serves nobody else, and other routines may run "
                "inside this one");
    SetLastError(call->error);
}

void Call_Waits(Call *call)
{
    if (!instrument.isOn)
        return;
    Call_MayWait(call);
    call->isWaiting = true;
    Thread_BeginWait(call->thread);
    SetLastError(call->error);
}

void Call_WaitsUpTo(Call *call, DWORD timeout)
{
    if (timeout != 0)
        Call_Waits(call);
}

void Call_PassesHandles(const Call *call, LONG count)
{
    Counts_AddHandles(call->api, count);
}

void Call_SetResult(Call *call, const char *format, ...)
{
    va_list arguments;

    if (!instrument.isTracing)
        return;
    va_start(arguments, format);
    vsnprintf(call->result, sizeof(call->result), format, arguments);
    va_end(arguments);
}

void Call_AddPlace(const Call *call, Finding *finding, const char *what)
{
    Finding_AddPlace(finding, what, apiInfos[call->api].name, call->place, call->thread);
}
