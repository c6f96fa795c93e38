/*
 * InstrumentSocket: the functions that stand in for those of Winsock. See InstrumentCore.h.
 */
#include "InstrumentCore.h"

#include <stddef.h>

#define SHORT_MAX 64 /* buffers of a send that takes half of what it is given */

/* What WSAIoctl has handed out. */
static LPFN_ACCEPTEX acceptEx;
static LPFN_CONNECTEX connectEx;
static LPFN_DISCONNECTEX disconnectEx;
static LPFN_TRANSMITFILE transmitFile;
static LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs;

/* Begins a call on a socket. */
static bool BeginSocketCall(Call *call, Api api, InstrumentPlace place, SOCKET s)
{
    bool isReal = Call_Begin(call, api, place);

    Registry_Use(call, (HANDLE)s);
    return isReal;
}

/* The same for a call that fails while Windows does not know the socket as connected. */
static bool BeginConnectedCall(Call *call, Api api, InstrumentPlace place, SOCKET s)
{
    bool isReal = BeginSocketCall(call, api, place, s);

    if (isReal)
        Registry_NeedContext(call);
    return isReal;
}

/* The same for a call that waits, if the socket is a blocking one. */
static bool BeginBlockingCall(Call *call, Api api, InstrumentPlace place, SOCKET s)
{
    bool isReal = BeginSocketCall(call, api, place, s);

    if (isReal && Registry_IsBlocking(call))
        Call_Waits(call);
    return isReal;
}

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

/* --- Start and end -------------------------------------------------------------------------- */

int Instrument_WSAStartup(InstrumentPlace place, WORD version, WSADATA *data)
{
    Call call;
    int result;

    if (Call_Begin(&call, API_WSAStartup, place)) {
        result = WSAStartup(version, data);
        Call_Done(&call);
        if (result == 0)
            Registry_CountStartup(1, place);
    } else {
        result = (int)call.error;
    }
    Call_End(&call);
    return result;
}

int Instrument_WSACleanup(InstrumentPlace place)
{
    Call call;
    int result;

    Call_Begin(&call, API_WSACleanup, place);
    result = WSACleanup();
    Call_Done(&call);
    if (result == 0)
        Registry_CountStartup(-1, place);
    Call_End(&call);
    return result;
}

/* --- Sockets come and go -------------------------------------------------------------------- */

OPENING_CALL(SOCKET, socket, INVALID_SOCKET, TYPE_SOCKET,
             (InstrumentPlace place, int family, int type, int protocol), (family, type, protocol))

OPENING_CALL(SOCKET, WSASocketA, INVALID_SOCKET, TYPE_SOCKET,
             (InstrumentPlace place, int family, int type, int protocol, LPWSAPROTOCOL_INFOA info,
              GROUP group, DWORD flags),
             (family, type, protocol, info, group, flags))

OPENING_CALL(SOCKET, WSASocketW, INVALID_SOCKET, TYPE_SOCKET,
             (InstrumentPlace place, int family, int type, int protocol, LPWSAPROTOCOL_INFOW info,
              GROUP group, DWORD flags),
             (family, type, protocol, info, group, flags))

int Instrument_closesocket(InstrumentPlace place, SOCKET s)
{
    int result = SOCKET_ERROR;
    Call call;

    Call_Begin(&call, API_closesocket, place);
    if (Registry_BeginClose(&call, (HANDLE)s)) {
        result = closesocket(s);
        Call_Done(&call);
        Registry_EndClose(&call, (HANDLE)s, result == 0);
    } else {
        call.error = WSAENOTSOCK;
    }
    Call_End(&call);
    return result;
}

/* An accepted socket has what the listener has, and a name of its own. */
static void AddAccepted(Call *call, SOCKET accepted)
{
    if (accepted == INVALID_SOCKET)
        Call_SetResult(call, "error %lu", call->error);
    if (!instrument.isOn || accepted == INVALID_SOCKET)
        return;
    Registry_Open(call, (HANDLE)accepted, TYPE_SOCKET);
    if (call->resource != NULL)
        call->second->isNonBlocking = call->resource->isNonBlocking;
    Registry_NameSession(call->second);
    Call_SetResult(call, "%s", call->second->name);
}

