/*
 * Wrong: small programs that make one mistake each on purpose, which verify has to find; those called
 * right-... come close to a mistake and make none. wrong.sh runs them all. To look at one:
 *
 *     make WATCHED=1 wrong-programs
 *     INSTRUMENT=verify build/instrument/tests/wrong.exe overlapped-freed      (with Wine in front of it)
 *
 * What one of these runs is a program:
 *
 *     PROGRAM("heap-double-free", HARMS, "memory: a block of 16 bytes is freed")
 *     {
 *         ... a comment at its end marks the line that the first finding has to name: Wrong ...
 *     }
 *
 * Behind its name and its kind it says what the findings begin with, in their order: "rule 5: " and the
 * finding's `what`, or its first line. The exit code has to be 3, or 0 where nothing or only a warning is
 * to be found.
 */
#ifndef WRONG_H
#define WRONG_H

#include "Peer.h"
#include "Test.h"
#include "TestSocketUtils.h"

#include <process.h>

typedef enum ProgramKind {
    PLAIN,
    HARMS = 1, /* without verify, which stops it, it harms itself */
    RACE = 2   /* it is run with up to 20 seeds of shuffle, until something is found */
} ProgramKind;

typedef struct Program {
    const char *name;
    int kinds;
    const char *first, *second; /* findings; NULL: no more */
    void (*run)(void);
    struct Program *next;
} Program;

#define PROGRAM(...) REGISTER(__LINE__, void, Program, Program_Register, .name = __VA_ARGS__)

void Program_Register(Program *program);

/* Ends the program if something has failed that is not the mistake that it is about. */
void Require(bool isTrue, const char *what);

/* Returns the pointer, which must not be NULL. */
void *Need(void *pointer);

/* What the functions below open. It is closed when the program has run. */
extern SOCKET client, server, listener, accepted;
extern HANDLE port;

/* What GetQueuedCompletionStatus has written, for programs in which one thread calls it. */
extern DWORD takenBytes;
extern ULONG_PTR takenKey;
extern OVERLAPPED *taken;

void StartWinsock(void);
void OpenListener(NetAddress *address);

/* Starts Winsock and connects two sockets: what is sent on one comes out of the other. */
void OpenPair(void);

/* The same with AcceptEx: the accepted one has no SO_UPDATE_ACCEPT_CONTEXT yet. */
void OpenPairWithAcceptEx(void);

/* The same, and the server belongs to a port. */
void OpenPairWithPort(void);

void OpenPort(void);
void Associate(SOCKET socket);

/* Starts to receive on the server. True: a completion comes. */
bool StartReceive(void *data, ULONG size, WSAOVERLAPPED *overlapped);

/* Takes the next completion, of whatever outcome, from the port. */
void TakeCompletion(void);

HANDLE StartThread(void (*procedure)(void));
void JoinThread(HANDLE thread);

#endif
