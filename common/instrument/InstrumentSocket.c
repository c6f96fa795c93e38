/*
 * InstrumentSocket: the functions that stand in for those of Winsock that open, set and watch sockets.
 */
#include "InstrumentSocket.h"
#include "InstrumentProgram.h"

#include <stddef.h>

bool Socket_Begin(Call *call, Api api, InstrumentPlace place, SOCKET s)
{
    bool isReal = Call_Begin(call, api, place);

    Registry_Use(call, (HANDLE)s);
    return isReal;
}

bool Socket_BeginConnected(Call *call, Api api, InstrumentPlace place, SOCKET s)
{
    bool isReal = Socket_Begin(call, api, place, s);

    if (isReal)
        Registry_NeedContext(call);
    return isReal;
}

bool Socket_BeginBlocking(Call *call, Api api, InstrumentPlace place, SOCKET s)
{
    bool isReal = Socket_Begin(call, api, place, s);

    if (isReal && Registry_IsBlocking(call))
        Call_Waits(call);
    return isReal;
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
            Program_CountStartup(1, place);
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
        Program_CountStartup(-1, place);
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

    if (Socket_BeginBlocking(&call, API_accept, place, s)) {
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

    if (Socket_BeginBlocking(&call, API_WSAAccept, place, s)) {
        result = WSAAccept(s, address, length, condition, data);
        Call_Done(&call);
        AddAccepted(&call, result);
    }
    Call_End(&call);
    return result;
}

/* --- Addresses, options, the state of a connection ------------------------------------------ */

SOCKET_CALL(bind, Socket_Begin,
            (InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length),
            (s, address, length))

static void CheckListener(const Call *call)
{
    Finding finding;

    if (!instrument.isVerifying || call->resource == NULL || call->resource->isExclusive)
        return;
    Finding_Begin(&finding, 10, "a socket listens without SO_EXCLUSIVEADDRUSE");
    Registry_AddOpened(call->resource, &finding);
    Call_AddPlace(call, &finding, "broken");
    Finding_End(&finding,
                "on Windows another program may bind the same port with SO_REUSEADDR, and "
                "get the clients; the option is set before bind");
}

int Instrument_listen(InstrumentPlace place, SOCKET s, int backlog)
{
    int result = SOCKET_ERROR;
    Call call;

    if (Socket_Begin(&call, API_listen, place, s)) {
        CheckListener(&call);
        result = listen(s, backlog);
        Call_Done(&call);
        if (result == 0 && call.resource != NULL)
            snprintf(call.resource->name, sizeof(call.resource->name), "listener");
    }
    Call_End(&call);
    return result;
}

SOCKET_CALL(connect, Socket_BeginBlocking,
            (InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length),
            (s, address, length))

SOCKET_CALL(WSAConnect, Socket_BeginBlocking,
            (InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length,
             LPWSABUF callerData, LPWSABUF calleeData, LPQOS sqos, LPQOS gqos),
            (s, address, length, callerData, calleeData, sqos, gqos))

SOCKET_CALL(shutdown, Socket_BeginConnected, (InstrumentPlace place, SOCKET s, int how), (s, how))

SOCKET_CALL(getsockname, Socket_Begin,
            (InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length), (s, address, length))

SOCKET_CALL(getpeername, Socket_BeginConnected,
            (InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length), (s, address, length))

int Instrument_ioctlsocket(InstrumentPlace place, SOCKET s, long command, u_long *value)
{
    int result = SOCKET_ERROR;
    Call call;

    if (Socket_Begin(&call, API_ioctlsocket, place, s)) {
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
    Call_AddPlace(call, &finding, "broken");
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

    if (Socket_Begin(&call, API_setsockopt, place, s)) {
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

SOCKET_CALL(getsockopt, Socket_Begin,
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

/* --- Select --------------------------------------------------------------------------------- */

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

    if (Socket_Begin(&call, API_WSAEventSelect, place, s)) {
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

    if (Socket_Begin(&call, API_WSAEnumNetworkEvents, place, s)) {
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
