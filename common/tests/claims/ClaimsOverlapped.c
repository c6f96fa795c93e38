/*
 * ClaimsOverlapped: claims about overlapped operations: how they begin, how they end, and who owns
 * what meanwhile.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 */
#include "Claims.h"

#include <string.h>

/* What WSAGetOverlappedResult says: 0, or the error. */
static int GetResult(SOCKET socket, Operation *operation, DWORD *bytes)
{
    DWORD flags;

    return WSAGetOverlappedResult(socket, &operation->overlapped, bytes, FALSE, &flags)
               ? 0
               : WSAGetLastError();
}

/* Begins a receive that has nothing to receive. */
static bool BeginPending(SOCKET socket, Operation *operation)
{
    int error = Claims_BeginReceive(socket, operation, OPERATION_DATA_SIZE);

    return error == WSA_IO_PENDING || Test_Explain("WSARecv gave %d", error);
}

/* --- Beginning and waiting --------------------------------------------------------------------*/

/* "The error code WSA_IO_PENDING indicates that the overlapped operation has been initiated" */
static void PendingIsNoFailure(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    DWORD bytes = 0;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
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
static void InternalIsPending(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    CHECK(operation->overlapped.Internal == (ULONG_PTR)STATUS_PENDING);
    CHECK(!HasOverlappedIoCompleted(&operation->overlapped));
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK(operation->overlapped.Internal == 0);
    CHECK(operation->overlapped.InternalHigh == 5);
    CHECK(HasOverlappedIoCompleted(&operation->overlapped));
}

/* https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetoverlappedresult */
static void ResultIsIncomplete(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    DWORD bytes = 0;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    CHECK_INT(GetResult(server, operation, &bytes), WSA_IO_INCOMPLETE);
    CHECK_INT(WSA_IO_INCOMPLETE, 996);
}

/* An operation that does not have to wait returns 0, and its event is signalled all the same. */
static void ImmediateSuccessSignals(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK(Claims_Send(client, "hello"));
    REQUIRE(CHECK(Claims_WaitForBytes(server, 5)));
    CHECK_INT(Claims_BeginReceive(server, operation, 10), 0);
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetBytes(operation), 5);
}

/*
 * "the function that started the operation resets the hEvent member ... to the nonsignaled state"
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsagetoverlappedresult
 */
static void BeginningResetsTheEvent(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    SetEvent(operation->overlapped.hEvent);
    REQUIRE(CHECK(BeginPending(server, operation)));
    CHECK(!Claims_IsSignalled(operation->overlapped.hEvent));
}

/* "Any other error code indicates that ... no completion indication will occur." */
static void FailureAtOnce(void)
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
static void BlockingDoesNotMatter(void)
{
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    for (int nonBlocking = 0; nonBlocking < 2; nonBlocking++) {
        Operation *operation = Claims_NewEventOperation();

        CHECK(SocketUtils_SetNonBlocking(server, nonBlocking != 0));
        CHECK_INT(Claims_BeginReceive(server, operation, 10), WSA_IO_PENDING);
        CHECK(Claims_Send(client, "x"));
        CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
        CHECK_INT(Claims_GetBytes(operation), 1);
    }
}

/* --- Who owns what ----------------------------------------------------------------------------*/

/* Nobody waits and nobody calls: the system writes the bytes and the record on its own. */
static void SystemWrites(void)
{
    Operation *operation = Claims_NewOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    CHECK_TEXT(operation->data, "");
    CHECK(Claims_Send(client, "hello"));
    CHECK(Claims_WaitForCompletion(operation));
    CHECK_TEXT(operation->data, "hello");
}

/* "the service provider's responsibility to capture the WSABUF structures before returning" */
static void WsabufIsCopied(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    DWORD flags = 0;
    WSABUF buffer;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    buffer.buf = operation->data;
    buffer.len = 10;
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
static void OneRecordForTwo(void)
{
    Operation *operation = Claims_NewOperation();
    SOCKET clients[2], servers[2];

    for (int i = 0; i < 2; i++) {
        REQUIRE(CHECK(Peer_OpenPair(&clients[i], &servers[i])));
        CHECK_INT(Claims_BeginReceive(servers[i], operation, 10), WSA_IO_PENDING);
    }
    CHECK(Claims_Send(clients[0], "hello"));
    REQUIRE(CHECK(Claims_WaitForCompletion(operation)));
    Claims_Report("one OVERLAPPED for two operations, of which one has completed",
                  "each needs its own", "both look completed, with %lu bytes",
                  Claims_GetBytes(operation));
}

/* --- How it ends ------------------------------------------------------------------------------*/

/* "zero bytes having been read indicates graceful closure" */
static void EndIsZeroBytes(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetError(operation), 0);
    CHECK_INT(Claims_GetBytes(operation), 0);
}

