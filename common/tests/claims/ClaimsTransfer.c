/*
 * ClaimsTransfer: claims about the bytes of overlapped sends and receives.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsarecv
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsasend
 */
#include "Claims.h"

#define BLOCK_SIZE  65536
#define BLOCK_COUNT 4096 /* more than a connection holds unread: 256 MiB */

static char block[BLOCK_SIZE];

/*
 * A receive with room for no byte completes when there is something, and takes none of it: memory
 * for the bytes is needed only then.
 */
TEST("transfer: a zero-byte receive completes when data is there and takes none")
{
    Claims_OpenPair();
    CHECK_INT(Claims_BeginReceive(server, operation, 0), WSA_IO_PENDING);
    CHECK(!Claims_HasCompletedWithin(operation, SHORT_QUIET_MS));
    CHECK(Claims_Send(client, "data"));
    CHECK(Claims_Succeeds(operation, 0));
    CHECK(Claims_Receives(server, "data"));
}

TEST("transfer: 0 bytes are the end only where there was room")
{
    Operation *second = Claims_NewEventOperation();

    Claims_OpenPair();
    Claims_SendToServer("data");
    CHECK_INT(Claims_BeginReceive(server, operation, 0), 0);
    CHECK_INT(Claims_GetBytes(operation), 0);
    CHECK_INT(Claims_BeginReceive(server, second, 10), 0);
    CHECK_INT(Claims_GetBytes(second), 4);
}

/* "the posted buffers are guaranteed to be filled in the same order in which they are specified" */
TEST("transfer: several receives outstanding fill in order")
{
    Operation *operations[3];

    Claims_OpenPair();
    for (int i = 0; i < 3; i++) {
        operations[i] = Claims_NewEventOperation();
        CHECK_INT(Claims_BeginReceive(server, operations[i], 2), WSA_IO_PENDING);
    }
    CHECK(Claims_Send(client, "aabbcc"));
    CHECK(Claims_Brings(operations[0], "aa"));
    CHECK(Claims_Brings(operations[1], "bb"));
    CHECK(Claims_Brings(operations[2], "cc"));
}

TEST("transfer: a receive completes with the first byte that comes")
{
    Claims_OpenPair();
    Claims_BeginPending(server, operation);
    CHECK(Claims_Send(client, "x"));
    CHECK(Claims_Succeeds(operation, 1));
}

/* "The buffers are filled in the order in which they appear in the array" */
TEST("transfer: several buffers in one call are one run of bytes")
{
    Operation *receiving = Claims_NewEventOperation();
    char first[] = "head", second[] = "body", firstIn[8] = "", secondIn[8] = "";
    WSABUF out[2] = {{4, first}, {4, second}}, in[2] = {{3, firstIn}, {5, secondIn}};
    DWORD flags = 0;

    Claims_OpenPair();
    WSASend(client, out, 2, NULL, 0, &operation->overlapped, NULL);
    CHECK(Claims_Succeeds(operation, 8));
    NEED_TRUE(Claims_WaitForBytes(server, 8));
    CHECK_INT(WSARecv(server, in, 2, NULL, &flags, &receiving->overlapped, NULL), 0);
    CHECK_INT(Claims_GetBytes(receiving), 8);
    CHECK_TEXT(firstIn, "hea");
    CHECK_TEXT(secondIn, "dbody");
}

/* Begins to send a block of the client's. The bytes are static: they stay until they are sent. */
static int BeginBlock(void)
{
    WSABUF buffer = {BLOCK_SIZE, block};

    return Claims_ErrorOf(WSASend(client, &buffer, 1, NULL, 0, &operation->overlapped, NULL) == 0);
}

/* Sends blocks until one is outstanding: the operation is that one's. */
static void SendUntilPending(void)
{
    for (int i = 0; i < BLOCK_COUNT; i++) {
        NEED_TRUE(Claims_HasBegun(BeginBlock()));
        /* It may be outstanding for a moment only. */
        if (!Claims_HasCompletedWithin(operation, 2 * SHORT_QUIET_MS))
            return;
    }
    NEED_TRUE(Test_Explain("all sends complete"));
}

/* What a send has not handed over stays in the program's memory until the peer reads. */
TEST("transfer: WSASend to a peer that does not read stays pending")
{
    Claims_OpenNarrowPair();
    SendUntilPending();
    CHECK(!Claims_HasCompletedWithin(operation, SHORT_QUIET_MS));
    WAIT_WHILE(!Claims_HasCompleted(operation) && Claims_Discard(server));
    CHECK(Claims_Succeeds(operation, BLOCK_SIZE));
}

/* Sends that are outstanding do not hold up a receive on the same socket. */
TEST("transfer: a send and a receive can be outstanding at once")
{
    Operation *receiving = Claims_NewEventOperation();

    Claims_OpenNarrowPair();
    Claims_BeginPending(client, receiving);
    SendUntilPending();
    CHECK(!Claims_HasCompleted(receiving));
    CHECK(Claims_Send(server, "hello"));
    CHECK(Claims_Brings(receiving, "hello"));
    CHECK(!Claims_HasCompleted(operation));
}

/* Nothing but the system's own memory bounds how many sends may be outstanding. */
TEST("transfer: sends to a peer that does not read pile up")
{
    Operation *operations[20];

    Claims_OpenNarrowPair();
    SendUntilPending();
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        operation = Claims_NewOperation();
        operations[i] = operation;
        CHECK_INT(BeginBlock(), WSA_IO_PENDING);
    }
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        CHECK(!Claims_HasCompleted(operations[i]));
}

/* "The successful completion of a WSASend does not indicate that the data was ... delivered." */
TEST("transfer: a completed send is not a delivered one")
{
    Operation *receiving = Claims_NewEventOperation();

    Claims_OpenPair();
    Claims_BeginPending(client, receiving);
    Claims_BeginSend(client, operation, "hello");
    CHECK(Claims_WaitForEvent(event));
    Peer_Reset(&server);
    CHECK(Claims_FailsWith(receiving, ERROR_NETNAME_DELETED));
    CHECK(Claims_Succeeds(operation, 5));
}
