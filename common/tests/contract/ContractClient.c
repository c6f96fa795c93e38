/*
 * ContractClient: the clients of the contract suite. See Contract.h.
 */
#include "Contract.h"
#include "ThreadManager.h"

#include <stdio.h>
#include <string.h>

#define CLIENT_MAX    1100
#define PIECE_SIZE    65536
#define FILL_MAX      (64u << 20) /* a server that takes so much without sending has no bound */
#define FILL_QUIET_MS 250         /* nothing more could be sent for so long: the server is stuck */
#define FLOOD_MAX     8
#define FLOOD_SIZE    (64u << 10) /* bytes of each of a flood's echoes */

typedef struct Flood {
    Client *client;
    size_t bytes; /* got back; written by the flood's thread under the lock, as is isWrong */
    bool isWrong;
} Flood;

static Client clients[CLIENT_MAX];
static int clientCount; /* entries that were used in this test */
static uint32_t nextSeed;
static ThreadManager floodThreads;
static Flood floods[FLOOD_MAX];
static int floodCount;
static bool floodsStop; /* under the lock */
static SRWLOCK floodLock = SRWLOCK_INIT;

/* --- Opening and closing --------------------------------------------------------------------- */

static Client *TakeEntry(void)
{
    for (int i = 0; i < clientCount; i++) {
        if (clients[i].socket == INVALID_SOCKET)
            return &clients[i];
    }
    return clientCount < CLIENT_MAX ? &clients[clientCount++] : NULL;
}

Client *Client_OpenWithBuffers(Server *server, int bufferSize)
{
    Client *client = TakeEntry();
    NetAddress own;

    if (client == NULL) {
        Test_Explain("CLIENT_MAX is too small");
        return NULL;
    }
    client->seed = ++nextSeed;
    client->socket = SocketUtils_CreateSocket(NetAddress_GetFamily(&server->address));
    if (client->socket != INVALID_SOCKET && bufferSize > 0) {
        SocketUtils_SetRecvBufferSize(client->socket, bufferSize);
        SocketUtils_SetSendBufferSize(client->socket, bufferSize);
    }
    if (client->socket == INVALID_SOCKET ||
        !SocketUtils_Connect(client->socket, &server->address) ||
        !SocketUtils_GetLocalAddress(client->socket, &own) ||
        !SocketUtils_SetNonBlocking(client->socket, true) ||
        !SocketUtils_SetTcpNoDelay(client->socket, true)) {
        Test_Explain("a client cannot connect: error %d", WSAGetLastError());
        SocketUtils_Close(&client->socket);
        return NULL;
    }
    NetAddress_ToText(&own, client->address, sizeof(client->address));
    return client;
}

Client *Client_Open(Server *server)
{
    return Client_OpenWithBuffers(server, 0);
}

/* Calls off what FillUp has left pending: Wine would go on with it after closesocket. */
static void EndStuckSend(Client *client)
{
    DWORD count, flags;

    if (client->stuck.hEvent == NULL)
        return;
    CancelIoEx((HANDLE)client->socket, &client->stuck);
    WSAGetOverlappedResult(client->socket, &client->stuck, &count, TRUE, &flags);
    WSACloseEvent(client->stuck.hEvent);
    client->stuck.hEvent = NULL;
}

void Client_Close(Client *client)
{
    SocketUtils_Close(&client->socket);
}

void Client_Reset(Client *client)
{
    SocketUtils_SetLinger(client->socket, true, 0);
    EndStuckSend(client);
    SocketUtils_Close(&client->socket);
}

bool Client_HalfClose(Client *client)
{
    if (shutdown(client->socket, SD_SEND) == 0)
        return true;
    return Test_Explain("shutdown failed with error %d", WSAGetLastError());
}

static bool FloodsStop(void)
{
    bool stop;

    AcquireSRWLockShared(&floodLock);
    stop = floodsStop;
    ReleaseSRWLockShared(&floodLock);
    return stop;
}

void Clients_CloseAll(void)
{
    AcquireSRWLockExclusive(&floodLock);
    floodsStop = true;
    ReleaseSRWLockExclusive(&floodLock);
    ThreadManager_Join(&floodThreads);
    floodsStop = false;
    floodCount = 0;

    /* With a reset: hundreds of connections in TIME_WAIT would use up the ports of this machine. */
    for (int i = 0; i < clientCount; i++) {
        if (clients[i].socket != INVALID_SOCKET)
            Client_Reset(&clients[i]);
    }
    clientCount = 0;
}

