/*
 * UnitTests: tests of the helpers in common and of the tools for tests.
 *
 *     unit.exe [--list] [FILTER]
 *
 * What prints, or waits for Ctrl+C, runs in a child process: this program again with a first
 * argument that begins with "--child-". The last line says "N passed, N failed"; exit code 1 where
 * any failed or none ran.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "NetAddress.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "ServerProcess.h"
#include "Test.h"
#include "TestProgram.h"
#include "TestSocketUtils.h"
#include "ThreadManager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- Children of this program ---------------------------------------------------------------- */

static ServerProcess *child; /* of the test that runs; closed after it */
static const char *ownPath;  /* the program that a child is another run of */

static bool StartChild(const char *const arguments[])
{
    child = ServerProcess_Start(ownPath, arguments, NULL, NULL);
    return child != NULL || Test_Explain("no child: error %lu", GetLastError());
}

/* Waits for the child's end and checks all that it has printed. */
static void CheckChild(DWORD exitCode, const char *expectedOutput, const char *errorsContain)
{
    DWORD code = 0;
    char *output;
    char *errors;

    REQUIRE(CHECK(ServerProcess_WaitForExit(child, WAIT_MS, &code)));
    output = ServerProcess_CopyOutput(child, 0);
    errors = ServerProcess_CopyErrors(child);
    if (CHECK(output != NULL && errors != NULL)) {
        CHECK_TEXT(output, expectedOutput);
        CHECK_CONTAINS(errors, errorsContain);
    }
    CHECK_INT(code, exitCode);
    free(output);
    free(errors);
}

static void EndTest(bool failed)
{
    (void)failed;
    ServerProcess_Close(child);
    child = NULL;
}

/* --- NetAddress ------------------------------------------------------------------------------ */

static const char *ToText(const NetAddress *address)
{
    static char text[NET_ADDRESS_TEXT_SIZE];

    return NetAddress_ToText(address, text, (int)sizeof(text));
}

static void AddressToTextAndBack(void)
{
    static const struct {
        const char *text;
        uint16_t port;
        int family;
        const char *expected;
    } rows[] = {
        {"127.0.0.1", 7777, AF_INET, "127.0.0.1:7777"},
        {"0.0.0.0", 0, AF_INET, "0.0.0.0:0"},
        {"255.255.255.255", 65535, AF_INET, "255.255.255.255:65535"},
        {"203.0.113.7", 80, AF_INET, "203.0.113.7:80"},
        {"::", 1, AF_INET6, "[::]:1"},
        {"::1", 7777, AF_INET6, "[::1]:7777"},
        {"2001:DB8:0:0:0:0:0:1", 443, AF_INET6, "[2001:db8::1]:443"},
        {"fe80::1%3", 7777, AF_INET6, "[fe80::1%3]:7777"},
        {"::ffff:127.0.0.1", 7777, AF_INET6, "127.0.0.1:7777"},
        {"2001:db8:1111:2222:3333:4444:5555:6666", 65535, AF_INET6,
         "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NetAddress address;

        REQUIRE(CHECK(NetAddress_FromText(&address, rows[i].text, rows[i].port)));
        CHECK_TEXT(ToText(&address), rows[i].expected);
        CHECK_INT(NetAddress_GetPort(&address), rows[i].port);
        CHECK_INT(NetAddress_GetFamily(&address), rows[i].family);
        CHECK_INT(address.length,
                  rows[i].family == AF_INET ? sizeof(SOCKADDR_IN) : sizeof(SOCKADDR_IN6));
    }
}

/* What bind and connect are to find in it: the port and the address in network byte order. */
static void AddressInNetworkOrder(void)
{
    NetAddress address;
    SOCKADDR_IN in;
    SOCKADDR_IN6 in6;

    CHECK(NetAddress_FromText(&address, "1.2.3.4", 0x1234));
    memcpy(&in, &address.storage, sizeof(in));
    CHECK(memcmp(&in.sin_port, "\x12\x34", 2) == 0);
    CHECK(memcmp(&in.sin_addr, "\x01\x02\x03\x04", 4) == 0);

    CHECK(NetAddress_FromText(&address, "fe80::1%42", 0x1234));
    memcpy(&in6, &address.storage, sizeof(in6));
    CHECK(memcmp(&in6.sin6_port, "\x12\x34", 2) == 0);
    CHECK_INT(in6.sin6_scope_id, 42);
    CHECK_INT(in6.sin6_addr.s6_addr[0], 0xfe);
    CHECK_INT(in6.sin6_addr.s6_addr[15], 1);
}

static void BadAddresses(void)
{
    static const char *const texts[] = {
        "",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.-4",
        " 1.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4:80",
        "[::1]",
        "::1::",
        ":::",
        "12345::1",
        "::g",
        "fe80::1%",
        "fe80::1%eth0",
        "fe80::1%3x",
        "1.2.3.4%1",
        "%1",
        "fe80::1%99999999999",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    };
    NetAddress before;

    CHECK(NetAddress_FromText(&before, "127.0.0.1", 7777));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        NetAddress address = before;

        if (NetAddress_FromText(&address, texts[i], 1))
            Test_Explain("'%s' was taken for an address", texts[i]);
        /* Untouched, as the header says. */
        CHECK(memcmp(&address, &before, sizeof(address)) == 0);
        CHECK(!NetAddress_FromText(&address, texts[i], 1));
    }
}

