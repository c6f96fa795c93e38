/*
 * ClaimsSelect: claims about select.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-select
 */
#include "Claims.h"

#define MANY 70 /* more sockets than an fd_set has room for */

/* A set of one socket. */
static fd_set SetOf(SOCKET socket)
{
    return (fd_set){.fd_count = 1, .fd_array = {socket}};
}

/* select, with the time in milliseconds. Sets may be NULL. */
static int Select(fd_set *readable, fd_set *writable, fd_set *failed, int timeoutMs)
{
    struct timeval timeout = {timeoutMs / 1000, timeoutMs % 1000 * 1000};

    return select(0, readable, writable, failed, &timeout);
}

/* The same for one socket. */
static int SelectForRead(SOCKET socket, int timeoutMs)
{
    fd_set set = SetOf(socket);

    return Select(&set, NULL, NULL, timeoutMs);
}

static int SelectForWrite(SOCKET socket, int timeoutMs)
{
    fd_set set = SetOf(socket);

    return Select(NULL, &set, NULL, timeoutMs);
}

/*
 * "FD_SETSIZE determines the maximum number of descriptors in a set. The default value is 64, which
 * can be modified by defining FD_SETSIZE to another value before including Winsock2.h."
 */
TEST("select: an fd_set takes 64 sockets and drops the 65th without a word")
{
    SOCKET sockets[FD_SETSIZE + 1];
    fd_set set;

    FD_ZERO(&set);
    for (size_t i = 0; i < COUNT_OF(sockets); i++) {
        sockets[i] = Peer_Create(AF_INET);
        FD_SET(sockets[i], &set);
    }
    CHECK_INT(FD_SETSIZE, 64);
    CHECK_INT(set.fd_count, 64);
    CHECK(FD_ISSET(sockets[63], &set));
    CHECK(!FD_ISSET(sockets[64], &set));
}

/* The limit is the array's: select itself takes a longer one. */
TEST("select: a longer array than an fd_set works, too")
{
    struct {
        u_int fd_count;
        SOCKET fd_array[MANY];
    } set = {MANY, {0}};

    for (int i = 0; i < MANY; i++) {
        Claims_Listen();
        set.fd_array[i] = listenSocket;
    }
    Claims_Connect();
    CHECK_INT(Select((fd_set *)&set, NULL, NULL, WAIT_MS), 1);
    CHECK_INT(set.fd_count, 1);
    CHECK(set.fd_array[0] == listenSocket);
}

/* "Upon return, the structures are updated to reflect the subset of these sockets" */
TEST("select: it rewrites its sets")
{
    fd_set set;

    Claims_OpenPair();
    CHECK(Claims_Send(client, "x"));
    set = SetOf(client);
    FD_SET(server, &set);
    CHECK_INT(Select(&set, NULL, NULL, WAIT_MS), 1);
    CHECK_INT(set.fd_count, 1);
    CHECK(FD_ISSET(server, &set));
    CHECK(!FD_ISSET(client, &set));

    /* At the end of the time nothing is left in it. */
    set = SetOf(client);
    CHECK_INT(Select(&set, NULL, NULL, 0), 0);
    CHECK_INT(set.fd_count, 0);
}

/* "any non-null descriptor set must contain at least one handle to a socket" */
TEST("select: three empty sets fail with 10022")
{
    fd_set first = {0}, second = {0}, third = {0};

    CHECK_ERROR(Select(&first, &second, &third, 0) == SOCKET_ERROR, WSAEINVAL);
    CHECK_ERROR(Select(NULL, NULL, NULL, 0) == SOCKET_ERROR, WSAEINVAL);
}

/* "Ignored. The nfds parameter is included only for compatibility" */
TEST("select: its first parameter is ignored")
{
    static const int values[] = {0, 1, 64, 1000000, -1};
    struct timeval timeout = {WAIT_MS / 1000, 0};

    Claims_OpenPair();
    CHECK(Claims_Send(client, "x"));
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        fd_set set = SetOf(server);

        CHECK_INT(select(values[i], &set, NULL, NULL, &timeout), 1);
    }
}

