/*
 * UnitTestsText: tests of NetAddress, ErrorText, Options and ServerOptions. See UnitTests.h.
 */
#include "UnitTests.h"
#include "ErrorText.h"
#include "ServerOptions.h"

/* --- NetAddress ------------------------------------------------------------------------------ */

TEST("NetAddress: to text and back")
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
        NetAddress address = Peer_GetAddress(rows[i].text, rows[i].port);

        CHECK_TEXT(Peer_ToText(&address), rows[i].expected);
        CHECK_INT(NetAddress_GetPort(&address), rows[i].port);
        CHECK_INT(NetAddress_GetFamily(&address), rows[i].family);
        CHECK_INT(address.length,
                  rows[i].family == AF_INET ? sizeof(SOCKADDR_IN) : sizeof(SOCKADDR_IN6));
    }
}

/* What bind and connect are to find in it: the port and the address in network byte order. */
TEST("NetAddress: network byte order")
{
    NetAddress address = Peer_GetAddress("1.2.3.4", 0x1234);
    SOCKADDR_IN in;
    SOCKADDR_IN6 in6;

    memcpy(&in, &address.storage, sizeof(in));
    CHECK(memcmp(&in.sin_port, "\x12\x34", 2) == 0);
    CHECK(memcmp(&in.sin_addr, "\x01\x02\x03\x04", 4) == 0);

    address = Peer_GetAddress("fe80::1%42", 0x1234);
    memcpy(&in6, &address.storage, sizeof(in6));
    CHECK(memcmp(&in6.sin6_port, "\x12\x34", 2) == 0);
    CHECK_INT(in6.sin6_scope_id, 42);
    CHECK_INT(in6.sin6_addr.s6_addr[0], 0xfe);
    CHECK_INT(in6.sin6_addr.s6_addr[15], 1);
}

TEST("NetAddress: bad texts")
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
    const NetAddress before = Peer_GetAddress("127.0.0.1", 7777);

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        NetAddress address = before;

        CHECK(!NetAddress_FromText(&address, texts[i], 1) ||
              Test_Explain("'%s' was taken for an address", texts[i]));
        /* Untouched, as the header says. */
        CHECK(memcmp(&address, &before, sizeof(address)) == 0);
    }
}