static void LocalAddress(void)
{
    static const char *const rows[][2] = {
        {"0.0.0.0", "127.0.0.1:99"},       {"::", "[::1]:99"},  {"127.0.0.2", "127.0.0.2:99"},
        {"192.168.0.1", "192.168.0.1:99"}, {"::1", "[::1]:99"}, {"fe80::1%3", "[fe80::1%3]:99"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NetAddress address, local;

        REQUIRE(CHECK(NetAddress_FromText(&address, rows[i][0], 99)));
        local = NetAddress_ToLocal(&address);
        CHECK_TEXT(ToText(&local), rows[i][1]);
        CHECK_INT(local.length, address.length);
    }
}

/* A buffer that is too small is filled as far as it goes, and ended. */
static void AddressTextIsCut(void)
{
    NetAddress address;
    char text[12];

    REQUIRE(CHECK(NetAddress_FromText(&address, "127.0.0.1", 7777)));
    memset(text, 'x', sizeof(text));
    CHECK_TEXT(NetAddress_ToText(&address, text, 8), "127.0.0");
    CHECK(text[8] == 'x');
}

/* --- ThreadManager --------------------------------------------------------------------------- */

#define THREAD_COUNT 100 /* WaitForMultipleObjects would take 64 */

typedef struct Visitor {
    DWORD delayMs;
    volatile LONG visits;
} Visitor;

static void Visit(void *argument)
{
    Visitor *visitor = (Visitor *)argument;

    Sleep(visitor->delayMs);
    InterlockedIncrement(&visitor->visits);
}

/* Each comes a little later than the one before, so a join that leaves some out is seen. */
static void ManyThreads(void)
{
    static Visitor visitors[THREAD_COUNT];
    ThreadManager manager;

    ThreadManager_Init(&manager);
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < THREAD_COUNT; i++) {
            visitors[i].delayMs = (DWORD)i * 2;
            REQUIRE(CHECK(ThreadManager_Launch(&manager, Visit, &visitors[i])));
        }
        CHECK_INT(manager.count, THREAD_COUNT);
        ThreadManager_Join(&manager);
        CHECK_INT(manager.count, 0);
        for (int i = 0; i < THREAD_COUNT; i++)
            REQUIRE(CHECK_INT(visitors[i].visits, round));
    }
}

static void JoinWaits(void)
{
    ThreadManager manager = {0}; /* all bytes zero is an empty one */
    Visitor visitor = {100, 0};

    ThreadManager_Join(&manager); /* nobody to wait for */
    for (int i = 0; i < 3; i++)
        REQUIRE(CHECK(ThreadManager_Launch(&manager, Visit, &visitor)));
    ThreadManager_Join(&manager);
    CHECK_INT(visitor.visits, 3);
    ThreadManager_Join(&manager);
}

static void ProcessorCount(void)
{
    CHECK(ThreadManager_GetProcessorCount() >= 1);
    CHECK_AT_MOST(ThreadManager_GetProcessorCount(), 1024);
}

/* --- ErrorText ------------------------------------------------------------------------------- */

static void ErrorSentence(void)
{
    char text[ERROR_TEXT_SIZE];
    const char *colon;

    CHECK(ErrorText_Format(text, (int)sizeof(text), "CreateFile", ERROR_ACCESS_DENIED) == text);
    CHECK_CONTAINS(text, "CreateFile failed with error 5: ");
    colon = strchr(text, ':');
    REQUIRE(CHECK(colon != NULL));
    CHECK(strlen(colon) > 5); /* the text itself is in the language of the system */
    CHECK(strchr(text, '\n') == NULL && strchr(text, '\r') == NULL);
    CHECK(text[strlen(text) - 1] != ' ');

    ErrorText_Format(text, (int)sizeof(text), "bind", WSAEADDRINUSE);
    CHECK_CONTAINS(text, "bind failed with error 10048");
}

/* A number that no system has a text for: the sentence ends behind it. */
static void ErrorWithoutText(void)
{
    char text[ERROR_TEXT_SIZE];

    CHECK_TEXT(ErrorText_Format(text, (int)sizeof(text), "call", 0x2ABDDEF0),
               "call failed with error 717086448");
}

static void ErrorTextIsCut(void)
{
    char text[40];

    for (int size = 1; size <= 30; size++) {
        memset(text, 'x', sizeof(text));
        ErrorText_Format(text, size, "CreateFile", ERROR_ACCESS_DENIED);
        CHECK_INT(strlen(text), size - 1);
        CHECK(text[size] == 'x');
    }
}

static int PrintErrorInChild(void)
{
    ErrorText_Print("CreateFile", ERROR_ACCESS_DENIED);
    return 0;
}

