/*
 * Conversation: an instrumented server and its clients, for the programs that look at what it does.
 *
 *     Conversation conversation;
 *     Client client = {0};
 *
 *     if (!Conversation_Start(&conversation, path, "calls=build/calls.json") ||
 *         !Client_Arrive(&client, &conversation) || !Client_Echo(&client, 64) ||
 *         !Client_Depart(&client) || !Conversation_Stop(&conversation))
 *         printf("%s\n", conversation.reason);
 *     Client_Close(&client);
 *     Conversation_Close(&conversation);
 *
 * An instrumented server tells how many of its threads wait and how many calls it has made. When
 * all wait and no call is added, it is at rest: all that came was handled. A driver that acts only
 * then finds the same calls in the same order in each run.
 *
 * A conversation and its clients belong to one thread. Other threads may hold others at the same
 * time. Every wait is bounded: what should come and does not come in WAIT_MS is a failure, with a
 * sentence in `reason`.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "NetAddress.h"
#include "ServerProcess.h"
#include "Waits.h"

#include "InstrumentState.h"

#define REASON_SIZE 400
#define NUMBER_NONE 0
#define NUMBER_LAST 9

#define CLIENT_NOTE_MAX 40

/* What a client did: it started a call, or its recv returned what it had waited for. */
typedef struct ClientNote {
    const struct Client *client;
    const char *call;
    int64_t time; /* by Clock_GetNs */
} ClientNote;

typedef struct Conversation {
    ServerProcess *process;
    NetAddress address; /* where it listens */
    HANDLE section;
    const InstrumentState *state; /* NULL before it listens */
    DWORD exitCode;               /* once it has ended */
    char reason[REASON_SIZE];     /* why the last function that returned false did so */

    ClientNote notes[CLIENT_NOTE_MAX]; /* of all its clients; more are not kept */
    int noteCount;
} Conversation;

/* The folder that the program is in, "05-iocp-basic", or "06.1" of a step. Returns the number of the
   stage, or NUMBER_NONE. */
int Conversation_FindStage(const char *path, char *folder, size_t size);

/* How many clients that stage serves at once; those from 04 on have no limit, and get `most`. */
int Conversation_GetClientMax(int stage, int most);

/* Writes the reason, as printf does. Returns false, for the caller to return. */
bool Conversation_Fail(Conversation *conversation, const char *format, ...);

/*
 * Starts the server on a free port, with this text as its environment variable INSTRUMENT. Whatever
 * the result, Conversation_Close is to be called. Launch does not wait, WaitForListening does, and
 * Start is both.
 */
bool Conversation_Launch(Conversation *conversation, const char *path, const char *modes);
bool Conversation_WaitForListening(Conversation *conversation);
bool Conversation_Start(Conversation *conversation, const char *path, const char *modes);

/* Waits until the server is at rest. */
bool Conversation_WaitForRest(Conversation *conversation);

/*
 * Presses Ctrl+C, and requires a clean end: "Server stopped." last, and exit code 0 in STOP_LIMIT_MS. Stop
 * is both.
 */
bool Conversation_PressCtrlC(Conversation *conversation);
bool Conversation_CheckEnd(Conversation *conversation);
bool Conversation_Stop(Conversation *conversation);

/* Kills the server if it still runs, and frees everything. */
void Conversation_Close(Conversation *conversation);

/* --- Clients --------------------------------------------------------------------------------- */

typedef enum ClientResult {
    CLIENT_DONE,
    CLIENT_LOST,   /* the connection was refused or reset, or ended early */
    CLIENT_SILENT, /* for WAIT_MS nothing came, or nothing could be sent */
    CLIENT_WRONG   /* bytes came that are not those that were sent */
} ClientResult;

/* All zero is a client that is not connected. */
typedef struct Client {
    Conversation *conversation;
    SOCKET socket; /* valid where isOpen */
    bool isOpen;
    char address[NET_ADDRESS_TEXT_SIZE]; /* its own, as the server's log writes it */
} Client;

/* Without a look at the server. What is not CLIENT_DONE leaves a reason in the conversation. */
ClientResult Client_Connect(Client *client, Conversation *conversation);
ClientResult Client_Send(Client *client, const void *data, int size);
ClientResult Client_Receive(Client *client, const void *data, int size); /* and compares */

/* Waits until the server closes the connection, before which no byte may come, and closes. */
ClientResult Client_WaitForEnd(Client *client);

/* The same, after telling the server that it sends no more. */
ClientResult Client_Leave(Client *client);

/* Fills `data` with bytes of all values, others for each client and each `seed`. */
void Client_FillData(const Client *client, char *data, int size, int seed);

/* These wait until the server is at rest, and Arrive and Depart until its log says so, too. */
bool Client_Arrive(Client *client, Conversation *conversation);
bool Client_Echo(Client *client, int size); /* at most ECHO_MAX bytes */
bool Client_Say(Client *client, const char *text);
bool Client_Depart(Client *client);

#define ECHO_MAX 1024

/* Closes the connection if there is one. */
void Client_Close(Client *client);

#endif
