/*
 * InstrumentSystem: the functions that stand in for those of the system: ports, handles, waits,
 * threads, locks, the console.
 */
#include "InstrumentFault.h"
#include "InstrumentOperation.h"
#include "InstrumentOverlapped.h"
#include "InstrumentShuffle.h"
#include "InstrumentWrapper.h"

#include <errno.h>

#define HANDLER_MAX 8

/* --- Completion ports ----------------------------------------------------------------------- */

HANDLE Instrument_CreateIoCompletionPort(InstrumentPlace place, HANDLE handle, HANDLE port,
                                         ULONG_PTR key, DWORD threads)
{
    HANDLE result = NULL;
    Call call;

    if (Call_Begin(&call, API_CreateIoCompletionPort, place)) {
        /* INVALID_HANDLE_VALUE asks for a port that nothing belongs to yet. */
        if (handle != INVALID_HANDLE_VALUE || port != NULL)
            Registry_Use(&call, handle);
        if (port != NULL)
            Registry_CheckOpen(&call, port);
        result = CreateIoCompletionPort(handle, port, key, threads);
        Call_Done(&call);
        if (result != NULL && port == NULL)
            Registry_Open(&call, result, TYPE_PORT);
        if (result != NULL && call.resource != NULL)
            call.resource->port = result;
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_GetQueuedCompletionStatus(InstrumentPlace place, HANDLE port, LPDWORD bytes,
                                          PULONG_PTR key, LPOVERLAPPED *overlapped, DWORD timeout)
{
    DWORD fault = ERROR_NETNAME_DELETED;
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_GetQueuedCompletionStatus, place)) {
        Registry_Use(&call, port);
        Call_WaitsUpTo(&call, timeout);
        result = GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout);
        Call_Done(&call);
        if (result && Overlapped_HasFault(*overlapped, &fault)) {
            result = FALSE;
            call.error = fault;
            *bytes = 0;
        }
        if (*overlapped != NULL)
            Overlapped_Dequeued(&call, *overlapped, *bytes, result ? 0 : call.error);
        else
            Call_SetResult(&call, result ? "posted, no OVERLAPPED" : "error %lu", call.error);
    } else {
        *overlapped = NULL;
    }
    Call_End(&call);
    return result;
}

/* The entry's operation has failed: its status says so, as GetOverlappedResult will find. */
static DWORD GetEntryError(OVERLAPPED_ENTRY *entry)
{
    ULONG_PTR status = 0xC000020D; /* STATUS_CONNECTION_RESET */
    DWORD fault = ERROR_NETNAME_DELETED;

    /* Not the one in the OVERLAPPED: what is posted by hand may point to anything. */
    if (entry->Internal == 0 && Overlapped_HasFault(entry->lpOverlapped, &fault)) {
        if (fault != ERROR_NETNAME_DELETED)
            status = 0xC0010000 | fault; /* one that stands for this error */
        entry->Internal = status;
        entry->lpOverlapped->Internal = status;
        entry->dwNumberOfBytesTransferred = 0;
    }
    return (DWORD)entry->Internal;
}

