/*
 * Peer: see Peer.h.
 */
#include "Peer.h"
#include "Test.h"
#include "TestSocketUtils.h"

#define PEER_MAX      12000
#define PIECE_SIZE    65536
#define FILL_MAX      (64u << 20) /* who takes so much without sending has no bound */
#define FILL_QUIET_MS 250         /* nothing more could be sent for so long: it is stuck */

/* A send that stays pending, of Peer_FillUp. The system has it until it is over. */
typedef struct StuckSend {
    OVERLAPPED overlapped;
    char bytes[PIECE_SIZE];
} StuckSend;

typedef struct Peer {
    SOCKET socket;
    StuckSend *stuck; /* NULL: there is none */
} Peer;

static Peer peers[PEER_MAX];
static int peerCount;

NetAddress Peer_GetAddress(const char *text, uint16_t port)
{
    NetAddress address;

    NEED_TRUE(NetAddress_FromText(&address, text, port));
    return address;
}

const char *Peer_ToText(const NetAddress *address)
{
    static char text[NET_ADDRESS_TEXT_SIZE];

    return NetAddress_ToText(address, text, (int)sizeof(text));
}

/* --- Opening --------------------------------------------------------------------------------- */

SOCKET Peer_Keep(SOCKET socket)
{
    if (socket == INVALID_SOCKET || peerCount == PEER_MAX) {
        Test_Explain("no socket for peer %d: error %d", peerCount, WSAGetLastError());
        SocketUtils_Close(&socket);
        return INVALID_SOCKET;
    }
    SocketUtils_SetOption(socket, SOL_SOCKET, SO_RCVTIMEO, WAIT_MS);
    SocketUtils_SetOption(socket, SOL_SOCKET, SO_SNDTIMEO, WAIT_MS);
    peers[peerCount].stuck = NULL;
    peers[peerCount++].socket = socket;
    return socket;
}

SOCKET Peer_Create(int family)
{
    return Peer_Keep(SocketUtils_CreateSocket(family));
}

static SOCKET Connect(SOCKET peer, const NetAddress *address)
{
    if (peer != INVALID_SOCKET && !SocketUtils_Connect(peer, address)) {
        Test_Explain("connect failed with error %d", WSAGetLastError());
        Peer_Close(&peer);
    }
    return peer;
}

SOCKET Peer_Connect(const NetAddress *address)
{
    return Connect(Peer_Create(NetAddress_GetFamily(address)), address);
}

SOCKET Peer_OpenTo(const NetAddress *address, int bufferSize)
{
    SOCKET peer = Peer_Create(NetAddress_GetFamily(address));

    if (bufferSize > 0) {
        SocketUtils_SetOption(peer, SOL_SOCKET, SO_RCVBUF, bufferSize);
        SocketUtils_SetOption(peer, SOL_SOCKET, SO_SNDBUF, bufferSize);
    }
    SocketUtils_SetTcpNoDelay(peer, true);
    return Connect(peer, address);
}

SOCKET Peer_Bind(NetAddress *address)
{
    SOCKET peer = Peer_Create(AF_INET);

    if (!NetAddress_FromText(address, "127.0.0.1", 0) ||
        !SocketUtils_SetOption(peer, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, true) ||
        !SocketUtils_Bind(peer, address) || !SocketUtils_GetLocalAddress(peer, address)) {
        Test_Explain("bind failed with error %d", WSAGetLastError());
        Peer_Close(&peer);
    }
    return peer;
}

SOCKET Peer_Listen(NetAddress *address)
{
    SOCKET peer = Peer_Bind(address);

    if (peer != INVALID_SOCKET && listen(peer, SOMAXCONN) != 0) {
        Test_Explain("listen failed with error %d", WSAGetLastError());
        Peer_Close(&peer);
    }
    return peer;
}

SOCKET Peer_Accept(SOCKET listenSocket)
{
    NetAddress address;

    if (!Peer_IsReadable(listenSocket, WAIT_MS)) {
        Test_Explain("nobody connects");
        return INVALID_SOCKET;
    }
    return Peer_Keep(SocketUtils_Accept(listenSocket, &address));
}

bool Peer_OpenPair(SOCKET *client, SOCKET *server, int bufferSize)
{
    NetAddress address;
    SOCKET listenSocket = Peer_Listen(&address);

    if (bufferSize > 0)
        SocketUtils_SetOption(listenSocket, SOL_SOCKET, SO_RCVBUF, bufferSize);
    *client = Peer_Connect(&address);
    *server = *client == INVALID_SOCKET ? INVALID_SOCKET : Peer_Accept(listenSocket);
    if (bufferSize > 0)
        SocketUtils_SetOption(*client, SOL_SOCKET, SO_SNDBUF, bufferSize);
    Peer_Close(&listenSocket);
    return *server != INVALID_SOCKET;
}

/* --- Closing --------------------------------------------------------------------------------- */

