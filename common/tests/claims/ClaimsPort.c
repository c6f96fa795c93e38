/*
 * ClaimsPort: claims about a completion port: associating sockets with it, and which operations
 * queue a packet.
 * https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
 * https://learn.microsoft.com/windows/win32/fileio/createiocompletionport
 */
#include "Claims.h"

#define KEY 0x1234

/* A port with one socket, the server's, and an operation for it. */
typedef struct Setup {
    HANDLE port;
    SOCKET client, server;
    Operation *operation;
} Setup;

static bool Open(Setup *setup)
{
    setup->port = Claims_OpenPort(0);
    setup->operation = Claims_NewOperation();
    return Peer_OpenPair(&setup->client, &setup->server) &&
           Claims_Associate(setup->server, setup->port, KEY);
}

/* --- Association ------------------------------------------------------------------------------*/

/* "If the function fails, the return value is NULL." */
static void FailureIsNull(void)
{
    HANDLE port = Claims_OpenPort(0);
    SOCKET socket = Peer_Create(AF_INET);
    SOCKET copy = socket;

    Peer_Close(&socket);
    CHECK(CreateIoCompletionPort((HANDLE)copy, port, KEY, 0) == NULL);
    CHECK_INT(GetLastError(), ERROR_INVALID_HANDLE);
}

/* "the return value is that same handle" */
static void AssociationReturnsPort(void)
{
    HANDLE port = Claims_OpenPort(0);
    SOCKET socket = Peer_Create(AF_INET);

    CHECK(CreateIoCompletionPort((HANDLE)socket, port, KEY, 0) == port);
}

/*
 * "A handle can be associated with only one I/O completion port, and ... remains associated with
 * that I/O completion port until it is closed." The same port a second time is refused, too.
 */
static void SecondAssociation(void)
{
    HANDLE other = Claims_OpenPort(0);
    Setup setup;

    REQUIRE(CHECK(Open(&setup)));
    CHECK(CreateIoCompletionPort((HANDLE)setup.server, setup.port, KEY, 0) == NULL);
    CHECK_INT(GetLastError(), ERROR_INVALID_PARAMETER);
    CHECK(CreateIoCompletionPort((HANDLE)setup.server, other, KEY, 0) == NULL);
    CHECK_INT(GetLastError(), ERROR_INVALID_PARAMETER);
    CHECK_INT(ERROR_INVALID_PARAMETER, 87);
}

/* The key need not be unique: it is the program's. */
static void OneKeyForTwo(void)
{
    Setup setup;
    Operation *second = Claims_NewOperation();
    SOCKET client, server;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(Claims_Associate(server, setup.port, KEY)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK_INT(Claims_BeginReceive(server, second, 10), WSA_IO_PENDING);
    CHECK(Claims_Send(client, "x"));
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, second, 1));
    CHECK(packet.key == KEY);
    CHECK(Claims_Send(setup.client, "xy"));
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, setup.operation, 2));
    CHECK(packet.key == KEY);
}

/*
 * A routine and a port are two ways to be told, and a socket has one. Of files the page of
 * CreateIoCompletionPort says that they "cannot be used in the ReadFileEx or WriteFileEx function".
 */
static volatile LONG routineCalls;

static void CALLBACK CountCall(DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped, DWORD flags)
{
    (void)error;
    (void)bytes;
    (void)overlapped;
    (void)flags;
    InterlockedIncrement(&routineCalls);
}

static void RoutineIsRefused(void)
{
    Setup setup;
    DWORD flags = 0;
    WSABUF buffer;

    routineCalls = 0;
    REQUIRE(CHECK(Open(&setup)));
    buffer.buf = setup.operation->data;
    buffer.len = 10;
    CHECK_INT(
        WSARecv(setup.server, &buffer, 1, NULL, &flags, &setup.operation->overlapped, CountCall),
        SOCKET_ERROR);
    CHECK_INT(WSAGetLastError(), WSAEINVAL);
    CHECK(Claims_Send(setup.client, "x"));
    CHECK_INT(SleepEx(SHORT_QUIET_MS, TRUE), 0);
    CHECK_INT(routineCalls, 0);
    CHECK(Claims_IsPortQuiet(setup.port));
}

/* --- Which operations send a packet -----------------------------------------------------------*/

/* Key, OVERLAPPED and bytes of the operation that has completed. */
static void KeyAndOverlapped(void)
{
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK(Claims_Send(setup.client, "hello"));
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(packet.succeeded);
    CHECK(packet.key == KEY);
    CHECK(packet.overlapped == &setup.operation->overlapped);
    CHECK_INT(packet.bytes, 5);
    CHECK_TEXT(setup.operation->data, "hello");
}