static void ErrorGoesToStderr(void)
{
    static const char *const arguments[] = {"--child-error", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    CheckChild(0, "", "CreateFile failed with error 5");
}

/* --- ServerOptions --------------------------------------------------------------------------- */

/* What the command line means; the arrays end with NULL. */
static int Parse(ServerOptions *options, const char *const words[])
{
    char *argv[12];
    int argc = 0;

    for (; words[argc] != NULL; argc++)
        argv[argc] = (char *)words[argc];
    argv[argc] = NULL;
    return ServerOptions_Parse(options, argc, argv);
}

static void GoodOptions(void)
{
    static const struct {
        const char *words[8];
        const char *address;
        bool quiet;
    } rows[] = {
        {{"server.exe", NULL}, "127.0.0.1:7777", false},
        {{"server.exe", "--quiet", NULL}, "127.0.0.1:7777", true},
        {{"server.exe", "--port", "0", NULL}, "127.0.0.1:0", false},
        {{"server.exe", "--port", "65535", NULL}, "127.0.0.1:65535", false},
        {{"server.exe", "--port", "0080", NULL}, "127.0.0.1:80", false},
        {{"server.exe", "--address", "0.0.0.0", NULL}, "0.0.0.0:7777", false},
        {{"server.exe", "--address", "::1", "--port", "9", NULL}, "[::1]:9", false},
        {{"server.exe", "--port", "9", "--quiet", "--address", "::", NULL}, "[::]:9", true},
        {{"server.exe", "--port", "1", "--port", "2", NULL}, "127.0.0.1:2", false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ServerOptions options;

        memset(&options, 0xff, sizeof(options));
        REQUIRE(CHECK_INT(Parse(&options, rows[i].words), SERVER_OPTIONS_RUN));
        CHECK_TEXT(ToText(&options.address), rows[i].address);
        CHECK_INT(options.quiet, rows[i].quiet);
    }
}

/* In a child, as each of them prints the usage. Prints the ones that did not end in `expected`. */
static int ParseInChild(void)
{
    static const struct {
        const char *words[8];
        int expected;
    } rows[] = {
        {{"server.exe", "--help", NULL}, 0},
        {{"server.exe", "--quiet", "--help", "--what", NULL}, 0},
        {{"server.exe", "", NULL}, 2},
        {{"server.exe", "--", NULL}, 2},
        {{"server.exe", "-h", NULL}, 2},
        {{"server.exe", "--hel", NULL}, 2},
        {{"server.exe", "--helpme", NULL}, 2},
        {{"server.exe", "/?", NULL}, 2},
        {{"server.exe", "--port", NULL}, 2},
        {{"server.exe", "--port", "", NULL}, 2},
        {{"server.exe", "--port", "65536", NULL}, 2},
        {{"server.exe", "--port", "-0", NULL}, 2},
        {{"server.exe", "--port", "18446744073709551617", NULL}, 2},
        {{"server.exe", "--port", "1.5", NULL}, 2},
        {{"server.exe", "--address", NULL}, 2},
        {{"server.exe", "--address", "nowhere", NULL}, 2},
        {{"server.exe", "--address", "127.0.0.1", "7777", NULL}, 2},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ServerOptions options;
        int code = Parse(&options, rows[i].words);

        if (code != rows[i].expected)
            fprintf(stderr, "row %d gave %d\n", (int)i, code);
    }
    fprintf(stderr, "all rows done\n");
    return 0;
}

static void BadOptions(void)
{
    static const char *const arguments[] = {"--child-options", NULL};
    char *errors;

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForExit(child, WAIT_MS, NULL)));
    errors = ServerProcess_CopyErrors(child);
    REQUIRE(CHECK(errors != NULL));
    CHECK_CONTAINS(errors, "\nall rows done\n");
    if (strstr(errors, "\nrow ") != NULL)
        CHECK_TEXT(strstr(errors, "\nrow "), "no row that gives something else");
    free(errors);
    CHECK_INT(ServerProcess_CountLines(child, "Usage: "), 2); /* for --help, and only there */
}

static void Numbers(void)
{
    static const char *const bad[] = {
        "",    "-1",  "+1",  " 1", "1 ", "1x",         "x",
        "0x1", "1e1", "1.0", "11", "4",  "2147483648", "99999999999999999999999"};
    long value = 77;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (ServerOptions_ParseNumber(bad[i], 5, 10, &value))
            Test_Explain("'%s' was taken for a number from 5 to 10", bad[i]);
        CHECK_INT(value, 77);
        value = 77;
    }
    CHECK(ServerOptions_ParseNumber("5", 5, 10, &value));
    CHECK_INT(value, 5);
    CHECK(ServerOptions_ParseNumber("10", 5, 10, &value));
    CHECK_INT(value, 10);
    CHECK(ServerOptions_ParseNumber("007", 5, 10, &value));
    CHECK_INT(value, 7);
}

/* --- SocketUtils ----------------------------------------------------------------------------- */

static int GetOption(SOCKET socket, int level, int name)
{
    int value = 0;
    int size = (int)sizeof(value);

    /* A BOOL option may be given in one byte; the rest is 0. */
    if (getsockopt(socket, level, name, (char *)&value, &size) != 0)
        return -1;
    return value;
}