static Peer *Find(SOCKET socket)
{
    for (int i = peerCount - 1; i >= 0; i--) {
        if (peers[i].socket == socket)
            return &peers[i];
    }
    return NULL;
}

/* Calls off what Peer_FillUp has left pending: Wine would go on with it after closesocket. */
static void EndStuckSend(Peer *peer)
{
    DWORD count, flags;

    if (peer->stuck == NULL)
        return;
    CancelIoEx((HANDLE)peer->socket, &peer->stuck->overlapped);
    WSAGetOverlappedResult(peer->socket, &peer->stuck->overlapped, &count, TRUE, &flags);
    WSACloseEvent(peer->stuck->overlapped.hEvent);
    free(peer->stuck);
    peer->stuck = NULL;
}

void Peer_Close(SOCKET *peer)
{
    Peer *found = *peer != INVALID_SOCKET ? Find(*peer) : NULL;

    if (found != NULL) {
        EndStuckSend(found);
        *found = peers[--peerCount];
    }
    SocketUtils_Close(peer);
}

void Peer_Reset(SOCKET *peer)
{
    SocketUtils_SetLinger(*peer, true, 0);
    Peer_Close(peer);
}

bool Peer_HalfClose(SOCKET peer)
{
    return shutdown(peer, SD_SEND) == 0 ||
           Test_Explain("shutdown failed with error %d", WSAGetLastError());
}

void Peers_CloseAll(void)
{
    while (peerCount > 0) {
        SOCKET last = peers[peerCount - 1].socket;

        Peer_Reset(&last);
    }
}

/* --- Sending and receiving ------------------------------------------------------------------- */

/* Waits until the socket can be read, or written. False: the time is over. */
static bool WaitFor(SOCKET socket, bool toWrite, DWORD timeoutMs)
{
    struct timeval time = {(long)(timeoutMs / 1000), (long)(timeoutMs % 1000 * 1000)};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(socket, &set);
    if (select(0, toWrite ? NULL : &set, toWrite ? &set : NULL, NULL, &time) > 0)
        return true;
    WSASetLastError(WSAETIMEDOUT);
    return false;
}

bool Peer_IsReadable(SOCKET peer, DWORD timeoutMs)
{
    return WaitFor(peer, false, timeoutMs);
}

bool Peer_IsWritable(SOCKET peer, DWORD timeoutMs)
{
    return WaitFor(peer, true, timeoutMs);
}

bool Peer_Send(SOCKET peer, const void *data, int size)
{
    const char *bytes = (const char *)data;

    for (int sent = 0; sent < size;) {
        int count = send(peer, bytes + sent, size - sent, 0);

        if (count > 0)
            sent += count;
        else if (WSAGetLastError() != WSAEWOULDBLOCK || !Peer_IsWritable(peer, WAIT_MS))
            return Test_Explain("send failed with error %d after %d of %d bytes", WSAGetLastError(),
                                sent, size);
    }
    return true;
}

bool Peer_Receive(SOCKET peer, void *data, int size)
{
    char *bytes = (char *)data;

    for (int received = 0; received < size;) {
        int count = recv(peer, bytes + received, size - received, 0);

        if (count > 0)
            received += count;
        else if (count == 0)
            return Test_Explain("the connection ended after %d of %d bytes", received, size);
        else if (WSAGetLastError() != WSAEWOULDBLOCK || !Peer_IsReadable(peer, WAIT_MS))
            return Test_Explain("recv failed with error %d after %d of %d bytes", WSAGetLastError(),
                                received, size);
    }
    return true;
}

bool Peer_IsQuiet(SOCKET peer)
{
    char byte;
    int count;

    if (!Peer_IsReadable(peer, QUIET_MS))
        return true;
    count = recv(peer, &byte, 1, MSG_PEEK);
    return Test_Explain("expected nothing, but recv returned %d, error %d", count,
                        WSAGetLastError());
}

/* No select before recv: under Wine 8 only a receive that waits when the reset comes is told of it. */
static bool ReceiveToEnd(SOCKET peer, LONG64 *bytes, bool *isClean)
{
    char data[PIECE_SIZE];
    ULONGLONG deadline = Test_Now() + 2 * WAIT_MS;
    LONG64 received = 0;
    int count = 1;

    while (count > 0 || (count < 0 && WSAGetLastError() == WSAEWOULDBLOCK)) {
        if (count < 0)
            Peer_IsReadable(peer, 100);
        if (Test_Now() >= deadline || Test_IsOver()) {
            WSASetLastError(WSAETIMEDOUT);
            break;
        }
        count = recv(peer, data, (int)sizeof(data), 0);
        received += count > 0 ? count : 0;
    }
    if (count > 0 || (count < 0 && WSAGetLastError() == WSAETIMEDOUT))
        return Test_Explain("the connection does not end; %ld bytes came", (long)received);
    *bytes = received;
    *isClean = count == 0;
    return true;
}