/* The call has returned 0, and its packet is queued: to handle both is once too often. */
static void ImmediateSuccessQueues(void)
{
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    CHECK(Claims_Send(setup.client, "hello"));
    REQUIRE(CHECK(Claims_WaitForBytes(setup.server, 5)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), 0);
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, setup.operation, 5));
    CHECK(Claims_IsPortQuiet(setup.port));
}

/*
 * "the I/O Manager does not queue a completion entry to the port" for a request that "returns
 * success immediately". One that was outstanding has its packet as ever.
 * https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setfilecompletionnotificationmodes
 */
static void SkipOnSuccess(void)
{
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    REQUIRE(CHECK(SetFileCompletionNotificationModes((HANDLE)setup.server,
                                                     FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)));
    CHECK(Claims_Send(setup.client, "hello"));
    REQUIRE(CHECK(Claims_WaitForBytes(setup.server, 5)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), 0);
    CHECK_TEXT(setup.operation->data, "hello");
    CHECK(Claims_IsPortQuiet(setup.port));

    setup.operation = Claims_NewOperation();
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK(Claims_Send(setup.client, "x"));
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, setup.operation, 1));
}

/*
 * "A valid event handle whose low-order bit is set keeps I/O completion from being queued"
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 */
static void EventWithLowBit(void)
{
    HANDLE event = Claims_OpenEvent();
    Setup setup;

    REQUIRE(CHECK(Open(&setup)));
    setup.operation->overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK(Claims_Send(setup.client, "hello"));
    CHECK(Claims_WaitForEvent(event));
    CHECK_TEXT(setup.operation->data, "hello");
    CHECK(Claims_IsPortQuiet(setup.port));
}

/*
 * "Any other error code indicates that ... no completion indication will occur."
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 */
static void FailureAtOnceQueuesNothing(void)
{
    HANDLE port = Claims_OpenPort(0);
    SOCKET socket = Peer_Create(AF_INET);
    Operation *operation = Claims_NewOperation();

    REQUIRE(CHECK(Claims_Associate(socket, port, KEY)));
    CHECK_INT(Claims_BeginReceive(socket, operation, 10), WSAENOTCONN);
    CHECK(Claims_IsPortQuiet(port));
}

/* --- How the operation ended ------------------------------------------------------------------*/

/* TRUE and 0 bytes: the peer has sent its last. That is no failure of the wait, nor of the port. */
static void EndIsZeroBytes(void)
{
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK_INT(shutdown(setup.client, SD_SEND), 0);
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, setup.operation, 0));
}

/*
 * "If *lpOverlapped is not NULL and the function dequeues a completion packet for a failed I/O
 * operation": FALSE, and there is an operation to clean up after. The number is the system's;
 * WSAGetOverlappedResult has Winsock's.
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 */
static void ResetIs64(void)
{
    DWORD bytes, flags;
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    Peer_Reset(&setup.client);
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(!packet.succeeded);
    CHECK_INT(packet.error, ERROR_NETNAME_DELETED);
    CHECK(packet.overlapped == &setup.operation->overlapped);
    CHECK(packet.key == KEY);
    CHECK(!WSAGetOverlappedResult(setup.server, packet.overlapped, &bytes, FALSE, &flags));
    CHECK_INT(WSAGetLastError(), WSAECONNRESET);
}

/*
 * "For asynchronous operations still pending, the cancel operation will queue an I/O completion
 * packet." Only with it the memory is the program's again.
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex
 */
static void CancelQueues(void)
{
    Operation *second = Claims_NewOperation();
    bool seen[2] = {false, false};
    Setup setup;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK_INT(Claims_BeginReceive(setup.server, second, 10), WSA_IO_PENDING);
    CHECK(CancelIoEx((HANDLE)setup.server, NULL));
    for (int i = 0; i < 2; i++) {
        Packet packet = Claims_Take(setup.port, WAIT_MS);

        CHECK(!packet.succeeded);
        CHECK_INT(packet.error, ERROR_OPERATION_ABORTED);
        seen[packet.overlapped == &second->overlapped ? 1 : 0] = true;
    }
    CHECK(seen[0] && seen[1]);
    CHECK(Claims_IsPortQuiet(setup.port));
}

