/*
 * InstrumentExtension: the functions that WSAIoctl hands out, and WSAIoctl.
 */
#include "InstrumentOverlapped.h"
#include "InstrumentSocket.h"

/* What WSAIoctl has handed out. */
static LPFN_ACCEPTEX acceptEx;
static LPFN_CONNECTEX connectEx;
static LPFN_DISCONNECTEX disconnectEx;
static LPFN_TRANSMITFILE transmitFile;
static LPFN_GETACCEPTEXSOCKADDRS getAcceptExSockaddrs;

/* For a program that calls the function by its name, and has asked WSAIoctl for none. */
static void Fetch(SOCKET s, GUID *guid, void *function, DWORD size)
{
    DWORD unused = 0;

    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, guid, sizeof(*guid), function, size, &unused,
             NULL, NULL);
}

BOOL Instrument_AcceptEx(InstrumentPlace place, SOCKET listener, SOCKET s, PVOID buffer,
                         DWORD dataSize, DWORD localSize, DWORD remoteSize, LPDWORD bytes,
                         LPOVERLAPPED overlapped)
{
    GUID guid = WSAID_ACCEPTEX;
    BOOL result = FALSE;
    Call call;

    if (acceptEx == NULL)
        Fetch(listener, &guid, &acceptEx, sizeof(acceptEx));
    if (Socket_Begin(&call, API_AcceptEx, place, listener) && acceptEx != NULL) {
        Registry_UseSecond(&call, (HANDLE)s);
        Overlapped_Begin(&call, overlapped, NULL, 0, NULL);
        Overlapped_AddRange(&call, overlapped, buffer, dataSize + localSize + remoteSize);
        Overlapped_SetAcceptSocket(overlapped, s);
        SetLastError(call.error);
        result = acceptEx(listener, s, buffer, dataSize, localSize, remoteSize, bytes, overlapped);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

static BOOL PASCAL FetchedAcceptEx(SOCKET listener, SOCKET s, PVOID buffer, DWORD dataSize,
                                   DWORD localSize, DWORD remoteSize, LPDWORD bytes,
                                   LPOVERLAPPED overlapped)
{
    return Instrument_AcceptEx(Thread_PlaceAfterLast(), listener, s, buffer, dataSize, localSize,
                               remoteSize, bytes, overlapped);
}

static BOOL PASCAL FetchedConnectEx(SOCKET s, const struct sockaddr *address, int length,
                                    PVOID buffer, DWORD size, LPDWORD bytes,
                                    LPOVERLAPPED overlapped)
{
    BOOL result = FALSE;
    Call call;

    if (Socket_Begin(&call, API_ConnectEx, Thread_PlaceAfterLast(), s)) {
        Overlapped_Begin(&call, overlapped, NULL, 0, NULL);
        if (buffer != NULL)
            Overlapped_AddRange(&call, overlapped, buffer, size);
        result = connectEx(s, address, length, buffer, size, bytes, overlapped);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

static BOOL PASCAL FetchedDisconnectEx(SOCKET s, LPOVERLAPPED overlapped, DWORD flags,
                                       DWORD reserved)
{
    BOOL result = FALSE;
    Call call;

    if (Socket_Begin(&call, API_DisconnectEx, Thread_PlaceAfterLast(), s)) {
        Overlapped_Begin(&call, overlapped, NULL, 0, NULL);
        if (overlapped == NULL)
            Call_Waits(&call);
        result = disconnectEx(s, overlapped, flags, reserved);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result);
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
    Call call;

    if (transmitFile == NULL)
        Fetch(s, &guid, &transmitFile, sizeof(transmitFile));
    if (Socket_Begin(&call, API_TransmitFile, place, s) && transmitFile != NULL) {
        Overlapped_Begin(&call, overlapped, NULL, 0, NULL);
        if (overlapped == NULL)
            Call_Waits(&call);
        result = transmitFile(s, file, bytes, bytesPerSend, overlapped, buffers, flags);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result);
    }
    Call_End(&call);
    return result;
}

static BOOL PASCAL FetchedTransmitFile(SOCKET s, HANDLE file, DWORD bytes, DWORD bytesPerSend,
                                       LPOVERLAPPED overlapped, LPTRANSMIT_FILE_BUFFERS buffers,
                                       DWORD flags)
{
    return Instrument_TransmitFile(Thread_PlaceAfterLast(), s, file, bytes, bytesPerSend,
                                   overlapped, buffers, flags);
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
    Instrument_GetAcceptExSockaddrs(Thread_PlaceAfterLast(), buffer, dataSize, localSize,
                                    remoteSize, local, localLength, remote, remoteLength);
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

    if (Socket_Begin(&call, API_WSAIoctl, place, s)) {
        WSABUF range = {outSize, (char *)out};

        Overlapped_Begin(&call, overlapped, &range, out != NULL ? 1 : 0, &routine);
        result = WSAIoctl(s, code, in, inSize, isFetch ? &fetched : out, outSize, bytes, overlapped,
                          routine);
        Call_Done(&call);
        Overlapped_Returned(&call, overlapped, result == 0);
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