static void SocketOptions(void)
{
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);
    LINGER linger = {0};
    int size = (int)sizeof(linger);

    REQUIRE(CHECK(socket != INVALID_SOCKET));
    CHECK_INT(GetOption(socket, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_INT(GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 0);
    CHECK(SocketUtils_SetTcpNoDelay(socket, true));
    CHECK_INT(GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK(SocketUtils_SetTcpNoDelay(socket, false));
    CHECK_INT(GetOption(socket, IPPROTO_TCP, TCP_NODELAY), 0);

    CHECK(SocketUtils_SetExclusiveAddressUse(socket, true));
    CHECK(GetOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE) != 0);
    CHECK_INT(GetOption(socket, SOL_SOCKET, SO_REUSEADDR), 0);

    CHECK(SocketUtils_SetLinger(socket, true, 3));
    CHECK_INT(getsockopt(socket, SOL_SOCKET, SO_LINGER, (char *)&linger, &size), 0);
    CHECK(linger.l_onoff != 0);
    CHECK_INT(linger.l_linger, 3);

    /* The system may give more than it was asked for, but it was asked for each of them. */
    CHECK(SocketUtils_SetRecvBufferSize(socket, 20000));
    CHECK(SocketUtils_SetSendBufferSize(socket, 50000));
    CHECK(GetOption(socket, SOL_SOCKET, SO_RCVBUF) >= 20000);
    CHECK_AT_MOST(GetOption(socket, SOL_SOCKET, SO_RCVBUF), 2 * 20000);
    CHECK(GetOption(socket, SOL_SOCKET, SO_SNDBUF) >= 50000);
    CHECK_AT_MOST(GetOption(socket, SOL_SOCKET, SO_SNDBUF), 2 * 50000);
    SocketUtils_Close(&socket);
}

static void CloseTwice(void)
{
    SOCKET socket = SocketUtils_CreateSocket(AF_INET6);
    SOCKET copy = socket;

    REQUIRE(CHECK(socket != INVALID_SOCKET));
    SocketUtils_Close(&socket);
    CHECK(socket == INVALID_SOCKET);
    CHECK_INT(GetOption(copy, SOL_SOCKET, SO_TYPE), -1);
    SocketUtils_Close(&socket);
    CHECK(socket == INVALID_SOCKET);
}

/* A child process that inherited a socket would keep its connection open. */
static void SocketsAreNotInherited(void)
{
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);
    DWORD flags = HANDLE_FLAG_INHERIT;

    REQUIRE(CHECK(socket != INVALID_SOCKET));
    CHECK(GetHandleInformation((HANDLE)socket, &flags));
    CHECK_INT(flags & HANDLE_FLAG_INHERIT, 0);
    SocketUtils_Close(&socket);
}

static SOCKET OpenListener(NetAddress *address)
{
    SOCKET socket = SocketUtils_CreateSocket(NetAddress_GetFamily(address));

    if (SocketUtils_SetExclusiveAddressUse(socket, true) && SocketUtils_Bind(socket, address) &&
        SocketUtils_Listen(socket) && SocketUtils_GetLocalAddress(socket, address))
        return socket;
    Test_Explain("no listener: error %d", WSAGetLastError());
    SocketUtils_Close(&socket);
    return INVALID_SOCKET;
}

/* The port is nobody else's, whatever the other sets. */
static void ExclusiveUse(void)
{
    NetAddress address;
    SOCKET listenSocket, second;
    BOOL on = TRUE;
    int error;

    REQUIRE(CHECK(NetAddress_FromText(&address, "127.0.0.1", 0)));
    listenSocket = OpenListener(&address);
    REQUIRE(CHECK(listenSocket != INVALID_SOCKET));
    CHECK(NetAddress_GetPort(&address) != 0);
    for (int way = 0; way < 3; way++) {
        second = SocketUtils_CreateSocket(AF_INET);
        if (way == 1)
            SocketUtils_SetExclusiveAddressUse(second, true);
        if (way == 2)
            setsockopt(second, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof(on));
        CHECK(!SocketUtils_Bind(second, &address));
        error = WSAGetLastError();
        CHECK(error == WSAEACCES || error == WSAEADDRINUSE);
        SocketUtils_Close(&second);
    }
    SocketUtils_Close(&listenSocket);

    /* It is free again once it is closed. */
    listenSocket = OpenListener(&address);
    CHECK(listenSocket != INVALID_SOCKET);
    SocketUtils_Close(&listenSocket);
}

/* A connection from end to end, over each family. */
static void CheckConnection(const char *host)
{
    NetAddress address, own, peer;
    SOCKET listenSocket, client, accepted;
    char received[8] = "";

    REQUIRE(CHECK(NetAddress_FromText(&address, host, 0)));
    listenSocket = OpenListener(&address);
    REQUIRE(CHECK(listenSocket != INVALID_SOCKET));
    client = SocketUtils_CreateSocket(NetAddress_GetFamily(&address));
    CHECK(SocketUtils_Connect(client, &address));
    accepted = SocketUtils_Accept(listenSocket, &peer);
    CHECK(accepted != INVALID_SOCKET);
    CHECK(SocketUtils_GetLocalAddress(client, &own));
    CHECK_INT(peer.length, own.length);
    CHECK_INT(NetAddress_GetPort(&peer), NetAddress_GetPort(&own));
    CHECK_CONTAINS(ToText(&peer), host);

    CHECK(SocketUtils_SetNonBlocking(client, true));
    CHECK_INT(recv(client, received, sizeof(received), 0), SOCKET_ERROR);
    CHECK_INT(WSAGetLastError(), WSAEWOULDBLOCK);
    CHECK(SocketUtils_SetNonBlocking(client, false));
    CHECK_INT(send(accepted, "hello", 5, 0), 5);
    CHECK_INT(recv(client, received, 5, MSG_WAITALL), 5);
    CHECK(memcmp(received, "hello", 5) == 0);

    SocketUtils_Close(&accepted);
    CHECK_INT(recv(client, received, sizeof(received), 0), 0);
    SocketUtils_Close(&client);
    SocketUtils_Close(&listenSocket);
}

