/*
 * ClaimsOverlapped: claims about overlapped operations: how they begin, how they end, and who owns
 * what meanwhile.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetoverlappedresult
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex
 * https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped
 * https://learn.microsoft.com/windows/win32/winsock/overlapped-i-o-and-event-objects-2
 */
#include "Claims.h"

/* Opens a pair, and begins a receive of the server's that has nothing to receive. */
static void OpenPending(void)
{
    Claims_OpenPair();
    Claims_BeginPending(server, operation);
}

/* --- Beginning and waiting --------------------------------------------------------------------*/

/* "The error code WSA_IO_PENDING indicates that the overlapped operation has been initiated" */
TEST("overlapped: 997 from WSARecv is no failure")
{
    DWORD bytes = 0, flags;

    Claims_OpenPair();
    CHECK_INT(Claims_BeginReceive(server, operation, 10), WSA_IO_PENDING);
    CHECK_INT(WSA_IO_PENDING, 997);
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_Brings(operation, "hello"));
    CHECK(WSAGetOverlappedResult(server, &operation->overlapped, &bytes, FALSE, &flags));
    CHECK_INT(bytes, 5);
}

/* "the system sets this member to STATUS_PENDING", then to the status of the completed request. */
TEST("overlapped: Internal is STATUS_PENDING while the operation is outstanding")
{
    OpenPending();
    CHECK(operation->overlapped.Internal == (ULONG_PTR)STATUS_PENDING);
    CHECK(!HasOverlappedIoCompleted(&operation->overlapped));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForEvent(event));
    CHECK(operation->overlapped.Internal == 0);
    CHECK(operation->overlapped.InternalHigh == 5);
    CHECK(HasOverlappedIoCompleted(&operation->overlapped));
}

TEST("overlapped: the result of an outstanding operation is 996")
{
    OpenPending();
    CHECK_INT(Claims_GetWinsockError(server, operation), WSA_IO_INCOMPLETE);
    CHECK_INT(WSA_IO_INCOMPLETE, 996);
}

TEST("overlapped: an immediate success signals its event, too")
{
    Claims_OpenPair();
    Claims_SendToServer("hello");
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    CHECK(Claims_Succeeds(operation, 5));
}

/* "the function that started the operation resets the hEvent member ... to the nonsignaled state" */
TEST("overlapped: to begin an operation resets its event")
{
    Claims_OpenPair();
    SetEvent(event);
    Claims_BeginPending(server, operation);
    CHECK(!Claims_IsSignalled(event));
}

/* "Any other error code indicates that ... no completion indication will occur." */
TEST("overlapped: after an error at once no completion comes")
{
    Claims_OpenOperation();
    CHECK_INT(Claims_BeginReceive(Peer_Create(AF_INET), operation, 10), WSAENOTCONN);
    Sleep(SHORT_QUIET_MS);
    CHECK(!Claims_IsSignalled(event));
}

/* A socket of socket() or accept() can do overlapped I/O, blocking or not. */
TEST("overlapped: a blocking socket can do it as well as a non-blocking one")
{
    Claims_OpenPair();
    for (int nonBlocking = 0; nonBlocking < 2; nonBlocking++) {
        Claims_OpenOperation();
        CHECK(SocketUtils_SetNonBlocking(server, nonBlocking != 0));
        Claims_BeginPending(server, operation);
        CHECK(Claims_Send(client, "x"));
        CHECK(Claims_Succeeds(operation, 1));
    }
}

/* --- Who owns what ----------------------------------------------------------------------------*/

/* Nobody waits and nobody calls: the system writes the bytes and the record on its own. */
TEST("overlapped: the system writes buffer and OVERLAPPED on its own")
{
    Claims_OpenPair();
    operation = Claims_NewOperation();
    Claims_BeginPending(server, operation);
    CHECK_TEXT(operation->data, "");
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForCompletion(operation));
    CHECK_TEXT(operation->data, "hello");
}

/* "the service provider's responsibility to capture the WSABUF structures before returning" */
TEST("overlapped: a WSABUF may go when the call has returned")
{
    WSABUF buffer = {10, NULL};
    DWORD flags = 0;

    Claims_OpenPair();
    buffer.buf = operation->data;
    CHECK_ERROR(WSARecv(server, &buffer, 1, NULL, &flags, &operation->overlapped, NULL) != 0,
                WSA_IO_PENDING);
    memset(&buffer, 0, sizeof(buffer));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_Brings(operation, "hello"));
}

/*
 * "If multiple I/O operations are simultaneously outstanding, each must reference a separate
 * WSAOVERLAPPED structure": with one for two, the record is of whichever wrote it last.
 */