SOCKET Instrument_accept(InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length)
{
    SOCKET result = INVALID_SOCKET;
    Call call;

    if (BeginBlockingCall(&call, API_accept, place, s)) {
        result = accept(s, address, length);
        Call_Done(&call);
        AddAccepted(&call, result);
    } else if (call.resource != NULL && (call.resource->events & FD_ACCEPT) != 0) {
        /* accept, also where it fails, has FD_ACCEPT signalled again if a client still waits. */
        WSASetEvent(call.resource->event);
    }
    Call_End(&call);
    return result;
}

SOCKET Instrument_WSAAccept(InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length,
                            LPCONDITIONPROC condition, DWORD_PTR data)
{
    SOCKET result = INVALID_SOCKET;
    Call call;

    if (BeginBlockingCall(&call, API_WSAAccept, place, s)) {
        result = WSAAccept(s, address, length, condition, data);
        Call_Done(&call);
        AddAccepted(&call, result);
    }
    Call_End(&call);
    return result;
}

/* --- Addresses, options, the state of a connection ------------------------------------------ */

SOCKET_CALL(bind, BeginSocketCall,
            (InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length),
            (s, address, length))

static void CheckListener(const Call *call)
{
    Finding finding;

    if (!instrument.isVerifying || call->resource == NULL || call->resource->isExclusive)
        return;
    Finding_Begin(&finding, 10, "a socket listens without SO_EXCLUSIVEADDRUSE");
    Finding_AddPlace(&finding, "opened", apiInfos[call->resource->openedBy].name,
                     call->resource->opened, NULL);
    Finding_AddPlace(&finding, "broken", "listen", call->place, call->thread);
    Finding_End(&finding,
                "on Windows another program may bind the same port with SO_REUSEADDR, and "
                "get the clients; the option is set before bind");
}

int Instrument_listen(InstrumentPlace place, SOCKET s, int backlog)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_listen, place, s)) {
        CheckListener(&call);
        result = listen(s, backlog);
        Call_Done(&call);
        if (result == 0 && call.resource != NULL)
            snprintf(call.resource->name, sizeof(call.resource->name), "listener");
    }
    Call_End(&call);
    return result;
}

SOCKET_CALL(connect, BeginBlockingCall,
            (InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length),
            (s, address, length))

SOCKET_CALL(WSAConnect, BeginBlockingCall,
            (InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length,
             LPWSABUF callerData, LPWSABUF calleeData, LPQOS sqos, LPQOS gqos),
            (s, address, length, callerData, calleeData, sqos, gqos))

SOCKET_CALL(shutdown, BeginConnectedCall, (InstrumentPlace place, SOCKET s, int how), (s, how))

SOCKET_CALL(getsockname, BeginSocketCall,
            (InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length), (s, address, length))

SOCKET_CALL(getpeername, BeginConnectedCall,
            (InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length), (s, address, length))

int Instrument_ioctlsocket(InstrumentPlace place, SOCKET s, long command, u_long *value)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_ioctlsocket, place, s)) {
        result = ioctlsocket(s, command, value);
        Call_Done(&call);
        if (result == 0 && command == (long)FIONBIO && call.resource != NULL)
            call.resource->isNonBlocking = *value != 0;
    }
    Call_End(&call);
    return result;
}

static void ReportOption(const Call *call, const char *what, const char *why)
{
    Finding finding;

    Finding_Begin(&finding, 10, what);
    Finding_AddPlace(&finding, "broken", "setsockopt", call->place, call->thread);
    Finding_End(&finding, why);
    SetLastError(call->error);
}

/* An option that is a BOOL is switched on; some give it one byte. */
static bool IsTrue(const char *value, int size)
{
    for (int i = 0; value != NULL && i < size; i++) {
        if (value[i] != 0)
            return true;
    }
    return false;
}

