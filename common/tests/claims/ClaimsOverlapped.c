/*
 * ClaimsOverlapped: claims about overlapped operations: how they begin, how they end, and who owns
 * what meanwhile.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 */
#include "Claims.h"

/* What WSAGetOverlappedResult says: 0, or the error. */
static int GetResult(SOCKET socket, Operation *operation, DWORD *bytes)
{
    DWORD flags;

    return WSAGetOverlappedResult(socket, &operation->overlapped, bytes, FALSE, &flags)
               ? 0
               : WSAGetLastError();
}

/* Begins a receive that has nothing to receive. */
static void BeginPending(SOCKET socket, Operation *operation)
{
    int error = Claims_BeginReceive(socket, operation, OPERATION_DATA_SIZE);

    NEED_TRUE(error == WSA_IO_PENDING || Test_Explain("WSARecv gave %d", error));
}

/* The same on the server of a new pair, with an event. */
static Operation *OpenPending(void)
{
    Operation *operation = Claims_OpenPairWithOperation();

    BeginPending(server, operation);
    return operation;
}

/* --- Beginning and waiting --------------------------------------------------------------------*/

/* "The error code WSA_IO_PENDING indicates that the overlapped operation has been initiated" */
TEST("overlapped: 997 from WSARecv is no failure")
{
    Operation *operation = Claims_OpenPairWithOperation();
    DWORD bytes = 0;

    CHECK_INT(Claims_BeginReceive(server, operation, 10), WSA_IO_PENDING);
    CHECK_INT(WSA_IO_PENDING, 997);
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(GetResult(server, operation, &bytes), 0);
    CHECK_INT(bytes, 5);
    CHECK_TEXT(operation->data, "hello");
}

/*
 * "the system sets this member to STATUS_PENDING", then to the status of the completed request.
 * https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped
 */
TEST("overlapped: Internal is STATUS_PENDING while the operation is outstanding")
{
    Operation *operation = OpenPending();

    CHECK(operation->overlapped.Internal == (ULONG_PTR)STATUS_PENDING);
    CHECK(!HasOverlappedIoCompleted(&operation->overlapped));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK(operation->overlapped.Internal == 0);
    CHECK(operation->overlapped.InternalHigh == 5);
    CHECK(HasOverlappedIoCompleted(&operation->overlapped));
}

/* https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetoverlappedresult */
TEST("overlapped: the result of an outstanding operation is 996")
{
    Operation *operation = OpenPending();
    DWORD bytes = 0;

    CHECK_INT(GetResult(server, operation, &bytes), WSA_IO_INCOMPLETE);
    CHECK_INT(WSA_IO_INCOMPLETE, 996);
}

/* An operation that does not have to wait returns 0, and its event is signalled all the same. */
TEST("overlapped: an immediate success signals its event, too")
{
    Operation *operation = Claims_OpenPairWithOperation();

    Claims_SendToServer("hello");
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    CHECK(Claims_Succeeds(operation, 5));
}

/*
 * "the function that started the operation resets the hEvent member ... to the nonsignaled state"
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetoverlappedresult
 */
TEST("overlapped: to begin an operation resets its event")
{
    Operation *operation = Claims_OpenPairWithOperation();

    SetEvent(operation->overlapped.hEvent);
    BeginPending(server, operation);
    CHECK(!Claims_IsSignalled(operation->overlapped.hEvent));
}

/* "Any other error code indicates that ... no completion indication will occur." */
TEST("overlapped: after an error at once no completion comes")
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET socket = Peer_Create(AF_INET);

    CHECK_INT(Claims_BeginReceive(socket, operation, 10), WSAENOTCONN);
    Sleep(SHORT_QUIET_MS);
    CHECK(!Claims_IsSignalled(operation->overlapped.hEvent));
}

/*
 * A socket of socket() or accept() can do overlapped I/O, blocking or not.
 * https://learn.microsoft.com/windows/win32/winsock/overlapped-i-o-and-event-objects-2
 */
TEST("overlapped: a blocking socket can do it as well as a non-blocking one")
{
    Claims_OpenPair();
    for (int nonBlocking = 0; nonBlocking < 2; nonBlocking++) {
        Operation *operation = Claims_NewEventOperation();

        CHECK(SocketUtils_SetNonBlocking(server, nonBlocking != 0));
        CHECK_INT(Claims_BeginReceive(server, operation, 10), WSA_IO_PENDING);
        CHECK(Claims_Send(client, "x"));
        CHECK(Claims_Succeeds(operation, 1));
    }
}

/* --- Who owns what ----------------------------------------------------------------------------*/

/* Nobody waits and nobody calls: the system writes the bytes and the record on its own. */
TEST("overlapped: the system writes buffer and OVERLAPPED on its own")
{
    Operation *operation = Claims_NewOperation();

    Claims_OpenPair();
    BeginPending(server, operation);
    CHECK_TEXT(operation->data, "");
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForCompletion(operation));
    CHECK_TEXT(operation->data, "hello");
}