BOOL Instrument_GetQueuedCompletionStatusEx(InstrumentPlace place, HANDLE port,
                                            LPOVERLAPPED_ENTRY entries, ULONG size, PULONG count,
                                            DWORD timeout, BOOL alertable)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_GetQueuedCompletionStatusEx, place)) {
        Registry_Use(&call, port);
        Call_WaitsUpTo(&call, timeout);
        result = GetQueuedCompletionStatusEx(port, entries, size, count, timeout, alertable);
        Call_Done(&call);
        for (ULONG i = 0; result && i < *count; i++) {
            DWORD error = GetEntryError(&entries[i]);

            Overlapped_Dequeued(&call, entries[i].lpOverlapped,
                                entries[i].dwNumberOfBytesTransferred, error);
        }
        if (result && *count == 1 && entries[0].lpOverlapped == NULL)
            Call_SetResult(&call, "posted, no OVERLAPPED");
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_PostQueuedCompletionStatus(InstrumentPlace place, HANDLE port, DWORD bytes,
                                           ULONG_PTR key, LPOVERLAPPED overlapped)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_PostQueuedCompletionStatus, place)) {
        Registry_Use(&call, port);
        Overlapped_BeginPost(&call, overlapped);
        result = PostQueuedCompletionStatus(port, bytes, key, overlapped);
        Call_Done(&call);
        Overlapped_EndPost(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_SetFileCompletionNotificationModes(InstrumentPlace place, HANDLE handle,
                                                   UCHAR flags)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_SetFileCompletionNotificationModes, place)) {
        Registry_Use(&call, handle);
        result = SetFileCompletionNotificationModes(handle, flags);
        Call_Done(&call);
        if (result && call.resource != NULL)
            call.resource->isSkipping = (flags & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) != 0;
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_GetOverlappedResult(InstrumentPlace place, HANDLE handle, LPOVERLAPPED overlapped,
                                    LPDWORD bytes, BOOL wait)
{
    DWORD fault = ERROR_NETNAME_DELETED;
    BOOL result;
    Call call;

    Call_Begin(&call, API_GetOverlappedResult, place);
    Registry_Use(&call, handle);
    if (wait)
        Call_Waits(&call);
    result = GetOverlappedResult(handle, overlapped, bytes, wait);
    Call_Done(&call);
    if (result && Overlapped_HasFault(overlapped, &fault)) {
        result = FALSE;
        call.error = fault;
    }
    if (result || call.error != ERROR_IO_INCOMPLETE)
        Overlapped_Collected(&call, overlapped, *bytes, result ? 0 : call.error);
    Call_End(&call);
    return result;
}

/* --- Handles -------------------------------------------------------------------------------- */

HANDLE_CALL(CancelIo, (InstrumentPlace place, HANDLE handle), (handle))
HANDLE_CALL(CancelIoEx, (InstrumentPlace place, HANDLE handle, LPOVERLAPPED overlapped),
            (handle, overlapped))
HANDLE_CALL(CancelSynchronousIo, (InstrumentPlace place, HANDLE handle), (handle))
HANDLE_CALL(SetHandleInformation, (InstrumentPlace place, HANDLE handle, DWORD mask, DWORD flags),
            (handle, mask, flags))
HANDLE_CALL(SetEvent, (InstrumentPlace place, HANDLE handle), (handle))
HANDLE_CALL(ResetEvent, (InstrumentPlace place, HANDLE handle), (handle))

BOOL Instrument_CloseHandle(InstrumentPlace place, HANDLE handle)
{
    BOOL result = FALSE;
    Call call;

    Call_Begin(&call, API_CloseHandle, place);
    if (Registry_BeginClose(&call, handle)) {
        result = CloseHandle(handle);
        Call_Done(&call);
        Registry_EndClose(&call, handle, result);
    } else {
        call.error = ERROR_INVALID_HANDLE;
    }
    Call_End(&call);
    return result;
}

OPENING_CALL(HANDLE, CreateEventA, NULL, TYPE_EVENT,
             (InstrumentPlace place, LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL initial,
              LPCSTR name),
             (security, manual, initial, name))

OPENING_CALL(HANDLE, CreateEventW, NULL, TYPE_EVENT,
             (InstrumentPlace place, LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL initial,
              LPCWSTR name),
             (security, manual, initial, name))

/* --- Waits ---------------------------------------------------------------------------------- */

/* Waits for handles, up to `timeout`; `use` tells the registry which. */
#define WAIT_CALL(name, use, parameters, arguments)                                                \
    DWORD Instrument_##name parameters                                                             \
    {                                                                                              \
        DWORD result;                                                                              \
        Call call;                                                                                 \
                                                                                                   \
        Call_Begin(&call, API_##name, place);                                                      \
        use;                                                                                       \
        Call_WaitsUpTo(&call, timeout);                                                            \
        result = name arguments;                                                                   \
        Call_Done(&call);                                                                          \
        Call_End(&call);                                                                           \
        return result;                                                                             \
    }

WAIT_CALL(WaitForSingleObject, Registry_Use(&call, handle),
          (InstrumentPlace place, HANDLE handle, DWORD timeout), (handle, timeout))

WAIT_CALL(WaitForSingleObjectEx, Registry_Use(&call, handle),
          (InstrumentPlace place, HANDLE handle, DWORD timeout, BOOL alertable),
          (handle, timeout, alertable))

WAIT_CALL(WaitForMultipleObjects, Registry_UseAll(&call, count, handles),
          (InstrumentPlace place, DWORD count, const HANDLE *handles, BOOL all, DWORD timeout),
          (count, handles, all, timeout))

WAIT_CALL(WaitForMultipleObjectsEx, Registry_UseAll(&call, count, handles),
          (InstrumentPlace place, DWORD count, const HANDLE *handles, BOOL all, DWORD timeout,
           BOOL alertable),
          (count, handles, all, timeout, alertable))

void Instrument_Sleep(InstrumentPlace place, DWORD milliseconds)
{
    Call call;

    Call_Begin(&call, API_Sleep, place);
    Call_WaitsUpTo(&call, milliseconds);
    Sleep(milliseconds);
    Call_End(&call);
}

DWORD Instrument_SleepEx(InstrumentPlace place, DWORD milliseconds, BOOL alertable)
{
    DWORD result;
    Call call;

    Call_Begin(&call, API_SleepEx, place);
    Call_WaitsUpTo(&call, milliseconds);
    result = SleepEx(milliseconds, alertable);
    if (result == WAIT_IO_COMPLETION)
        Call_SetResult(&call, "completion routines ran");
    Call_End(&call);
    return result;
}

/* --- Threads -------------------------------------------------------------------------------- */

/* Its procedure has returned, or it has called a function that ends it. */
static void EndThread(Thread *thread)
{
    if (thread->isOwn && !thread->isOver)
        Operation_CheckStack(thread, thread->stackTop, (InstrumentPlace){NULL, 0});
    Thread_End(thread);
}

static unsigned __stdcall RunThread(void *parameter)
{
    Thread *thread = (Thread *)parameter;
    unsigned result;

    Thread_Begin(thread);
    Shuffle_Hold(thread);
    result = thread->procedure(thread->argument);
    EndThread(thread);
    return result;
}

/* These two do not come back. */
void Instrument__endthreadex(InstrumentPlace place, unsigned code)
{
    Call call;

    Call_Begin(&call, API__endthreadex, place);
    Call_End(&call);
    if (instrument.isOn)
        EndThread(Thread_GetCurrent());
    _endthreadex(code);
}

void Instrument_ExitThread(InstrumentPlace place, DWORD code)
{
    Call call;

    Call_Begin(&call, API_ExitThread, place);
    Call_End(&call);
    if (instrument.isOn)
        EndThread(Thread_GetCurrent());
    ExitThread(code);
}

uintptr_t Instrument__beginthreadex(InstrumentPlace place, void *security, unsigned stackSize,
                                    unsigned(__stdcall *procedure)(void *), void *argument,
                                    unsigned flags, unsigned *id)
{
    uintptr_t handle = 0;
    Call call;

    if (Call_Begin(&call, API__beginthreadex, place)) {
        if (instrument.isOn) {
            Thread *thread = Thread_Create(call.api, call.place);

            thread->procedure = procedure;
            thread->argument = argument;
            handle = _beginthreadex(security, stackSize, RunThread, thread, flags, id);
            Call_Done(&call);
            if (handle == 0)
                Thread_Forget(thread);
            Registry_Open(&call, (HANDLE)handle, TYPE_THREAD);
        } else {
            handle = _beginthreadex(security, stackSize, procedure, argument, flags, id);
            Call_Done(&call);
        }
    } else {
        errno = EAGAIN;
    }
    Call_End(&call);
    return handle;
}

/* CreateThread's procedure differs from that of _beginthreadex in its types only. */
static DWORD WINAPI RunSystemThread(void *parameter)
{
    return RunThread(parameter);
}

HANDLE Instrument_CreateThread(InstrumentPlace place, LPSECURITY_ATTRIBUTES security,
                               SIZE_T stackSize, LPTHREAD_START_ROUTINE procedure, LPVOID argument,
                               DWORD flags, LPDWORD id)
{
    HANDLE handle = NULL;
    Call call;

    if (Call_Begin(&call, API_CreateThread, place)) {
        if (instrument.isOn) {
            Thread *thread = Thread_Create(call.api, call.place);

            memcpy(&thread->procedure, &procedure, sizeof(procedure));
            thread->argument = argument;
            handle = CreateThread(security, stackSize, RunSystemThread, thread, flags, id);
            Call_Done(&call);
            if (handle == NULL)
                Thread_Forget(thread);
            Registry_Open(&call, handle, TYPE_THREAD);
        } else {
            handle = CreateThread(security, stackSize, procedure, argument, flags, id);
            Call_Done(&call);
        }
    }
    Call_End(&call);
    return handle;
}

void Instrument_ExitProcess(InstrumentPlace place, UINT code)
{
    Call call;

    Call_Begin(&call, API_ExitProcess, place);
    Call_End(&call);
    exit((int)code);
}

/* --- The console ---------------------------------------------------------------------------- */

static SRWLOCK handlersLock = SRWLOCK_INIT;
static PHANDLER_ROUTINE handlers[HANDLER_MAX];
static int handlerCount;

/* The system calls this on a thread of its own; it gets a name for the trace. */
static BOOL WINAPI HandleControl(DWORD event)
{
    PHANDLER_ROUTINE copies[HANDLER_MAX];
    Thread *thread = Thread_GetCurrent();
    int count;

    snprintf(thread->name, sizeof(thread->name), "Ctrl+C");
    AcquireSRWLockShared(&handlersLock);
    memcpy(copies, handlers, sizeof(copies));
    count = handlerCount;
    ReleaseSRWLockShared(&handlersLock);
    while (count > 0) {
        if (copies[--count](event))
            return TRUE;
    }
    return FALSE;
}

static BOOL AddHandler(PHANDLER_ROUTINE handler)
{
    bool isFirst;

    AcquireSRWLockExclusive(&handlersLock);
    if (handlerCount == HANDLER_MAX) {
        ReleaseSRWLockExclusive(&handlersLock);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return FALSE;
    }
    isFirst = handlerCount == 0;
    handlers[handlerCount++] = handler;
    ReleaseSRWLockExclusive(&handlersLock);
    return !isFirst || SetConsoleCtrlHandler(HandleControl, TRUE);
}

static BOOL RemoveHandler(PHANDLER_ROUTINE handler)
{
    BOOL isFound = FALSE;

    AcquireSRWLockExclusive(&handlersLock);
    for (int i = 0; i < handlerCount; i++) {
        if (isFound)
            handlers[i - 1] = handlers[i];
        else if (handlers[i] == handler)
            isFound = TRUE;
    }
    if (isFound)
        handlerCount--;
    ReleaseSRWLockExclusive(&handlersLock);
    return isFound;
}

BOOL Instrument_SetConsoleCtrlHandler(InstrumentPlace place, PHANDLER_ROUTINE handler, BOOL add)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_SetConsoleCtrlHandler, place)) {
        if (handler == NULL || !instrument.isOn)
            result = SetConsoleCtrlHandler(handler, add);
        else
            result = add ? AddHandler(handler) : RemoveHandler(handler);
        Call_Done(&call);
    }
    Call_End(&call);
    return result;
}

