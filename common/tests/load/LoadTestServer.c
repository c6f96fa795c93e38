/*
 * LoadTestServer: an echo server with a thread for each connection, that is wrong on purpose.
 * See LoadTest.h.
 */
#include "LoadTest.h"

#include "Clock.h"
#include "CtrlC.h"
#include "Peer.h"
#include "TestSocketUtils.h"
#include "ThreadManager.h"

#define SIZE       64 /* bytes of a message, where the plan does not say it */
#define KNOWN_MAX  64 /* connections at a time that others can reach */
#define ACCEPT_MS  20
#define SETTLE_MS  50  /* then the client's receive waits for what comes */
#define LAST_MS    500 /* so long FAULT_CORRUPT_LAST waits for another message */
#define TENTH      9
#define BAD_EXIT   3
#define SHORT_LIFE 100 /* messages that a child of mode "dies" echoes */

typedef struct Connection {
    SOCKET socket;
    int number;             /* 1: the first that was accepted */
    int place;              /* in `known`; KNOWN_MAX: in none */
    volatile LONG messages; /* received so far */
    bool isSilent, isKeeping;
    char *kept;     /* of FAULT_SWAP and FAULT_TWICE, until the next message has come */
    char message[]; /* with room for EXTRA_SIZE more, and for what is kept */
} Connection;

EchoCounts echo;

static EchoPlan plan;
static SOCKET listener = INVALID_SOCKET;
static NetAddress address;
static ThreadManager acceptor;       /* the thread that accepts */
static ThreadManager connections;    /* belongs to that thread */
static Connection *known[KNOWN_MAX]; /* each in the first free place; NULL: free */
static SRWLOCK knownLock = SRWLOCK_INIT;
static volatile LONG isThere[2]; /* the message that the connection is to exchange */
static volatile LONG isOver, isClosing, isDying;
static volatile LONG64 firstNs; /* when the first message came */

/* --- Time ------------------------------------------------------------------------------------ */

static double GetMsSince(LONG64 ns)
{
    return (double)(Clock_GetNs() - ns) / NS_PER_MS;
}

/* Until so much time has passed since then. Sleep alone may end a little too early. */
static void WaitUntil(LONG64 ns, double ms)
{
    for (double left = ms - GetMsSince(ns); left > 0; left = ms - GetMsSince(ns))
        Sleep(left > 2 ? (DWORD)left - 1 : 1);
}

static void Hold(const Connection *connection)
{
    double since;

    InterlockedCompareExchange64(&firstNs, Clock_GetNs(), 0);
    if (plan.holdEvery > 0 && connection->messages % plan.holdEvery == 0 &&
        (plan.connection == 0 || plan.connection == connection->number))
        WaitUntil(Clock_GetNs(), plan.holdMs);
    since = GetMsSince(firstNs);
    if (since >= plan.stopAtMs && since < plan.stopAtMs + plan.stopMs)
        WaitUntil(firstNs, plan.stopAtMs + plan.stopMs);
}

/* --- Connections ----------------------------------------------------------------------------- */

/* A whole message. False: the connection is over. */
static bool Receive(Connection *connection)
{
    int have = 0;

    while (have < plan.size) {
        int bytes = recv(connection->socket, connection->message + have, plan.size - have, 0);

        if (bytes == 0 && have == 0)
            InterlockedIncrement(&echo.ended);
        if (bytes <= 0)
            return false;
        have += bytes;
        InterlockedExchangeAdd64(&echo.bytes, bytes);
    }
    InterlockedIncrement(&connection->messages);
    InterlockedIncrement(&echo.messages);
    return true;
}

static void Reset(Connection *connection)
{
    Sleep(SETTLE_MS);
    SocketUtils_SetLinger(connection->socket, true, 0);
}

/* --- Faults ---------------------------------------------------------------------------------- */

/* The connection's peer, 1 or 2, gets the message of the other. */
static bool Exchange(const Connection *connection)
{
    int own = connection->number - 1;
    bool isSent = false;

    InterlockedExchange(&isThere[own], 1);
    if (!WAIT_FOR(isThere[1 - own], 1))
        return false;
    AcquireSRWLockShared(&knownLock);
    if (known[1 - own] != NULL)
        isSent = Peer_Send(known[1 - own]->socket, connection->message, plan.size);
    ReleaseSRWLockShared(&knownLock);
    return isSent;
}

static void EndSilent(void)
{
    AcquireSRWLockShared(&knownLock);
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (known[i] != NULL && known[i]->messages == 0) {
            shutdown(known[i]->socket, SD_SEND);
            InterlockedIncrement(&echo.made);
        }
    }
    ReleaseSRWLockShared(&knownLock);
}

