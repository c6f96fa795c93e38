/*
 * ClaimsSocket: claims about TCP as a stream, and about the ends of a connection.
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-recv
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-send
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-shutdown
 * https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-closesocket
 */
#include "Claims.h"

#define BIG_SIZE (8 * 1024 * 1024)

/* Opens a pair whose client waits to receive. */
static void OpenReceiving(void)
{
    Claims_OpenPair();
    Claims_BeginPending(client, operation);
}

/* The client is told that the server has reset the connection. */
static bool IsReset(void)
{
    return Claims_FailsWith(operation, ERROR_NETNAME_DELETED);
}

/* --- A stream ---------------------------------------------------------------------------------*/

/*
 * "recv will return as much data as is currently available, up to the size of the buffer": the
 * stream does not know how many sends there were.
 */
TEST("stream: three messages can arrive as one recv")
{
    char received[16] = "";

    Claims_OpenPair();
    CHECK(Claims_Send(client, "one"));
    CHECK(Claims_Send(client, "two"));
    CHECK(Claims_Send(client, "six"));
    NEED_TRUE(Claims_WaitForBytes(server, 9));
    CHECK_INT(recv(server, received, sizeof(received) - 1, 0), 9);
    CHECK_TEXT(received, "onetwosix");
}

/* The same page: what does not fit stays for the next recv. */
TEST("stream: one message can arrive as two recvs")
{
    char received[8] = "";

    Claims_OpenPair();
    Claims_SendToServer("onetwo");
    CHECK_INT(recv(server, received, 4, 0), 4);
    CHECK_TEXT(received, "onet");
    memset(received, 0, sizeof(received));
    CHECK_INT(recv(server, received, 4, 0), 2);
    CHECK_TEXT(received, "wo");
}

/*
 * What is sent with MSG_OOB is urgent, and apart from the stream: without SO_OOBINLINE recv does not
 * return it.
 * https://learn.microsoft.com/windows/win32/winsock/protocol-independent-out-of-band-data-2
 */
TEST("stream: an urgent byte is not among those that recv returns")
{
    Claims_OpenPair();
    CHECK(Claims_Send(client, "a"));
    CHECK_INT(send(client, "!", 1, MSG_OOB), 1);
    CHECK(Claims_Send(client, "b"));
    CHECK(Claims_Receives(server, "ab"));
}

/*
 * "On nonblocking stream oriented sockets, the number of bytes written can be between 1 and the
 * requested length."
 */
TEST("stream: a non-blocking send may take a part")
{
    static char bytes[BIG_SIZE];
    int sent;

    Claims_OpenNarrowPair();
    NEED_TRUE(SocketUtils_SetNonBlocking(client, true));
    sent = send(client, bytes, BIG_SIZE, 0);
    CHECK(sent > 0);
    CHECK_AT_MOST(sent, BIG_SIZE);
    Claims_Report("a non-blocking send of 8 MiB to a peer that does not read",
                  "takes from 1 byte to all of it", "takes %s",
                  sent == BIG_SIZE ? "all of it" : "a part of it");
}

/* The same page: a full non-blocking socket refuses more with WSAEWOULDBLOCK. */
TEST("stream: a non-blocking send on a full socket fails with 10035")
{
    Claims_OpenNarrowPair();
    CHECK(Claims_SendUntilFull(client) > 0);
    CHECK_ERROR(send(client, "x", 1, 0) == SOCKET_ERROR, WSAEWOULDBLOCK);
}

/*
 * "The successful completion of a send function does not indicate that the data was successfully
 * delivered": here the peer never receives it.
 */
TEST("stream: what was sent need not be delivered")
{
    OpenReceiving();
    CHECK(Claims_Send(client, "hello"));
    Peer_Reset(&server);
    CHECK(IsReset());
}

/*
 * Data that is there, and a buffer of 0 bytes. The page of recv has WSAEINVAL for a length of 0;
 * what comes is not the end of the stream in any case.
 */
TEST("stream: a recv into 0 bytes is not the end")
{
    char none;
    int result;

    Claims_OpenPair();
    Claims_SendToServer("data");
    result = recv(server, &none, 0, 0);
    Claims_ReportError("recv into 0 bytes", "fails, WSAEINVAL (10022)", Claims_ErrorOf(result == 0),
                       "returns 0, as at the end", "fails");
    CHECK_AT_MOST(result, 0);
    CHECK(Claims_Receives(server, "data"));
}

/* --- The end of a connection ------------------------------------------------------------------*/

/* "If the connection has been gracefully closed, the return value is zero", and it stays so. */
TEST("close: after the peer's last byte recv returns 0, again and again")
{
    Claims_OpenPair();
    CHECK(Claims_Send(client, "bye"));
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_Receives(server, "bye"));
    CHECK_INT(Claims_ReceiveByte(server), 0);
    CHECK_INT(Claims_ReceiveByte(server), 0);
}