/* A TCP_NODELAY at SOL_SOCKET has the number of SO_DEBUG there, and is taken without a word. */
static void CheckOption(const Call *call, int level, int name, const char *value, int size)
{
    if (level == SOL_SOCKET && name == SO_UPDATE_ACCEPT_CONTEXT)
        Registry_SetContext(call, value, size);
    if (!instrument.isVerifying || !IsTrue(value, size))
        return;
    if (level == SOL_SOCKET && name == SO_REUSEADDR)
        ReportOption(call, "SO_REUSEADDR is set",
                     "on Windows it lets a program take a port that another has");
    if (level == SOL_SOCKET && name == TCP_NODELAY)
        ReportOption(
            call, "TCP_NODELAY is set at SOL_SOCKET",
            "there its number means SO_DEBUG: the call succeeds, and small sends still wait");
}

int Instrument_setsockopt(InstrumentPlace place, SOCKET s, int level, int name, const char *value,
                          int size)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_setsockopt, place, s)) {
        CheckOption(&call, level, name, value, size);
        result = setsockopt(s, level, name, value, size);
        Call_Done(&call);
        if (result == 0 && level == SOL_SOCKET && call.resource != NULL) {
            if (name == (int)SO_EXCLUSIVEADDRUSE)
                call.resource->isExclusive = IsTrue(value, size);
            if (name == SO_UPDATE_CONNECT_CONTEXT)
                call.resource->lacksConnectContext = false;
        }
    }
    Call_End(&call);
    return result;
}

SOCKET_CALL(getsockopt, BeginSocketCall,
            (InstrumentPlace place, SOCKET s, int level, int name, char *value, int *size),
            (s, level, name, value, size))

int Instrument_getaddrinfo(InstrumentPlace place, const char *node, const char *service,
                           const struct addrinfo *hints, struct addrinfo **result)
{
    Call call;
    int error;

    if (Call_Begin(&call, API_getaddrinfo, place)) {
        Call_MayWait(&call);
        error = getaddrinfo(node, service, hints, result);
        Call_Done(&call);
    } else {
        error = (int)call.error;
    }
    Call_End(&call);
    return error;
}

/* --- Data ----------------------------------------------------------------------------------- */

static void SetDataResult(Call *call, int result)
{
    if (result == SOCKET_ERROR)
        Call_SetResult(call, "error %lu", call->error);
    else
        Call_SetResult(call, "%d bytes", result);
}

int Instrument_send(InstrumentPlace place, SOCKET s, const char *buffer, int size, int flags)
{
    int result = SOCKET_ERROR;
    DWORD unused;
    Call call;

    if (BeginSocketCall(&call, API_send, place, s)) {
        GuardHeap_CheckRange(&call, buffer, (size_t)size, "a buffer");
        if (Registry_IsBlocking(&call))
            Call_MayWait(&call);
        if (size > 1 && Fault_ForOutcome(OUTCOME_SHORT, API_send, place, &unused))
            size /= 2;
        result = send(s, buffer, size, flags);
        Call_Done(&call);
    }
    SetDataResult(&call, result);
    Call_End(&call);
    return result;
}

int Instrument_recv(InstrumentPlace place, SOCKET s, char *buffer, int size, int flags)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_recv, place, s)) {
        GuardHeap_CheckRange(&call, buffer, (size_t)size, "a buffer");
        if (Registry_IsBlocking(&call))
            Call_Waits(&call);
        result = recv(s, buffer, size, flags);
        Call_Done(&call);
    }
    SetDataResult(&call, result);
    Call_End(&call);
    return result;
}

int Instrument_sendto(InstrumentPlace place, SOCKET s, const char *buffer, int size, int flags,
                      const SOCKADDR *address, int length)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_sendto, place, s)) {
        GuardHeap_CheckRange(&call, buffer, (size_t)size, "a buffer");
        result = sendto(s, buffer, size, flags, address, length);
        Call_Done(&call);
    }
    SetDataResult(&call, result);
    Call_End(&call);
    return result;
}

