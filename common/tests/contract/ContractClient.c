/*
 * ContractClient: the clients of the contract suite. See Contract.h.
 */
#include "Contract.h"
#include "ThreadManager.h"

#define CLIENT_MAX   1100
#define PIECE_SIZE   65536
#define NARROW_SIZE  8192
#define PATTERN_STEP 7919        /* each client sends another part of the pattern */
#define FULL_MS      250         /* nothing more could be sent for so long: the server is stuck */
#define FLOOD_SIZE   (64u << 10) /* bytes of each of a flood's echoes */

static Client clients[CLIENT_MAX];
static int clientCount; /* entries that were used in this test */
static LONG64 nextNumber;

/* The floods of the test. */
static ThreadManager floodThreads;
static volatile LONG floodsStop, floodsWrong;
static volatile LONG64 floodBytes; /* that they have got back */

/* --- Opening and closing --------------------------------------------------------------------- */

static Client *TakeEntry(void)
{
    for (int i = 0; i < clientCount; i++) {
        if (clients[i].socket == INVALID_SOCKET)
            return &clients[i];
    }
    return clientCount < CLIENT_MAX ? &clients[clientCount++] : NULL;
}

/* Before it connects, the system's buffers of the socket get this size; 0: as ever. */
static Client *OpenWithBuffers(Server *server, int bufferSize)
{
    Client *client = NEED(TakeEntry());
    NetAddress own;

    client->first = ++nextNumber * PATTERN_STEP;
    client->socket = NEED_SOCKET(Peer_OpenTo(&server->address, bufferSize));
    SocketUtils_SetNonBlocking(client->socket, true);
    SocketUtils_GetLocalAddress(client->socket, &own);
    NetAddress_ToText(&own, client->address, sizeof(client->address));
    return client;
}

Client *Client_Open(Server *server)
{
    return OpenWithBuffers(server, 0);
}

Client *Client_OpenNarrow(Server *server)
{
    return OpenWithBuffers(server, NARROW_SIZE);
}

Client *Client_OpenStuck(Server *server)
{
    Client *client = Client_OpenNarrow(server);

    NEED_TRUE(Peer_FillUp(client->socket) > 0);
    return client;
}

const char *Client_GetLine(const Client *client, const char *event)
{
    static char line[NET_ADDRESS_TEXT_SIZE + 40];

    snprintf(line, sizeof(line), "%s %s", event, client->address);
    return line;
}

void Clients_CloseAll(void)
{
    InterlockedExchange(&floodsStop, 1);
    ThreadManager_Join(&floodThreads);
    floodsStop = floodsWrong = 0;
    floodBytes = 0;

    Peers_CloseAll();
    clientCount = 0;
}

/* --- Waiting --------------------------------------------------------------------------------- */

/* Waits until the socket can be read or written, as asked. False: the time is over. */
static bool WaitForSocket(SOCKET socket, bool toRead, bool toWrite, DWORD timeoutMs)
{
    fd_set readSet, writeSet;
    struct timeval time = {(long)(timeoutMs / 1000), (long)(timeoutMs % 1000 * 1000)};

    FD_ZERO(&readSet);
    FD_ZERO(&writeSet);
    if (toRead)
        FD_SET(socket, &readSet);
    if (toWrite)
        FD_SET(socket, &writeSet);
    return select(0, toRead ? &readSet : NULL, toWrite ? &writeSet : NULL, NULL, &time) > 0;
}

/* --- Transfers ------------------------------------------------------------------------------- */

typedef struct TransferCase {
    const char *name;
    Transfer transfer;
    int bufferSize; /* as for OpenWithBuffers */
} TransferCase;

