/*
 * SocketUtils: short forms of Winsock calls. The calls that a stage is about are in the stage.
 *
 * After a failure WSAGetLastError says why, as after the call itself. All may be called on any
 * thread.
 */
#ifndef SOCKET_UTILS_H
#define SOCKET_UTILS_H

#include "NetAddress.h"

#include <mswsock.h>

/*
 * How many clients may wait to be accepted. SOMAXCONN is not the longest queue: with it the system
 * chooses; it takes the number itself when it is given by this macro, which some headers lack.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-listen
 */
#define LISTEN_BACKLOG 1000
#ifndef SOMAXCONN_HINT
#define SOMAXCONN_HINT(backlog) (-(backlog))
#endif

/* Starts Winsock 2.2, before any other call. After a success SocketUtils_Clear must be called. */
bool SocketUtils_Init(void);
void SocketUtils_Clear(void);

/*
 * Creates a TCP socket for AF_INET or AF_INET6, which the caller closes. Like those of socket(), it
 * supports overlapped I/O; unlike those, child processes do not inherit it.
 */
SOCKET SocketUtils_CreateSocket(int family);

/*
 * Off: child processes do not inherit the socket. Those of socket and accept they do, if they inherit
 * handles at all, and so does a child that another thread starts just before this call.
 * https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-sethandleinformation
 */
bool SocketUtils_SetInherited(SOCKET socket, bool on);

/* Closes the socket and sets the variable to INVALID_SOCKET. Does nothing if it is that already. */
void SocketUtils_Close(SOCKET *socket);

/* On: a call that would have to wait fails with WSAEWOULDBLOCK instead. */
bool SocketUtils_SetNonBlocking(SOCKET socket, bool on);

/*
 * On: a small send leaves immediately. Off, the default: it waits until earlier data is
 * acknowledged (Nagle's algorithm), which the peer may delay by 200 ms.
 */
bool SocketUtils_SetTcpNoDelay(SOCKET socket, bool on);

/*
 * The system asks a peer that is silent for 60 s whether it is still there, and ends the connection
 * when it does not answer. Without it a peer whose cable is pulled stays for ever.
 * https://learn.microsoft.com/windows/win32/winsock/sio-keepalive-vals
 */
bool SocketUtils_SetKeepAlive(SOCKET socket);

bool SocketUtils_Connect(SOCKET socket, const NetAddress *address);

/*
 * True: the socket has connected to itself. That happens where nobody listens on a port, and the system
 * chooses just that port for the socket that is to connect to it: what is sent then comes back, as
 * from an echo server.
 */
bool SocketUtils_IsConnectedToItself(SOCKET socket);

/*
 * True: an accept failed with `error` because the client left the queue before it was accepted.
 * That is not an error of the server. Knows the numbers of Winsock, for accept, and of the system,
 * for a completed AcceptEx; and those of Wine.
 */
bool SocketUtils_IsClientGone(DWORD error);

/*
 * Fetches a function that is an extension of Winsock and is not exported by ws2_32.dll. `guid` says
 * which one. Its address is written to the pointer at `function`, which has `size` bytes.
 */
bool SocketUtils_BindWindowsFunction(SOCKET socket, GUID guid, void *function, DWORD size);

/* Fetches ConnectEx. Call it once, before SocketUtils_ConnectEx. */
bool SocketUtils_BindConnectEx(void);

/*
 * Starts to connect `socket`, which must be bound, see SocketUtils_BindAnyAddress. `overlapped`
 * belongs to the system until the completion. False with WSA_IO_PENDING: started. False with
 * another error: no completion comes.
 * https://learn.microsoft.com/windows/win32/api/mswsock/nc-mswsock-lpfn_connectex
 */
bool SocketUtils_ConnectEx(SOCKET socket, const NetAddress *address, WSAOVERLAPPED *overlapped);

/* Call it when ConnectEx has completed: before that, shutdown and getpeername do not work. */
bool SocketUtils_SetUpdateConnectSocket(SOCKET socket);

/*
 * Binds a socket of `family` to an address and port that the system chooses: the same port for several
 * sockets, if they connect to different servers and the system can do that.
 * https://learn.microsoft.com/windows/win32/winsock/sol-socket-socket-options
 */
bool SocketUtils_BindAnyAddress(SOCKET socket, int family);

/* Off, for a listener on ::, before bind: also accepts IPv4 clients. */
bool SocketUtils_SetIpv6Only(SOCKET socket, bool on);

#endif
