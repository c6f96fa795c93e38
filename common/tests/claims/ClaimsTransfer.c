/*
 * ClaimsTransfer: claims about the bytes of overlapped sends and receives.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsasend
 */
#include "Claims.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE  65536
#define BLOCK_COUNT 4096 /* more than a connection holds unread: 256 MiB */

static char block[BLOCK_SIZE];

/*
 * A receive with room for no byte completes when there is something, and takes none of it: memory
 * for the bytes is needed only then.
 */
static void ZeroByteReceive(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;
    char received[8] = "";

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK_INT(Claims_BeginReceive(server, operation, 0), WSA_IO_PENDING);
    CHECK(!Claims_HasCompletedWithin(operation, SHORT_QUIET_MS));
    CHECK(Claims_Send(client, "data"));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetError(operation), 0);
    CHECK_INT(Claims_GetBytes(operation), 0);
    CHECK_INT(recv(server, received, sizeof(received) - 1, 0), 4);
    CHECK_TEXT(received, "data");
}

/* So 0 bytes say "the end" only to a receive that had room. */
static void ZeroBytesAreTwoThings(void)
{
    Operation *operation = Claims_NewEventOperation(), *second = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK(Claims_Send(client, "data"));
    REQUIRE(CHECK(Claims_WaitForBytes(server, 4)));
    CHECK_INT(Claims_BeginReceive(server, operation, 0), 0);
    CHECK_INT(Claims_GetBytes(operation), 0);
    CHECK_INT(Claims_BeginReceive(server, second, 10), 0);
    CHECK_INT(Claims_GetBytes(second), 4);
}

/* "the posted buffers are guaranteed to be filled in the same order in which they are specified" */
static void ReceivesFillInOrder(void)
{
    Operation *operations[3];
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    for (int i = 0; i < 3; i++) {
        operations[i] = Claims_NewEventOperation();
        CHECK_INT(Claims_BeginReceive(server, operations[i], 2), WSA_IO_PENDING);
    }
    CHECK(Claims_Send(client, "aabbcc"));
    for (int i = 0; i < 3; i++)
        CHECK(Claims_WaitForEvent(operations[i]->overlapped.hEvent));
    CHECK_TEXT(operations[0]->data, "aa");
    CHECK_TEXT(operations[1]->data, "bb");
    CHECK_TEXT(operations[2]->data, "cc");
}

/* A byte is enough: the receive does not wait until its buffer is full. */
static void OneByteIsEnough(void)
{
    Operation *operation = Claims_NewEventOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK_INT(Claims_BeginReceive(server, operation, OPERATION_DATA_SIZE), WSA_IO_PENDING);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_WaitForEvent(operation->overlapped.hEvent));
    CHECK_INT(Claims_GetBytes(operation), 1);
}

/* "The buffers are filled in the order in which they appear in the array" */
static void ScatteredAndGathered(void)
{
    Operation *sending = Claims_NewEventOperation(), *receiving = Claims_NewEventOperation();
    char first[] = "head", second[] = "body", firstIn[8] = "", secondIn[8] = "";
    WSABUF out[2] = {{4, first}, {4, second}}, in[2] = {{3, firstIn}, {5, secondIn}};
    SOCKET client, server;
    DWORD flags = 0;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    WSASend(client, out, 2, NULL, 0, &sending->overlapped, NULL);
    CHECK(Claims_WaitForEvent(sending->overlapped.hEvent));
    CHECK_INT(Claims_GetBytes(sending), 8);
    REQUIRE(CHECK(Claims_WaitForBytes(server, 8)));
    CHECK_INT(WSARecv(server, in, 2, NULL, &flags, &receiving->overlapped, NULL), 0);
    CHECK_INT(Claims_GetBytes(receiving), 8);
    CHECK_TEXT(firstIn, "hea");
    CHECK_TEXT(secondIn, "dbody");
}

/*
 * Sends blocks until one is outstanding; that one is returned. The bytes are static, so they stay
 * whatever becomes of the claim.
 */
static Operation *SendUntilPending(SOCKET socket)
{
    Operation *operation = Claims_NewEventOperation();
    WSABUF buffer;

    buffer.buf = block;
    buffer.len = BLOCK_SIZE;
    for (int i = 0; i < BLOCK_COUNT; i++) {
        if (WSASend(socket, &buffer, 1, NULL, 0, &operation->overlapped, NULL) == 0)
            continue;
        if (WSAGetLastError() != WSA_IO_PENDING) {
            Test_Explain("WSASend failed with error %d", WSAGetLastError());
            return NULL;
        }
        /* It may be outstanding for a moment only. */
        if (!Claims_HasCompletedWithin(operation, 2 * SHORT_QUIET_MS))
            return operation;
    }
    Test_Explain("all sends complete");
    return NULL;
}

