/*
 * ContractClient: the clients of the contract suite. See Contract.h.
 */
#include "Contract.h"
#include "ThreadManager.h"

#define CLIENT_MAX   2100
#define PIECE_SIZE   65536
#define PATTERN_STEP 7919        /* each client sends another part of the pattern */
#define FULL_MS      250         /* nothing more could be sent for so long: the server is stuck */
#define FLOOD_SIZE   (64u << 10) /* bytes of each of a flood's echoes */

static Client clients[CLIENT_MAX]; /* of the test */
static int clientCount;
static LONG64 nextNumber;

/* The floods of the test. */
static ThreadManager floodThreads;
static volatile LONG floodsStop, floodsWrong;
volatile LONG64 floodBytes;

/* --- Opening and closing --------------------------------------------------------------------- */

/* Before it connects, the system's buffers of the socket get this size; 0: as ever. */
static Client *OpenWithBuffers(int bufferSize)
{
    Client *client = NEED(clientCount < CLIENT_MAX ? &clients[clientCount++] : NULL);
    NetAddress own;

    if (server == NULL)
        Server_Start();
    client->first = ++nextNumber * PATTERN_STEP;
    client->socket = NEED_SOCKET(Peer_OpenTo(&serverAddress, bufferSize));
    SocketUtils_SetNonBlocking(client->socket, true);
    SocketUtils_GetLocalAddress(client->socket, &own);
    NetAddress_ToText(&own, client->address, sizeof(client->address));
    return client;
}

Client *Client_Open(void)
{
    return OpenWithBuffers(0);
}

Client *Client_OpenServed(void)
{
    Client *client = Client_Open();

    NEED_TRUE(Client_Echo(client, 100));
    return client;
}

Client *Client_OpenNarrow(void)
{
    return OpenWithBuffers(NARROW_SIZE);
}

Client *Client_OpenStuck(void)
{
    Client *client = Client_OpenNarrow();

    NEED_TRUE(Peer_FillUp(client->socket) > 0);
    return client;
}

bool Client_ComeToMoment(Client *client, int moment)
{
    static const char bytes[16 * BUFFER_SIZE];
    static const Transfer lastWords = {.size = 2 * BUFFER_SIZE, .halfClose = true};
    char received[1000];

    switch (moment) {
    case 0: /* right after connect */
        return true;
    case 1: /* the server has something to receive */
        return Peer_Send(client->socket, bytes, 100);
    case 2: /* nothing is on the way: the server waits in its receive */
        return Client_Echo(client, 1000);
    case 3: /* much is on the way, both ways */
        return Peer_Send(client->socket, bytes, (int)sizeof(bytes));
    case 4: /* part of the echo was read */
        return Peer_Send(client->socket, bytes, 4 * BUFFER_SIZE) &&
               Peer_Receive(client->socket, received, (int)sizeof(received));
    case 5: /* right behind a half-close */
        return Peer_Send(client->socket, bytes, 2 * BUFFER_SIZE) && Peer_HalfClose(client->socket);
    default: /* both sides have said their last */
        return Client_Transfer(client, &lastWords);
    }
}

void Client_Leave(Client *client, bool inOrder)
{
    if (inOrder)
        Peer_Close(&client->socket);
    else
        Peer_Reset(&client->socket);
}

const char *Client_GetLine(const Client *client, const char *event)
{
    static char line[NET_ADDRESS_TEXT_SIZE + 40];

    snprintf(line, sizeof(line), "%s %s", event, client->address);
    return line;
}

bool Client_IsLogged(const Client *client, const char *event)
{
    return TestProgram_Says(server, Client_GetLine(client, event));
}

int Client_Count(const Client *client, const char *event)
{
    return Server_Count(Client_GetLine(client, event));
}

void Fixture_End(void)
{
    InterlockedExchange(&floodsStop, 1);
    ThreadManager_Join(&floodThreads);
    floodsStop = floodsWrong = 0;
    floodBytes = 0;
    clientCount = 0;
    server = NULL;
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
    bool reads;    /* not before all is sent, or nothing more can be, where it sends first */
    bool hasEnded; /* the server has closed, after all bytes, as a half-close asks for */
    bool isFlood;  /* it ends with floodsStop */
    bool isWrong;  /* a byte came that was not sent */
} Progress;

/* A piece of a member's size, where 0 stands for the largest, and no more than is left. */
static int PieceSize(size_t piece, size_t left)
{
    if (piece == 0 || piece > PIECE_SIZE)
        piece = PIECE_SIZE;
    return (int)(piece < left ? piece : left);
}