/* --- Waiting --------------------------------------------------------------------------------- */

/* Waits until the socket can be read or written, as asked. False: the time is over. */
static bool WaitForSocket(SOCKET socket, bool toRead, bool toWrite, DWORD timeoutMs)
{
    fd_set readSet, writeSet;
    struct timeval time;

    FD_ZERO(&readSet);
    FD_ZERO(&writeSet);
    if (toRead)
        FD_SET(socket, &readSet);
    if (toWrite)
        FD_SET(socket, &writeSet);
    time.tv_sec = (long)(timeoutMs / 1000);
    time.tv_usec = (long)(timeoutMs % 1000 * 1000);
    return select(0, toRead ? &readSet : NULL, toWrite ? &writeSet : NULL, NULL, &time) > 0;
}

bool Client_IsReadable(Client *client, DWORD timeoutMs)
{
    return WaitForSocket(client->socket, true, false, timeoutMs);
}

bool Client_Send(Client *client, const void *data, int size)
{
    const char *bytes = (const char *)data;
    int sent = 0;

    while (sent < size) {
        int count = send(client->socket, bytes + sent, size - sent, 0);

        if (count > 0) {
            sent += count;
            continue;
        }
        if (WSAGetLastError() != WSAEWOULDBLOCK)
            return Test_Explain("send failed with error %d after %d of %d bytes", WSAGetLastError(),
                                sent, size);
        if (!WaitForSocket(client->socket, false, true, WAIT_MS))
            return Test_Explain("after %d of %d bytes nothing more could be sent", sent, size);
    }
    return true;
}

bool Client_Receive(Client *client, void *data, int size)
{
    char *bytes = (char *)data;
    int received = 0;

    while (received < size) {
        int count = recv(client->socket, bytes + received, size - received, 0);

        if (count > 0) {
            received += count;
            continue;
        }
        if (count == 0)
            return Test_Explain("expected %d bytes, but the connection ended after %d", size,
                                received);
        if (WSAGetLastError() != WSAEWOULDBLOCK)
            return Test_Explain("expected %d bytes, but recv failed with error %d after %d", size,
                                WSAGetLastError(), received);
        if (!WaitForSocket(client->socket, true, false, WAIT_MS))
            return Test_Explain("expected %d bytes, but nothing came for %d ms after %d", size,
                                WAIT_MS, received);
    }
    return true;
}

bool Client_WaitForEnd(Client *client, bool *clean)
{
    static char bytes[PIECE_SIZE];
    ULONGLONG deadline = Test_Now() + WAIT_MS;

    while (Test_Now() < deadline) {
        int count = recv(client->socket, bytes, sizeof(bytes), 0);

        if (count > 0)
            continue;
        if (count == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
            if (clean != NULL)
                *clean = count == 0;
            return true;
        }
        WaitForSocket(client->socket, true, false, 100);
    }
    return Test_Explain("the connection of %s does not end", client->address);
}

/* --- Transfers ------------------------------------------------------------------------------- */

/* The byte at `position` of what a client with this seed sends. */
static char PatternByte(uint32_t seed, size_t position)
{
    uint32_t x = ((uint32_t)position + seed * 7919u) * 2654435761u;

    return (char)(unsigned char)(x >> 24);
}

/* A transfer under way. */
typedef struct Progress {
    Client *client;
    const Transfer *transfer;
    size_t sent;
    size_t received;
    bool isHalfClosed;
    bool isFull;      /* nothing more could be sent */
    bool hasEnded;    /* the server has closed, after all bytes, as a half-close asks for */
    bool isFlood;     /* it ends when FloodsStop says so */
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

    for (int i = 0; i < size; i++)
        bytes[i] = PatternByte(progress->client->seed, progress->sent + (size_t)i);
    count = send(progress->client->socket, bytes, size, 0);
    if (count == SOCKET_ERROR) {
        progress->isFull = true;
        return WSAGetLastError() == WSAEWOULDBLOCK ||
               FailTransfer(progress, "send failed", WSAGetLastError());
    }
    progress->isFull = false;
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
    for (int i = 0; i < *count; i++) {
        if (bytes[i] != PatternByte(progress->client->seed, progress->received + (size_t)i)) {
            progress->received += (size_t)i;
            progress->isWrong = true;
            return FailTransfer(progress, "a wrong byte came", 0);
        }
    }
    progress->received += (size_t)*count;
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
        if (!toRead && waited >= FILL_QUIET_MS)
            return true;
    }
    return FailTransfer(progress, "nothing happened for 5 s", 0);
}