OPENING_CALL(HANDLE, CreateFileW, INVALID_HANDLE_VALUE, TYPE_FILE,
             (InstrumentPlace place, LPCWSTR path, DWORD access, DWORD share,
              LPSECURITY_ATTRIBUTES security, DWORD creation, DWORD flags, HANDLE template),
             (path, access, share, security, creation, flags, template))

BOOL Instrument_ReadFile(InstrumentPlace place, HANDLE file, LPVOID buffer, DWORD size,
                         LPDWORD bytes, LPOVERLAPPED overlapped)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_ReadFile, place)) {
        WSABUF range = {size, (char *)buffer};

        Registry_Use(&call, file);
        Overlapped_Begin(&call, overlapped, &range, 1, NULL);
        if (overlapped == NULL)
            Call_Waits(&call);
        result = ReadFile(file, buffer, size, bytes, overlapped);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_WriteFile(InstrumentPlace place, HANDLE file, LPCVOID buffer, DWORD size,
                          LPDWORD bytes, LPOVERLAPPED overlapped)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_WriteFile, place)) {
        WSABUF range = {size, (char *)(uintptr_t)buffer};

        Registry_Use(&call, file);
        Overlapped_Begin(&call, overlapped, &range, 1, NULL);
        result = WriteFile(file, buffer, size, bytes, overlapped);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_ReadConsoleW(InstrumentPlace place, HANDLE console, LPVOID buffer, DWORD size,
                             LPDWORD read, LPVOID control)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_ReadConsoleW, place)) {
        Call_Waits(&call);
        result = ReadConsoleW(console, buffer, size, read, control);
        Call_Done(&call);
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_WriteConsoleW(InstrumentPlace place, HANDLE console, const VOID *buffer, DWORD size,
                              LPDWORD written, LPVOID reserved)
{
    BOOL result = FALSE;
    Call call;

    if (Call_Begin(&call, API_WriteConsoleW, place)) {
        result = WriteConsoleW(console, buffer, size, written, reserved);
        Call_Done(&call);
    }
    Call_End(&call);
    return result;
}

/* --- Calls that are only counted ------------------------------------------------------------ */

COUNTED(HANDLE, GetStdHandle, NULL, (InstrumentPlace place, DWORD number), (number))
COUNTED(BOOL, GetConsoleMode, FALSE, (InstrumentPlace place, HANDLE console, LPDWORD mode),
        (console, mode))
COUNTED(BOOL, SetConsoleMode, FALSE, (InstrumentPlace place, HANDLE console, DWORD mode),
        (console, mode))
COUNTED(UINT, GetConsoleOutputCP, 0, (InstrumentPlace place), ())
COUNTED(BOOL, SetConsoleOutputCP, FALSE, (InstrumentPlace place, UINT codePage), (codePage))
COUNTED(DWORD, GetLastError, 0, (InstrumentPlace place), ())
COUNTED(DWORD, GetTickCount, 0, (InstrumentPlace place), ())
COUNTED(ULONGLONG, GetTickCount64, 0, (InstrumentPlace place), ())
COUNTED(BOOL, QueryPerformanceCounter, FALSE, (InstrumentPlace place, LARGE_INTEGER *count),
        (count))
COUNTED(BOOL, QueryPerformanceFrequency, FALSE, (InstrumentPlace place, LARGE_INTEGER *frequency),
        (frequency))
COUNTED(DWORD, GetCurrentThreadId, 0, (InstrumentPlace place), ())
COUNTED(DWORD, GetThreadId, 0, (InstrumentPlace place, HANDLE thread), (thread))
COUNTED_VOID(GetSystemInfo, (InstrumentPlace place, LPSYSTEM_INFO info), (info))
COUNTED(DWORD, FormatMessageA, 0,
        (InstrumentPlace place, DWORD flags, LPCVOID source, DWORD message, DWORD language,
         LPSTR buffer, DWORD size, va_list *arguments),
        (flags, source, message, language, buffer, size, arguments))
COUNTED(DWORD, FormatMessageW, 0,
        (InstrumentPlace place, DWORD flags, LPCVOID source, DWORD message, DWORD language,
         LPWSTR buffer, DWORD size, va_list *arguments),
        (flags, source, message, language, buffer, size, arguments))
COUNTED(LPWSTR, GetCommandLineW, NULL, (InstrumentPlace place), ())
COUNTED(int, MultiByteToWideChar, 0,
        (InstrumentPlace place, UINT codePage, DWORD flags, LPCCH text, int size, LPWSTR wide,
         int wideSize),
        (codePage, flags, text, size, wide, wideSize))
COUNTED(int, WideCharToMultiByte, 0,
        (InstrumentPlace place, UINT codePage, DWORD flags, LPCWCH wide, int wideSize, LPSTR text,
         int size, LPCCH unknown, LPBOOL isUnknown),
        (codePage, flags, wide, wideSize, text, size, unknown, isUnknown))
COUNTED(DWORD, FlsAlloc, FLS_OUT_OF_INDEXES,
        (InstrumentPlace place, PFLS_CALLBACK_FUNCTION callback), (callback))
COUNTED(BOOL, FlsFree, FALSE, (InstrumentPlace place, DWORD slot), (slot))
COUNTED(PVOID, FlsGetValue, NULL, (InstrumentPlace place, DWORD slot), (slot))
COUNTED(BOOL, FlsSetValue, FALSE, (InstrumentPlace place, DWORD slot, PVOID value), (slot, value))
COUNTED(DWORD, TlsAlloc, TLS_OUT_OF_INDEXES, (InstrumentPlace place), ())
COUNTED(BOOL, TlsFree, FALSE, (InstrumentPlace place, DWORD slot), (slot))
COUNTED(LPVOID, TlsGetValue, NULL, (InstrumentPlace place, DWORD slot), (slot))
COUNTED(BOOL, TlsSetValue, FALSE, (InstrumentPlace place, DWORD slot, LPVOID value), (slot, value))

void Instrument_SetLastError(InstrumentPlace place, DWORD error)
{
    Call call;

    Call_Begin(&call, API_SetLastError, place);
    call.error = error;
    Call_End(&call);
}

/* --- Locks ---------------------------------------------------------------------------------- */

COUNTED_VOID(InitializeSRWLock, (InstrumentPlace place, PSRWLOCK lock), (lock))
COUNTED_VOID(AcquireSRWLockExclusive, (InstrumentPlace place, PSRWLOCK lock), (lock))
COUNTED_VOID(ReleaseSRWLockExclusive, (InstrumentPlace place, PSRWLOCK lock), (lock))
COUNTED_VOID(AcquireSRWLockShared, (InstrumentPlace place, PSRWLOCK lock), (lock))
COUNTED_VOID(ReleaseSRWLockShared, (InstrumentPlace place, PSRWLOCK lock), (lock))
COUNTED_VOID(InitializeConditionVariable, (InstrumentPlace place, PCONDITION_VARIABLE variable),
             (variable))
COUNTED_VOID(WakeConditionVariable, (InstrumentPlace place, PCONDITION_VARIABLE variable),
             (variable))
COUNTED_VOID(WakeAllConditionVariable, (InstrumentPlace place, PCONDITION_VARIABLE variable),
             (variable))
COUNTED_VOID(InitializeCriticalSection, (InstrumentPlace place, LPCRITICAL_SECTION section),
             (section))
COUNTED(BOOL, InitializeCriticalSectionAndSpinCount, FALSE,
        (InstrumentPlace place, LPCRITICAL_SECTION section, DWORD spins), (section, spins))
COUNTED_VOID(DeleteCriticalSection, (InstrumentPlace place, LPCRITICAL_SECTION section), (section))
COUNTED_VOID(EnterCriticalSection, (InstrumentPlace place, LPCRITICAL_SECTION section), (section))
COUNTED(BOOL, TryEnterCriticalSection, FALSE, (InstrumentPlace place, LPCRITICAL_SECTION section),
        (section))
COUNTED_VOID(LeaveCriticalSection, (InstrumentPlace place, LPCRITICAL_SECTION section), (section))

/* A thread may return from its sleep though nobody woke it. True: a fault has it do so. */
static bool BeginSleep(Call *call, DWORD timeout)
{
    DWORD unused;

    if (Fault_ForOutcome(OUTCOME_WAKE_UP, call->api, call->place, &unused))
        return true;
    Call_WaitsUpTo(call, timeout);
    return false;
}

BOOL Instrument_SleepConditionVariableSRW(InstrumentPlace place, PCONDITION_VARIABLE variable,
                                          PSRWLOCK lock, DWORD timeout, ULONG flags)
{
    bool isSpurious;
    BOOL result;
    Call call;

    Call_Begin(&call, API_SleepConditionVariableSRW, place);
    isSpurious = BeginSleep(&call, timeout);
    result =
        SleepConditionVariableSRW(variable, lock, isSpurious ? 0 : timeout, flags) || isSpurious;
    Call_Done(&call);
    Call_End(&call);
    return result;
}

BOOL Instrument_SleepConditionVariableCS(InstrumentPlace place, PCONDITION_VARIABLE variable,
                                         PCRITICAL_SECTION section, DWORD timeout)
{
    bool isSpurious;
    BOOL result;
    Call call;

    Call_Begin(&call, API_SleepConditionVariableCS, place);
    isSpurious = BeginSleep(&call, timeout);
    result = SleepConditionVariableCS(variable, section, isSpurious ? 0 : timeout) || isSpurious;
    Call_Done(&call);
    Call_End(&call);
    return result;
}