static void WaitForReset(const Connection *connection)
{
    WSAPOLLFD poll = {connection->socket, 0, 0};

    while (!isOver && WSAPoll(&poll, 1, ACCEPT_MS) <= 0)
        ;
    if (!isOver)
        InterlockedExchange(&echo.deaf, echo.messages);
}

static bool IsTime(const Connection *connection)
{
    if (plan.connection != 0 && plan.connection != connection->number)
        return false;
    if (plan.fault == FAULT_CORRUPT_LAST)
        return !Peer_IsReadable(connection->socket, LAST_MS);
    if (plan.fault == FAULT_EXCHANGE && connection->number > 2)
        return false;
    return plan.fault != FAULT_NONE && plan.message == connection->messages;
}

/* Faults that end the sending. Says whether the connection lasts. */
static bool EndWrongly(Connection *connection)
{
    if (plan.fault == FAULT_RESET)
        Reset(connection);
    if (plan.fault == FAULT_DEAF)
        WaitForReset(connection);
    if (plan.fault == FAULT_RESET || plan.fault == FAULT_DEAF)
        return false;
    if (plan.fault == FAULT_END_AMID)
        Peer_Send(connection->socket, connection->message, plan.size / 2);
    if (plan.fault == FAULT_END_AFTER)
        Peer_Send(connection->socket, connection->message, plan.size);
    if (plan.fault != FAULT_SILENT)
        shutdown(connection->socket, SD_SEND);
    connection->isSilent = true;
    return true;
}

static void StopListening(void)
{
    InterlockedExchange(&isClosing, 1);
    while (listener != INVALID_SOCKET)
        Sleep(1);
}

/* What is sent instead of the message. Says whether the connection lasts. */
static bool EchoWrongly(Connection *connection)
{
    char *message = connection->message;
    int size = plan.size;

    switch (plan.fault) {
    case FAULT_LOSE_BYTE:
    case FAULT_LOSE_LAST_BYTE:
        size--;
        if (plan.fault == FAULT_LOSE_BYTE)
            memmove(message + TENTH, message + TENTH + 1, (size_t)(size - TENTH));
        break;
    case FAULT_LOSE_MESSAGE:
        return true;
    case FAULT_CORRUPT:
    case FAULT_CORRUPT_LAST:
        message[size - 1] ^= 1;
        break;
    case FAULT_SWAP:
    case FAULT_TWICE:
        memcpy(connection->kept, message, (size_t)size);
        connection->isKeeping = true;
        return plan.fault == FAULT_SWAP || Peer_Send(connection->socket, message, size);
    case FAULT_EXTRA:
        size += EXTRA_SIZE;
        break;
    case FAULT_EXCHANGE:
        return Exchange(connection);
    case FAULT_END_SILENT:
        EndSilent();
        break;
    case FAULT_CLOSE_LISTEN:
        StopListening();
        break;
    default:
        return EndWrongly(connection);
    }
    return Peer_Send(connection->socket, message, size);
}

/* When the client has sent its end. */
static void LeaveWrongly(Connection *connection)
{
    if (plan.connection != 0 && plan.connection != connection->number)
        return;
    if (plan.fault != FAULT_EXTRA_AT_END && plan.fault != FAULT_RESET_AT_END &&
        plan.fault != FAULT_NO_END)
        return;
    InterlockedIncrement(&echo.made);
    if (plan.fault == FAULT_EXTRA_AT_END)
        Peer_Send(connection->socket, "XXXXX", EXTRA_SIZE);
    if (plan.fault == FAULT_RESET_AT_END)
        Reset(connection);
    while (plan.fault == FAULT_NO_END && !isOver)
        Sleep(ACCEPT_MS);
}

static bool Echo(Connection *connection)
{
    Hold(connection);
    if (connection->number == 1 && connection->messages <= ECHO_MS_MAX)
        echo.ms[connection->messages - 1] = GetMsSince(firstNs);
    if (connection->isSilent)
        return true;
    if (IsTime(connection)) {
        InterlockedExchangeAdd(&echo.made, plan.fault != FAULT_END_SILENT);
        return EchoWrongly(connection);
    }
    if (!connection->isKeeping)
        return Peer_Send(connection->socket, connection->message, plan.size);
    connection->isKeeping = false;
    if (plan.fault == FAULT_TWICE)
        return Peer_Send(connection->socket, connection->kept, plan.size) &&
               Peer_Send(connection->socket, connection->message, plan.size);
    return Peer_Send(connection->socket, connection->message, plan.size) &&
           Peer_Send(connection->socket, connection->kept, plan.size);
}

/* --- The server ------------------------------------------------------------------------------ */

/* What is behind the end of a thread's connection. */
static void FreeConnection(Connection *connection)
{
    AcquireSRWLockExclusive(&knownLock);
    if (connection->place < KNOWN_MAX)
        known[connection->place] = NULL;
    ReleaseSRWLockExclusive(&knownLock);
    if (!isDying)
        SocketUtils_Close(&connection->socket);
    free(connection);
}

