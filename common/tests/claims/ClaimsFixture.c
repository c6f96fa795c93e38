/*
 * ClaimsFixture: what claims are made with: sockets, handles, overlapped operations, completion
 * ports, and the end of them after each claim. See Claims.h.
 */
#include "Claims.h"
#include "ErrorText.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANDLE_MAX       200
#define OPERATION_MAX    1000
#define FULL_LIMIT       (256 * 1024 * 1024) /* bytes that no connection holds unread */
#define SEND_BUFFER_SIZE 65536

static HANDLE handles[HANDLE_MAX]; /* of the claim that runs, the closed ones NULL */
static int handleCount;
static Operation operations[OPERATION_MAX];
static int operationCount;

/* Ends the program: where the system gives no socket or no event, there is nothing to claim. */
static void GiveUp(const char *call, DWORD error)
{
    ErrorText_Print(call, error);
    exit(1);
}

/* --- The system ------------------------------------------------------------------------------ */

/* What ntdll says of the system. Its functions are not in the headers. */
typedef const char *(*WineGetVersion)(void);
typedef LONG(WINAPI *RtlGetVersion)(OSVERSIONINFOW *);

static void (*FindSystemFunction(const char *name))(void)
{
    return (void (*)(void))GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

/* Returns Wine's version, such as "8.0". NULL: this is Windows. */
static const char *GetWineVersion(void)
{
    WineGetVersion getVersion = (WineGetVersion)FindSystemFunction("wine_get_version");

    return getVersion != NULL ? getVersion() : NULL;
}

/* GetVersionEx would give what the program's manifest asks for. */
static OSVERSIONINFOW GetWindowsVersion(void)
{
    RtlGetVersion getVersion = (RtlGetVersion)FindSystemFunction("RtlGetVersion");
    OSVERSIONINFOW info;

    memset(&info, 0, sizeof(info));
    info.dwOSVersionInfoSize = sizeof(info);
    if (getVersion == NULL || getVersion(&info) != 0)
        GiveUp("RtlGetVersion", ERROR_CALL_NOT_IMPLEMENTED);
    return info;
}

const char *Claims_GetSystemName(void)
{
    static char name[80];
    const char *wineVersion = GetWineVersion();

    if (wineVersion != NULL) {
        snprintf(name, sizeof(name), "Wine %s", wineVersion);
    } else {
        OSVERSIONINFOW info = GetWindowsVersion();

        snprintf(name, sizeof(name), "Windows %lu.%lu.%lu", info.dwMajorVersion,
                 info.dwMinorVersion, info.dwBuildNumber);
    }
    return name;
}

bool Claims_IsSystemSince(int wineVersion, DWORD windowsBuild)
{
    const char *version = GetWineVersion();

    return version != NULL ? atoi(version) >= wineVersion
                           : GetWindowsVersion().dwBuildNumber >= windowsBuild;
}

/* --- Sockets --------------------------------------------------------------------------------- */

bool Claims_Send(SOCKET socket, const char *text)
{
    int length = (int)strlen(text);
    int sent = send(socket, text, length, 0);

    return sent == length || Test_Explain("send returned %d, error %d", sent, WSAGetLastError());
}

bool Claims_WaitForBytes(SOCKET socket, int count)
{
    ULONGLONG start = Test_Now();
    u_long available = 0;

    while (ioctlsocket(socket, (long)FIONREAD, &available) == 0) {
        if (available >= (u_long)count)
            return true;
        if (Test_Now() - start > WAIT_MS)
            return Test_Explain("%lu bytes came, not %d", available, count);
        Sleep(1);
    }
    return Test_Explain("FIONREAD failed with error %d", WSAGetLastError());
}

int Claims_SendUntilFull(SOCKET socket)
{
    static char bytes[SEND_BUFFER_SIZE];
    int total = 0;

    if (!SocketUtils_SetNonBlocking(socket, true))
        return -1;
    while (total < FULL_LIMIT) {
        int sent = send(socket, bytes, (int)sizeof(bytes), 0);

        if (sent == SOCKET_ERROR)
            return WSAGetLastError() == WSAEWOULDBLOCK ? total : -1;
        total += sent;
    }
    return -1;
}

int Claims_Discard(SOCKET socket)
{
    static char bytes[SEND_BUFFER_SIZE];
    u_long available = 0;
    int total = 0;

    while (ioctlsocket(socket, (long)FIONREAD, &available) == 0 && available > 0) {
        int received = recv(socket, bytes, (int)sizeof(bytes), 0);

        if (received <= 0)
            return -1;
        total += received;
    }
    return total;
}

/* --- Handles and time ------------------------------------------------------------------------ */

HANDLE Claims_Keep(HANDLE handle)
{
    if (handle == NULL)
        GiveUp("a call that makes a handle", GetLastError());
    if (handleCount == HANDLE_MAX)
        GiveUp("HANDLE_MAX is too small, or a call", ERROR_TOO_MANY_OPEN_FILES);
    handles[handleCount++] = handle;
    return handle;
}

void Claims_CloseHandle(HANDLE *handle)
{
    for (int i = 0; i < handleCount; i++) {
        if (handles[i] == *handle)
            handles[i] = NULL;
    }
    CloseHandle(*handle);
    *handle = NULL;
}

HANDLE Claims_OpenEvent(void)
{
    return Claims_Keep(CreateEventA(NULL, TRUE, FALSE, NULL));
}

bool Claims_IsSignalled(HANDLE event)
{
    return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

bool Claims_WaitForEvent(HANDLE event)
{
    return WaitForSingleObject(event, WAIT_MS) == WAIT_OBJECT_0 ||
           Test_Explain("the event is not signalled");
}

bool Claims_WaitForValue(const volatile LONG *value, LONG least, DWORD timeoutMs)
{
    ULONGLONG start = GetTickCount64();

    while (*value < least) {
        if (GetTickCount64() - start > timeoutMs)
            return false;
        Sleep(1);
    }
    return true;
}

/* --- Overlapped operations ------------------------------------------------------------------- */

Operation *Claims_NewOperation(void)
{
    if (operationCount == OPERATION_MAX)
        GiveUp("OPERATION_MAX is too small, or a call", ERROR_NOT_ENOUGH_MEMORY);
    return &operations[operationCount++];
}

Operation *Claims_NewEventOperation(void)
{
    Operation *operation = Claims_NewOperation();

    operation->overlapped.hEvent = Claims_OpenEvent();
    return operation;
}

int Claims_BeginReceive(SOCKET socket, Operation *operation, int size)
{
    DWORD flags = 0;
    WSABUF buffer;

    buffer.buf = operation->data;
    buffer.len = (u_long)size;
    return WSARecv(socket, &buffer, 1, NULL, &flags, &operation->overlapped, NULL) == 0
               ? 0
               : WSAGetLastError();
}

int Claims_BeginSend(SOCKET socket, Operation *operation, const char *text)
{
    WSABUF buffer;

    snprintf(operation->data, sizeof(operation->data), "%s", text);
    buffer.buf = operation->data;
    buffer.len = (u_long)strlen(operation->data);
    return WSASend(socket, &buffer, 1, NULL, 0, &operation->overlapped, NULL) == 0
               ? 0
               : WSAGetLastError();
}

int Claims_BeginAccept(SOCKET listenSocket, SOCKET acceptSocket, Operation *operation)
{
    return SocketUtils_AcceptEx(listenSocket, acceptSocket, operation->data, &operation->overlapped)
               ? 0
               : WSAGetLastError();
}

bool Claims_HasCompleted(const Operation *operation)
{
    /* The system writes it at any moment. */
    const volatile ULONG_PTR *status = &operation->overlapped.Internal;

    return *status != (ULONG_PTR)STATUS_PENDING;
}

bool Claims_HasCompletedWithin(const Operation *operation, DWORD timeoutMs)
{
    ULONGLONG start = GetTickCount64();

    while (!Claims_HasCompleted(operation)) {
        if (GetTickCount64() - start > timeoutMs)
            return false;
        Sleep(1);
    }
    return true;
}

bool Claims_WaitForCompletion(const Operation *operation)
{
    return Claims_HasCompletedWithin(operation, WAIT_MS) ||
           Test_Explain("the operation does not complete");
}

bool Claims_IsEndedByReset(Operation *operation)
{
    return Claims_WaitForCompletion(operation) &&
           (Claims_GetError(operation) == ERROR_NETNAME_DELETED ||
            Test_Explain("it ended with error %lu", Claims_GetError(operation)));
}

DWORD Claims_GetError(Operation *operation)
{
    DWORD bytes;

    /* Without a wait it only reads the record: the handle plays no role. */
    return GetOverlappedResult(NULL, &operation->overlapped, &bytes, FALSE) ? 0 : GetLastError();
}

DWORD Claims_GetBytes(const Operation *operation)
{
    return (DWORD)operation->overlapped.InternalHigh;
}

/* --- Completion ports ------------------------------------------------------------------------ */

HANDLE Claims_OpenPort(DWORD concurrency)
{
    return Claims_Keep(CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency));
}

bool Claims_Associate(SOCKET socket, HANDLE port, ULONG_PTR key)
{
    return CreateIoCompletionPort((HANDLE)socket, port, key, 0) == port ||
           Test_Explain("the association failed with error %lu", GetLastError());
}

Packet Claims_Take(HANDLE port, DWORD timeoutMs)
{
    static OVERLAPPED untouched;
    Packet packet = {FALSE, 0, 0, 0, &untouched};

    packet.succeeded =
        GetQueuedCompletionStatus(port, &packet.bytes, &packet.key, &packet.overlapped, timeoutMs);
    packet.error = packet.succeeded ? 0 : GetLastError();
    return packet;
}

bool Claims_IsPortQuiet(HANDLE port)
{
    Packet packet = Claims_Take(port, SHORT_QUIET_MS);

    return (!packet.succeeded && packet.overlapped == NULL && packet.error == WAIT_TIMEOUT) ||
           Test_Explain("a packet came, with %lu bytes and error %lu", packet.bytes, packet.error);
}

bool Claims_IsPacketOf(const Packet *packet, const Operation *operation, DWORD bytes)
{
    return (packet->succeeded && packet->overlapped == &operation->overlapped &&
            packet->bytes == bytes) ||
           Test_Explain("it has %lu bytes, error %lu, and is %s", packet->bytes, packet->error,
                        packet->overlapped == &operation->overlapped ? "of this operation"
                                                                     : "not of this operation");
}

/* --- The end ----------------------------------------------------------------------------------*/

void Claims_CloseAll(void)
{
    Peers_CloseAll();

    /* Routines of what was outstanding run here, and not in the next claim's waits. */
    while (SleepEx(0, TRUE) == WAIT_IO_COMPLETION)
        continue;
    for (int i = 0; i < handleCount; i++) {
        if (handles[i] != NULL)
            CloseHandle(handles[i]);
    }
    handleCount = 0;
}