/*
 * One failure, two numbers: GetOverlappedResult has the system's, WSAGetOverlappedResult Winsock's.
 * https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-
 */
static void ResetHasTwoNumbers(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    DWORD bytes = 0;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    Peer_Reset(&client);
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetError(operation), ERROR_NETNAME_DELETED);
    CHECK_INT(ERROR_NETNAME_DELETED, 64);
    CHECK_INT(GetResult(server, operation, &bytes), WSAECONNRESET);
}

/* The operation begins when the reset is there already. */
static void ReceiveAfterReset(void)
{
    static const char topic[] = "WSARecv on a socket whose peer has reset";
    static const char documented[] = "fails at once, 10054, and no completion comes";
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    int error;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
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
static void CancelCompletes(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    CHECK(CancelIoEx((HANDLE)server, &operation->overlapped));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetError(operation), ERROR_OPERATION_ABORTED);
    CHECK_INT(ERROR_OPERATION_ABORTED, 995);

    /* The socket goes on. */
    CHECK(Claims_Send(client, "x"));
    CHECK_INT(recv(server, operation->data, 1, 0), 1);
}

/* "only those specific I/O requests that were issued ... with the specified lpOverlapped" */
static void CancelIsForOne(void)
{
    Operation *first = Claims_NewEventOperation(), *second = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, first) && BeginPending(server, second)));
    CHECK(CancelIoEx((HANDLE)server, &first->overlapped));
    CHECK(Claims_WaitForEvent(first->overlapped.hEvent));
    CHECK(!Claims_HasCompletedWithin(second, SHORT_QUIET_MS));
    CHECK(CancelIoEx((HANDLE)server, NULL));
    CHECK(Claims_WaitForEvent(second->overlapped.hEvent));
    CHECK_INT(Claims_GetError(second), ERROR_OPERATION_ABORTED);
}

/* "If this function cannot find a request to cancel, the return value is 0 ... ERROR_NOT_FOUND" */
static void CancelNothing(void)
{
    static const char topic[] = "CancelIoEx with nothing outstanding";
    static const char documented[] = "FALSE, ERROR_NOT_FOUND (1168)";
    SOCKET client, server;
    DWORD error;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    error = CancelIoEx((HANDLE)server, NULL) ? 0 : GetLastError();
    if (Claims_IsSystemSince(10, 0))
        CHECK_INT(error, ERROR_NOT_FOUND);
    if (error == 0)
        Claims_Report(topic, documented, "TRUE");
    else
        Claims_Report(topic, documented, "FALSE, %lu", error);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForBytes(server, 1));
}

/*
 * "The pending overlapped operations fail with the error status WSA_OPERATION_ABORTED"
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 */
static void ClosingEndsIt(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    REQUIRE(CHECK(BeginPending(server, operation)));
    Peer_Close(&server);
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK(Claims_GetError(operation) != 0);
    Claims_Report("a receive that is outstanding at closesocket",
                  "fails, 995; 1236 in Wine's tests of Windows", "fails, %lu",
                  Claims_GetError(operation));
}

const Claim overlappedClaims[] = {
    {"overlapped: 997 from WSARecv is no failure", PendingIsNoFailure},
    {"overlapped: Internal is STATUS_PENDING while the operation is outstanding",
     InternalIsPending},
    {"overlapped: the result of an outstanding operation is 996", ResultIsIncomplete},
    {"overlapped: an immediate success signals its event, too", ImmediateSuccessSignals},
    {"overlapped: to begin an operation resets its event", BeginningResetsTheEvent},
    {"overlapped: after an error at once no completion comes", FailureAtOnce},
    {"overlapped: a blocking socket can do it as well as a non-blocking one",
     BlockingDoesNotMatter},
    {"overlapped: the system writes buffer and OVERLAPPED on its own", SystemWrites},
    {"overlapped: a WSABUF may go when the call has returned", WsabufIsCopied},
    {"overlapped: one OVERLAPPED cannot tell of two operations", OneRecordForTwo},
    {"overlapped: the peer's end completes a receive with 0 bytes", EndIsZeroBytes},
    {"overlapped: a reset ends a receive with 64, for Winsock 10054", ResetHasTwoNumbers},
    {"overlapped: a receive after a reset", ReceiveAfterReset},
    {"overlapped: CancelIoEx completes the operation with 995", CancelCompletes},
    {"overlapped: CancelIoEx can end one operation and leave another", CancelIsForOne},
    {"overlapped: CancelIoEx with nothing outstanding does no harm", CancelNothing},
    {"overlapped: closesocket ends what is outstanding with an error", ClosingEndsIt},
    {NULL, NULL},
};