static bool FailTransfer(const Progress *progress, const char *what, int error)
{
    return Test_Explain("%s: %s after %lu of %lu bytes were sent and %lu came back (error %d)",
                        progress->client->address, what, (unsigned long)progress->sent,
                        (unsigned long)progress->transfer->size, (unsigned long)progress->received,
                        error);
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
    if (progress->sent == transfer->size && transfer->halfClose)
        return Peer_HalfClose(progress->client->socket);
    return true;
}

/* Receives what is there, and compares it. False: it is wrong. */
static bool ReceiveSome(Progress *progress)
{
    const Transfer *transfer = progress->transfer;
    LONG64 position = progress->client->first + (LONG64)progress->received;
    char bytes[PIECE_SIZE];
    int size = PieceSize(transfer->recvPiece, PIECE_SIZE);
    int count;

    if (transfer->recvPauseMs > 0)
        Sleep(transfer->recvPauseMs);
    count = recv(progress->client->socket, bytes, size, 0);
    if (count == SOCKET_ERROR)
        return WSAGetLastError() == WSAEWOULDBLOCK ||
               FailTransfer(progress, "recv failed", WSAGetLastError());
    if (count == 0) {
        progress->hasEnded = true;
        return (progress->received == transfer->size && transfer->halfClose) ||
               FailTransfer(progress, "the server closed", 0);
    }
    progress->received += (size_t)count;
    progress->isWrong =
        !Pattern_IsRight(bytes, count, position) || progress->received > progress->sent;
    return !progress->isWrong || FailTransfer(progress, "a byte came that was not sent", 0);
}

static bool IsTransferDone(const Progress *progress)
{
    if (progress->transfer->halfClose)
        return progress->hasEnded;
    return progress->received == progress->transfer->size;
}

/*
 * Waits until the transfer can go on. One that sends first and cannot reads from then on: the server
 * takes no more. False: nothing happens for WAIT_MS.
 */
static bool WaitForStep(Progress *progress)
{
    DWORD timeoutMs = progress->reads ? WAIT_MS : FULL_MS;
    struct timeval time = {(long)(timeoutMs / 1000), (long)(timeoutMs % 1000 * 1000)};
    fd_set readSet, writeSet;

    FD_ZERO(&readSet);
    FD_ZERO(&writeSet);
    if (progress->reads)
        FD_SET(progress->client->socket, &readSet);
    if (progress->sent < progress->transfer->size)
        FD_SET(progress->client->socket, &writeSet);
    if (select(0, &readSet, &writeSet, NULL, &time) > 0)
        return true;
    if (progress->reads)
        return FailTransfer(progress, "nothing happened any more", 0);
    progress->reads = true;
    return true;
}

static bool RunTransfer(Progress *progress)
{
    const Transfer *transfer = progress->transfer;

    progress->reads = !transfer->sendFirst;
    while (!IsTransferDone(progress)) {
        size_t before = progress->sent + progress->received;

        if (progress->isFlood && floodsStop != 0)
            return false;
        if (progress->sent < transfer->size && !SendSome(progress))
            return false;
        if (progress->sent == transfer->size)
            progress->reads = true;
        if (progress->reads && !ReceiveSome(progress))
            return false;
        if (progress->sent + progress->received == before && !IsTransferDone(progress) &&
            !WaitForStep(progress))
            return false;
    }
    return true;
}

bool Client_Transfer(Client *client, const Transfer *transfer)
{
    Progress progress = {.client = client, .transfer = transfer};

    return RunTransfer(&progress);
}

static void CheckTransfer(const void *data)
{
    const TransferCase *one = (const TransferCase *)data;
    Client *client = OpenWithBuffers(one->bufferSize);

    CHECK(Client_Transfer(client, &one->transfer));
    Peer_Close(&client->socket);
    CHECK(Server_WaitForLeft(1));
    CHECK_INT(Server_SumReceived(), one->transfer.size);
}

TEST_CASES(CheckTransfer, cases);

bool Client_Echo(Client *client, size_t size)
{
    return Client_Transfer(client, &(const Transfer){.size = size});
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

void Client_StartFlood(Client *client)
{
    NEED_TRUE(ThreadManager_Launch(&floodThreads, RunFlood, client));
}

bool Flood_IsRight(void)
{
    return floodsWrong == 0 || Test_Explain("a flood got a byte back that it did not send");
}