bool Peer_WaitForEnd(SOCKET peer, LONG64 *bytes)
{
    LONG64 received;
    bool isClean;

    return ReceiveToEnd(peer, bytes != NULL ? bytes : &received, &isClean);
}

bool Peer_WaitForCleanEnd(SOCKET peer)
{
    LONG64 received;
    bool isClean;

    return ReceiveToEnd(peer, &received, &isClean) &&
           ((isClean && received == 0) || Test_Explain("%ld bytes came, and %s", (long)received,
                                                       isClean ? "the end" : "a reset"));
}

/* Where recv returns 0 after a reset, as under Wine 8, the next send fails, and not after a clean end. */
bool Peer_WaitForReset(SOCKET peer)
{
    LONG64 received;
    bool isClean;

    if (!ReceiveToEnd(peer, &received, &isClean))
        return false;
    return !isClean || send(peer, "x", 1, 0) == SOCKET_ERROR ||
           Test_Explain("the connection was not reset: it ended as a whole stream does");
}

/*
 * A non-blocking send would do but for Wine 10: it takes all of the bytes, sends them in the background,
 * and closesocket cannot reset the connection before they are gone.
 */
size_t Peer_FillUp(SOCKET peer)
{
    StuckSend *stuck = (StuckSend *)calloc(1, sizeof(*stuck));
    Peer *found = Find(peer);
    size_t sent = 0;
    WSABUF piece;

    if (stuck == NULL || found == NULL) {
        free(stuck);
        return 0;
    }
    found->stuck = stuck;
    stuck->overlapped.hEvent = WSACreateEvent();
    piece.buf = stuck->bytes;
    piece.len = sizeof(stuck->bytes);
    SocketUtils_SetNonBlocking(peer, false);
    while (sent < FILL_MAX) {
        DWORD count = 0, flags = 0;

        if ((WSASend(peer, &piece, 1, NULL, 0, &stuck->overlapped, NULL) != 0 &&
             WSAGetLastError() != WSA_IO_PENDING) ||
            (WaitForSingleObject(stuck->overlapped.hEvent, FILL_QUIET_MS) == WAIT_OBJECT_0 &&
             !WSAGetOverlappedResult(peer, &stuck->overlapped, &count, FALSE, &flags))) {
            Test_Explain("WSASend failed with error %d after %lu bytes", WSAGetLastError(),
                         (unsigned long)sent);
            return 0;
        }
        if (count == 0)
            return sent;
        sent += count;
    }
    Test_Explain("it took %lu bytes of one that does not read", (unsigned long)sent);
    return 0;
}

/* --- Bytes that can be told from each other -------------------------------------------------- */

static char GetByte(LONG64 position)
{
    uint32_t x = ((uint32_t)position + 7919u) * 2654435761u;

    return (char)(unsigned char)(x >> 24);
}

void Pattern_Fill(char *data, int size, LONG64 position)
{
    for (int i = 0; i < size; i++)
        data[i] = GetByte(position + i);
}

bool Pattern_IsRight(const char *data, int size, LONG64 position)
{
    for (int i = 0; i < size; i++) {
        if (data[i] != GetByte(position + i))
            return false;
    }
    return true;
}

bool Peer_ReceivePattern(SOCKET peer, LONG64 position, LONG64 size)
{
    char bytes[PIECE_SIZE];
    LONG64 end = position + size;

    while (position < end) {
        int piece = (int)min(end - position, PIECE_SIZE);

        if (!Peer_Receive(peer, bytes, piece))
            return false;
        if (!Pattern_IsRight(bytes, piece, position))
            return Test_Explain("wrong bytes came behind byte %ld", (long)position);
        position += piece;
    }
    return true;
}

bool Peer_EchoBytes(SOCKET peer, const void *bytes, int size)
{
    char received[PIECE_SIZE];

    if (size > PIECE_SIZE)
        return Test_Explain("PIECE_SIZE is too small");
    return Peer_Send(peer, bytes, size) && Peer_Receive(peer, received, size) &&
           (memcmp(bytes, received, (size_t)size) == 0 || Test_Explain("the echo is wrong"));
}

bool Peer_Echo(SOCKET peer, int size)
{
    char bytes[PIECE_SIZE];

    Pattern_Fill(bytes, min(size, PIECE_SIZE), size);
    return Peer_EchoBytes(peer, bytes, size);
}

bool Peers_Echo(const SOCKET *sockets, int count)
{
    for (int i = 0; i < count; i++) {
        if (!Peer_Send(sockets[i], &i, (int)sizeof(i)))
            return false;
    }
    for (int i = 0; i < count; i++) {
        int received = -1;

        if (!Peer_Receive(sockets[i], &received, (int)sizeof(received)) || received != i)
            return Test_Explain("peer %d of %d gets no echo, or a wrong one: error %d", i, count,
                                WSAGetLastError());
    }
    return true;
}
