/*
 * ClaimsFixture: what claims are made with. See Claims.h.
 */
#include "Claims.h"
#include "ThreadManager.h"

#define FULL_LIMIT       (256 * 1024 * 1024) /* bytes that no connection holds unread */
#define SEND_BUFFER_SIZE 65536
#define TEXT_SIZE        64

SOCKET client, server, listenSocket;
NetAddress listenAddress;
Operation *operation;
HANDLE event, port;

static ThreadManager threads;

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
    getVersion(&info);
    return info;
}

const char *Claims_GetSystemName(void)
{
    static char name[80];
    const char *wineVersion = GetWineVersion();
    OSVERSIONINFOW info = GetWindowsVersion();

    if (wineVersion != NULL)
        snprintf(name, sizeof(name), "Wine %s", wineVersion);
    else
        snprintf(name, sizeof(name), "Windows %lu.%lu.%lu", info.dwMajorVersion,
                 info.dwMinorVersion, info.dwBuildNumber);
    return name;
}

bool Claims_IsSystemSince(int wineVersion, DWORD windowsBuild)
{
    const char *version = GetWineVersion();

    return version != NULL ? atoi(version) >= wineVersion
                           : GetWindowsVersion().dwBuildNumber >= windowsBuild;
}

/* --- Sockets --------------------------------------------------------------------------------- */

void Claims_OpenOperation(void)
{
    operation = Claims_NewEventOperation();
    event = operation->overlapped.hEvent;
}

void Claims_OpenPair(void)
{
    Claims_OpenOperation();
    NEED_TRUE(Peer_OpenPair(&client, &server, 0));
}

void Claims_OpenNarrowPair(void)
{
    Claims_OpenOperation();
    NEED_TRUE(Peer_OpenPair(&client, &server, NARROW_SIZE));
}

void Claims_Listen(void)
{
    listenSocket = NEED_SOCKET(Peer_Listen(&listenAddress));
}

void Claims_Connect(void)
{
    client = NEED_SOCKET(Peer_Connect(&listenAddress));
}

void Claims_Accept(void)
{
    server = NEED_SOCKET(Peer_Accept(listenSocket));
}

int Claims_ErrorOf(bool hasSucceeded)
{
    return hasSucceeded ? 0 : WSAGetLastError();
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

int Claims_ReceiveByte(SOCKET socket)
{
    char byte;

    return recv(socket, &byte, 1, 0);
}

bool Claims_Receives(SOCKET socket, const char *text)
{
    char received[TEXT_SIZE] = "";

    return Peer_Receive(socket, received, (int)strlen(text)) &&
           (strcmp(received, text) == 0 || Test_Explain("it received \"%s\"", received));
}

static char bytes[SEND_BUFFER_SIZE]; /* to send, and to receive what is forgotten */

int Claims_SendUntilFull(SOCKET socket)
{
    int total = 0, sent = 0;

    NEED_TRUE(SocketUtils_SetNonBlocking(socket, true));
    while (total < FULL_LIMIT && sent != SOCKET_ERROR) {
        total += sent;
        sent = send(socket, bytes, (int)sizeof(bytes), 0);
    }
    NEED_TRUE(sent == SOCKET_ERROR && WSAGetLastError() == WSAEWOULDBLOCK);
    return total;
}

bool Claims_Discard(SOCKET socket)
{
    while (Peer_IsReadable(socket, 0)) {
        if (recv(socket, bytes, (int)sizeof(bytes), 0) <= 0)
            return Test_Explain("the connection has ended");
    }
    return true;
}

/* --- Handles and threads --------------------------------------------------------------------- */

HANDLE Claims_OpenEvent(void)
{
    return NEED(CreateEventA(NULL, TRUE, FALSE, NULL));
}

bool Claims_IsSignalled(HANDLE handle)
{
    return WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
}

bool Claims_WaitForEvent(HANDLE handle)
{
    return WaitForSingleObject(handle, WAIT_MS) == WAIT_OBJECT_0 ||
           Test_Explain("the event is not signalled");
}

void Claims_Launch(void (*run)(void *))
{
    NEED_TRUE(ThreadManager_Launch(&threads, run, NULL));
}

void Claims_Join(void)
{
    ThreadManager_Join(&threads);
}

void Claims_CloseAll(void)
{
    Peers_CloseAll();
    Claims_Join();

    /* Routines of what was outstanding run here, and not in the next claim's waits. */
    while (SleepEx(0, TRUE) == WAIT_IO_COMPLETION)
        continue;
}

/* --- Overlapped operations ------------------------------------------------------------------- */

Operation *Claims_NewOperation(void)
{
    return (Operation *)NEED(calloc(1, sizeof(Operation)));
}

Operation *Claims_NewEventOperation(void)
{
    Operation *record = Claims_NewOperation();

    record->overlapped.hEvent = Claims_OpenEvent();
    return record;
}

int Claims_BeginReceive(SOCKET socket, Operation *record, int size)
{
    return Claims_BeginReceiveWith(socket, record, size, NULL);
}

int Claims_BeginReceiveWith(SOCKET socket, Operation *record, int size,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF buffer = {(u_long)size, record->data};
    DWORD flags = 0;

    return Claims_ErrorOf(WSARecv(socket, &buffer, 1, NULL, &flags, &record->overlapped, routine) ==
                          0);
}

int Claims_BeginSend(SOCKET socket, Operation *record, const char *text)
{
    WSABUF buffer = {(u_long)strlen(text), record->data};

    snprintf(record->data, sizeof(record->data), "%s", text);
    return Claims_ErrorOf(WSASend(socket, &buffer, 1, NULL, 0, &record->overlapped, NULL) == 0);
}

int Claims_BeginAccept(SOCKET acceptSocket, Operation *record)
{
    return Claims_ErrorOf(
        SocketUtils_AcceptEx(listenSocket, acceptSocket, record->data, 0, &record->overlapped));
}

bool Claims_HasBegun(int error)
{
    return error == 0 || error == WSA_IO_PENDING || Test_Explain("the call gave %d", error);
}

void Claims_BeginPending(SOCKET socket, Operation *record)
{
    int error = Claims_BeginReceive(socket, record, OPERATION_DATA_SIZE);

    NEED_TRUE(error == WSA_IO_PENDING || Test_Explain("WSARecv gave %d", error));
}

bool Claims_HasCompleted(const Operation *record)
{
    /* The system writes it at any moment. */
    const volatile ULONG_PTR *status = &record->overlapped.Internal;

    return *status != (ULONG_PTR)STATUS_PENDING;
}

bool Claims_HasCompletedWithin(const Operation *record, DWORD timeoutMs)
{
    ULONGLONG start = GetTickCount64();

    while (!Claims_HasCompleted(record) && GetTickCount64() - start <= timeoutMs)
        Sleep(1);
    return Claims_HasCompleted(record);
}

bool Claims_WaitForCompletion(const Operation *record)
{
    return Claims_HasCompletedWithin(record, WAIT_MS) ||
           Test_Explain("the operation does not complete");
}

bool Claims_Succeeds(Operation *record, DWORD size)
{
    return Claims_FailsWith(record, 0) &&
           (Claims_GetBytes(record) == size ||
            Test_Explain("it ended with %lu bytes", Claims_GetBytes(record)));
}

bool Claims_Brings(Operation *record, const char *text)
{
    return Claims_Succeeds(record, (DWORD)strlen(text)) &&
           (strcmp(record->data, text) == 0 || Test_Explain("it has \"%s\"", record->data));
}

bool Claims_FailsWith(Operation *record, DWORD error)
{
    return Claims_WaitForEvent(record->overlapped.hEvent) &&
           (Claims_GetError(record) == error ||
            Test_Explain("it ended with error %lu", Claims_GetError(record)));
}

DWORD Claims_GetError(Operation *record)
{
    DWORD count;

    /* Without a wait it only reads the record: the handle plays no role. */
    return GetOverlappedResult(NULL, &record->overlapped, &count, FALSE) ? 0 : GetLastError();
}

int Claims_GetWinsockError(SOCKET socket, Operation *record)
{
    DWORD count, flags;

    return Claims_ErrorOf(
        WSAGetOverlappedResult(socket, &record->overlapped, &count, FALSE, &flags));
}

DWORD Claims_GetBytes(const Operation *record)
{
    return (DWORD)record->overlapped.InternalHigh;
}

/* --- The completion port --------------------------------------------------------------------- */

void Claims_OpenPort(DWORD concurrency)
{
    port = NEED(CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency));
}

