/*
 * SocketUtils: Winsock calls with their casts and option names put away.
 *
 * A function that returns bool or SOCKET leaves the reason of a failure in WSAGetLastError, as the
 * call that it wraps does. All may be called on any thread.
 */
#ifndef SOCKET_UTILS_H
#define SOCKET_UTILS_H

#include "NetAddress.h"

#include <mswsock.h>

/* Room that AcceptEx needs for the two addresses of a connection: 16 bytes more than each has. */
#define ACCEPT_ADDRESS_SIZE ((int)sizeof(SOCKADDR_STORAGE) + 16)
#define ACCEPT_BUFFER_SIZE  (2 * ACCEPT_ADDRESS_SIZE)

/* Starts Winsock 2.2, before any other call. Each success is owed one SocketUtils_Clear. */
bool SocketUtils_Init(void);
void SocketUtils_Clear(void);

/*
 * A TCP socket for AF_INET or AF_INET6. The caller owns it and gives it to SocketUtils_Close.
 * It can do overlapped I/O, as those of socket() can, and child processes do not inherit it.
 */
SOCKET SocketUtils_CreateSocket(int family);

/* Closes the socket, if there is one, and makes the variable INVALID_SOCKET. Twice is harmless. */
void SocketUtils_Close(SOCKET *socket);

/*
 * For a listener, before Bind: nobody else may take this address and port, whatever they set.
 * Never SO_REUSEADDR: on Windows it lets another process steal the port.
 * https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse
 */
bool SocketUtils_SetExclusiveAddressUse(SOCKET socket, bool on);

/* On: a call that would have to wait fails with WSAEWOULDBLOCK instead. */
bool SocketUtils_SetNonBlocking(SOCKET socket, bool on);

/*
 * On: a small send leaves at once. Off, the default: it waits until what was sent before is
 * acknowledged (Nagle), which a peer may put off by 200 ms.
 */
bool SocketUtils_SetTcpNoDelay(SOCKET socket, bool on);

/* On, with 0 seconds: closesocket resets the connection and drops what is not yet sent. */
bool SocketUtils_SetLinger(SOCKET socket, bool on, uint16_t seconds);

/* Sizes in bytes of the system's own buffers behind the socket. */
bool SocketUtils_SetRecvBufferSize(SOCKET socket, int size);
bool SocketUtils_SetSendBufferSize(SOCKET socket, int size);

bool SocketUtils_Bind(SOCKET socket, const NetAddress *address);

/* With the longest queue of waiting connections that the system grants. */
bool SocketUtils_Listen(SOCKET socket);

bool SocketUtils_Connect(SOCKET socket, const NetAddress *address);

/* Like accept: the new socket, and in `address` whom it leads to. The caller owns the socket. */
SOCKET SocketUtils_Accept(SOCKET listenSocket, NetAddress *address);

/*
 * True: an accept that failed with `error` did so because the client had left while it was in the
 * listener's queue. That is no fault: the next client may be there already. Takes the numbers of
 * Winsock, for accept, and of the system, for a completed AcceptEx. Wine has numbers of its own.
 */
bool SocketUtils_IsClientGone(DWORD error);

/* The address that the socket is bound to, with the port that the system chose for port 0. */
bool SocketUtils_GetLocalAddress(SOCKET socket, NetAddress *address);

/*
 * Fetches the functions below: they are Microsoft's extensions of Winsock, and WSAIoctl hands them
 * out. To be called once, after SocketUtils_Init and before the first of them.
 */
bool SocketUtils_BindWindowsFunctions(void);

/*
 * Begins to accept a connection on `acceptSocket`, a new socket of the listener's family. `buffer`
 * has ACCEPT_BUFFER_SIZE bytes; it and `overlapped` belong to the system until the completion. No
 * data is waited for: with a length for data, a client that connects and stays silent would hold
 * the operation. False with WSA_IO_PENDING: begun. False with another error: no completion comes.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nf-mswsock-acceptex
 */
bool SocketUtils_AcceptEx(SOCKET listenSocket, SOCKET acceptSocket, void *buffer,
                          WSAOVERLAPPED *overlapped);

/* The client's address in what a completed AcceptEx wrote to `buffer`. */
void SocketUtils_GetAcceptAddress(void *buffer, NetAddress *address);

/*
 * To be called when AcceptEx has completed: before it, shutdown, getpeername and the options of the
 * listener do not work on the accepted socket.
 */
bool SocketUtils_SetUpdateAcceptSocket(SOCKET acceptSocket, SOCKET listenSocket);

/*
 * Begins to connect `socket`, which must be bound, see SocketUtils_BindAnyAddress. `overlapped`
 * belongs to the system until the completion. False with WSA_IO_PENDING: begun. False with another
 * error: no completion comes.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nc-mswsock-lpfn_connectex
 */
bool SocketUtils_ConnectEx(SOCKET socket, const NetAddress *address, WSAOVERLAPPED *overlapped);

/* To be called when ConnectEx has completed: before it, shutdown and getpeername do not work. */
bool SocketUtils_SetUpdateConnectSocket(SOCKET socket);

/* Binds a socket of `family` to whatever address and port the system chooses. */
bool SocketUtils_BindAnyAddress(SOCKET socket, int family);

/* Off, for a listener on ::, before Bind: IPv4 clients are accepted, too. */
bool SocketUtils_SetIpv6Only(SOCKET socket, bool on);

#endif
