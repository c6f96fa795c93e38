/*
 * Contract: what the files of the contract suite share. ContractServer.c and
 * ContractClient.c have the functions.
 *
 * A test starts a Server, opens Clients, and checks. It may return at any point: servers, clients
 * and floods that it leaves are ended after it. Sizes are in bytes, times in milliseconds.
 * Server_Start and what opens a client end the test where there is none; the other functions that
 * return bool or a pointer explain a failure with Test_Explain.
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

/* The stage under test, 1 to 7, as the folder of server.exe says. */
int Stage_GetNumber(void);

/* The clients that the stage can serve at once, or that a test need not go beyond. */
int Stage_GetClientMax(void);

/* The server was built to watch its own calls, and does. */
extern bool isVerifying;

/* --- Servers --------------------------------------------------------------------------------- */

typedef struct Server {
    ServerProcess *process;
    NetAddress address; /* where it listens; valid after Server_Start */
    bool mayStop;       /* it has been started and not been stopped */
} Server;

/* Starts the server on a free port of 127.0.0.1 and waits until it listens. */
Server *Server_Start(void);

/* The same with these arguments, ended by NULL. NULL: it does not listen. */
Server *Server_StartWith(const char *const arguments[]);

/* Starts it and waits for nothing: for command lines with which it is not to listen. */
Server *Server_Launch(const char *const arguments[]);

/*
 * Presses Ctrl+C and checks the whole of a stop: exit code 0 in time, "Server stopped." once and
 * last, nothing on stderr, a Disconnected line for each Connected line.
 */
void Server_CheckStop(Server *server);

/* The same for each that the test has left running: done after it. */
void Servers_CheckStop(void);

/* The part of that which comes after Ctrl+C was pressed. */
void Server_CheckStopped(Server *server);

/* Waits until `count` clients have come and gone, as the log says. */
bool Server_WaitForLeft(Server *server, int count);

/* How many lines have the text so far. */
int Server_Count(Server *server, const char *text);

/* Waits for a line with `text` and copies it; `position` as ServerProcess_WaitForLine has it. */
bool Server_WaitForLine(Server *server, const char *text, size_t *position, char *line, int size);

/* The sum of the numbers in all lines "Recv Data Len = N". */
long Server_SumReceived(Server *server);

/* The handles of the server, when they have come down to `most`, or after WAIT_MS. */
int Server_SettleHandles(Server *server, int most);

/* Checks that a client that comes at this moment is served, and waits until it has left. */
bool Server_ServesNewClient(Server *server);

/* --- Clients --------------------------------------------------------------------------------- */

typedef struct Client {
    SOCKET socket;                       /* non-blocking; INVALID_SOCKET: this entry is free */
    char address[NET_ADDRESS_TEXT_SIZE]; /* its own, as the server's log writes it */
    LONG64 first;                        /* where in the pattern the bytes begin that it sends */
} Client;

Client *Client_Open(Server *server);

/* The same with small buffers: little fits between it and the server. */
Client *Client_OpenNarrow(Server *server);

/* The same, and it sends, and never reads, until the server is stuck with it. */
Client *Client_OpenStuck(Server *server);

/* The line of the server's log of this event and this client, until the next call. */
const char *Client_GetLine(const Client *client, const char *event);

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
bool Client_StartFlood(Client *client);

/* What all floods of this test have got back so far. */
LONG64 Flood_GetBytes(void);

/* False: one of them got something else back than it sent. */
bool Flood_IsRight(void);

/* Ends all clients and floods of the test. */
void Clients_CloseAll(void);

void Fixture_Init(const char *serverPath, int stageNumber);

/* After each test. */
void Fixture_End(void);

#endif
