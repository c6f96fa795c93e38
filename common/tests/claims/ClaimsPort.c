/*
 * ClaimsPort: claims about a completion port: associating sockets with it, and which operations
 * queue a packet.
 * https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
 * https://learn.microsoft.com/windows/win32/fileio/createiocompletionport
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 */
#include "Claims.h"

/* Opens a pair and a port, and begins a receive that has nothing to receive. */
static void OpenPending(void)
{
    Claims_OpenPairWithPort();
    Claims_BeginPending(server, operation);
}

/* --- Association ------------------------------------------------------------------------------*/

/* "If the function fails, the return value is NULL." */
TEST("port: CreateIoCompletionPort fails with NULL")
{
    SOCKET closed;

    Claims_OpenPairWithPort();
    closed = server;
    Peer_Close(&server);
    CHECK_ERROR(CreateIoCompletionPort((HANDLE)closed, port, 1, 0) == NULL, ERROR_INVALID_HANDLE);
}

/* "the return value is that same handle" */
TEST("port: an association returns the port")
{
    Claims_OpenPort(0);
    server = Peer_Create(AF_INET);
    CHECK(CreateIoCompletionPort((HANDLE)server, port, 1, 0) == port);
}

/*
 * "A handle can be associated with only one I/O completion port, and ... remains associated with
 * that I/O completion port until it is closed." The same port a second time is refused, too.
 */
TEST("port: a second association fails with 87")
{
    Claims_OpenPairWithPort();
    for (int i = 0; i < 2; i++) {
        CHECK_ERROR(CreateIoCompletionPort((HANDLE)server, port, PORT_KEY, 0) == NULL,
                    ERROR_INVALID_PARAMETER);
        Claims_OpenPort(0);
    }
    CHECK_INT(ERROR_INVALID_PARAMETER, 87);
}

/* The key need not be unique: it is the program's. */
TEST("port: two sockets can have one key")
{
    Operation *first;
    SOCKET firstClient;

    OpenPending();
    first = operation;
    firstClient = client;
    Claims_OpenPair();
    Claims_Associate(server);
    Claims_BeginPending(server, operation);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_TakesPacketOf(operation, 1));
    CHECK(Claims_Send(firstClient, "xy"));
    CHECK(Claims_TakesPacketOf(first, 2));
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

TEST("port: a completion routine on its socket is WSAEINVAL")
{
    routineCalls = 0;
    Claims_OpenPairWithPort();
    CHECK_INT(Claims_BeginReceiveWith(server, operation, 10, CountCall), WSAEINVAL);
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(SleepEx(SHORT_QUIET_MS, TRUE), 0);
    CHECK_INT(routineCalls, 0);
    CHECK(Claims_IsPortQuiet());
}

/* --- Which operations send a packet -----------------------------------------------------------*/

TEST("port: key and OVERLAPPED come back as they were given")
{
    OpenPending();
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_Takes(5, PORT_KEY, &operation->overlapped));
    CHECK_TEXT(operation->data, "hello");
}

/* The call has returned 0, and its packet is queued: to handle both is once too often. */
TEST("port: an immediate success still queues a packet")
{
    Claims_OpenPairWithPort();
    Claims_SendToServer("hello");
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    CHECK(Claims_TakesPacketOf(operation, 5));
    CHECK(Claims_IsPortQuiet());
}

/*
 * "the I/O Manager does not queue a completion entry to the port" for a request that "returns
 * success immediately". One that was outstanding has its packet as ever.
 * https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setfilecompletionnotificationmodes
 */
TEST("port: with skip-on-success an immediate success queues nothing")
{
    Claims_OpenPairWithPort();
    NEED_TRUE(
        SetFileCompletionNotificationModes((HANDLE)server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    Claims_SendToServer("hello");
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    CHECK_TEXT(operation->data, "hello");
    CHECK(Claims_IsPortQuiet());

    operation = Claims_NewOperation();
    Claims_BeginPending(server, operation);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_TakesPacketOf(operation, 1));
}

/* "A valid event handle whose low-order bit is set keeps I/O completion from being queued" */
TEST("port: an event with its lowest bit set keeps the packet away")
{
    Claims_OpenPairWithPort();
    operation->overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    Claims_BeginPending(server, operation);
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForEvent(event));
    CHECK_TEXT(operation->data, "hello");
    CHECK(Claims_IsPortQuiet());
}

/* "Any other error code indicates that ... no completion indication will occur." */
TEST("port: an operation that fails at once queues nothing")
{
    SOCKET socket = Peer_Create(AF_INET);

    Claims_OpenPairWithPort();
    Claims_Associate(socket);
    CHECK_INT(Claims_BeginReceive(socket, operation, 10), WSAENOTCONN);
    CHECK(Claims_IsPortQuiet());
}

