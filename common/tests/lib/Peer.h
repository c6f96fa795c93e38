/*
 * Peer: plain sockets at the other end of what is tested, on loopback.
 *
 * Nothing here waits without end: a call on a peer that blocks fails with WSAETIMEDOUT after WAIT_MS. Peers
 * may be non-blocking, too. What a test leaves open is closed after it, with a reset: many connections
 * in TIME_WAIT would use up the ports of this machine.
 *
 * To open, keep and close peers is for the main thread. To send and receive is for any. Functions that
 * return a bool or a socket explain a failure with Test_Explain.
 */
#ifndef PEER_H
#define PEER_H

#include "NetAddress.h"
#include "Waits.h"

/* --- Addresses ------------------------------------------------------------------------------- */

/* The address with this text. Without it the test is over. */
NetAddress Peer_GetAddress(const char *text, uint16_t port);

/* The address as a log has it, until the next call. */
const char *Peer_ToText(const NetAddress *address);

/* --- Opening and closing --------------------------------------------------------------------- */

/* A socket that is not connected. INVALID_SOCKET: the system has none. */
SOCKET Peer_Create(int family);

/* Makes another socket a peer. Returns it. */
SOCKET Peer_Keep(SOCKET socket);

/* Connects. INVALID_SOCKET: it could not. */
SOCKET Peer_Connect(const NetAddress *address);

/*
 * The same for one that sends at once. Before it connects, the system's buffers of the socket get this
 * size; 0: they have what the system gives them.
 */
SOCKET Peer_OpenTo(const NetAddress *address, int bufferSize);

/*
 * Takes a free port of 127.0.0.1, which is in `address` afterwards, and does not listen there: nobody else
 * can come to do so.
 */
SOCKET Peer_Bind(NetAddress *address);

/* The same for one that listens, and what it accepts. */
SOCKET Peer_Listen(NetAddress *address);
SOCKET Peer_Accept(SOCKET listenSocket);

/* Two peers that are connected to each other, with a buffer of the client's to send and of the server's to
   receive. NARROW_SIZE: little fits between them when nobody reads; 0: what the system gives them. */
#define NARROW_SIZE 8192
bool Peer_OpenPair(SOCKET *client, SOCKET *server, int bufferSize);

/* In order: what was sent arrives, then the end. The variable becomes INVALID_SOCKET. */
void Peer_Close(SOCKET *peer);

/* The connection is reset, what is still to be sent is dropped. */
void Peer_Reset(SOCKET *peer);

/* Nothing more is sent; it still receives. */
bool Peer_HalfClose(SOCKET peer);

/* Resets all peers of the test. */
void Peers_CloseAll(void);

/* --- Sending and receiving ------------------------------------------------------------------- */

/* All of it, or false: the connection ended or took nothing for WAIT_MS. */
bool Peer_Send(SOCKET peer, const void *data, int size);
bool Peer_Receive(SOCKET peer, void *data, int size);

/* Waits for anything to receive, the end and an error included. */
bool Peer_IsReadable(SOCKET peer, DWORD timeoutMs);
bool Peer_IsWritable(SOCKET peer, DWORD timeoutMs);

/* Nothing comes, not even the end, for QUIET_MS. */
bool Peer_IsQuiet(SOCKET peer);

/* Receives until the connection ends, in whichever way. `bytes` may be NULL: how much came. */
bool Peer_WaitForEnd(SOCKET peer, LONG64 *bytes);

/* Nothing more comes but the end of a whole stream. */
bool Peer_WaitForCleanEnd(SOCKET peer);

/* As Peer_WaitForEnd; false where the end looks like that of a whole stream. What comes before it is
   dropped. */
bool Peer_WaitForReset(SOCKET peer);

/*
 * Sends until the other side takes no more: it is stuck, for it cannot send, or does not read. Returns
 * the bytes that were sent; 0: it does not come to that. The last send stays pending: this peer can be
 * half-closed, read from and reset, but not send anything more. Main thread.
 */
size_t Peer_FillUp(SOCKET peer);

/* --- Bytes that can be told from each other -------------------------------------------------- */

/* The bytes from `position` on of an endless row that does not repeat itself soon and has NULs. */
void Pattern_Fill(char *data, int size, LONG64 position);
bool Pattern_IsRight(const char *data, int size, LONG64 position);

/* Receives `size` bytes of the pattern from `position` on. */
bool Peer_ReceivePattern(SOCKET peer, LONG64 position, LONG64 size);

/* Sends bytes and gets the same ones back. */
bool Peer_Echo(SOCKET peer, int size);
bool Peer_EchoBytes(SOCKET peer, const void *bytes, int size);

/* Each of them the same, with bytes of its own: all send before any of them reads. */
bool Peers_Echo(const SOCKET *sockets, int count);

#endif