int Instrument_recvfrom(InstrumentPlace place, SOCKET s, char *buffer, int size, int flags,
                        SOCKADDR *address, int *length)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_recvfrom, place, s)) {
        GuardHeap_CheckRange(&call, buffer, (size_t)size, "a buffer");
        if (Registry_IsBlocking(&call))
            Call_Waits(&call);
        result = recvfrom(s, buffer, size, flags, address, length);
        Call_Done(&call);
    }
    SetDataResult(&call, result);
    Call_End(&call);
    return result;
}

SOCKET_CALL(WSASendDisconnect, BeginConnectedCall, (InstrumentPlace place, SOCKET s, LPWSABUF data),
            (s, data))

SOCKET_CALL(WSARecvDisconnect, BeginConnectedCall, (InstrumentPlace place, SOCKET s, LPWSABUF data),
            (s, data))

static LONG CountSet(const fd_set *set)
{
    return set != NULL ? (LONG)set->fd_count : 0;
}

/* The program may have another FD_SETSIZE than this file: its array may be longer. */
static void CheckSet(const Call *call, const fd_set *set)
{
    for (u_int i = 0; set != NULL && i < set->fd_count; i++) {
        SOCKET s;

        memcpy(&s, (const char *)set + offsetof(fd_set, fd_array) + i * sizeof(s), sizeof(s));
        Registry_CheckOpen(call, (HANDLE)s);
    }
}

int Instrument_select(InstrumentPlace place, int unused, fd_set *readSet, fd_set *writeSet,
                      fd_set *exceptSet, const struct timeval *timeout)
{
    int result = SOCKET_ERROR;
    Call call;

    if (Call_Begin(&call, API_select, place)) {
        Call_PassesHandles(&call, CountSet(readSet) + CountSet(writeSet) + CountSet(exceptSet));
        CheckSet(&call, readSet);
        CheckSet(&call, writeSet);
        CheckSet(&call, exceptSet);
        if (timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0)
            Call_Waits(&call);
        result = select(unused, readSet, writeSet, exceptSet, (PTIMEVAL)(uintptr_t)timeout);
        Call_Done(&call);
        if (result != SOCKET_ERROR)
            Call_SetResult(&call, "%d ready", result);
    }
    Call_End(&call);
    return result;
}

/* --- Overlapped I/O ------------------------------------------------------------------------- */

/* In place of the program's completion routine; the registry knows which that is. */
static void CALLBACK CompletionRoutine(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped,
                                       DWORD flags)
{
    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine;
    Thread *thread = Thread_GetCurrent();
    LONGLONG begin = Trace_Now();
    DWORD fault = WSAECONNRESET;
    Api api = API_COUNT;
    LONG id = 0;
    char result[64];

    if (error == 0 && Fault_ForCompletion(overlapped, &fault)) {
        error = fault;
        bytes = 0;
    }
    routine = Operation_BeginRoutine(overlapped, &api, &id);
    if (routine == NULL)
        return;
    snprintf(result, sizeof(result), "%s, %lu %s", apiInfos[api].name, error != 0 ? error : bytes,
             error != 0 ? "is the error" : "bytes");
    Thread_BeginRoutine(thread);
    Trace_AddFlow(thread, 'f', api, id);
    routine(error, bytes, overlapped, flags);
    Thread_EndRoutine(thread);
    if (instrument.isTracing)
        Trace_AddRoutine(thread, begin, result);
}

/* Begins an operation, or a call that waits if it has no OVERLAPPED. */
static void BeginData(Call *call, LPWSABUF buffers, DWORD count, LPWSAOVERLAPPED overlapped,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE *routine, bool mayWait)
{
    if (overlapped == NULL) {
        for (DWORD i = 0; i < count; i++)
            GuardHeap_CheckRange(call, buffers[i].buf, buffers[i].len, "a buffer");
        if (mayWait && Registry_IsBlocking(call))
            Call_Waits(call);
        else if (Registry_IsBlocking(call))
            Call_MayWait(call);
        return;
    }
    Operation_Begin(call, overlapped, buffers, count, *routine);
    if (*routine != NULL && instrument.isOn)
        *routine = CompletionRoutine;
}

