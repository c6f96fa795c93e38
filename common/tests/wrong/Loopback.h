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
 * each finding that is to come, or `nothing`; `Exit: ` has the exit code where it is not 3, or 0 with
 * `nothing`; `Alone: no` says that the program, run without verify, harms itself; `Seeds: 20` has it
 * run with the seeds 1 to 20 of shuffle until a finding comes.
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

/* What the functions below open, and Close closes. */
static SOCKET client = INVALID_SOCKET, server = INVALID_SOCKET;
static SOCKET listener = INVALID_SOCKET, accepted = INVALID_SOCKET;
static HANDLE port;
static bool isStarted;

static inline void StartWinsock(void)
{
    isStarted = SocketUtils_Init();
    Require(isStarted, "WSAStartup");
}

static inline void OpenListener(NetAddress *address)
{
    listener = Peer_Listen(address);
    Require(listener != INVALID_SOCKET, "listening");
}

/* Starts Winsock and connects two sockets: what is sent on one comes out of the other. */
static inline void OpenPair(void)
{
    StartWinsock();
    Require(Peer_OpenPair(&client, &server), "connecting");
}

/* The same with AcceptEx: the accepted one has no SO_UPDATE_ACCEPT_CONTEXT yet. */
static inline void OpenPairWithAcceptEx(void)
{
    char addresses[ACCEPT_BUFFER_SIZE];
    WSAOVERLAPPED accepting = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD bytes, flags;
    NetAddress address;

    StartWinsock();
    OpenListener(&address);
    accepted = SocketUtils_CreateSocket(AF_INET);
    SocketUtils_AcceptEx(listener, accepted, addresses, &accepting);
    client = SocketUtils_CreateSocket(AF_INET);
    Require(SocketUtils_Connect(client, &address), "connecting");
    Require(WSAGetOverlappedResult(listener, &accepting, &bytes, TRUE, &flags), "AcceptEx");
    CloseHandle(accepting.hEvent);
}

static inline void OpenPort(void)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    Require(port != NULL, "CreateIoCompletionPort");
}

static inline void Associate(SOCKET socket)
{
    Require(CreateIoCompletionPort((HANDLE)socket, port, 0, 0) == port, "associating");
}

/* A pair whose server belongs to the port. */
static inline void OpenPairWithPort(void)
{
    OpenPair();
    OpenPort();
    Associate(server);
}

/* Undoes all of this. Returns what main is to return. */
static inline int Close(void)
{
    if (port != NULL)
        CloseHandle(port);
    Peer_Close(&client);
    Peer_Close(&server);
    Peer_Close(&listener);
    Peer_Close(&accepted);
    if (isStarted)
        SocketUtils_Clear();
    return 0;
}

static inline HANDLE StartThread(unsigned(__stdcall *procedure)(void *))
{
    uintptr_t thread = _beginthreadex(NULL, 0, procedure, NULL, 0, NULL);

    Require(thread != 0, "_beginthreadex");
    return (HANDLE)thread;
}

static inline void JoinThread(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* Takes the next completion, of whatever outcome, from the port. */
static inline OVERLAPPED *TakeCompletion(void)
{
    OVERLAPPED *taken = NULL;
    ULONG_PTR key = 0;
    DWORD bytes = 0;

    GetQueuedCompletionStatus(port, &bytes, &key, &taken, WAIT_MS);
    Require(taken != NULL, "GetQueuedCompletionStatus");
    return taken;
}

#endif
