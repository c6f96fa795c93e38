/*
 * ClaimsFixture: what claims are made with: sockets, handles, overlapped operations, completion
 * ports, and the end of them after each claim. See Claims.h.
 */
#include "Claims.h"
#include "ErrorText.h"

#define HANDLE_MAX       200
#define OPERATION_MAX    1000
#define FULL_LIMIT       (256 * 1024 * 1024) /* bytes that no connection holds unread */
#define SEND_BUFFER_SIZE 65536
#define TEXT_SIZE        64

SOCKET client, server;

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

void Claims_OpenPair(void)
{
    NEED_TRUE(Peer_OpenPair(&client, &server));
}

void Claims_OpenNarrowPair(void)
{
    NEED_TRUE(Peer_OpenNarrowPair(&client, &server));
}

bool Claims_Send(SOCKET socket, const char *text)
{
    int length = (int)strlen(text);
    int sent = send(socket, text, length, 0);

    return sent == length || Test_Explain("send returned %d, error %d", sent, WSAGetLastError());
}

bool Claims_WaitForBytes(SOCKET socket, int count)
{
    u_long available = 0;

    WAIT_WHILE(ioctlsocket(socket, (long)FIONREAD, &available) == 0 && available < (u_long)count);
    return available >= (u_long)count || Test_Explain("%lu bytes came, not %d", available, count);
}

void Claims_SendToServer(const char *text)
{
    NEED_TRUE(Claims_Send(client, text) && Claims_WaitForBytes(server, (int)strlen(text)));
}

bool Claims_Receives(SOCKET socket, const char *text)
{
    char received[TEXT_SIZE] = "";

    return Peer_Receive(socket, received, (int)strlen(text)) &&
           (strcmp(received, text) == 0 || Test_Explain("it received \"%s\"", received));
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

/* Has the handle closed after the claim. Returns it. */
static HANDLE Keep(HANDLE handle)
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
    return Keep(CreateEventA(NULL, TRUE, FALSE, NULL));
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

Operation *Claims_OpenPairWithOperation(void)
{
    Claims_OpenPair();
    return Claims_NewEventOperation();
}

static int BeginReceive(SOCKET socket, Operation *operation, int size,
                        LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF buffer = {(u_long)size, operation->data};
    DWORD flags = 0;

    return WSARecv(socket, &buffer, 1, NULL, &flags, &operation->overlapped, routine) == 0
               ? 0
               : WSAGetLastError();
}

int Claims_BeginReceive(SOCKET socket, Operation *operation, int size)
{
    return BeginReceive(socket, operation, size, NULL);
}

int Claims_BeginReceiveWith(SOCKET socket, Operation *operation,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    return BeginReceive(socket, operation, OPERATION_DATA_SIZE, routine);
}

int Claims_BeginSend(SOCKET socket, Operation *operation, const char *text)
{
    WSABUF buffer = {(u_long)strlen(text), operation->data};

    snprintf(operation->data, sizeof(operation->data), "%s", text);
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

bool Claims_Succeeds(Operation *operation, DWORD bytes)
{
    return Claims_WaitForEvent(operation->overlapped.hEvent) &&
           ((Claims_GetError(operation) == 0 && Claims_GetBytes(operation) == bytes) ||
            Test_Explain("it ended with %lu bytes, error %lu", Claims_GetBytes(operation),
                         Claims_GetError(operation)));
}

bool Claims_FailsWith(Operation *operation, DWORD error)
{
    return Claims_WaitForEvent(operation->overlapped.hEvent) &&
           (Claims_GetError(operation) == error ||
            Test_Explain("it ended with error %lu", Claims_GetError(operation)));
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
    return Keep(CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency));
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

bool Claims_TakesPacketOf(HANDLE port, ULONG_PTR key, const Operation *operation, DWORD bytes)
{
    Packet packet = Claims_Take(port, WAIT_MS);
    bool isOfThis = packet.overlapped == &operation->overlapped;

    return (packet.succeeded && isOfThis && packet.key == key && packet.bytes == bytes) ||
           Test_Explain("it has %lu bytes, error %lu, key %lu, and is%s of this operation",
                        packet.bytes, packet.error, (DWORD)packet.key, isOfThis ? "" : " not");
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
