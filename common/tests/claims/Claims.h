/*
 * Claims: what the files of the claims share. ClaimsFixture.c has the functions.
 *
 * A claim is a small test that shows one behaviour of the system, on sockets of 127.0.0.1 within
 * this process; the lecture notes cite it by its name. It checks what Windows documents. Where
 * systems differ, it checks what holds on all of them and reports the rest: what this machine does
 * stands in the program's output and in its table, see Claims_Report. What only earlier versions of
 * a system do otherwise is checked on the later ones, see Claims_IsSystemSince.
 *
 * The sockets that a claim opens with these functions or those of Peer.h are closed after it, and its
 * threads are waited for, so a claim may return at any point. Its events, ports and operations stay:
 * the system may still use them. Functions that return bool explain a failure with Test_Explain; those
 * that return nothing, a handle or an operation end the claim where they cannot do what they are for.
 * All are for the main thread, but where another is named.
 *
 * What a claim quotes is from the page of the function or the topic that it is about; its file names
 * the pages.
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

/* --- What most claims are about -------------------------------------------------------------- */

#define OPERATION_DATA_SIZE (64 + ACCEPT_BUFFER_SIZE)

/* An operation's record and its bytes: the system's while the operation is outstanding. */
typedef struct Operation {
    WSAOVERLAPPED overlapped;
    char data[OPERATION_DATA_SIZE];
} Operation;

/* Each is the claim's from when one of the functions below has made it. */
extern SOCKET client, server, listenSocket;
extern NetAddress listenAddress;
extern Operation *operation;
extern HANDLE event, port;

/* An operation, and the event that is its hEvent. */
void Claims_OpenOperation(void);

/* The same, and a client and a server that are connected to each other. */
void Claims_OpenPair(void);
void Claims_OpenNarrowPair(void); /* little fits between them when nobody reads */

/* The same in steps: a listener, a client of it, and the server that it accepts. */
void Claims_Listen(void);
void Claims_Connect(void);
void Claims_Accept(void);

/* --- Sockets --------------------------------------------------------------------------------- */

/* The outcome of a call that was just made: 0, or the number of its error. Any thread. */
int Claims_ErrorOf(bool hasSucceeded);

bool Claims_Send(SOCKET socket, const char *text);

/* From the client: waits until the server can receive all of it. */
void Claims_SendToServer(const char *text);

/* What recv returns, with room for one byte. Any thread. */
int Claims_ReceiveByte(SOCKET socket);

/* Waits for as many bytes as the text has, and compares them with it. */
bool Claims_Receives(SOCKET socket, const char *text);

/* Waits until so many bytes can be received. It receives none. */
bool Claims_WaitForBytes(SOCKET socket, int count);

/* Makes the socket non-blocking and sends until that fails with WSAEWOULDBLOCK. Returns the bytes. */
int Claims_SendUntilFull(SOCKET socket);

/* Receives all that is there and forgets it. */
bool Claims_Discard(SOCKET socket);

/* --- Handles and threads --------------------------------------------------------------------- */

/* An event that stays signalled until it is reset; it is not signalled yet. */
HANDLE Claims_OpenEvent(void);
bool Claims_IsSignalled(HANDLE handle);
bool Claims_WaitForEvent(HANDLE handle);

/* Runs a function, which gets NULL, on a thread of its own; waits until all such have ended. */
void Claims_Launch(void (*run)(void *));
void Claims_Join(void);

/* Ends what the claim has left. */
void Claims_CloseAll(void);

/* --- Overlapped operations ------------------------------------------------------------------- */

Operation *Claims_NewOperation(void);
Operation *Claims_NewEventOperation(void); /* with an event of its own in hEvent */

/*
 * Each begins an operation and returns 0 where it has succeeded at once, or the number of the
 * error: WSA_IO_PENDING where it is outstanding. An accept is the listener's. Any thread.
 */
int Claims_BeginReceive(SOCKET socket, Operation *record, int size);
int Claims_BeginReceiveWith(SOCKET socket, Operation *record, int size,
                            LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int Claims_BeginSend(SOCKET socket, Operation *record, const char *text);
int Claims_BeginAccept(SOCKET acceptSocket, Operation *record);

/* The number is that of an operation that has succeeded or is outstanding. */
bool Claims_HasBegun(int error);

/* Begins a receive that has nothing to receive. */
void Claims_BeginPending(SOCKET socket, Operation *record);

/* Has the system written its result? For operations that do not go to a port. Any thread. */
bool Claims_HasCompleted(const Operation *record);
bool Claims_WaitForCompletion(const Operation *record);
bool Claims_HasCompletedWithin(const Operation *record, DWORD timeoutMs);

/* Waits for the event of the operation: it has succeeded, with so many bytes, or with this text. */
bool Claims_Succeeds(Operation *record, DWORD size);
bool Claims_Brings(Operation *record, const char *text);

/*
 * The same: it has failed with this number of the system. Only of a receive that was outstanding when
 * the peer reset the connection systems agree: under Wine 8.0 one that begins later is not told of it.
 */
bool Claims_FailsWith(Operation *record, DWORD error);

/* How it has ended: 0, or a number of the system such as 64 or 995. No socket is needed. */
DWORD Claims_GetError(Operation *record);
DWORD Claims_GetBytes(const Operation *record);

/* The same number of Winsock, such as 10054. */
int Claims_GetWinsockError(SOCKET socket, Operation *record);

/* --- The completion port --------------------------------------------------------------------- */

#define PORT_KEY 0x1234

void Claims_OpenPort(DWORD concurrency);

/* With PORT_KEY. */
void Claims_Associate(SOCKET socket);

/* A pair whose server belongs to a port, and an operation without an event. */
void Claims_OpenPairWithPort(void);

void Claims_Post(DWORD size, ULONG_PTR key, OVERLAPPED *overlapped);

/* What GetQueuedCompletionStatus has returned and written. */
typedef struct Packet {
    BOOL succeeded;
    DWORD error; /* where it has not */
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
} Packet;

/* Takes a packet. Any thread. */
Packet Claims_Take(DWORD timeoutMs);

/* The wait fails with this error, and there is no OVERLAPPED. */
bool Claims_TakeFails(DWORD timeoutMs, DWORD error);

/* No packet is there, and none comes for a while. */
bool Claims_IsPortQuiet(void);

/* Takes a packet that is this one; or one with PORT_KEY of this operation, which has succeeded. */
bool Claims_Takes(DWORD size, ULONG_PTR key, const OVERLAPPED *overlapped);
bool Claims_TakesPacketOf(const Operation *record, DWORD size);

/* The same for one that has failed. Returns its error. */
DWORD Claims_TakeFailureOf(const Operation *record);

#endif