static void ConnectionIpv4(void)
{
    CheckConnection("127.0.0.1");
}

static void ConnectionIpv6(void)
{
    CheckConnection("::1");
}

/* A listener on :: that is not for IPv6 only takes both, and the log shows each as what it is. */
static void DualStack(void)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    NetAddress any;
    SOCKET listenSocket = SocketUtils_CreateSocket(AF_INET6);

    REQUIRE(CHECK(NetAddress_FromText(&any, "::", 0)));
    CHECK(SocketUtils_SetIpv6Only(listenSocket, false));
    CHECK(SocketUtils_Bind(listenSocket, &any));
    CHECK(SocketUtils_Listen(listenSocket));
    CHECK(SocketUtils_GetLocalAddress(listenSocket, &any));
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        char ownText[NET_ADDRESS_TEXT_SIZE];
        NetAddress address, own, peer;
        SOCKET client, accepted;

        REQUIRE(CHECK(NetAddress_FromText(&address, hosts[i], NetAddress_GetPort(&any))));
        client = SocketUtils_CreateSocket(NetAddress_GetFamily(&address));
        CHECK(SocketUtils_Connect(client, &address));
        CHECK(SocketUtils_GetLocalAddress(client, &own));
        accepted = SocketUtils_Accept(listenSocket, &peer);
        CHECK(accepted != INVALID_SOCKET);
        NetAddress_ToText(&own, ownText, (int)sizeof(ownText));
        CHECK_TEXT(ToText(&peer), ownText);
        SocketUtils_Close(&client);
        SocketUtils_Close(&accepted);
    }
    SocketUtils_Close(&listenSocket);
}

/* Waits for the operation; `begun` is what the call that begins it has returned. */
static bool FinishOperation(bool begun, SOCKET socket, WSAOVERLAPPED *overlapped)
{
    DWORD bytes, flags;

    if (!begun && WSAGetLastError() != WSA_IO_PENDING)
        return Test_Explain("it does not begin: error %d", WSAGetLastError());
    if (WaitForSingleObject(overlapped->hEvent, WAIT_MS) != WAIT_OBJECT_0)
        return Test_Explain("it does not complete");
    if (!WSAGetOverlappedResult(socket, overlapped, &bytes, FALSE, &flags))
        return Test_Explain("it failed with error %d", WSAGetLastError());
    return true;
}

static void CheckAcceptExAndConnectEx(const char *host)
{
    char acceptBuffer[ACCEPT_BUFFER_SIZE];
    WSAOVERLAPPED accepting = {0}, connecting = {0};
    NetAddress address, own, peer;
    SOCKET listenSocket, client, accepted;
    int family, length;
    bool begun;

    REQUIRE(CHECK(NetAddress_FromText(&address, host, 0)));
    family = NetAddress_GetFamily(&address);
    listenSocket = OpenListener(&address);
    REQUIRE(CHECK(listenSocket != INVALID_SOCKET));
    accepted = SocketUtils_CreateSocket(family);
    client = SocketUtils_CreateSocket(family);
    CHECK(SocketUtils_BindAnyAddress(client, family));
    accepting.hEvent = WSACreateEvent();
    connecting.hEvent = WSACreateEvent();

    begun = SocketUtils_AcceptEx(listenSocket, accepted, acceptBuffer, &accepting);
    CHECK(begun || WSAGetLastError() == WSA_IO_PENDING);
    CHECK(
        FinishOperation(SocketUtils_ConnectEx(client, &address, &connecting), client, &connecting));
    CHECK(FinishOperation(true, listenSocket, &accepting));
    CHECK(SocketUtils_SetUpdateConnectSocket(client));
    CHECK(SocketUtils_SetUpdateAcceptSocket(accepted, listenSocket));
    CHECK(SocketUtils_GetLocalAddress(client, &own));
    SocketUtils_GetAcceptAddress(acceptBuffer, &peer);
    CHECK_INT(peer.length, own.length);
    CHECK_INT(NetAddress_GetPort(&peer), NetAddress_GetPort(&own));
    CHECK_CONTAINS(ToText(&peer), host);
    length = (int)sizeof(own.storage);
    CHECK_INT(getpeername(accepted, (SOCKADDR *)&own.storage, &length), 0);
    CHECK_INT(shutdown(client, SD_SEND), 0);
    CHECK_INT(recv(accepted, acceptBuffer, 1, 0), 0);

    WSACloseEvent(accepting.hEvent);
    WSACloseEvent(connecting.hEvent);
    SocketUtils_Close(&client);
    SocketUtils_Close(&accepted);
    SocketUtils_Close(&listenSocket);
}

static void AcceptExAndConnectEx(void)
{
    REQUIRE(CHECK(SocketUtils_BindConnectEx()));
    CheckAcceptExAndConnectEx("127.0.0.1");
    CheckAcceptExAndConnectEx("::1");
}

