/*
 * Wrong: small programs that make one mistake each on purpose, which verify has to find; those called
 * right-... come close to a mistake and make none. wrong.sh runs them all. To look at one:
 *
 *     make WATCHED=1 wrong-programs
 *     INSTRUMENT=verify build/instrument/tests/wrong.exe overlapped-freed      (with Wine in front of it)
 *
 *     WrongHeap.c         memory
 *     WrongHandles.c      sockets, events, ports and threads: used after their end, left open
 *     WrongOperations.c   overlapped operations: their OVERLAPPED, their buffer, their completion
 *     WrongOptions.c      options of sockets, and what AcceptEx and ConnectEx need after them
 *     WrongShared.c       races, found with shuffle
 *
 * A program is what one of these runs, and it has no other. What stands in front of it is its own, too:
 *
 *     PROGRAM("heap-double-free", HARMS, "memory: a block of 16 bytes is freed")
 *     {
 *         ... the line that the first finding has to name ends with the mark Wrong, in a comment ...
 *     }
 */
#ifndef WRONG_H
#define WRONG_H

#include "Peer.h"
#include "Test.h"
#include "TestSocketUtils.h"

#include <process.h>

typedef enum ProgramKind {
    PLAIN,
    HARMS = 1, /* it harms itself where verify is not there to stop it */
    RACE =
        2 /* it runs with shuffle=1 to 20 until a finding comes; where none is to come, with all */
} ProgramKind;

typedef struct Program {
    const char *name;
    int kinds;
    /* What the findings begin with: "rule 5: " and its `what`, or its first line. The exit code is 3, or 0
       with none or only a warning. */
    const char *first, *second;
    void (*run)(void);
    struct Program *next;
} Program;

#define PROGRAM(...)            PROGRAM_AT(__LINE__, __VA_ARGS__)
#define PROGRAM_AT(number, ...) PROGRAM_ON_LINE(number, __VA_ARGS__)
#define PROGRAM_ON_LINE(number, ...)                                                               \
    static void Run##number(void);                                                                 \
    BEFORE_MAIN(Register##number)                                                                  \
    {                                                                                              \
        static Program program = {.run = Run##number, .name = __VA_ARGS__};                        \
                                                                                                   \
        Program_Register(&program);                                                                \
    }                                                                                              \
    static void Run##number(void)

void Program_Register(Program *program);

/* Ends the program if something has failed that is not the mistake that it is about. */
void Require(bool isTrue, const char *what);

/* Returns the pointer, which must not be NULL. */
void *Need(void *pointer);

/* What the functions below open. It is closed when the program has run. */
extern SOCKET client, server, listener, accepted;
extern HANDLE port;

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
OVERLAPPED *TakeCompletion(void);

HANDLE StartThread(unsigned(__stdcall *procedure)(void *));
void JoinThread(HANDLE thread);

#endif