/* Receives until the operation, a send of the peer's, has completed. */
static bool ReadUntilComplete(SOCKET socket, const Operation *operation)
{
    ULONGLONG start = Test_Now();

    while (!Claims_HasCompleted(operation) && Test_Now() - start < WAIT_MS) {
        if (Claims_Discard(socket) < 0)
            return Test_Explain("recv failed with error %d", WSAGetLastError());
        Sleep(1);
    }
    return Claims_WaitForCompletion(operation);
}

/* What a send has not handed over stays in the program's memory until the peer reads. */
static void SendToSilentPeer(void)
{
    SOCKET client, server;
    Operation *operation;

    REQUIRE(CHECK(Peer_OpenNarrowPair(&client, &server)));
    operation = SendUntilPending(client);
    CHECK(!Claims_HasCompletedWithin(operation, SHORT_QUIET_MS));
    CHECK(ReadUntilComplete(server, operation));
    CHECK_INT(Claims_GetError(operation), 0);
    CHECK_INT(Claims_GetBytes(operation), BLOCK_SIZE);
}

/* Sends that are outstanding do not hold up a receive on the same socket. */
static void BothAtOnce(void)
{
    Operation *receiving = Claims_NewEventOperation();
    SOCKET client, server;
    Operation *sending;

    REQUIRE(CHECK(Peer_OpenNarrowPair(&client, &server)));
    CHECK_INT(Claims_BeginReceive(client, receiving, 10), WSA_IO_PENDING);
    sending = SendUntilPending(client);
    CHECK(!Claims_HasCompleted(receiving));
    CHECK(Claims_Send(server, "hello"));
    CHECK(Claims_WaitForEvent(receiving->overlapped.hEvent));
    CHECK_TEXT(receiving->data, "hello");
    CHECK(!Claims_HasCompleted(sending));
}

/* Nothing but the system's own memory bounds how many sends may be outstanding. */
static void SendsWithoutBound(void)
{
    SOCKET client, server;
    Operation *operations[20];

    REQUIRE(CHECK(Peer_OpenNarrowPair(&client, &server)));
    REQUIRE(CHECK(SendUntilPending(client) != NULL));
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        WSABUF buffer = {BLOCK_SIZE, block};

        operations[i] = Claims_NewOperation();
        CHECK_INT(WSASend(client, &buffer, 1, NULL, 0, &operations[i]->overlapped, NULL),
                  SOCKET_ERROR);
        CHECK_INT(WSAGetLastError(), WSA_IO_PENDING);
    }
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        CHECK(!Claims_HasCompleted(operations[i]));
}

/* "The successful completion of a WSASend does not indicate that the data was ... delivered." */
static void CompletedIsNotDelivered(void)
{
    Operation *sending = Claims_NewEventOperation(), *receiving = Claims_NewOperation();
    SOCKET client, server;

    REQUIRE(CHECK(Peer_OpenPair(&client, &server)));
    CHECK_INT(Claims_BeginReceive(client, receiving, 1), WSA_IO_PENDING);
    Claims_BeginSend(client, sending, "hello");
    CHECK(Claims_WaitForEvent(sending->overlapped.hEvent));
    Peer_Reset(&server);
    CHECK(Claims_IsEndedByReset(receiving));
    CHECK_INT(Claims_GetError(sending), 0);
    CHECK_INT(Claims_GetBytes(sending), 5);
}

const Claim transferClaims[] = {
    {"transfer: a zero-byte receive completes when data is there and takes none", ZeroByteReceive},
    {"transfer: 0 bytes are the end only where there was room", ZeroBytesAreTwoThings},
    {"transfer: several receives outstanding fill in order", ReceivesFillInOrder},
    {"transfer: a receive completes with the first byte that comes", OneByteIsEnough},
    {"transfer: several buffers in one call are one run of bytes", ScatteredAndGathered},
    {"transfer: WSASend to a peer that does not read stays pending", SendToSilentPeer},
    {"transfer: a send and a receive can be outstanding at once", BothAtOnce},
    {"transfer: sends to a peer that does not read pile up", SendsWithoutBound},
    {"transfer: a completed send is not a delivered one", CompletedIsNotDelivered},
    {NULL, NULL},
};
