/*
 * SocketUtils: Winsock calls with their casts and option names put away. The calls that a stage is
 * about stand in the stage.
 *
 * A function that returns bool or SOCKET leaves the reason of a failure in WSAGetLastError, as the
 * call that it wraps does. All may be called on any thread.
 */
#ifndef SOCKET_UTILS_H
#define SOCKET_UTILS_H

#include "NetAddress.h"

#include <mswsock.h>

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

/* On: a call that would have to wait fails with WSAEWOULDBLOCK instead. */
bool SocketUtils_SetNonBlocking(SOCKET socket, bool on);

/*
 * On: a small send leaves at once. Off, the default: it waits until what was sent before is
 * acknowledged (Nagle), which a peer may put off by 200 ms.
 */
bool SocketUtils_SetTcpNoDelay(SOCKET socket, bool on);

bool SocketUtils_Connect(SOCKET socket, const NetAddress *address);

/*
 * True: an accept that failed with `error` did so because the client had left while it was in the
 * listener's queue. That is no fault: the next client may be there already. Takes the numbers of
 * Winsock, for accept, and of the system, for a completed AcceptEx. Wine has numbers of its own.
 */
bool SocketUtils_IsClientGone(DWORD error);

/*
 * Fetches one of Microsoft's extensions of Winsock, which ws2_32.dll does not export. `guid` says
 * which one; `function` is the address of the pointer to it, and `size` the size of that pointer.
 */
bool SocketUtils_BindWindowsFunction(SOCKET socket, GUID guid, void *function, DWORD size);

/* Fetches ConnectEx. To be called once, after SocketUtils_Init and before SocketUtils_ConnectEx. */
bool SocketUtils_BindConnectEx(void);

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

/* Off, for a listener on ::, before bind: IPv4 clients are accepted, too. */
bool SocketUtils_SetIpv6Only(SOCKET socket, bool on);

#endif
