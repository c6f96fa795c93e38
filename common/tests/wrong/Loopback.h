/*
 * Loopback: what the small programs of this folder begin with and end with.
 *
 * Each of them makes one mistake on purpose, and verify has to find it; those called right-... come
 * close to a mistake and make none. wrong.sh runs them all. To look at one:
 *
 *     make WATCHED=1 wrong-programs
 *     INSTRUMENT=verify build/instrument/wrong/overlapped-freed.exe       (with Wine in front of it)
 *
 * In the first comment of a program, `Expect: ` has what the first line of a finding begins with, for
 * each finding that is to come, or `nothing`; `Exit: ` has the exit code; `Alone: no` says that the
 * program, run without verify, harms itself.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include "Peer.h"
#include "TestSocketUtils.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program if something has failed that is not the mistake that it is about. */
static inline void Require(bool isTrue, const char *what)
{
    if (isTrue)
        return;
    fprintf(stderr, "%s: error %d\n", what, WSAGetLastError());
    exit(1);
}

static inline SOCKET CreateListener(NetAddress *address)
{
    SOCKET listener = Peer_Listen(address);

    Require(listener != INVALID_SOCKET, "listening");
    return listener;
}

/* Starts Winsock and connects two sockets: what is sent on one comes out of the other. */
static inline void OpenPair(SOCKET *client, SOCKET *server)
{
    Require(SocketUtils_Init(), "WSAStartup");
    Require(Peer_OpenPair(client, server), "connecting");
}

static inline void ClosePair(SOCKET client, SOCKET server)
{
    Peer_Close(&client);
    Peer_Close(&server);
    SocketUtils_Clear();
}

/* The same with AcceptEx, whose socket has no SO_UPDATE_ACCEPT_CONTEXT yet. The listener stays open. */
static inline void OpenPairWithAcceptEx(SOCKET *client, SOCKET *accepted, SOCKET *listener)
{
    char addresses[ACCEPT_BUFFER_SIZE];
    WSAOVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD bytes, flags;
    NetAddress address;

    Require(SocketUtils_Init(), "WSAStartup");
    *listener = CreateListener(&address);
    *accepted = SocketUtils_CreateSocket(AF_INET);
    SocketUtils_AcceptEx(*listener, *accepted, addresses, &overlapped);
    *client = SocketUtils_CreateSocket(AF_INET);
    Require(SocketUtils_Connect(*client, &address), "connecting");
    Require(WSAGetOverlappedResult(*listener, &overlapped, &bytes, TRUE, &flags), "AcceptEx");
    CloseHandle(overlapped.hEvent);
}

static inline HANDLE StartThread(unsigned(__stdcall *procedure)(void *))
{
    uintptr_t thread = _beginthreadex(NULL, 0, procedure, NULL, 0, NULL);

    Require(thread != 0, "_beginthreadex");
    return (HANDLE)thread;
}

/* A port to which the socket belongs. */
static inline HANDLE OpenPort(SOCKET socket)
{
    HANDLE opened = CreateIoCompletionPort((HANDLE)socket, NULL, 0, 0);

    Require(opened != NULL, "CreateIoCompletionPort");
    return opened;
}

/* Takes the next completion, of whatever outcome, from the port. */
static inline OVERLAPPED *TakeCompletion(HANDLE from)
{
    OVERLAPPED *taken = NULL;
    ULONG_PTR key = 0;
    DWORD bytes = 0;

    GetQueuedCompletionStatus(from, &bytes, &key, &taken, WAIT_MS);
    Require(taken != NULL, "GetQueuedCompletionStatus");
    return taken;
}

#endif