/* The call has returned `result`; `bytes` is where it wrote how many, or NULL. */
static void EndData(Call *call, int result, const DWORD *bytes, LPWSAOVERLAPPED overlapped)
{
    Call_Done(call);
    if (result == SOCKET_ERROR)
        Call_SetResult(call, "error %lu", call->error);
    else if (bytes != NULL)
        Call_SetResult(call, "done, %lu bytes", *bytes);
    else
        Call_SetResult(call, "done");
    if (overlapped != NULL)
        Operation_Returned(call, overlapped, result == 0);
}

/* Copies half of the buffers' bytes. Returns how many buffers that are. */
static DWORD TakeHalf(const WSABUF *buffers, DWORD count, WSABUF half[SHORT_MAX])
{
    ULONG total = 0;
    DWORD used = 0;

    for (DWORD i = 0; i < count && i < SHORT_MAX; i++)
        total += buffers[i].len;
    total = total > 1 ? total / 2 : total;
    while (total > 0) {
        half[used] = buffers[used];
        if (half[used].len > total)
            half[used].len = total;
        total -= half[used].len;
        used++;
    }
    return used;
}

int Instrument_WSASend(InstrumentPlace place, SOCKET s, LPWSABUF buffers, DWORD count,
                       LPDWORD bytes, DWORD flags, LPWSAOVERLAPPED overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF half[SHORT_MAX];
    int result = SOCKET_ERROR;
    DWORD unused;
    Call call;

    if (BeginSocketCall(&call, API_WSASend, place, s)) {
        if (Fault_ForOutcome(OUTCOME_SHORT, API_WSASend, place, &unused)) {
            count = TakeHalf(buffers, count, half);
            buffers = half;
        }
        BeginData(&call, buffers, count, overlapped, &routine, false);
        result = WSASend(s, buffers, count, bytes, flags, overlapped, routine);
        EndData(&call, result, bytes, overlapped);
    }
    Call_End(&call);
    return result;
}

