/*
 * ChatTest: what the files of chat.exe share; see ChatTest.c. ChatTestProcess.c and
 * ChatTestTalker.c have the functions.
 */
#ifndef CHAT_TEST_H
#define CHAT_TEST_H

#include "Peer.h"
#include "ServerProcess.h"
#include "Test.h"
#include "TestProgram.h"
#include "TestSocketUtils.h"
#include "ThreadManager.h"

#define STREAM_SIZE  65536
#define TALKER_TEXT  32768 /* of a packet as text */
#define NAME_MAX_LEN 20

enum { ENTER = 1, SAY, PONG, WELCOME = 101, REFUSED, JOINED, LEFT, SAID, PING };

/* --- Programs -------------------------------------------------------------------------------- */

extern const char *programFolder;

/* The path of the program of this name, "ChatServer.exe", until the next call. */
const char *Program_Find(const char *name);

/* The ChatServer of the test, the one that was started last, and where it listens. */
extern ServerProcess *chatServer;
extern NetAddress chatAddress;

/* Starts it, on a free port or with these arguments. Without it the test is over. */
void Chat_Start(void);
void Chat_StartWith(const char *const arguments[]);

/* The first, where the test has started none. */
void Chat_Ensure(void);

/* After each test. */
void Fixture_End(void);

/* --- Servers in this program, which do wrong on purpose -------------------------------------- */

/*
 * Has a thread run `serve(argument)`, which ends when it cannot accept any more, and returns where
 * it listens. Where it cannot the test is over. One at a time; it is stopped after the test at the
 * latest, so its argument has to be static.
 */
const NetAddress *FalseServer_Start(void (*serve)(void *), void *argument);
void FalseServer_Stop(void);

/* For its thread: waits for a client. */
SOCKET FalseServer_Accept(void);

/* --- Talkers: clients of the ChatServer; they are closed after the test ---------------------- */

typedef struct Talker {
    SOCKET socket; /* blocking, for WAIT_MS at most */
    char name[NAME_MAX_LEN + 1];
    unsigned char stream[STREAM_SIZE]; /* what came and is not yet taken */
    int length;
    char text[TALKER_TEXT]; /* the last packet that was taken */
} Talker;

/*
 * Connects, see Peer_OpenTo, to the ChatServer of the test, which is started where it is not yet. Where
 * it cannot the test is over, and so with the next two.
 */
Talker *Talker_Open(int bufferSize);

/* Connects and enters as the first in the room, or as one of several: takes its own Welcome. */
Talker *Talker_Enter(const char *name);

/* Lets `count` talkers in, "t0" to "tN", and takes all the notices of it. */
void Talkers_Enter(Talker **list, int count);

/* Writes a packet at `packet`. Returns its size. */
int Talker_MakePacket(unsigned char *packet, int id, const void *body, int length);

bool Talker_Send(Talker *talker, int id, const char *text);

/* The next packet but pings, which it answers, as text: "Said kim|hello"; or "End", "Reset", "Nothing". */
const char *Talker_Receive(Talker *talker);

/* The next packet is this text, as printf makes it. */
bool Talker_Hears(Talker *talker, const char *format, ...);

/* Says this, and hears it as the next packet. */
bool Talker_SaysAndHears(Talker *talker, const char *text);

/* What was received instead of a packet: the end of the connection, in whichever way. */
bool Talker_IsEnd(const char *text);

/* True: there is something to receive, if only the end. */
bool Talker_IsReadable(Talker *talker, DWORD timeoutMs);

#endif