static const TransferCase cases[] = {
    /* The system hands them over in whatever pieces it likes. */
    {"echo: single bytes without waiting", {.size = 3000, .sendPiece = 1}, 0},
    {"echo: 4 MB both ways at once", {.size = 4u << 20, .halfClose = true}, 0},
    /* Small buffers and pauses: the server's sends are short, or have to wait, again and again. */
    {"echo: a slow reader", {.size = 512u << 10, .recvPiece = 8192, .recvPauseMs = 5}, 8192},
    /* The client reads nothing until the server is stuck with it; then all of it. */
    {"echo: a reader that begins when the server is stuck",
     {.size = 16u << 20, .sendFirst = true},
     8192},
    /* The server owes everything that it received, and sends it before it closes. */
    {"leave: half-close after 700 KB, reading all along",
     {.size = 700u << 10, .halfClose = true},
     0},
    {"leave: half-close after 700 KB, then reading",
     {.size = 700u << 10, .halfClose = true, .sendFirst = true},
     0},
    /* Most of what is owed is still to be sent when the server sees the end. */
    {"leave: half-close of a slow reader",
     {.size = 256u << 10,
      .halfClose = true,
      .sendFirst = true,
      .recvPiece = 4096,
      .recvPauseMs = 2},
     8192},
};

/* A transfer under way. */
typedef struct Progress {
    Client *client;
    const Transfer *transfer;
    size_t sent;
    size_t received;
    bool isHalfClosed;
    bool hasEnded;    /* the server has closed, after all bytes, as a half-close asks for */
    bool isFlood;     /* it ends with floodsStop */
    bool isWrong;     /* a byte came that was not sent */
    char reason[200]; /* why it failed */
} Progress;

/* A piece of a member's size, where 0 stands for the largest, and no more than is left. */
static int PieceSize(size_t piece, size_t left)
{
    if (piece == 0 || piece > PIECE_SIZE)
        piece = PIECE_SIZE;
    return (int)(piece < left ? piece : left);
}

static bool FailTransfer(Progress *progress, const char *what, int error)
{
    snprintf(progress->reason, sizeof(progress->reason),
             "%s after %lu of %lu bytes were sent and %lu came back (error %d)", what,
             (unsigned long)progress->sent, (unsigned long)progress->transfer->size,
             (unsigned long)progress->received, error);
    return false;
}

/* Sends what the system takes. False: the connection failed. */
static bool SendSome(Progress *progress)
{
    const Transfer *transfer = progress->transfer;
    char bytes[PIECE_SIZE];
    int size = PieceSize(transfer->sendPiece, transfer->size - progress->sent);
    int count;

    Pattern_Fill(bytes, size, progress->client->first + (LONG64)progress->sent);
    count = send(progress->client->socket, bytes, size, 0);
    if (count == SOCKET_ERROR)
        return WSAGetLastError() == WSAEWOULDBLOCK ||
               FailTransfer(progress, "send failed", WSAGetLastError());
    progress->sent += (size_t)count;
    if (progress->sent == transfer->size && transfer->halfClose) {
        progress->isHalfClosed = true;
        if (shutdown(progress->client->socket, SD_SEND) != 0)
            return FailTransfer(progress, "shutdown failed", WSAGetLastError());
    }
    return true;
}

/* Receives what is there, and compares it. `count` says how much it was. False: it is wrong. */
static bool ReceiveSome(Progress *progress, int *count)
{
    const Transfer *transfer = progress->transfer;
    char bytes[PIECE_SIZE];
    int size = PieceSize(transfer->recvPiece, PIECE_SIZE);

    *count = recv(progress->client->socket, bytes, size, 0);
    if (*count == SOCKET_ERROR)
        return WSAGetLastError() == WSAEWOULDBLOCK ||
               FailTransfer(progress, "recv failed", WSAGetLastError());
    if (*count == 0) {
        progress->hasEnded = true;
        if (progress->received == transfer->size && progress->isHalfClosed)
            return true;
        return FailTransfer(progress, "the server closed", 0);
    }
    progress->isWrong =
        !Pattern_IsRight(bytes, *count, progress->client->first + (LONG64)progress->received);
    progress->received += (size_t)*count;
    if (progress->isWrong)
        return FailTransfer(progress, "a wrong byte came", 0);
    if (progress->received <= progress->sent)
        return true;
    progress->isWrong = true;
    return FailTransfer(progress, "more came than was sent", 0);
}

