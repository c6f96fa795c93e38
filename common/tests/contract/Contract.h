/*
 * Contract: what the files of the contract suite share. ContractServer.c and
 * ContractClient.c have the functions.
 *
 * A test opens Clients to its server, and checks. It may return at any point: clients and floods
 * that it leaves are ended after it, and a server that runs is stopped, and its stop checked. Sizes
 * are in bytes, times in milliseconds. Functions that return a client end the test where there is
 * none, those that return bool explain a failure with Test_Explain.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "NetAddress.h"
#include "Peer.h"
#include "Test.h"
#include "TestProgram.h"
#include "TestSocketUtils.h"

#define LAST_STAGE  9    /* a stage after 07 keeps the contract of 07 */
#define BUFFER_SIZE 4096 /* of a session in every stage */

/* --- Stages ---------------------------------------------------------------------------------- */

/* The server.exe under test, and its stage, 1 to 7, as its folder says. */
extern const char *serverPath;
extern int stageNumber;

/* The clients that the stage can serve at once, and `most` at most. */
int Stage_GetClientMax(int most);

/* The server was built to watch its own calls, and does. */
extern bool isVerifying;

/* --- The server ------------------------------------------------------------------------------ */

/* The server of the test, the one that was started last, and where it listens. */
extern ServerProcess *server;
extern NetAddress serverAddress;

/* Starts it on a free port of 127.0.0.1, or with these arguments, and waits until it listens. */
void Server_Start(void);
void Server_StartWith(const char *const arguments[]);

/* The same. False: it does not listen. */
bool Server_TryStart(const char *const arguments[]);

/* Starts another one and waits for nothing: for command lines with which it is not to listen. */
ServerProcess *Server_Launch(const char *const arguments[]);

/* How many lines of its log have the text so far. */
int Server_Count(const char *text);

/* Waits until `count` clients have come and gone, as the log says. */
bool Server_WaitForLeft(int count);

/* Waits until all have gone that have come. */
bool Server_WaitForAllLeft(void);

/* The sum of the numbers in all lines "Recv Data Len = N". */
long Server_SumReceived(void);

/* Checks its handles. It prints that a client has left and closes the socket a moment later. */
void Server_CheckHandles(int most);

/* Checks that a client that comes at this moment is served, and waits until it has left. */
bool Server_ServesNewClient(void);

/* --- Clients --------------------------------------------------------------------------------- */

typedef struct Client {
    SOCKET socket;                       /* non-blocking */
    char address[NET_ADDRESS_TEXT_SIZE]; /* its own, as the server's log writes it */
    LONG64 first;                        /* where in the pattern the bytes begin that it sends */
} Client;

/* Connects to the server of the test, which is started where it is not yet. */
Client *Client_Open(void);

/* Such a client that the server has accepted: it has got an echo. */
Client *Client_OpenServed(void);

/* One with small buffers: little fits between it and the server. */
Client *Client_OpenNarrow(void);

/* One that also sends, and never reads, until the server is stuck with it. */
Client *Client_OpenStuck(void);

/* Brings it to one of the moments, from 0 on, at which it may leave. */
#define LEAVE_MOMENTS 7
bool Client_ComeToMoment(Client *client, int moment);

/* Closes the connection in order, or resets it. */
void Client_Leave(Client *client, bool inOrder);

/* The log's line of this event, "Client Connected!", and this client, until the next call. */
const char *Client_GetLine(const Client *client, const char *event);

/* Waits for it, or counts it. */
bool Client_IsLogged(const Client *client, const char *event);
int Client_Count(const Client *client, const char *event);

/* How an echo is asked for. 0 stands for the default of each member. */
typedef struct Transfer {
    size_t size;       /* bytes to send, and to get back */
    size_t sendPiece;  /* at most so many in one send */
    size_t recvPiece;  /* at most so many in one recv */
    DWORD recvPauseMs; /* before each recv: a slow reader */
    bool sendFirst;    /* do not read before all is sent, or nothing more can be sent */
    bool halfClose;    /* after the last byte was sent; then the end must follow the last byte */
} Transfer;

/*
 * Sends and receives at the same time, and compares every byte that comes back with what was sent.
 * The bytes are any values, NUL among them, and differ from client to client.
 */
bool Client_Transfer(Client *client, const Transfer *transfer);

/* The same as Client_Transfer with only a size. */
bool Client_Echo(Client *client, size_t size);

/* Starts a thread that echoes through this client without a pause until the connection ends. */
void Client_StartFlood(Client *client);

/* What all floods of this test have got back so far. */
extern volatile LONG64 floodBytes;

/* False: one of them got something else back than it sent. */
bool Flood_IsRight(void);

/* After each test. */
void Fixture_End(void);

#endif
