/*
 * Claims: what the files of the claims share. ClaimsFixture.c has the functions.
 *
 * A claim is a small test that shows one behaviour of the system, on sockets of 127.0.0.1 within
 * this process; the lecture notes cite it by its name. It checks what Windows documents. Where
 * systems differ, it checks what holds on all of them and reports the rest: what this machine does
 * stands in the program's output and in its table, see Claims_Report. What only earlier versions of
 * a system do otherwise is checked on the later ones, see Claims_IsSystemSince.
 *
 * What a claim opens with these functions or those of Peer.h is closed after it, so a claim may return
 * at any point. Functions that return bool explain a failure with Test_Explain. Those that only make a
 * handle or an operation do not fail: the program ends where the system has none left. All are for the
 * main thread, but where another is named.
 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include "Peer.h"
#include "Test.h"
#include "TestSocketUtils.h"

/*
 * Notes what this machine does: a row of the table, and a line below the claim. `topic` is what the
 * row is about and `documented` what Windows documents of it; both are kept as they are.
 */
void Claims_Report(const char *topic, const char *documented, const char *format, ...);

/* The same for a call's outcome: `good`, or where there is an error `bad` and its number. */
void Claims_ReportError(const char *topic, const char *documented, int error, const char *good,
                        const char *bad);

/* --- The system ------------------------------------------------------------------------------ */

/* "Wine 8.0" or "Windows 10.0.19045". */
const char *Claims_GetSystemName(void);

/*
 * True: this is Wine, and of this version or a later one, or it is Windows, and of this build or a
 * later one; build 0 is any. What Windows documents is checked there, and only reported elsewhere.
 */
bool Claims_IsSystemSince(int wineVersion, DWORD windowsBuild);

/* --- Sockets --------------------------------------------------------------------------------- */

/* Two sockets that are connected to each other, from when one of these has opened them. */
extern SOCKET client, server;

void Claims_OpenPair(void);
void Claims_OpenNarrowPair(void); /* little fits between them when nobody reads */

bool Claims_Send(SOCKET socket, const char *text);

/* From the client: waits until the server can receive all of it. */
void Claims_SendToServer(const char *text);

/* Waits for as many bytes as the text has, and compares them with it. */
bool Claims_Receives(SOCKET socket, const char *text);

/* Waits until so many bytes can be received. It receives none. */
bool Claims_WaitForBytes(SOCKET socket, int count);

/*
 * Makes the socket non-blocking and sends until that fails with WSAEWOULDBLOCK. Returns the number
 * of bytes, or -1.
 */
int Claims_SendUntilFull(SOCKET socket);

/* Receives all that is there and forgets it. Returns the number of bytes, or -1. */
int Claims_Discard(SOCKET socket);

/* --- Handles and time ------------------------------------------------------------------------ */

/* Closes a handle before the claim ends, and sets it to NULL. */
void Claims_CloseHandle(HANDLE *handle);

/* An event that stays signalled until it is reset; it is not signalled yet. */
HANDLE Claims_OpenEvent(void);
bool Claims_IsSignalled(HANDLE event);
bool Claims_WaitForEvent(HANDLE event);

/* --- Overlapped operations ------------------------------------------------------------------- */

#define OPERATION_DATA_SIZE (64 + ACCEPT_BUFFER_SIZE)

/*
 * An operation's record and its bytes. It is the system's while the operation is outstanding, so
 * none is ever given back or used by another claim.
 */
typedef struct Operation {
    WSAOVERLAPPED overlapped;
    char data[OPERATION_DATA_SIZE];
} Operation;

Operation *Claims_NewOperation(void);

/* The same, with an event of its own in hEvent; and that with a new pair of sockets. */
Operation *Claims_NewEventOperation(void);
Operation *Claims_OpenPairWithOperation(void);

/*
 * Each begins an operation and returns 0 where it has succeeded at once, or the number of the
 * error: WSA_IO_PENDING where it is outstanding. Any thread.
 */
int Claims_BeginReceive(SOCKET socket, Operation *operation, int size);
int Claims_BeginReceiveWith(SOCKET socket, Operation *operation,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int Claims_BeginSend(SOCKET socket, Operation *operation, const char *text);
int Claims_BeginAccept(SOCKET listenSocket, SOCKET acceptSocket, Operation *operation);

/* Has the system written its result? For operations that do not go to a port. Any thread. */
bool Claims_HasCompleted(const Operation *operation);
bool Claims_WaitForCompletion(const Operation *operation);
bool Claims_HasCompletedWithin(const Operation *operation, DWORD timeoutMs);

/* Waits for the event of the operation: it has succeeded, with so many bytes. */
bool Claims_Succeeds(Operation *operation, DWORD bytes);

/* The same: it has failed with this number of the system. */
bool Claims_FailsWith(Operation *operation, DWORD error);

/*
 * Waits for the operation, a receive that was outstanding when the peer reset the connection: it
 * has failed because of that. To be asked so is the only way in which systems agree: under Wine 8.0
 * a receive that begins after the reset is not told of it.
 */
bool Claims_IsEndedByReset(Operation *operation);

/* How it has ended: 0, or a number of the system such as 64 or 995. No socket is needed. */
DWORD Claims_GetError(Operation *operation);
DWORD Claims_GetBytes(const Operation *operation);

/* --- Completion ports ------------------------------------------------------------------------ */

HANDLE Claims_OpenPort(DWORD concurrency);
bool Claims_Associate(SOCKET socket, HANDLE port, ULONG_PTR key);

/* What GetQueuedCompletionStatus has returned and written. */
typedef struct Packet {
    BOOL succeeded;
    DWORD error; /* where it has not */
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
} Packet;

/* Takes a packet. Any thread. */
Packet Claims_Take(HANDLE port, DWORD timeoutMs);

/* No packet is there, and none comes for a while. */
bool Claims_IsPortQuiet(HANDLE port);

/* Takes a packet: it has this key, and is that of this operation, which has succeeded. */
bool Claims_TakesPacketOf(HANDLE port, ULONG_PTR key, const Operation *operation, DWORD bytes);

/* Closes all that the claim has left open. */
void Claims_CloseAll(void);

#endif