int Instrument_WSARecv(InstrumentPlace place, SOCKET s, LPWSABUF buffers, DWORD count,
                       LPDWORD bytes, LPDWORD flags, LPWSAOVERLAPPED overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_WSARecv, place, s)) {
        BeginData(&call, buffers, count, overlapped, &routine, true);
        result = WSARecv(s, buffers, count, bytes, flags, overlapped, routine);
        EndData(&call, result, bytes, overlapped);
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_WSAGetOverlappedResult(InstrumentPlace place, SOCKET s, LPWSAOVERLAPPED overlapped,
                                       LPDWORD bytes, BOOL wait, LPDWORD flags)
{
    DWORD fault = WSAECONNRESET;
    BOOL result;
    Call call;

    BeginSocketCall(&call, API_WSAGetOverlappedResult, place, s);
    if (wait)
        Call_Waits(&call);
    result = WSAGetOverlappedResult(s, overlapped, bytes, wait, flags);
    Call_Done(&call);
    if (result && Fault_ForCompletion(overlapped, &fault)) {
        result = FALSE;
        call.error = fault;
    }
    if (result || call.error != WSA_IO_INCOMPLETE)
        Operation_Collected(&call, overlapped, *bytes, result ? 0 : call.error);
    else
        Call_SetResult(&call, "not yet");
    Call_End(&call);
    return result;
}

/* --- The functions that WSAIoctl hands out -------------------------------------------------- */

BOOL Instrument_AcceptEx(InstrumentPlace place, SOCKET listener, SOCKET s, PVOID buffer,
                         DWORD dataSize, DWORD localSize, DWORD remoteSize, LPDWORD bytes,
                         LPOVERLAPPED overlapped)
{
    GUID guid = WSAID_ACCEPTEX;
    BOOL result = FALSE;
    DWORD unused = 0;
    Call call;

    if (acceptEx == NULL)
        WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid), &acceptEx,
                 sizeof(acceptEx), &unused, NULL, NULL);
    if (BeginSocketCall(&call, API_AcceptEx, place, listener) && acceptEx != NULL) {
        Registry_UseSecond(&call, (HANDLE)s);
        if (instrument.isOn && overlapped != NULL) {
            Operation_Begin(&call, overlapped, NULL, 0, NULL);
            Operation_AddRange(&call, overlapped, buffer, dataSize + localSize + remoteSize);
            Operation_SetAcceptSocket(overlapped, s);
        }
        SetLastError(call.error);
        result = acceptEx(listener, s, buffer, dataSize, localSize, remoteSize, bytes, overlapped);
        Call_Done(&call);
        if (overlapped != NULL)
            Operation_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

static BOOL PASCAL FetchedAcceptEx(SOCKET listener, SOCKET s, PVOID buffer, DWORD dataSize,
                                   DWORD localSize, DWORD remoteSize, LPDWORD bytes,
                                   LPOVERLAPPED overlapped)
{
    return Instrument_AcceptEx(Place_AfterLast(), listener, s, buffer, dataSize, localSize,
                               remoteSize, bytes, overlapped);
}

static BOOL PASCAL FetchedConnectEx(SOCKET s, const struct sockaddr *address, int length,
                                    PVOID buffer, DWORD size, LPDWORD bytes,
                                    LPOVERLAPPED overlapped)
{
    BOOL result = FALSE;
    Call call;

    if (BeginSocketCall(&call, API_ConnectEx, Place_AfterLast(), s)) {
        if (instrument.isOn) {
            Operation_Begin(&call, overlapped, NULL, 0, NULL);
            if (buffer != NULL)
                Operation_AddRange(&call, overlapped, buffer, size);
        }
        result = connectEx(s, address, length, buffer, size, bytes, overlapped);
        Call_Done(&call);
        Operation_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

static BOOL PASCAL FetchedDisconnectEx(SOCKET s, LPOVERLAPPED overlapped, DWORD flags,
                                       DWORD reserved)
{
    BOOL result = FALSE;
    Call call;

    if (BeginSocketCall(&call, API_DisconnectEx, Place_AfterLast(), s)) {
        if (overlapped != NULL)
            Operation_Begin(&call, overlapped, NULL, 0, NULL);
        else
            Call_Waits(&call);
        result = disconnectEx(s, overlapped, flags, reserved);
        Call_Done(&call);
        if (overlapped != NULL)
            Operation_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

BOOL Instrument_TransmitFile(InstrumentPlace place, SOCKET s, HANDLE file, DWORD bytes,
                             DWORD bytesPerSend, LPOVERLAPPED overlapped,
                             LPTRANSMIT_FILE_BUFFERS buffers, DWORD flags)
{
    GUID guid = WSAID_TRANSMITFILE;
    BOOL result = FALSE;
    DWORD unused = 0;
    Call call;

    if (transmitFile == NULL)
        WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid), &transmitFile,
                 sizeof(transmitFile), &unused, NULL, NULL);
    if (BeginSocketCall(&call, API_TransmitFile, place, s) && transmitFile != NULL) {
        if (overlapped != NULL)
            Operation_Begin(&call, overlapped, NULL, 0, NULL);
        else
            Call_Waits(&call);
        result = transmitFile(s, file, bytes, bytesPerSend, overlapped, buffers, flags);
        Call_Done(&call);
        if (overlapped != NULL)
            Operation_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

static BOOL PASCAL FetchedTransmitFile(SOCKET s, HANDLE file, DWORD bytes, DWORD bytesPerSend,
                                       LPOVERLAPPED overlapped, LPTRANSMIT_FILE_BUFFERS buffers,
                                       DWORD flags)
{
    return Instrument_TransmitFile(Place_AfterLast(), s, file, bytes, bytesPerSend, overlapped,
                                   buffers, flags);
}

void Instrument_GetAcceptExSockaddrs(InstrumentPlace place, PVOID buffer, DWORD dataSize,
                                     DWORD localSize, DWORD remoteSize, SOCKADDR **local,
                                     LPINT localLength, SOCKADDR **remote, LPINT remoteLength)
{
    Call call;

    Call_Begin(&call, API_GetAcceptExSockaddrs, place);
    if (getAcceptExSockaddrs != NULL)
        getAcceptExSockaddrs(buffer, dataSize, localSize, remoteSize, local, localLength, remote,
                             remoteLength);
    Call_End(&call);
}

static void PASCAL FetchedGetAcceptExSockaddrs(PVOID buffer, DWORD dataSize, DWORD localSize,
                                               DWORD remoteSize, struct sockaddr **local,
                                               LPINT localLength, struct sockaddr **remote,
                                               LPINT remoteLength)
{
    Instrument_GetAcceptExSockaddrs(Place_AfterLast(), buffer, dataSize, localSize, remoteSize,
                                    local, localLength, remote, remoteLength);
}

/* Keeps the function that was handed out and hands out ours. */
static void Replace(const GUID *asked, const GUID *own, void *out, void *original,
                    const void *replacement, size_t size)
{
    if (memcmp(asked, own, sizeof(*own)) != 0)
        return;
    memcpy(original, out, size);
    memcpy(out, replacement, size);
}

static void ReplaceFunction(const GUID *asked, void *out)
{
    static const GUID guids[] = {WSAID_ACCEPTEX, WSAID_CONNECTEX, WSAID_DISCONNECTEX,
                                 WSAID_TRANSMITFILE, WSAID_GETACCEPTEXSOCKADDRS};
    const LPFN_ACCEPTEX ownAcceptEx = FetchedAcceptEx;
    const LPFN_CONNECTEX ownConnectEx = FetchedConnectEx;
    const LPFN_DISCONNECTEX ownDisconnectEx = FetchedDisconnectEx;
    const LPFN_TRANSMITFILE ownTransmitFile = FetchedTransmitFile;
    const LPFN_GETACCEPTEXSOCKADDRS ownSockaddrs = FetchedGetAcceptExSockaddrs;

    Replace(asked, &guids[0], out, &acceptEx, &ownAcceptEx, sizeof(ownAcceptEx));
    Replace(asked, &guids[1], out, &connectEx, &ownConnectEx, sizeof(ownConnectEx));
    Replace(asked, &guids[2], out, &disconnectEx, &ownDisconnectEx, sizeof(ownDisconnectEx));
    Replace(asked, &guids[3], out, &transmitFile, &ownTransmitFile, sizeof(ownTransmitFile));
    Replace(asked, &guids[4], out, &getAcceptExSockaddrs, &ownSockaddrs, sizeof(ownSockaddrs));
}

int Instrument_WSAIoctl(InstrumentPlace place, SOCKET s, DWORD code, LPVOID in, DWORD inSize,
                        LPVOID out, DWORD outSize, LPDWORD bytes, LPWSAOVERLAPPED overlapped,
                        LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    /* Not at once into the program's variable: another thread may be calling through it. */
    bool isFetch = code == SIO_GET_EXTENSION_FUNCTION_POINTER && inSize == sizeof(GUID) &&
                   out != NULL && outSize == sizeof(FARPROC) && overlapped == NULL;
    FARPROC fetched = NULL;
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_WSAIoctl, place, s)) {
        WSABUF range = {outSize, (char *)out};

        Operation_Begin(&call, overlapped, &range, out != NULL ? 1 : 0, routine);
        if (overlapped != NULL && routine != NULL && instrument.isOn)
            routine = CompletionRoutine;
        result = WSAIoctl(s, code, in, inSize, isFetch ? &fetched : out, outSize, bytes, overlapped,
                          routine);
        Call_Done(&call);
        if (overlapped != NULL)
            Operation_Returned(&call, overlapped, result == 0);
        if (result == 0 && isFetch) {
            ReplaceFunction((const GUID *)in, &fetched);
            *(FARPROC *)out = fetched;
        }
        if (result == 0 && code == FIONBIO && call.resource != NULL)
            call.resource->isNonBlocking = *(const u_long *)in != 0;
    }
    Call_End(&call);
    return result;
}

/* --- Winsock's events ----------------------------------------------------------------------- */

OPENING_CALL(WSAEVENT, WSACreateEvent, WSA_INVALID_EVENT, TYPE_EVENT, (InstrumentPlace place), ())

BOOL Instrument_WSACloseEvent(InstrumentPlace place, WSAEVENT event)
{
    BOOL result = FALSE;
    Call call;

    Call_Begin(&call, API_WSACloseEvent, place);
    if (Registry_BeginClose(&call, event)) {
        result = WSACloseEvent(event);
        Call_Done(&call);
        Registry_EndClose(&call, event, result);
    } else {
        call.error = WSA_INVALID_HANDLE;
    }
    Call_End(&call);
    return result;
}

HANDLE_CALL(WSASetEvent, (InstrumentPlace place, WSAEVENT handle), (handle))
HANDLE_CALL(WSAResetEvent, (InstrumentPlace place, WSAEVENT handle), (handle))

int Instrument_WSAEventSelect(InstrumentPlace place, SOCKET s, WSAEVENT event, long events)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_WSAEventSelect, place, s)) {
        Registry_CheckOpen(&call, event);
        result = WSAEventSelect(s, event, events);
        Call_Done(&call);
        if (result == 0 && call.resource != NULL) {
            call.resource->isNonBlocking = call.resource->isNonBlocking || events != 0;
            call.resource->event = event;
            call.resource->events = events;
        }
    }
    Call_End(&call);
    return result;
}