/*
 * "Any event, completion routine, or completion port action specified for these overlapped
 * operations is performed."
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 */
static void ClosingQueues(void)
{
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    Peer_Close(&setup.server);
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(!packet.succeeded);
    CHECK(packet.overlapped == &setup.operation->overlapped);
    CHECK(packet.key == KEY);
    Claims_Report("the packet of a receive that is outstanding at closesocket",
                  "fails, 995; 1236 in Wine's tests of Windows", "fails, %lu", packet.error);
}

/* The reset is there before the receive begins. Whichever way it goes, it is told once. */
static void ReceiveAfterReset(void)
{
    static const char topic[] = "WSARecv on a port's socket whose peer has reset";
    static const char documented[] = "fails at once, 10054, and no packet comes";
    Setup setup;
    Packet packet;
    int error;

    REQUIRE(CHECK(Open(&setup)));
    Peer_Reset(&setup.client);
    REQUIRE(CHECK(Peer_IsReadable(setup.server, WAIT_MS)));
    error = Claims_BeginReceive(setup.server, setup.operation, 10);
    if (error == 0 || error == WSA_IO_PENDING) {
        CHECK(!Claims_IsSystemSince(10, 0) || Test_Explain("it did not fail at once"));
        packet = Claims_Take(setup.port, WAIT_MS);
        CHECK(packet.overlapped == &setup.operation->overlapped);
        CHECK_INT(packet.bytes, 0);
        Claims_Report(topic, documented, "%s, and a packet comes, with %lu bytes, error %lu",
                      error == 0 ? "succeeds" : "is outstanding", packet.bytes, packet.error);
    } else {
        CHECK_INT(error, WSAECONNRESET);
        Claims_Report(topic, documented, "fails at once, %d, and no packet comes", error);
    }
    CHECK(Claims_IsPortQuiet(setup.port));
}

/*
 * "the status block passed in will not be updated until the packet is removed from the completion
 * port"
 * https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
 */
static void RecordBeforePacket(void)
{
    Setup setup;
    Packet packet;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    CHECK(Claims_Send(setup.client, "hello"));
    Claims_Report("OVERLAPPED.Internal while the packet is in the queue",
                  "STATUS_PENDING until the packet is taken", "%s",
                  Claims_HasCompletedWithin(setup.operation, 4 * SHORT_QUIET_MS)
                      ? "the result already"
                      : "STATUS_PENDING");
    packet = Claims_Take(setup.port, WAIT_MS);
    CHECK(Claims_IsPacketOf(&packet, setup.operation, 5));
    CHECK(Claims_HasCompleted(setup.operation));
}

/*
 * "every file handle associated with that particular I/O completion port are known as references":
 * without its handle the port goes on, and so does what is outstanding. Nobody can be told of it.
 */
static void ClosingThePort(void)
{
    const volatile char *first;
    ULONGLONG start = Test_Now();
    Setup setup;

    REQUIRE(CHECK(Open(&setup)));
    CHECK_INT(Claims_BeginReceive(setup.server, setup.operation, 10), WSA_IO_PENDING);
    Claims_CloseHandle(&setup.port);
    first = setup.operation->data;
    CHECK_INT(*first, 0);
    CHECK(Claims_Send(setup.client, "hello"));
    while (*first == 0 && Test_Now() - start < WAIT_MS)
        Sleep(1);
    CHECK_TEXT(setup.operation->data, "hello");
}

const Claim portClaims[] = {
    {"port: CreateIoCompletionPort fails with NULL", FailureIsNull},
    {"port: an association returns the port", AssociationReturnsPort},
    {"port: a second association fails with 87", SecondAssociation},
    {"port: two sockets can have one key", OneKeyForTwo},
    {"port: a completion routine on its socket is WSAEINVAL", RoutineIsRefused},
    {"port: key and OVERLAPPED come back as they were given", KeyAndOverlapped},
    {"port: an immediate success still queues a packet", ImmediateSuccessQueues},
    {"port: with skip-on-success an immediate success queues nothing", SkipOnSuccess},
    {"port: an event with its lowest bit set keeps the packet away", EventWithLowBit},
    {"port: an operation that fails at once queues nothing", FailureAtOnceQueuesNothing},
    {"port: the peer's end is TRUE with 0 bytes", EndIsZeroBytes},
    {"port: a reset is FALSE with the OVERLAPPED and 64", ResetIs64},
    {"port: after CancelIoEx each operation still queues its packet, 995", CancelQueues},
    {"port: closesocket queues the packet of what was outstanding", ClosingQueues},
    {"port: closing the port ends no operation", ClosingThePort},
    {"port: a receive after a reset is told once", ReceiveAfterReset},
    {"port: when the packet is taken the OVERLAPPED is written", RecordBeforePacket},
    {NULL, NULL},
};