static void SocketFailures(void)
{
    NetAddress address;
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);

    REQUIRE(CHECK(socket != INVALID_SOCKET));
    CHECK(NetAddress_FromText(&address, "203.0.113.1", 0));
    CHECK(!SocketUtils_Bind(socket, &address));
    CHECK_INT(WSAGetLastError(), WSAEADDRNOTAVAIL);
    CHECK(!SocketUtils_GetLocalAddress(socket, &address));
    CHECK(SocketUtils_Accept(socket, &address) == INVALID_SOCKET);
    CHECK_INT(WSAGetLastError(), WSAEINVAL);
    SocketUtils_Close(&socket);
    CHECK(!SocketUtils_SetTcpNoDelay(socket, true));
    CHECK_INT(WSAGetLastError(), WSAENOTSOCK);
    CHECK(SocketUtils_CreateSocket(12345) == INVALID_SOCKET);
}

/* --- ServerLog ------------------------------------------------------------------------------- */

static int PrintLogInChild(bool quiet)
{
    NetAddress address;

    if (!NetAddress_FromText(&address, "127.0.0.1", 7777))
        return 1;
    ServerLog_Init(quiet, false);
    ServerLog_Listening(&address);
    ServerLog_Connected(&address);
    ServerLog_Received(5);
    ServerLog_Disconnected(&address, 0);
    ServerLog_Disconnected(&address, WSAECONNRESET);
    ServerLog_Refused(&address, "full");
    ServerLog_CannotListen(&address, "bind", WSAEADDRINUSE);
    ServerLog_Stopped();
    return 0;
}

static void LogLines(void)
{
    static const char *const arguments[] = {"--child-log", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    CheckChild(0,
               "Listening on 127.0.0.1:7777\n"
               "Client Connected! 127.0.0.1:7777\n"
               "Recv Data Len = 5\n"
               "Client Disconnected! 127.0.0.1:7777\n"
               "Client Disconnected! 127.0.0.1:7777 (error 10054)\n"
               "Client Refused! 127.0.0.1:7777 (full)\n"
               "Server stopped.\n",
               "Cannot listen on 127.0.0.1:7777: bind failed with error 10048");
}

static void LogLinesQuiet(void)
{
    static const char *const arguments[] = {"--child-log-quiet", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    CheckChild(0, "Listening on 127.0.0.1:7777\nServer stopped.\n", "10048");
}

static void LogFromThread(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++)
        ServerLog_Received(123456789);
}

static int PrintLogOfThreadsInChild(void)
{
    ThreadManager threads = {0};

    ServerLog_Init(false, true);
    for (int i = 0; i < 4; i++) {
        if (!ThreadManager_Launch(&threads, LogFromThread, NULL))
            return 1;
    }
    ThreadManager_Join(&threads);
    return 0;
}

/* Lines of several threads do not mix. */
static void LogLinesOfThreads(void)
{
    static const char *const arguments[] = {"--child-log-threads", NULL};
    static const char event[] = "] Recv Data Len = 123456789";
    char *output;
    int lines = 0;

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForExit(child, WAIT_MS, NULL)));
    output = ServerProcess_CopyOutput(child, 0);
    REQUIRE(CHECK(output != NULL));
    for (char *line = output, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        size_t prefix = strlen("[thread ");
        size_t digits;

        *end = '\0';
        digits = strncmp(line, "[thread ", prefix) == 0 ? strspn(line + prefix, "0123456789") : 0;
        if (!CHECK(digits > 0) || !CHECK_TEXT(line + prefix + digits, event))
            break;
        lines++;
    }
    CHECK_INT(lines, 800);
    free(output);
}

/* --- CtrlC ----------------------------------------------------------------------------------- */

static HANDLE wakeEvent;
static volatile LONG wakeCount;

static void Wake(void)
{
    InterlockedIncrement(&wakeCount);
    SetEvent(wakeEvent);
}

/* Waits for Ctrl+C to call Wake twice, the second time without another press. */
static int WaitForCtrlCInChild(void)
{
    LONG atRemove;

    wakeEvent = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (wakeEvent == NULL || CtrlC_IsPressed() || !CtrlC_Install(Wake))
        return 1;
    printf("ready\n");
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        if (WaitForSingleObject(wakeEvent, 2 * WAIT_MS) != WAIT_OBJECT_0)
            return 2;
        if (!CtrlC_IsPressed())
            return 3;
    }
    CtrlC_Remove();
    atRemove = wakeCount;
    printf("removed\n");
    fflush(stdout);

    /* Another press, which the parent makes on this line, neither wakes nor ends it. */
    Sleep(500);
    printf("%s\n", wakeCount == atRemove ? "not woken" : "woken");
    return 7;
}

static void PressCtrlC(void)
{
    static const char *const arguments[] = {"--child-ctrl-c", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "ready", NULL, WAIT_MS)));
    REQUIRE(CHECK(TestProgram_PressCtrlC(child)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "removed", NULL, WAIT_MS)));
    CHECK(TestProgram_PressCtrlC(child));
    CheckChild(7, "ready\nremoved\nnot woken\n", "");
}

/* --- ServerProcess --------------------------------------------------------------------------- */

static int PrintArgumentsInChild(int argc, char *argv[])
{
    for (int i = 2; i < argc; i++)
        printf("<%s>\n", argv[i]);
    fprintf(stderr, "to stderr\n");
    return argc;
}