/* "the service provider's responsibility to capture the WSABUF structures before returning" */
TEST("overlapped: a WSABUF may go when the call has returned")
{
    Operation *operation = Claims_OpenPairWithOperation();
    WSABUF buffer = {10, operation->data};
    DWORD flags = 0;

    CHECK_INT(WSARecv(server, &buffer, 1, NULL, &flags, &operation->overlapped, NULL),
              SOCKET_ERROR);
    memset(&buffer, 0, sizeof(buffer));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_TEXT(operation->data, "hello");
}

/*
 * "If multiple I/O operations are simultaneously outstanding, each must reference a separate
 * WSAOVERLAPPED structure": with one for two, the record is of whichever wrote it last.
 */
TEST("overlapped: one OVERLAPPED cannot tell of two operations")
{
    Operation *operation = Claims_NewOperation();
    SOCKET clients[2], servers[2];

    for (int i = 0; i < 2; i++) {
        REQUIRE(CHECK(Peer_OpenPair(&clients[i], &servers[i])));
        CHECK_INT(Claims_BeginReceive(servers[i], operation, 10), WSA_IO_PENDING);
    }
    CHECK(Claims_Send(clients[0], "hello"));
    NEED_TRUE(Claims_WaitForCompletion(operation));
    Claims_Report("one OVERLAPPED for two operations, of which one has completed",
                  "each needs its own", "both look completed, with %lu bytes",
                  Claims_GetBytes(operation));
}

/* --- How it ends ------------------------------------------------------------------------------*/

/* "zero bytes having been read indicates graceful closure" */
TEST("overlapped: the peer's end completes a receive with 0 bytes")
{
    Operation *operation = OpenPending();

    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_Succeeds(operation, 0));
}

/*
 * One failure, two numbers: GetOverlappedResult has the system's, WSAGetOverlappedResult Winsock's.
 * https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-
 */
TEST("overlapped: a reset ends a receive with 64, for Winsock 10054")
{
    Operation *operation = OpenPending();
    DWORD bytes = 0;

    Peer_Reset(&client);
    CHECK(Claims_FailsWith(operation, ERROR_NETNAME_DELETED));
    CHECK_INT(ERROR_NETNAME_DELETED, 64);
    CHECK_INT(GetResult(server, operation, &bytes), WSAECONNRESET);
}

/* The operation begins when the reset is there already. */
TEST("overlapped: a receive after a reset")
{
    static const char topic[] = "WSARecv on a socket whose peer has reset";
    static const char documented[] = "fails at once, 10054, and no completion comes";
    Operation *operation = Claims_OpenPairWithOperation();
    int error;

    Peer_Reset(&client);
    REQUIRE(CHECK(Peer_IsReadable(server, WAIT_MS)));
    error = Claims_BeginReceive(server, operation, 10);
    if (error != 0 && error != WSA_IO_PENDING) {
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

/* https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex */
TEST("overlapped: CancelIoEx completes the operation with 995")
{
    Operation *operation = OpenPending();

    CHECK(CancelIoEx((HANDLE)server, &operation->overlapped));
    CHECK(Claims_FailsWith(operation, ERROR_OPERATION_ABORTED));
    CHECK_INT(ERROR_OPERATION_ABORTED, 995);

    /* The socket goes on. */
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(recv(server, operation->data, 1, 0), 1);
}

/* "only those specific I/O requests that were issued ... with the specified lpOverlapped" */
TEST("overlapped: CancelIoEx can end one operation and leave another")
{
    Operation *first = Claims_NewEventOperation(), *second = Claims_NewEventOperation();

    Claims_OpenPair();
    BeginPending(server, first);
    BeginPending(server, second);
    CHECK(CancelIoEx((HANDLE)server, &first->overlapped));
    CHECK(Claims_WaitForEvent(first->overlapped.hEvent));
    CHECK(!Claims_HasCompletedWithin(second, SHORT_QUIET_MS));
    CHECK(CancelIoEx((HANDLE)server, NULL));
    CHECK(Claims_FailsWith(second, ERROR_OPERATION_ABORTED));
}

/* "If this function cannot find a request to cancel, the return value is 0 ... ERROR_NOT_FOUND" */
TEST("overlapped: CancelIoEx with nothing outstanding does no harm")
{
    int error;

    Claims_OpenPair();
    error = CancelIoEx((HANDLE)server, NULL) ? 0 : (int)GetLastError();
    if (Claims_IsSystemSince(10, 0))
        CHECK_INT(error, ERROR_NOT_FOUND);
    Claims_ReportError("CancelIoEx with nothing outstanding", "FALSE, ERROR_NOT_FOUND (1168)",
                       error, "TRUE", "FALSE");
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForBytes(server, 1));
}

/*
 * "The pending overlapped operations fail with the error status WSA_OPERATION_ABORTED"
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 */
TEST("overlapped: closesocket ends what is outstanding with an error")
{
    Operation *operation = OpenPending();

    Peer_Close(&server);
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK(Claims_GetError(operation) != 0);
    Claims_Report("a receive that is outstanding at closesocket",
                  "fails, 995; 1236 in Wine's tests of Windows", "fails, %lu",
                  Claims_GetError(operation));
}