static void ConnectionMain(void *argument)
{
    Connection *connection = (Connection *)argument;
    bool isRight = true;

    while (isRight && Receive(connection))
        isRight = Echo(connection);
    if (isRight)
        LeaveWrongly(connection);
    FreeConnection(connection);
}

static void Accept(void)
{
    NetAddress client;
    SOCKET socket = SocketUtils_Accept(listener, &client);
    size_t room = sizeof(Connection) + 2 * (size_t)plan.size + EXTRA_SIZE;
    Connection *connection = (Connection *)calloc(1, room);

    if (socket == INVALID_SOCKET || connection == NULL) {
        SocketUtils_Close(&socket);
        free(connection);
        return;
    }
    SocketUtils_SetTcpNoDelay(socket, true);
    connection->socket = socket;
    memset(connection->message + plan.size, 'X', EXTRA_SIZE);
    connection->kept = connection->message + plan.size + EXTRA_SIZE;
    connection->number = InterlockedIncrement(&echo.accepted);
    AcquireSRWLockExclusive(&knownLock);
    while (connection->place < KNOWN_MAX && known[connection->place] != NULL)
        connection->place++;
    if (connection->place < KNOWN_MAX)
        known[connection->place] = connection;
    ReleaseSRWLockExclusive(&knownLock);
    if (!ThreadManager_Launch(&connections, ConnectionMain, connection))
        FreeConnection(connection);
}

static void AcceptMain(void *argument)
{
    (void)argument;
    while (!isOver && !isClosing) {
        if (Peer_IsReadable(listener, ACCEPT_MS))
            Accept();
    }
    SocketUtils_Close(&listener);
}

bool EchoServer_Start(const EchoPlan *newPlan)
{
    bool isRight = NetAddress_FromText(&address, newPlan->isIpv6 ? "::1" : "127.0.0.1", 0);

    memset(&echo, 0, sizeof(echo));
    plan = *newPlan;
    plan.size = plan.size != 0 ? plan.size : SIZE;
    isOver = 0;
    isClosing = 0;
    firstNs = 0;
    isThere[0] = isThere[1] = 0;
    listener = SocketUtils_CreateSocket(NetAddress_GetFamily(&address));
    ThreadManager_Init(&acceptor);
    ThreadManager_Init(&connections);
    isRight = isRight && listener != INVALID_SOCKET && SocketUtils_Bind(listener, &address) &&
              SocketUtils_GetLocalAddress(listener, &address) && listen(listener, SOMAXCONN) == 0 &&
              ThreadManager_Launch(&acceptor, AcceptMain, NULL);
    echo.port = NetAddress_GetPort(&address);
    return isRight || Test_Explain("no echo server: error %lu", GetLastError());
}

/* Ends what the threads wait in. True: one of them is left. */
static bool CancelReceives(void)
{
    bool isAnyLeft = false;

    AcquireSRWLockShared(&knownLock);
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (known[i] != NULL)
            CancelIoEx((HANDLE)known[i]->socket, NULL);
        isAnyLeft = isAnyLeft || known[i] != NULL;
    }
    ReleaseSRWLockShared(&knownLock);
    return isAnyLeft;
}

/*
 * A client that was killed may not have left: Wine can keep the sockets of a process that has ended.
 * A thread that was not in recv yet is not woken: so again.
 */
void EchoServer_Stop(void)
{
    InterlockedExchange(&isOver, 1);
    ThreadManager_Join(&acceptor);
    SocketUtils_Close(&listener);
    while (CancelReceives())
        Sleep(1);
    ThreadManager_Join(&connections);
}

/* --- As a program of its own ----------------------------------------------------------------- */

bool EchoServer_RunChild(int *exitCode)
{
    char mode[20];
    DWORD length = GetEnvironmentVariableA(ECHO_SERVER_MODE, mode, sizeof(mode));
    char text[NET_ADDRESS_TEXT_SIZE];

    if (length == 0 || length >= sizeof(mode))
        return false;
    *exitCode = BAD_EXIT;
    if (strcmp(mode, "mute") == 0 || !SocketUtils_Init() || !EchoServer_Start(&(EchoPlan){0}))
        return true;
    CtrlC_Install(NULL);
    printf("Listening on %s\n", NetAddress_ToText(&address, text, sizeof(text)));
    fflush(stdout);
    /* One that dies: its threads return, and the sockets stay open: it is the end of the process that ends
       the connections. A process that is to end while a thread is in recv may never do so under Wine. */
    while (!CtrlC_IsPressed() && !isDying) {
        InterlockedExchange(&isDying, strcmp(mode, "dies") == 0 && echo.messages >= SHORT_LIFE);
        Sleep(1);
    }
    EchoServer_Stop();
    return true;
}