static bool IsTransferDone(const Progress *progress)
{
    if (progress->transfer->halfClose)
        return progress->hasEnded;
    return progress->received == progress->transfer->size;
}

/* Waits until the next step is possible. False: nothing happens for WAIT_MS. */
static bool WaitForStep(Progress *progress, bool toRead, bool toWrite)
{
    for (DWORD waited = 0; waited < WAIT_MS; waited += 100) {
        if (WaitForSocket(progress->client->socket, toRead, toWrite, 100))
            return true;
        /* sendFirst ends where the server can take no more. */
        if (!toRead && waited >= FULL_MS)
            return true;
    }
    return FailTransfer(progress, "nothing happened any more", 0);
}

static bool RunTransfer(Progress *progress)
{
    const Transfer *transfer = progress->transfer;
    bool maySendFirst = transfer->sendFirst;

    while (!IsTransferDone(progress)) {
        bool mayWrite = progress->sent < transfer->size;
        size_t before = progress->sent;
        int count = 0;

        if (progress->isFlood && floodsStop != 0)
            return FailTransfer(progress, "called off", 0);
        if (mayWrite && !SendSome(progress))
            return false;
        if (progress->sent == transfer->size)
            maySendFirst = false;
        if (!maySendFirst) {
            if (transfer->recvPauseMs > 0)
                Sleep(transfer->recvPauseMs);
            if (!ReceiveSome(progress, &count))
                return false;
        }
        mayWrite = progress->sent < transfer->size;
        if (count > 0 || progress->sent > before || IsTransferDone(progress))
            continue;
        if (!WaitForStep(progress, !maySendFirst, mayWrite))
            return false;
        if (maySendFirst && !WaitForSocket(progress->client->socket, false, true, 0))
            maySendFirst = false;
    }
    return true;
}

bool Client_Transfer(Client *client, const Transfer *transfer)
{
    Progress progress = {.client = client, .transfer = transfer};

    return RunTransfer(&progress) || Test_Explain("%s: %s", client->address, progress.reason);
}

static void CheckTransfer(const void *data)
{
    const TransferCase *one = (const TransferCase *)data;
    Server *server = Server_Start();
    Client *client = OpenWithBuffers(server, one->bufferSize);

    CHECK(Client_Transfer(client, &one->transfer));
    Peer_Close(&client->socket);
    CHECK(Server_WaitForLeft(server, 1));
    CHECK_INT(Server_SumReceived(server), one->transfer.size);
    Server_CheckStop(server);
}

TEST_CASES(CheckTransfer, cases);

bool Client_Echo(Client *client, size_t size)
{
    const Transfer transfer = {.size = size};

    return Client_Transfer(client, &transfer);
}

/* --- Floods ---------------------------------------------------------------------------------- */

static void RunFlood(void *client)
{
    const Transfer transfer = {.size = FLOOD_SIZE};
    bool goesOn = true;

    while (goesOn) {
        Progress progress = {.client = (Client *)client, .transfer = &transfer, .isFlood = true};

        goesOn = RunTransfer(&progress);
        InterlockedExchangeAdd64(&floodBytes, (LONG64)progress.received);
        InterlockedOr(&floodsWrong, progress.isWrong);
    }
}

bool Client_StartFlood(Client *client)
{
    return ThreadManager_Launch(&floodThreads, RunFlood, client) ||
           Test_Explain("no thread for a flood: error %lu", GetLastError());
}

LONG64 Flood_GetBytes(void)
{
    return floodBytes;
}

bool Flood_IsRight(void)
{
    return floodsWrong == 0 || Test_Explain("a flood got a byte back that it did not send");
}