int Instrument_WSAEnumNetworkEvents(InstrumentPlace place, SOCKET s, WSAEVENT event,
                                    LPWSANETWORKEVENTS events)
{
    int result = SOCKET_ERROR;
    Call call;

    if (BeginSocketCall(&call, API_WSAEnumNetworkEvents, place, s)) {
        Registry_CheckOpen(&call, event);
        result = WSAEnumNetworkEvents(s, event, events);
        Call_Done(&call);
    }
    Call_End(&call);
    return result;
}

DWORD Instrument_WSAWaitForMultipleEvents(InstrumentPlace place, DWORD count,
                                          const WSAEVENT *events, BOOL all, DWORD timeout,
                                          BOOL alertable)
{
    DWORD result = WSA_WAIT_FAILED;
    Call call;

    if (Call_Begin(&call, API_WSAWaitForMultipleEvents, place)) {
        Registry_UseAll(&call, count, events);
        Call_WaitsUpTo(&call, timeout);
        result = WSAWaitForMultipleEvents(count, events, all, timeout, alertable);
        Call_Done(&call);
        if (result == WSA_WAIT_IO_COMPLETION)
            Call_SetResult(&call, "completion routines ran");
        else if (result < count)
            Call_SetResult(&call, "event %lu of %lu", result + 1, count);
    }
    Call_End(&call);
    return result;
}