/* "readable if an incoming connection request has been received" */
TEST("select: a client makes the listener readable")
{
    Claims_Listen();
    CHECK_INT(SelectForRead(listenSocket, 0), 0);
    Claims_Connect();
    CHECK_INT(SelectForRead(listenSocket, WAIT_MS), 1);
}

TEST("select: what is not read is told again")
{
    Claims_OpenPair();
    CHECK_INT(SelectForRead(server, 0), 0);
    Claims_SendToServer("xy");
    CHECK_INT(SelectForRead(server, WAIT_MS), 1);
    CHECK_INT(Claims_ReceiveByte(server), 1);
    CHECK_INT(SelectForRead(server, WAIT_MS), 1);
    CHECK_INT(Claims_ReceiveByte(server), 1);
    CHECK_INT(SelectForRead(server, 0), 0);
}

/*
 * A peer that has closed makes its socket readable until it is closed: a loop that does not remove
 * it never waits again.
 */
TEST("select: a socket whose peer has closed is readable until it is closed")
{
    Claims_OpenPair();
    Peer_Close(&client);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(SelectForRead(server, WAIT_MS), 1);
        CHECK_INT(Claims_ReceiveByte(server), 0);
    }
}

/*
 * "If the virtual circuit was reset, then a recv will complete immediately with an error code". It
 * completes immediately; the error is Windows's.
 */
TEST("select: a reset makes the socket readable, and recv ends at once")
{
    Claims_OpenPair();
    Peer_Reset(&client);
    CHECK_INT(SelectForRead(server, WAIT_MS), 1);
    CHECK_AT_MOST(Claims_ReceiveByte(server), 0);
}

/* Who has nothing to send must not ask: the answer is yes, at once, each time. */
TEST("select: a socket with room is writable each time")
{
    Claims_OpenPair();
    for (int i = 0; i < 3; i++)
        CHECK_INT(SelectForWrite(server, WAIT_MS), 1);
}

TEST("select: a full socket is not writable until its peer reads")
{
    Claims_OpenNarrowPair();
    CHECK(Claims_SendUntilFull(client) > 0);
    /* The systems may still move some of it from one end to the other. */
    Sleep(SHORT_QUIET_MS);
    Claims_SendUntilFull(client);
    CHECK_INT(SelectForWrite(client, 0), 0);
    WAIT_WHILE(SelectForWrite(client, 0) == 0 && Claims_Discard(server));
    CHECK_INT(SelectForWrite(client, 0), 1);
}

/* "failure of the connect attempt is indicated in exceptfds", and not in the other sets */
TEST("select: a failed connect is in the third set")
{
    SOCKET socket = Peer_Create(AF_INET);
    fd_set written = SetOf(socket), failed = SetOf(socket);
    NetAddress address;

    NEED_SOCKET(Peer_Bind(&address));
    CHECK(SocketUtils_SetNonBlocking(socket, true));
    CHECK_ERROR(!SocketUtils_Connect(socket, &address), WSAEWOULDBLOCK);
    CHECK_INT(Select(NULL, &written, &failed, WAIT_MS), 1);
    CHECK(FD_ISSET(socket, &failed));
    CHECK(!FD_ISSET(socket, &written));
    CHECK_INT(SocketUtils_GetOption(socket, SOL_SOCKET, SO_ERROR), WSAECONNREFUSED);
}

/* "One of the descriptor sets contains an entry that is not a socket." */
TEST("select: a closed socket in a set fails with 10038")
{
    SOCKET socket = Peer_Create(AF_INET);
    SOCKET copy = socket;

    Peer_Close(&socket);
    CHECK_ERROR(SelectForRead(copy, 0) == SOCKET_ERROR, WSAENOTSOCK);
}