TEST("NetAddress: to local")
{
    static const char *const rows[][2] = {
        {"0.0.0.0", "127.0.0.1:99"},       {"::", "[::1]:99"},  {"127.0.0.2", "127.0.0.2:99"},
        {"192.168.0.1", "192.168.0.1:99"}, {"::1", "[::1]:99"}, {"fe80::1%3", "[fe80::1%3]:99"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NetAddress address = Peer_GetAddress(rows[i][0], 99);
        NetAddress local = NetAddress_ToLocal(&address);

        CHECK_TEXT(Peer_ToText(&local), rows[i][1]);
        CHECK_INT(local.length, address.length);
    }
}

/* A buffer that is too small is filled as far as it goes, and ended. */
TEST("NetAddress: text in a small buffer")
{
    NetAddress address = Peer_GetAddress("127.0.0.1", 7777);
    char text[12];

    memset(text, 'x', sizeof(text));
    CHECK_TEXT(NetAddress_ToText(&address, text, 8), "127.0.0");
    CHECK(text[8] == 'x');
}

/* --- ErrorText ------------------------------------------------------------------------------- */

TEST("ErrorText: the sentence")
{
    char text[ERROR_TEXT_SIZE];
    const char *colon;

    CHECK(ErrorText_Format(text, (int)sizeof(text), "CreateFile", ERROR_ACCESS_DENIED) == text);
    CHECK_CONTAINS(text, "CreateFile failed with error 5: ");
    colon = NEED(strchr(text, ':'));
    CHECK(strlen(colon) > 5); /* the text itself is in the language of the system */
    CHECK(strchr(text, '\n') == NULL && strchr(text, '\r') == NULL);
    CHECK(text[strlen(text) - 1] != ' ');

    ErrorText_Format(text, (int)sizeof(text), "bind", WSAEADDRINUSE);
    CHECK_CONTAINS(text, "bind failed with error 10048");
}

/* A number that no system has a text for: the sentence ends behind it. */
TEST("ErrorText: a number without a text")
{
    char text[ERROR_TEXT_SIZE];

    CHECK_TEXT(ErrorText_Format(text, (int)sizeof(text), "call", 0x2ABDDEF0),
               "call failed with error 717086448");
}

TEST("ErrorText: a small buffer")
{
    char text[40];

    for (int size = 1; size <= 30; size++) {
        memset(text, 'x', sizeof(text));
        ErrorText_Format(text, size, "CreateFile", ERROR_ACCESS_DENIED);
        CHECK_INT(strlen(text), size - 1);
        CHECK(text[size] == 'x');
    }
}

/* The same two syllables, as a Korean console expects them, and as one that chcp has set to UTF-8. */
TEST("ErrorText: in the encoding of the console")
{
    static const wchar_t wide[] = L"\uC5F0\uACB0";
    char text[7];

    CHECK_TEXT(ErrorText_Encode(text, (int)sizeof(text), wide, 949), "\xBF\xAC\xB0\xE1");
    CHECK_TEXT(ErrorText_Encode(text, (int)sizeof(text), wide, 65001), "\xEC\x97\xB0\xEA\xB2\xB0");

    /* Where there is room for less, no character is cut in two. */
    CHECK_TEXT(ErrorText_Encode(text, 6, wide, 65001), "\xEC\x97\xB0");
    CHECK_TEXT(ErrorText_Encode(text, 3, wide, 65001), "");
    CHECK_TEXT(ErrorText_Encode(text, 1, wide, 65001), "");
}

CHILD("--child-error")
{
    ErrorText_Print("CreateFile", ERROR_ACCESS_DENIED);
    return 0;
}

TEST("ErrorText: ErrorText_Print writes to stderr")
{
    StartChild(ARGUMENTS("--child-error"));
    CheckChild(0, "", "CreateFile failed with error 5");
}

/* --- ServerOptions --------------------------------------------------------------------------- */

/* What the command line means; the arrays end with NULL. */
static int Parse(ServerOptions *options, const char *const words[])
{
    int argc = 0;

    while (words[argc] != NULL)
        argc++;
    return ServerOptions_Parse(options, argc, (char **)words);
}

TEST("ServerOptions: good ones")
{
    static const struct {
        const char *words[8];
        const char *address;
        bool quiet;
    } rows[] = {
        {{"server.exe"}, "127.0.0.1:7777", false},
        {{"server.exe", "--quiet"}, "127.0.0.1:7777", true},
        {{"server.exe", "--port", "0"}, "127.0.0.1:0", false},
        {{"server.exe", "--port", "65535"}, "127.0.0.1:65535", false},
        {{"server.exe", "--port", "0080"}, "127.0.0.1:80", false},
        {{"server.exe", "--address", "0.0.0.0"}, "0.0.0.0:7777", false},
        {{"server.exe", "--address", "::1", "--port", "9"}, "[::1]:9", false},
        {{"server.exe", "--port", "9", "--quiet", "--address", "::"}, "[::]:9", true},
        {{"server.exe", "--port", "1", "--port", "2"}, "127.0.0.1:2", false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ServerOptions options;

        memset(&options, 0xff, sizeof(options));
        REQUIRE(CHECK_INT(Parse(&options, rows[i].words), SERVER_OPTIONS_RUN));
        CHECK_TEXT(Peer_ToText(&options.address), rows[i].address);
        CHECK_INT(options.quiet, rows[i].quiet);
    }
}

/* In a child, as each of them prints the usage. Prints the ones that did not end in `expected`. */
CHILD("--child-options")
{
    static const struct {
        const char *words[8];
        int expected;
    } rows[] = {
        {{"server.exe", "--help"}, 0},
        {{"server.exe", "--quiet", "--help", "--what"}, 0},
        {{"server.exe", ""}, 2},
        {{"server.exe", "--"}, 2},
        {{"server.exe", "-h"}, 2},
        {{"server.exe", "--hel"}, 2},
        {{"server.exe", "--helpme"}, 2},
        {{"server.exe", "/?"}, 2},
        {{"server.exe", "--port"}, 2},
        {{"server.exe", "--port", ""}, 2},
        {{"server.exe", "--port", "65536"}, 2},
        {{"server.exe", "--port", "-0"}, 2},
        {{"server.exe", "--port", "18446744073709551617"}, 2},
        {{"server.exe", "--port", "1.5"}, 2},
        {{"server.exe", "--address"}, 2},
        {{"server.exe", "--address", "nowhere"}, 2},
        {{"server.exe", "--address", "127.0.0.1", "7777"}, 2},
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

TEST("ServerOptions: bad ones")
{
    char *errors;

    StartChild(ARGUMENTS("--child-options"));
    REQUIRE(CHECK(ServerProcess_WaitForExit(child, WAIT_MS, NULL)));
    errors = NEED(ServerProcess_CopyErrors(child));
    CHECK_CONTAINS(errors, "\nall rows done\n");
    if (strstr(errors, "\nrow ") != NULL)
        CHECK_TEXT(strstr(errors, "\nrow "), "no row that gives something else");
    free(errors);
    CHECK_INT(ServerProcess_CountLines(child, "Usage: "), 2); /* for --help, and only there */
}

TEST("ServerOptions: numbers")
{
    static const char *const bad[] = {
        "",    "-1",  "+1",  " 1", "1 ", "1x",         "x",
        "0x1", "1e1", "1.0", "11", "4",  "2147483648", "99999999999999999999999"};
    long value = 77;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK(!Options_ParseNumber(bad[i], 5, 10, &value) ||
              Test_Explain("'%s' was taken for a number from 5 to 10", bad[i]));
        CHECK_INT(value, 77);
    }
    CHECK(Options_ParseNumber("5", 5, 10, &value));
    CHECK_INT(value, 5);
    CHECK(Options_ParseNumber("10", 5, 10, &value));
    CHECK_INT(value, 10);
    CHECK(Options_ParseNumber("007", 5, 10, &value));
    CHECK_INT(value, 7);
}