/* --- What stays within the process ---------------------------------------------------------- */

COUNTED(int, WSAGetLastError, 0, (InstrumentPlace place), ())
COUNTED(int, __WSAFDIsSet, 0, (InstrumentPlace place, SOCKET s, fd_set *set), (s, set))
COUNTED(u_short, htons, 0, (InstrumentPlace place, u_short value), (value))
COUNTED(u_long, htonl, 0, (InstrumentPlace place, u_long value), (value))
COUNTED(u_short, ntohs, 0, (InstrumentPlace place, u_short value), (value))
COUNTED(u_long, ntohl, 0, (InstrumentPlace place, u_long value), (value))
COUNTED(unsigned long, inet_addr, INADDR_NONE, (InstrumentPlace place, const char *value), (value))
COUNTED(char *, inet_ntoa, NULL, (InstrumentPlace place, struct in_addr value), (value))
COUNTED(int, WSAEnumProtocolsW, SOCKET_ERROR,
        (InstrumentPlace place, LPINT protocols, LPWSAPROTOCOL_INFOW buffer, LPDWORD size),
        (protocols, buffer, size))
COUNTED(int, inet_pton, -1, (InstrumentPlace place, int family, const char *text, void *address),
        (family, text, address))
COUNTED(const char *, inet_ntop, NULL,
        (InstrumentPlace place, int family, const void *address, char *text, size_t size),
        (family, (PVOID)(uintptr_t)address, text, size))

void Instrument_WSASetLastError(InstrumentPlace place, int error)
{
    Call call;

    Call_Begin(&call, API_WSASetLastError, place);
    WSASetLastError(error);
    Call_Done(&call);
    Call_End(&call);
}
