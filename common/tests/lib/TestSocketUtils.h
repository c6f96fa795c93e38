/*
 * TestSocketUtils: more functions like those of SocketUtils.h, which only tests need.
 *
 * The stages make these calls themselves. As in SocketUtils.h, WSAGetLastError says why a function
 * failed, and all may be called on any thread.
 */
#ifndef TEST_SOCKET_UTILS_H
#define TEST_SOCKET_UTILS_H

#include "SocketUtils.h"

/* Room that AcceptEx needs for each of the two addresses of a connection: 16 bytes more than it has. */
#define ACCEPT_ADDRESS_SIZE ((int)sizeof(SOCKADDR_STORAGE) + 16)
#define ACCEPT_BUFFER_SIZE  (2 * ACCEPT_ADDRESS_SIZE)

/* An option that is a number or a BOOL; -1: there is none. */
int SocketUtils_GetOption(SOCKET socket, int level, int name);
bool SocketUtils_SetOption(SOCKET socket, int level, int name, int value);

/* On, with 0 seconds: closesocket resets the connection and drops what is not yet sent. */
bool SocketUtils_SetLinger(SOCKET socket, bool on, uint16_t seconds);

bool SocketUtils_Bind(SOCKET socket, const NetAddress *address);

/* Like accept: the new socket, and in `address` whom it leads to. The caller owns the socket. */
SOCKET SocketUtils_Accept(SOCKET listenSocket, NetAddress *address);

/* The address that the socket is bound to, with the port that the system chose for port 0. */
bool SocketUtils_GetLocalAddress(SOCKET socket, NetAddress *address);

/*
 * Starts to accept a connection on `acceptSocket`, a new socket of the listener's family, and to wait for
 * data unless dataSize is 0. `buffer` has ACCEPT_BUFFER_SIZE bytes behind the data; it and `overlapped` belong
 * to the system until the completion. False with WSA_IO_PENDING: started. False with another error: no
 * completion comes.
 */
bool SocketUtils_AcceptEx(SOCKET listenSocket, SOCKET acceptSocket, void *buffer, DWORD dataSize,
                          WSAOVERLAPPED *overlapped);

/* The client's address in what a completed AcceptEx wrote to `buffer`. */
void SocketUtils_GetAcceptAddress(void *buffer, NetAddress *address);

/* To be called when AcceptEx has completed; see Listener.c of stage 06. */
bool SocketUtils_SetUpdateAcceptSocket(SOCKET acceptSocket, SOCKET listenSocket);

#endif