TEST("overlapped: one OVERLAPPED cannot tell of two operations")
{
    Operation *shared = Claims_NewOperation();
    SOCKET clients[2];

    for (int i = 0; i < 2; i++) {
        Claims_OpenPair();
        clients[i] = client;
        Claims_BeginPending(server, shared);
    }
    CHECK(Claims_Send(clients[0], "hello"));
    NEED_TRUE(Claims_WaitForCompletion(shared));
    Claims_Report("one OVERLAPPED for two operations, of which one has completed",
                  "each needs its own", "both look completed, with %lu bytes",
                  Claims_GetBytes(shared));
}

/* --- How it ends ------------------------------------------------------------------------------*/

/* "zero bytes having been read indicates graceful closure" */
TEST("overlapped: the peer's end completes a receive with 0 bytes")
{
    OpenPending();
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_Succeeds(operation, 0));
}

/*
 * One failure, two numbers: GetOverlappedResult has the system's, WSAGetOverlappedResult Winsock's.
 * https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-
 */
TEST("overlapped: a reset ends a receive with 64, for Winsock 10054")
{
    OpenPending();
    Peer_Reset(&client);
    CHECK(Claims_FailsWith(operation, ERROR_NETNAME_DELETED));
    CHECK_INT(ERROR_NETNAME_DELETED, 64);
    CHECK_INT(Claims_GetWinsockError(server, operation), WSAECONNRESET);
}

TEST("overlapped: a receive after a reset")
{
    static const char topic[] = "WSARecv on a socket whose peer has reset";
    static const char documented[] = "fails at once, 10054, and no completion comes";
    int error;

    Claims_OpenPair();
    Peer_Reset(&client);
    NEED_TRUE(Peer_IsReadable(server, WAIT_MS));
    error = Claims_BeginReceive(server, operation, 10);
    if (!Claims_HasBegun(error)) {
        Claims_Report(topic, documented, "fails at once, %d", error);
        CHECK_INT(error, WSAECONNRESET);
        return;
    }
    CHECK(!Claims_IsSystemSince(10, 0) || Test_Explain("it did not fail at once"));
    CHECK(Claims_WaitForCompletion(operation));
    CHECK_INT(Claims_GetBytes(operation), 0);
    Claims_Report(topic, documented, "completes with %lu bytes, error %lu",
                  Claims_GetBytes(operation), Claims_GetError(operation));
}

TEST("overlapped: CancelIoEx completes the operation with 995")
{
    OpenPending();
    CHECK(CancelIoEx((HANDLE)server, &operation->overlapped));
    CHECK(Claims_FailsWith(operation, ERROR_OPERATION_ABORTED));
    CHECK_INT(ERROR_OPERATION_ABORTED, 995);

    /* The socket goes on. */
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(Claims_ReceiveByte(server), 1);
}

/* "only those specific I/O requests that were issued ... with the specified lpOverlapped" */
TEST("overlapped: CancelIoEx can end one operation and leave another")
{
    Operation *second = Claims_NewEventOperation();

    OpenPending();
    Claims_BeginPending(server, second);
    CHECK(CancelIoEx((HANDLE)server, &operation->overlapped));
    CHECK(Claims_WaitForEvent(event));
    CHECK(!Claims_HasCompletedWithin(second, SHORT_QUIET_MS));
    CHECK(CancelIoEx((HANDLE)server, NULL));
    CHECK(Claims_FailsWith(second, ERROR_OPERATION_ABORTED));
}

/* "If this function cannot find a request to cancel, the return value is 0 ... ERROR_NOT_FOUND" */
TEST("overlapped: CancelIoEx with nothing outstanding does no harm")
{
    int error;

    Claims_OpenPair();
    error = Claims_ErrorOf(CancelIoEx((HANDLE)server, NULL));
    if (Claims_IsSystemSince(10, 0))
        CHECK_INT(error, ERROR_NOT_FOUND);
    Claims_ReportError("CancelIoEx with nothing outstanding", "FALSE, ERROR_NOT_FOUND (1168)",
                       error, "TRUE", "FALSE");
    Claims_SendToServer("x");
}

/* "The pending overlapped operations fail with the error status WSA_OPERATION_ABORTED" */
TEST("overlapped: closesocket ends what is outstanding with an error")
{
    OpenPending();
    Peer_Close(&server);
    CHECK(Claims_WaitForEvent(event));
    CHECK(Claims_GetError(operation) != 0);
    Claims_Report("a receive that is outstanding at closesocket",
                  "fails, 995; 1236 in Wine's tests of Windows", "fails, %lu",
                  Claims_GetError(operation));
}