static void ArgumentsArriveAsTheyAre(void)
{
    static const char *const arguments[] = {
        "--child-arguments", "plain",  "",   "two words",    "a\"b", "\\",
        "c:\\dir\\",         "\\\\\"", "\"", "a\\\"b c\\\\", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    CheckChild(
        11, "<plain>\n<>\n<two words>\n<a\"b>\n<\\>\n<c:\\dir\\>\n<\\\\\">\n<\">\n<a\\\"b c\\\\>\n",
        "to stderr\n");
}

static int PrintNumbersInChild(void)
{
    for (int i = 0; i < 6000; i++)
        printf("number %d\n", i);
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

#define HANDLE_COUNT 100
#define HANDLE_NOISE 10 /* that the system opens and closes for itself meanwhile */

static int SpinInChild(void)
{
    volatile ULONG turns = 0;

    /* The parent does not wait for the end of it. */
    while (turns < 0xffffffff)
        turns = turns + 1;
    return 0;
}

/* Opens HANDLE_COUNT handles, some time after it has said "before". */
static int OpenHandlesInChild(void)
{
    printf("before\n");
    fflush(stdout);
    Sleep(500);
    for (int i = 0; i < HANDLE_COUNT; i++) {
        if (CreateEventA(NULL, FALSE, FALSE, NULL) == NULL)
            return 1;
    }
    printf("after\n");
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

/* More than a pipe holds: it is read while the child runs. Then the child is killed. */
static void OutputIsCaptured(void)
{
    static const char *const arguments[] = {"--child-numbers", NULL};
    size_t position = 0;
    DWORD exitCode = 0;
    char *rest;

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "number 5999", NULL, WAIT_MS)));
    CHECK_INT(ServerProcess_CountLines(child, "number "), 6000);
    CHECK(ServerProcess_WaitForCount(child, "number 599", 11, 0));
    CHECK(!ServerProcess_WaitForCount(child, "number 599", 12, 50));

    CHECK(ServerProcess_WaitForLine(child, "number 599", &position, 0));
    CHECK(ServerProcess_WaitForLine(child, "number 599", &position, 0));
    rest = ServerProcess_CopyOutput(child, position);
    if (CHECK(rest != NULL))
        CHECK(strncmp(rest, "number 5991\n", 12) == 0);
    free(rest);
    CHECK(!ServerProcess_WaitForLine(child, "no such line", NULL, 50));

    CHECK(ServerProcess_IsRunning(child));
    CHECK(!ServerProcess_WaitForExit(child, 0, NULL));
    CHECK(ServerProcess_GetHandleCount(child) > 0);
    CHECK(ServerProcess_GetMemoryKib(child) > 0);
    CHECK(ServerProcess_GetCpuMs(child) >= 0);
    ServerProcess_Kill(child);
    CHECK(!ServerProcess_IsRunning(child));
    CHECK(ServerProcess_WaitForExit(child, WAIT_MS, &exitCode));
    CHECK_INT(exitCode, 999);
    CHECK(!ServerProcess_WaitForLine(child, "no such line", NULL, 60000));
}

/* The child waits in its prints while nobody reads, and goes on when somebody does. */
static void ReadingCanBePaused(void)
{
    static const char *const arguments[] = {"--child-numbers", NULL};

    REQUIRE(CHECK(StartChild(arguments)));
    ServerProcess_PauseReading(child, true);
    CHECK(!ServerProcess_WaitForLine(child, "number 5999", NULL, 500));
    ServerProcess_PauseReading(child, false);
    CHECK(ServerProcess_WaitForLine(child, "number 5999", NULL, WAIT_MS));
}

/* A busy process and one that rests are told apart, and both from this one. */
static void ProcessorTime(void)
{
    static const char *const atWork[] = {"--child-spin", NULL};
    ULONGLONG start = Test_Now();

    REQUIRE(CHECK(StartChild(atWork)));
    while (ServerProcess_GetCpuMs(child) < 100) {
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, WAIT_MS));
        Sleep(20);
    }
    CHECK_AT_MOST(ServerProcess_GetCpuMs(child), Test_Now() - start + 100);
    ServerProcess_Kill(child);
}

static void Handles(void)
{
    static const char *const arguments[] = {"--child-handles", NULL};
    int before, opened;

    REQUIRE(CHECK(StartChild(arguments)));
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "before", NULL, WAIT_MS)));
    before = ServerProcess_GetHandleCount(child);
    CHECK(before > 0);
    REQUIRE(CHECK(ServerProcess_WaitForLine(child, "after", NULL, WAIT_MS)));
    opened = ServerProcess_GetHandleCount(child) - before;
    CHECK(opened >= HANDLE_COUNT - HANDLE_NOISE);
    CHECK_AT_MOST(opened, HANDLE_COUNT + HANDLE_NOISE);
}

static void NoSuchProgram(void)
{
    static const char *const arguments[] = {NULL};

    CHECK(ServerProcess_Start("no-such-program.exe", arguments, NULL, NULL) == NULL);
    CHECK_INT(GetLastError(), ERROR_FILE_NOT_FOUND);
}