void Claims_Associate(SOCKET socket)
{
    NEED_TRUE(CreateIoCompletionPort((HANDLE)socket, port, PORT_KEY, 0) == port ||
              Test_Explain("the association failed with error %lu", GetLastError()));
}

void Claims_OpenPairWithPort(void)
{
    Claims_OpenPair();
    operation = Claims_NewOperation();
    Claims_OpenPort(0);
    Claims_Associate(server);
}

void Claims_Post(DWORD size, ULONG_PTR key, OVERLAPPED *overlapped)
{
    NEED_TRUE(PostQueuedCompletionStatus(port, size, key, overlapped));
}

Packet Claims_Take(DWORD timeoutMs)
{
    static OVERLAPPED untouched;
    Packet packet = {FALSE, 0, 0, 0, &untouched};

    packet.succeeded =
        GetQueuedCompletionStatus(port, &packet.bytes, &packet.key, &packet.overlapped, timeoutMs);
    packet.error = packet.succeeded ? 0 : GetLastError();
    return packet;
}

static bool ExplainPacket(Packet packet)
{
    return Test_Explain("a packet with %lu bytes, error %lu, key %lu", packet.bytes, packet.error,
                        (DWORD)packet.key);
}

bool Claims_TakeFails(DWORD timeoutMs, DWORD error)
{
    Packet packet = Claims_Take(timeoutMs);

    return (!packet.succeeded && packet.overlapped == NULL && packet.error == error) ||
           ExplainPacket(packet);
}

bool Claims_IsPortQuiet(void)
{
    return Claims_TakeFails(SHORT_QUIET_MS, WAIT_TIMEOUT);
}

bool Claims_Takes(DWORD size, ULONG_PTR key, const OVERLAPPED *overlapped)
{
    Packet packet = Claims_Take(WAIT_MS);

    return (packet.succeeded && packet.bytes == size && packet.key == key &&
            packet.overlapped == overlapped) ||
           ExplainPacket(packet);
}

bool Claims_TakesPacketOf(const Operation *record, DWORD size)
{
    return Claims_Takes(size, PORT_KEY, &record->overlapped);
}

DWORD Claims_TakeFailureOf(const Operation *record)
{
    Packet packet = Claims_Take(WAIT_MS);

    NEED_TRUE(
        (!packet.succeeded && packet.key == PORT_KEY && packet.overlapped == &record->overlapped) ||
        ExplainPacket(packet));
    return packet.error;
}