/* SD_SEND ends one direction: what the peer sends still arrives, and a send of one's own fails. */
TEST("close: shutdown(SD_SEND) ends one direction only")
{
    Claims_OpenPair();
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(Claims_ReceiveByte(server), 0);
    CHECK(Claims_Send(server, "answer"));
    CHECK(Claims_Receives(client, "answer"));
    CHECK_ERROR(send(client, "x", 1, 0) == SOCKET_ERROR, WSAESHUTDOWN);
}

/*
 * A TCP that is closed with data unread "SHOULD send a RST to show that data was lost": RFC 1122,
 * section 4.2.2.13.
 * https://www.rfc-editor.org/rfc/rfc1122
 */
TEST("close: closesocket with unread data resets the connection")
{
    OpenReceiving();
    Claims_SendToServer("unread");
    Peer_Close(&server);
    CHECK(IsReset());
}

TEST("close: closesocket with everything read is an ordinary end")
{
    Claims_OpenPair();
    CHECK(Claims_Send(client, "unread"));
    CHECK(Claims_Receives(server, "unread"));
    Peer_Close(&server);
    CHECK_INT(Claims_ReceiveByte(client), 0);
}

/* What was sent right before the reset, and what a recv says that begins after it. */
TEST("close: bytes sent before a reset may be lost")
{
    char received[8];
    int result, error;

    Claims_OpenPair();
    Claims_SendToServer("unread");
    CHECK(Claims_Send(server, "bye"));
    Peer_Close(&server);
    /* Nothing tells when the reset has come that would not change what is told here. */
    Sleep(SHORT_QUIET_MS);
    result = recv(client, received, sizeof(received), 0);
    Claims_Report("bytes that were sent right before a closesocket that resets",
                  "may be lost (TCP)", result == 3 ? "still received" : "lost");
    if (result == 3)
        result = recv(client, received, sizeof(received), 0);
    error = Claims_ErrorOf(result != SOCKET_ERROR);
    CHECK_AT_MOST(result, 0);
    if (Claims_IsSystemSince(10, 0))
        CHECK_INT(error, WSAECONNRESET);
    Claims_ReportError("recv after the peer's reset", "fails, 10054", error,
                       "returns 0, as at an ordinary end", "fails");
}

/*
 * The cure: shutdown(SD_SEND), then receive to 0, then close.
 * https://learn.microsoft.com/windows/win32/winsock/graceful-shutdown-linger-options-and-socket-closure-2
 */
TEST("close: shutdown, receive to 0, then close loses nothing")
{
    Claims_OpenPair();
    Claims_SendToServer("unread");
    CHECK(Claims_Send(server, "bye"));
    CHECK_INT(shutdown(server, SD_SEND), 0);
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK(Claims_Receives(server, "unread"));
    CHECK_INT(Claims_ReceiveByte(server), 0);
    Peer_Close(&server);
    CHECK(Claims_Receives(client, "bye"));
    CHECK_INT(Claims_ReceiveByte(client), 0);
}

/* "closesocket is not blocked ... the socket's virtual circuit is reset immediately" */
TEST("close: linger on with 0 seconds resets the connection")
{
    OpenReceiving();
    CHECK(SocketUtils_SetLinger(server, true, 0));
    Peer_Close(&server);
    CHECK(IsReset());
}

/* "The default parameters for a socket are the l_onoff member of the linger structure is zero" */
TEST("close: linger is off unless it is set")
{
    LINGER linger = {7, 7};
    int length = (int)sizeof(linger);

    client = Peer_Create(AF_INET);
    CHECK_INT(getsockopt(client, SOL_SOCKET, SO_LINGER, (char *)&linger, &length), 0);
    CHECK_INT(linger.l_onoff, 0);
}

/* Once it is known that the peer has reset, a send fails; the page of send has both numbers. */
TEST("close: a send after the peer's reset fails")
{
    int error;

    Claims_OpenPair();
    Peer_Reset(&server);
    NEED_TRUE(Peer_IsReadable(client, WAIT_MS));
    error = Claims_ErrorOf(send(client, "x", 1, 0) != SOCKET_ERROR);
    CHECK(error == WSAECONNRESET || error == WSAECONNABORTED);
    Claims_Report("send after the peer's reset", "10054 or 10053", "%d", error);
}

/* A number that was a socket is none any more; it may become another's at any time. */
TEST("close: a closed socket is no socket, 10038")
{
    SOCKET socket = Peer_Create(AF_INET);
    SOCKET copy = socket;
    u_long available;

    Peer_Close(&socket);
    CHECK_ERROR(ioctlsocket(copy, (long)FIONREAD, &available) == SOCKET_ERROR, WSAENOTSOCK);
}