/* Each has a console of its own, and Ctrl+C reaches only the one that it is pressed in. */
static void ConsolesAreApart(void)
{
    static const char *const arguments[] = {"--child-ctrl-c", NULL};
    ServerProcess *other = ServerProcess_Start(ownPath, arguments, NULL, NULL);

    if (CHECK(other != NULL) && CHECK(StartChild(arguments)) &&
        CHECK(ServerProcess_WaitForLine(other, "ready", NULL, WAIT_MS)) &&
        CHECK(ServerProcess_WaitForLine(child, "ready", NULL, WAIT_MS)) &&
        CHECK(TestProgram_PressCtrlC(other)) && CHECK(TestProgram_PressCtrlC(other))) {
        CHECK(ServerProcess_WaitForExit(other, WAIT_MS, NULL));
        CHECK_INT(ServerProcess_CountLines(child, "removed"), 0);
    }
    ServerProcess_Close(other);
}

/* The next child in a console is not disturbed by the one before. */
static void ConsoleIsUsedAgain(void)
{
    for (int i = 0; i < 3; i++) {
        PressCtrlC();
        EndTest(false);
    }
}

/* --- main ------------------------------------------------------------------------------------ */

static int RunChild(int argc, char *argv[])
{
    if (strcmp(argv[1], "--child-error") == 0)
        return PrintErrorInChild();
    if (strcmp(argv[1], "--child-options") == 0)
        return ParseInChild();
    if (strcmp(argv[1], "--child-log") == 0)
        return PrintLogInChild(false);
    if (strcmp(argv[1], "--child-log-quiet") == 0)
        return PrintLogInChild(true);
    if (strcmp(argv[1], "--child-log-threads") == 0)
        return PrintLogOfThreadsInChild();
    if (strcmp(argv[1], "--child-ctrl-c") == 0)
        return WaitForCtrlCInChild();
    if (strcmp(argv[1], "--child-numbers") == 0)
        return PrintNumbersInChild();
    if (strcmp(argv[1], "--child-spin") == 0)
        return SpinInChild();
    if (strcmp(argv[1], "--child-handles") == 0)
        return OpenHandlesInChild();
    return PrintArgumentsInChild(argc, argv);
}

static void AddTests(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"NetAddress: to text and back", AddressToTextAndBack},
        {"NetAddress: network byte order", AddressInNetworkOrder},
        {"NetAddress: bad texts", BadAddresses},
        {"NetAddress: to local", LocalAddress},
        {"NetAddress: text in a small buffer", AddressTextIsCut},
        {"ThreadManager: 100 threads, twice", ManyThreads},
        {"ThreadManager: join waits", JoinWaits},
        {"ThreadManager: processors", ProcessorCount},
        {"ErrorText: the sentence", ErrorSentence},
        {"ErrorText: a number without a text", ErrorWithoutText},
        {"ErrorText: a small buffer", ErrorTextIsCut},
        {"ErrorText: ErrorText_Print writes to stderr", ErrorGoesToStderr},
        {"ServerOptions: good ones", GoodOptions},
        {"ServerOptions: bad ones", BadOptions},
        {"ServerOptions: numbers", Numbers},
        {"SocketUtils: options", SocketOptions},
        {"SocketUtils: closing twice", CloseTwice},
        {"SocketUtils: not inherited", SocketsAreNotInherited},
        {"SocketUtils: exclusive use", ExclusiveUse},
        {"SocketUtils: a connection over IPv4", ConnectionIpv4},
        {"SocketUtils: a connection over IPv6", ConnectionIpv6},
        {"SocketUtils: a listener for both families", DualStack},
        {"SocketUtils: AcceptEx and ConnectEx", AcceptExAndConnectEx},
        {"SocketUtils: failures", SocketFailures},
        {"ServerLog: lines", LogLines},
        {"ServerLog: quiet", LogLinesQuiet},
        {"ServerLog: lines of several threads", LogLinesOfThreads},
        {"CtrlC: a press wakes, also again", PressCtrlC},
        {"ServerProcess: arguments", ArgumentsArriveAsTheyAre},
        {"ServerProcess: output", OutputIsCaptured},
        {"ServerProcess: reading can be paused", ReadingCanBePaused},
        {"ServerProcess: processor time", ProcessorTime},
        {"ServerProcess: handles", Handles},
        {"ServerProcess: no such program", NoSuchProgram},
        {"ServerProcess: Ctrl+C reaches one of two programs", ConsolesAreApart},
        {"ServerProcess: a console is used again", ConsoleIsUsedAgain},
    };

    for (size_t i = 0; i < COUNT_OF(tests); i++)
        Test_Add(tests[i].name, tests[i].run, 60);
}

int main(int argc, char *argv[])
{
    static const TestHooks hooks = {NULL, EndTest, NULL};
    bool listOnly = argc > 1 && strcmp(argv[1], "--list") == 0;
    int filterIndex = listOnly ? 2 : 1;
    int exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (argc > 1 && strncmp(argv[1], "--child-", 8) == 0)
        return RunChild(argc, argv);
    ownPath = argv[0];
    if (argc > filterIndex + 1) {
        fprintf(stderr, "Usage: unit.exe [--list] [FILTER]\n");
        return 2;
    }
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    Test_SetHooks(&hooks);
    AddTests();
    exitCode = Test_Run(argc > filterIndex ? argv[filterIndex] : NULL, listOnly);
    SocketUtils_Clear();
    return exitCode;
}