static bool RunTransfer(Progress *progress)
{
    const Transfer *transfer = progress->transfer;
    bool maySendFirst = transfer->sendFirst;

    while (!IsTransferDone(progress)) {
        bool mayWrite = progress->sent < transfer->size;
        size_t before = progress->sent;
        int count = 0;

        if (progress->isFlood && FloodsStop())
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
    Progress progress = {0};

    progress.client = client;
    progress.transfer = transfer;
    return RunTransfer(&progress) || Test_Explain("%s: %s", client->address, progress.reason);
}

bool Client_Echo(Client *client, size_t size)
{
    Transfer transfer = {0};

    transfer.size = size;
    return Client_Transfer(client, &transfer);
}

/*
 * A non-blocking send would do but for Wine 10: it takes all of the bytes, sends them in the background,
 * and closesocket cannot reset the connection before they are gone.
 */
size_t Client_FillUp(Client *client)
{
    static char bytes[PIECE_SIZE];
    WSABUF piece = {sizeof(bytes), bytes};
    size_t sent = 0;

    client->stuck.hEvent = WSACreateEvent();
    SocketUtils_SetNonBlocking(client->socket, false);
    while (sent < FILL_MAX) {
        DWORD count = 0, flags = 0;

        if ((WSASend(client->socket, &piece, 1, NULL, 0, &client->stuck, NULL) != 0 &&
             WSAGetLastError() != WSA_IO_PENDING) ||
            (WaitForSingleObject(client->stuck.hEvent, FILL_QUIET_MS) == WAIT_OBJECT_0 &&
             !WSAGetOverlappedResult(client->socket, &client->stuck, &count, FALSE, &flags))) {
            Test_Explain("WSASend failed with error %d after %lu bytes", WSAGetLastError(),
                         (unsigned long)sent);
            return 0;
        }
        if (count == 0) {
            SocketUtils_SetNonBlocking(client->socket, true);
            return sent;
        }
        sent += count;
    }
    Test_Explain("the server took %lu bytes of a client that does not read", (unsigned long)sent);
    return 0;
}

/* --- Floods ---------------------------------------------------------------------------------- */

static void RunFlood(void *argument)
{
    Flood *flood = (Flood *)argument;
    Transfer transfer = {0};
    bool goesOn = true;

    transfer.size = FLOOD_SIZE;
    while (goesOn) {
        Progress progress = {0};

        progress.client = flood->client;
        progress.transfer = &transfer;
        progress.isFlood = true;
        goesOn = RunTransfer(&progress);
        AcquireSRWLockExclusive(&floodLock);
        flood->bytes += progress.received;
        flood->isWrong = flood->isWrong || progress.isWrong;
        ReleaseSRWLockExclusive(&floodLock);
    }
}

bool Client_StartFlood(Client *client)
{
    Flood *flood = &floods[floodCount];

    if (floodCount == FLOOD_MAX)
        return Test_Explain("FLOOD_MAX is too small");
    flood->client = client;
    flood->bytes = 0;
    flood->isWrong = false;
    if (!ThreadManager_Launch(&floodThreads, RunFlood, flood))
        return Test_Explain("no thread for a flood: error %lu", GetLastError());
    floodCount++;
    return true;
}

size_t Flood_GetBytes(void)
{
    size_t sum = 0;

    AcquireSRWLockShared(&floodLock);
    for (int i = 0; i < floodCount; i++)
        sum += floods[i].bytes;
    ReleaseSRWLockShared(&floodLock);
    return sum;
}

bool Flood_IsRight(void)
{
    bool isRight = true;

    AcquireSRWLockShared(&floodLock);
    for (int i = 0; i < floodCount; i++)
        isRight = isRight && !floods[i].isWrong;
    ReleaseSRWLockShared(&floodLock);
    return isRight || Test_Explain("a flood got a byte back that it did not send");
}
