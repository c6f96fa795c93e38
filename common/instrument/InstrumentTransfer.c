/*
 * InstrumentTransfer: the functions that stand in for those of Winsock that send and receive.
 */
#include "InstrumentFault.h"
#include "InstrumentGuardHeap.h"
#include "InstrumentOverlapped.h"
#include "InstrumentSocket.h"

#define SHORT_MAX 64 /* buffers of a send that takes half of what it is given */

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

    if (Socket_Begin(&call, API_send, place, s)) {
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

    if (Socket_Begin(&call, API_recv, place, s)) {
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

    if (Socket_Begin(&call, API_sendto, place, s)) {
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

    if (Socket_Begin(&call, API_recvfrom, place, s)) {
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

SOCKET_CALL(WSASendDisconnect, Socket_BeginConnected,
            (InstrumentPlace place, SOCKET s, LPWSABUF data), (s, data))

SOCKET_CALL(WSARecvDisconnect, Socket_BeginConnected,
            (InstrumentPlace place, SOCKET s, LPWSABUF data), (s, data))

/* --- Overlapped I/O ------------------------------------------------------------------------- */

/* Begins an operation, or a call that waits if it has no OVERLAPPED. */
static void BeginData(Call *call, LPWSABUF buffers, DWORD count, LPWSAOVERLAPPED overlapped,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE *routine, bool mayWait)
{
    if (overlapped == NULL) {
        GuardHeap_CheckBuffers(call, buffers, count);
        if (mayWait && Registry_IsBlocking(call))
            Call_Waits(call);
        else if (Registry_IsBlocking(call))
            Call_MayWait(call);
        return;
    }
    Overlapped_Begin(call, overlapped, buffers, count, routine);
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
    Overlapped_Returned(call, overlapped, result == 0);
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

    if (Socket_Begin(&call, API_WSASend, place, s)) {
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

    if (Socket_Begin(&call, API_WSARecv, place, s)) {
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

    Socket_Begin(&call, API_WSAGetOverlappedResult, place, s);
    if (wait)
        Call_Waits(&call);
    result = WSAGetOverlappedResult(s, overlapped, bytes, wait, flags);
    Call_Done(&call);
    if (result && Overlapped_HasFault(overlapped, &fault)) {
        result = FALSE;
        call.error = fault;
    }
    if (result || call.error != WSA_IO_INCOMPLETE)
        Overlapped_Collected(&call, overlapped, *bytes, result ? 0 : call.error);
    else
        Call_SetResult(&call, "not yet");
    Call_End(&call);
    return result;
}