/* --- How the operation ended ------------------------------------------------------------------*/

/* TRUE and 0 bytes: the peer has sent its last. That is no failure of the wait, nor of the port. */
TEST("port: the peer's end is TRUE with 0 bytes")
{
    OpenPending();
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_TakesPacketOf(operation, 0));
}

/*
 * "If *lpOverlapped is not NULL and the function dequeues a completion packet for a failed I/O
 * operation": FALSE, and there is an operation to clean up after. The number is the system's;
 * WSAGetOverlappedResult has Winsock's.
 */
TEST("port: a reset is FALSE with the OVERLAPPED and 64")
{
    OpenPending();
    Peer_Reset(&client);
    CHECK_INT(Claims_TakeFailureOf(operation), ERROR_NETNAME_DELETED);
    CHECK_INT(Claims_GetWinsockError(server, operation), WSAECONNRESET);
}

/*
 * "For asynchronous operations still pending, the cancel operation will queue an I/O completion
 * packet." Only with it the memory is the program's again.
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex
 */
TEST("port: after CancelIoEx each operation still queues its packet, 995")
{
    Operation *second = Claims_NewOperation();
    bool seen[2] = {false, false};

    OpenPending();
    Claims_BeginPending(server, second);
    CHECK(CancelIoEx((HANDLE)server, NULL));
    for (int i = 0; i < 2; i++) {
        Packet packet = Claims_Take(WAIT_MS);

        CHECK(!packet.succeeded);
        CHECK_INT(packet.error, ERROR_OPERATION_ABORTED);
        seen[packet.overlapped == &second->overlapped ? 1 : 0] = true;
    }
    CHECK(seen[0] && seen[1]);
    CHECK(Claims_IsPortQuiet());
}

/*
 * "Any event, completion routine, or completion port action specified for these overlapped
 * operations is performed."
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 */
TEST("port: closesocket queues the packet of what was outstanding")
{
    OpenPending();
    Peer_Close(&server);
    Claims_Report("the packet of a receive that is outstanding at closesocket",
                  "fails, 995; 1236 in Wine's tests of Windows", "fails, %lu",
                  Claims_TakeFailureOf(operation));
}

/* The reset is there before the receive begins. Whichever way it goes, it is told once. */
TEST("port: a receive after a reset is told once")
{
    static const char topic[] = "WSARecv on a port's socket whose peer has reset";
    static const char documented[] = "fails at once, 10054, and no packet comes";
    Packet packet;
    int error;

    Claims_OpenPairWithPort();
    Peer_Reset(&client);
    NEED_TRUE(Peer_IsReadable(server, WAIT_MS));
    error = Claims_BeginReceive(server, operation, 10);
    if (Claims_HasBegun(error)) {
        CHECK(!Claims_IsSystemSince(10, 0) || Test_Explain("it did not fail at once"));
        packet = Claims_Take(WAIT_MS);
        CHECK(packet.overlapped == &operation->overlapped);
        CHECK_INT(packet.bytes, 0);
        Claims_Report(topic, documented, "%s, and a packet comes, with %lu bytes, error %lu",
                      error == 0 ? "succeeds" : "is outstanding", packet.bytes, packet.error);
    } else {
        CHECK_INT(error, WSAECONNRESET);
        Claims_Report(topic, documented, "fails at once, %d, and no packet comes", error);
    }
    CHECK(Claims_IsPortQuiet());
}

/*
 * "the status block passed in will not be updated until the packet is removed from the completion
 * port"
 */
TEST("port: when the packet is taken the OVERLAPPED is written")
{
    OpenPending();
    CHECK(Claims_Send(client, "hello"));
    Claims_Report("OVERLAPPED.Internal while the packet is in the queue",
                  "STATUS_PENDING until the packet is taken", "%s",
                  Claims_HasCompletedWithin(operation, 4 * SHORT_QUIET_MS) ? "the result already"
                                                                           : "STATUS_PENDING");
    CHECK(Claims_TakesPacketOf(operation, 5));
    CHECK(Claims_HasCompleted(operation));
}

/*
 * "every file handle associated with that particular I/O completion port are known as references":
 * without its handle the port goes on, and so does what is outstanding. Nobody can be told of it.
 */
TEST("port: closing the port ends no operation")
{
    const volatile char *first;

    OpenPending();
    CloseHandle(port);
    first = operation->data;
    CHECK_INT(*first, 0);
    CHECK(Claims_Send(client, "hello"));
    WAIT_WHILE(*first == 0);
    CHECK_TEXT(operation->data, "hello");
}
