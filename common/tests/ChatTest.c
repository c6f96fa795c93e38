/*
 * ChatTest: the example programs of 07 from the outside: ChatServer and DummyClient.
 *
 *     chat.exe ChatServer.exe DummyClient.exe server.exe [--list] [FILTER]
 *
 * Give each program with its folder. The clients here know the packets from the comment of
 * ChatPacket.h and not from its code. What they receive is compared as text: "Said kim|hello".
 * FILTER runs only the tests whose name contains it. The last line says "N passed, N failed"; exit
 * code 1 where any failed or none ran, 2 where the command line is not understood.
 */
#include "ServerProcess.h"
#include "SocketUtils.h"
#include "Test.h"
#include "ThreadManager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE   2
#define WAIT_MS      5000  /* for what should come at once; long, because machines can be busy */
#define QUIET_MS     300   /* for what should not come */
#define LONG_MS      20000 /* for what takes its time */
#define PROCESS_MAX  16
#define TALKER_MAX   64
#define STREAM_SIZE  65536
#define TEXT_SIZE    32768 /* of a packet as text */
#define TEXT_MAX     1000
#define NAME_MAX_LEN 20

enum { ENTER = 1, SAY = 2, WELCOME = 101, REFUSED, JOINED, LEFT, SAID, PING };

static const char *chatServerPath;
static const char *dummyClientPath;
static const char *echoServerPath;

/* --- Processes ------------------------------------------------------------------------------- */

static SRWLOCK processLock = SRWLOCK_INIT; /* the watching thread kills, the main thread closes */
static ServerProcess *processes[PROCESS_MAX];
static int processCount;

/* NULL: it does not start. It is closed after the test. */
static ServerProcess *Launch(const char *path, const char *const arguments[])
{
    ServerProcess *process = NULL;

    if (processCount < PROCESS_MAX)
        process = ServerProcess_Start(path, arguments, NULL, NULL);
    if (process == NULL) {
        Test_Explain("%s does not start: error %lu", path, GetLastError());
        return NULL;
    }
    AcquireSRWLockExclusive(&processLock);
    processes[processCount++] = process;
    ReleaseSRWLockExclusive(&processLock);
    return process;
}

/* Starts a server with these arguments and waits until it listens. NULL: it does not. */
static ServerProcess *StartServer(const char *path, const char *const arguments[],
                                  NetAddress *address)
{
    ServerProcess *server = Launch(path, arguments);

    if (server == NULL || ServerProcess_WaitForListening(server, address, 2 * WAIT_MS))
        return server;
    Test_Explain("there is no line \"Listening on ADDRESS:PORT\"");
    return NULL;
}

static ServerProcess *chatServer;
static NetAddress chatAddress;

/* Starts a ChatServer on a free port. */
static bool StartChat(void)
{
    static const char *const arguments[] = {"--port", "0", NULL};

    chatServer = StartServer(chatServerPath, arguments, &chatAddress);
    return chatServer != NULL;
}

/* Waits for the end of a program and checks its exit code and a part of what it wrote to stderr. */
static void CheckEnd(ServerProcess *process, DWORD timeoutMs, DWORD expectedCode,
                     const char *expectedError)
{
    DWORD exitCode = 0;
    char *errors;

    REQUIRE(CHECK(ServerProcess_WaitForExit(process, timeoutMs, &exitCode)));
    errors = ServerProcess_CopyErrors(process);
    REQUIRE(CHECK(errors != NULL));
    CHECK_INT(exitCode, expectedCode);
    if (expectedError[0] == '\0')
        CHECK_TEXT(errors, "");
    else
        CHECK_CONTAINS(errors, expectedError);
    free(errors);
}

/* Presses Ctrl+C and checks the whole of a stop. */
static void CheckStop(ServerProcess *server)
{
    char *output;

    CHECK(ServerProcess_PressCtrlC(server));
    CheckEnd(server, WAIT_MS, 0, "");
    output = ServerProcess_CopyOutput(server, 0);
    REQUIRE(CHECK(output != NULL));
    CHECK_CONTAINS(output, "\nServer stopped.\n");
    CHECK_INT(ServerProcess_CountLines(server, "Client Disconnected! "),
              ServerProcess_CountLines(server, "Client Connected! "));
    free(output);
}

/* --- Talkers: clients of the ChatServer ------------------------------------------------------ */

typedef struct Talker {
    SOCKET socket; /* blocking, for WAIT_MS at most */
    char name[NAME_MAX_LEN + 1];
    unsigned char stream[STREAM_SIZE]; /* what came and is not yet taken */
    int length;
    char text[TEXT_SIZE]; /* the last packet that was taken */
} Talker;

static Talker *talkers[TALKER_MAX];
static int talkerCount;

/* `recvBufferSize`: of the system's buffer; 0: whatever it is. NULL: no connection. */
static Talker *Talker_Open(int recvBufferSize)
{
    Talker *talker = talkerCount < TALKER_MAX ? (Talker *)calloc(1, sizeof(*talker)) : NULL;
    DWORD timeoutMs = WAIT_MS;

    if (talker == NULL) {
        Test_Explain("no memory for a talker, or TALKER_MAX is too small");
        return NULL;
    }
    talkers[talkerCount++] = talker;
    talker->socket = SocketUtils_CreateSocket(NetAddress_GetFamily(&chatAddress));
    if (recvBufferSize > 0)
        SocketUtils_SetRecvBufferSize(talker->socket, recvBufferSize);
    setsockopt(talker->socket, SOL_SOCKET, SO_RCVTIMEO, (const char *)&timeoutMs,
               sizeof(timeoutMs));
    setsockopt(talker->socket, SOL_SOCKET, SO_SNDTIMEO, (const char *)&timeoutMs,
               sizeof(timeoutMs));
    SocketUtils_SetTcpNoDelay(talker->socket, true);
    if (SocketUtils_Connect(talker->socket, &chatAddress))
        return talker;
    Test_Explain("a client cannot connect: error %d", WSAGetLastError());
    return NULL;
}

static void Talker_Close(Talker *talker)
{
    SocketUtils_Close(&talker->socket);
}

static bool Talker_SendBytes(Talker *talker, const void *data, int size)
{
    for (int sent = 0; sent < size;) {
        int count = send(talker->socket, (const char *)data + sent, size - sent, 0);

        if (count <= 0)
            return Test_Explain("%s: send failed with error %d", talker->name, WSAGetLastError());
        sent += count;
    }
    return true;
}

/* Writes a packet at `packet`. Returns its size. */
static int MakePacket(unsigned char *packet, int id, const void *body, int length)
{
    int size = length + 4;

    packet[0] = (unsigned char)(size & 0xFF);
    packet[1] = (unsigned char)(size >> 8);
    packet[2] = (unsigned char)id;
    packet[3] = 0;
    memcpy(packet + 4, body, (size_t)length);
    return size;
}

static bool Talker_Send(Talker *talker, int id, const char *text)
{
    unsigned char packet[4096];

    return Talker_SendBytes(talker, packet, MakePacket(packet, id, text, (int)strlen(text)));
}

/*
 * Writes a packet as text: "Said kim|hello". The body's names come first, then what is left of it.
 */
static void Talker_SetText(Talker *talker, int id, const unsigned char *body, int length)
{
    static const char *const words[] = {"Welcome", "Refused", "Joined", "Left", "Said", "Ping"};
    int names = id == WELCOME ? TEXT_SIZE : id == LEFT || id == SAID ? 1 : 0;
    int at = 0, written;

    written = snprintf(talker->text, TEXT_SIZE, "%s ",
                       id >= WELCOME && id <= PING ? words[id - WELCOME] : "Unknown");
    for (int i = 0; i < names && at < length; i++) {
        int nameLength = body[at];

        if (at + 1 + nameLength > length)
            nameLength = length - at - 1;
        written += snprintf(talker->text + written, (size_t)(TEXT_SIZE - written), "%.*s|",
                            nameLength, (const char *)body + at + 1);
        at += 1 + nameLength;
    }
    snprintf(talker->text + written, (size_t)(TEXT_SIZE - written), "%.*s", length - at,
             (const char *)body + at);
}

/* Takes a packet off the stream into `text`, if a whole one is there. */
static bool Talker_Take(Talker *talker)
{
    int size = talker->stream[0] | talker->stream[1] << 8;

    if (talker->length < 4 || size > talker->length)
        return false;
    if (size < 4) {
        snprintf(talker->text, TEXT_SIZE, "a packet of size %d", size);
        size = talker->length;
    } else {
        Talker_SetText(talker, talker->stream[2] | talker->stream[3] << 8, talker->stream + 4,
                       size - 4);
    }
    talker->length -= size;
    memmove(talker->stream, talker->stream + size, (size_t)talker->length);
    return true;
}

/* Receives once. False: `text` says "End", "Reset" or "Nothing" (within the time). */
static bool Talker_ReceiveSome(Talker *talker)
{
    int count = recv(talker->socket, (char *)talker->stream + talker->length,
                     STREAM_SIZE - talker->length, 0);

    if (count > 0) {
        talker->length += count;
        return true;
    }
    snprintf(talker->text, TEXT_SIZE, "%s",
             count == 0                          ? "End"
             : WSAGetLastError() == WSAETIMEDOUT ? "Nothing"
                                                 : "Reset");
    return false;
}

/* The next packet but pings as text, or "End", "Reset", "Nothing". */
static const char *Talker_Receive(Talker *talker)
{
    do {
        while (!Talker_Take(talker)) {
            if (!Talker_ReceiveSome(talker))
                return talker->text;
        }
    } while (strcmp(talker->text, "Ping ") == 0);
    return talker->text;
}

/* What was received instead of a packet: the end of the connection, in whichever way. */
static bool IsEnd(const char *text)
{
    return strcmp(text, "End") == 0 || strcmp(text, "Reset") == 0 ||
           Test_Explain("expected the end of the connection and got \"%s\"", text);
}

/* True: there is something to receive, if only the end. */
static bool Talker_IsReadable(Talker *talker, int timeoutMs)
{
    struct timeval timeout = {timeoutMs / 1000, timeoutMs % 1000 * 1000};
    fd_set readSet;

    FD_ZERO(&readSet);
    FD_SET(talker->socket, &readSet);
    return talker->length > 0 || select(0, &readSet, NULL, NULL, &timeout) == 1;
}

/* Connects and enters as the first in the room, or as one of several: takes its own Welcome. */
static Talker *Talker_Enter(const char *name)
{
    Talker *talker = Talker_Open(0);

    if (talker == NULL)
        return NULL;
    snprintf(talker->name, sizeof(talker->name), "%s", name);
    if (!Talker_Send(talker, ENTER, name))
        return NULL;
    if (strncmp(Talker_Receive(talker), "Welcome ", 8) == 0)
        return talker;
    Test_Explain("%s expected its Welcome and got \"%s\"", name, talker->text);
    return NULL;
}

/* Lets `count` talkers in, "t0" to "tN", and takes all the notices of it. */
static bool EnterMany(Talker **list, int count)
{
    for (int i = 0; i < count; i++) {
        char name[NAME_MAX_LEN], joined[64];

        snprintf(name, sizeof(name), "t%d", i);
        snprintf(joined, sizeof(joined), "Joined %s", name);
        list[i] = Talker_Enter(name);
        if (list[i] == NULL)
            return false;
        for (int j = 0; j < i; j++) {
            if (strcmp(Talker_Receive(list[j]), joined) != 0)
                return Test_Explain("t%d expected \"%s\" and got \"%s\"", j, joined, list[j]->text);
        }
    }
    return true;
}

/* --- Around each test ------------------------------------------------------------------------ */

static void Fixture_End(bool failed)
{
    for (int i = 0; failed && i < processCount; i++) {
        char *output = ServerProcess_CopyOutput(processes[i], 0);
        char *errors = ServerProcess_CopyErrors(processes[i]);
        size_t length = output != NULL ? strlen(output) : 0;

        printf("    program %d has printed:\n%s\n    and to stderr:\n%s\n", i + 1,
               length > TEXT_MAX ? output + length - TEXT_MAX : output, errors);
        free(output);
        free(errors);
    }
    for (int i = 0; i < talkerCount; i++) {
        SocketUtils_Close(&talkers[i]->socket);
        free(talkers[i]);
    }
    talkerCount = 0;
    AcquireSRWLockExclusive(&processLock);
    for (int i = 0; i < processCount; i++)
        ServerProcess_Close(processes[i]);
    processCount = 0;
    ReleaseSRWLockExclusive(&processLock);
}

/* Without the programs every connection ends, and so does every wait for them. */
static void Fixture_OverTime(void)
{
    AcquireSRWLockExclusive(&processLock);
    for (int i = 0; i < processCount; i++)
        ServerProcess_Kill(processes[i]);
    ReleaseSRWLockExclusive(&processLock);
}

/* --- Chatting -------------------------------------------------------------------------------- */

static void Notices(void)
{
    Talker *kim, *lee, *park;

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((kim = Talker_Enter("kim")) != NULL));
    CHECK_TEXT(kim->text, "Welcome kim|");
    REQUIRE(CHECK((lee = Talker_Enter("lee")) != NULL));
    CHECK_TEXT(lee->text, "Welcome lee|kim|");
    CHECK_TEXT(Talker_Receive(kim), "Joined lee");
    REQUIRE(CHECK((park = Talker_Enter("\xEB\xB0\x95")) != NULL));
    CHECK_TEXT(park->text, "Welcome \xEB\xB0\x95|kim|lee|");
    CHECK_TEXT(Talker_Receive(kim), "Joined \xEB\xB0\x95");
    CHECK_TEXT(Talker_Receive(lee), "Joined \xEB\xB0\x95");
    Talker_Close(lee);
    CHECK_TEXT(Talker_Receive(kim), "Left lee|the peer closed the connection");
    CHECK_TEXT(Talker_Receive(park), "Left lee|the peer closed the connection");
    SocketUtils_SetLinger(park->socket, true, 0);
    Talker_Close(park);
    CHECK_CONTAINS(Talker_Receive(kim), "Left \xEB\xB0\x95|");
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
    CheckStop(chatServer);
    CHECK_INT(ServerProcess_CountLines(chatServer, "Sessions: 3 served, 0 refused. Received 3 "),
              1);
}

/* Who has not entered is told nothing, and nobody is told of it. */
static void Guests(void)
{
    Talker *kim, *guest;

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((guest = Talker_Open(0)) != NULL));
    REQUIRE(CHECK((kim = Talker_Enter("kim")) != NULL));
    CHECK_TEXT(kim->text, "Welcome kim|");
    CHECK(Talker_Send(kim, SAY, "hello"));
    CHECK_TEXT(Talker_Receive(kim), "Said kim|hello");
    CHECK(!Talker_IsReadable(guest, QUIET_MS));
    Talker_Close(guest);
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
    CheckStop(chatServer);
}

static void Texts(void)
{
    char longest[TEXT_MAX + 1], expected[TEXT_MAX + 32];
    const char *texts[] = {"x", "hello", "\xEC\x95\x88\xEB\x85\x95 \xF0\x9F\x98\x80", "a|b%s\\",
                           longest};
    Talker *list[3];

    memset(longest, 'z', TEXT_MAX);
    longest[TEXT_MAX] = '\0';
    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK(EnterMany(list, 3)));
    for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++) {
        snprintf(expected, sizeof(expected), "Said t%d|%s", i % 3, texts[i]);
        CHECK(Talker_Send(list[i % 3], SAY, texts[i]));
        for (int j = 0; j < 3; j++)
            CHECK_TEXT(Talker_Receive(list[j]), expected);
    }
    CheckStop(chatServer);
}

static void Names(void)
{
    Talker *kim, *other;

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((kim = Talker_Enter("kim")) != NULL));
    REQUIRE(CHECK((other = Talker_Open(0)) != NULL));
    CHECK(Talker_Send(other, ENTER, "kim"));
    CHECK_TEXT(Talker_Receive(other), "Refused this name is taken");
    CHECK_TEXT(Talker_Receive(other), "End");
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
    CHECK(Talker_Enter("Kim") != NULL);
    CHECK(Talker_Enter("12345678901234567890") != NULL);
    CHECK_TEXT(Talker_Receive(kim), "Joined Kim");
    CHECK_TEXT(Talker_Receive(kim), "Joined 12345678901234567890");
    Talker_Close(kim);
    CHECK(ServerProcess_WaitForLine(chatServer, "Client Disconnected! ", NULL, WAIT_MS));
    CHECK(ServerProcess_WaitForCount(chatServer, "Client Disconnected! ", 2, WAIT_MS));
    CHECK(Talker_Enter("kim") != NULL);
    CheckStop(chatServer);
}

/* --- Order ----------------------------------------------------------------------------------- */

typedef struct Sender {
    Talker *talker;
    int number, count;
    bool failed;
} Sender;

/* Says "0" to "count - 1", on a thread of its own. */
static void SayNumbers(void *argument)
{
    Sender *sender = (Sender *)argument;

    for (int i = 0; i < sender->count; i++) {
        unsigned char packet[64];
        char text[32];
        int size = MakePacket(packet, SAY, text, snprintf(text, sizeof(text), "%d", i));

        if (send(sender->talker->socket, (const char *)packet, size, 0) != size)
            sender->failed = true;
    }
}

/* Checks that the packet is the next one of the talker that it is from, and notes it. */
static bool CheckNext(const char *text, int *next, int talkersInAll)
{
    char expected[64];
    int number = atoi(text + strlen("Said t"));

    if (strncmp(text, "Said t", 6) != 0 || number < 0 || number >= talkersInAll)
        return Test_Explain("expected what somebody said and got \"%s\"", text);
    snprintf(expected, sizeof(expected), "Said t%d|%d", number, next[number]);
    if (strcmp(text, expected) != 0)
        return Test_Explain("expected \"%s\" and got \"%s\"", expected, text);
    next[number]++;
    return true;
}

/* All talk at the same time. Everybody must hear everything, in the same order. */
static void TalkAtOnce(int count, int messages)
{
    enum { MAX_TALKERS = 50, LINE = 32 };
    static Talker *list[MAX_TALKERS];
    static Sender senders[MAX_TALKERS];
    char *heard = (char *)calloc((size_t)(count * messages), LINE);
    ThreadManager threads;

    REQUIRE(CHECK(heard != NULL));
    REQUIRE(CHECK(EnterMany(list, count)));
    ThreadManager_Init(&threads);
    for (int i = 0; i < count; i++) {
        senders[i] = (Sender){list[i], i, messages, false};
        CHECK(ThreadManager_Launch(&threads, SayNumbers, &senders[i]));
    }
    ThreadManager_Join(&threads);
    for (int i = 0; i < count; i++) {
        int next[MAX_TALKERS] = {0};

        CHECK(!senders[i].failed);
        for (int m = 0; m < count * messages; m++) {
            const char *text = Talker_Receive(list[i]);

            REQUIRE(CHECK(CheckNext(text, next, count)));
            if (i == 0)
                snprintf(heard + m * LINE, LINE, "%s", text);
            else
                REQUIRE(CHECK_TEXT(text, heard + m * LINE));
        }
        CHECK(!Talker_IsReadable(list[i], 0));
    }
    free(heard);
}

static void FewTalkAtOnce(void)
{
    REQUIRE(CHECK(StartChat()));
    TalkAtOnce(4, 250);
    CheckStop(chatServer);
}

static void ManyTalkAtOnce(void)
{
    REQUIRE(CHECK(StartChat()));
    TalkAtOnce(50, 20);
    CheckStop(chatServer);
}

/* A newcomer knows from its Welcome and the notices who is there, at any time. */
static void ComingAndGoing(void)
{
    enum { ROUNDS = 30 };
    Talker *watcher, *visitors[ROUNDS];

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((watcher = Talker_Enter("watcher")) != NULL));
    for (int i = 0; i < ROUNDS; i++) {
        char expected[64], name[16];

        snprintf(name, sizeof(name), "v%d", i);
        REQUIRE(CHECK((visitors[i] = Talker_Enter(name)) != NULL));
        if (i == 0)
            snprintf(expected, sizeof(expected), "Welcome v0|watcher|");
        else
            snprintf(expected, sizeof(expected), "Welcome v%d|watcher|v%d|", i, i - 1);
        CHECK_TEXT(visitors[i]->text, expected);
        snprintf(expected, sizeof(expected), "Joined v%d", i);
        CHECK_TEXT(Talker_Receive(watcher), expected);
        if (i > 0) {
            /* Closed with something unread, a connection is reset. */
            CHECK_TEXT(Talker_Receive(visitors[i - 1]), expected);
            Talker_Close(visitors[i - 1]);
            snprintf(expected, sizeof(expected), "Left v%d|the peer closed the connection", i - 1);
            CHECK_TEXT(Talker_Receive(watcher), expected);
            CHECK_TEXT(Talker_Receive(visitors[i]), expected);
        }
    }
    CheckStop(chatServer);
}

/* --- Packets in parts ------------------------------------------------------------------------ */

/* Enter and three texts, as a stream. Returns its size. */
static int MakeStream(unsigned char *stream)
{
    int size = MakePacket(stream, ENTER, "kim", 3);

    size += MakePacket(stream + size, SAY, "one", 3);
    size += MakePacket(stream + size, SAY, "t", 1);
    return size + MakePacket(stream + size, SAY, "three", 5);
}

static bool HearsStream(Talker *talker)
{
    static const char *const expected[] = {"Welcome kim|", "Said kim|one", "Said kim|t",
                                           "Said kim|three"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(Talker_Receive(talker), expected[i]) != 0)
            return Test_Explain("expected \"%s\" and got \"%s\"", expected[i], talker->text);
    }
    return true;
}

/* The stream at once, byte by byte, and in two parts, cut at every place. */
static void Parts(void)
{
    unsigned char stream[64];
    int size = MakeStream(stream);

    REQUIRE(CHECK(StartChat()));
    for (int cut = 0; cut <= size; cut++) {
        Talker *talker = Talker_Open(0);

        REQUIRE(CHECK(talker != NULL));
        if (cut == size) {
            for (int i = 0; i < size; i++) {
                CHECK(Talker_SendBytes(talker, stream + i, 1));
                Sleep(5);
            }
        } else {
            CHECK(Talker_SendBytes(talker, stream, cut));
            Sleep(cut > 0 ? 10 : 0);
            CHECK(Talker_SendBytes(talker, stream + cut, size - cut));
        }
        REQUIRE(CHECK(HearsStream(talker)));
        Talker_Close(talker);
        REQUIRE(CHECK(
            ServerProcess_WaitForCount(chatServer, "Client Disconnected! ", cut + 1, WAIT_MS)));
    }
    CheckStop(chatServer);
}

/* --- Bad input ------------------------------------------------------------------------------- */

typedef struct BadInput {
    bool hasEntered; /* it comes from a member */
    int id;
    const char *body;
    const char *reason;
} BadInput;

static const char nameOf21[] = "123456789012345678901";
static char textOf1001[TEXT_MAX + 2];

static const BadInput badInputs[] = {
    {false, SAY, "hello", "said something before it entered"},
    {true, ENTER, "again", "entered twice"},
    {false, 3, "", "a packet that is unknown"},
    {true, 3, "", "a packet that is unknown"},
    {true, WELCOME, "\x03kim", "a packet that is unknown"},
    {true, SAID, "\x03kimhello", "a packet that is unknown"},
    {true, 0, "hello", "a packet that is unknown"},
    {false, ENTER, "", "a name has 1 to 20 bytes"},
    {false, ENTER, nameOf21, "a name has 1 to 20 bytes"},
    {false, ENTER, "a\nb", "a name is UTF-8 without control characters"},
    {false, ENTER, "\x1B[2J", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xC2\x9B", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xFF", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xC0\xAF", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xE0\x80\xAF", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xED\xA0\x80", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xF4\x90\x80\x80", "a name is UTF-8 without control characters"},
    {false, ENTER, "\xE2\x80\xAE", "a name is UTF-8 without control characters"},
    {false, ENTER, "kim\xEB\xB0", "a name is UTF-8 without control characters"},
    {true, SAY, "", "a text has 1 to 1000 bytes"},
    {true, SAY, textOf1001, "a text has 1 to 1000 bytes"},
    {true, SAY, "a\tb", "a text is UTF-8 without control characters"},
    {true, SAY, "\x7F", "a text is UTF-8 without control characters"},
    {true, SAY, "\x80", "a text is UTF-8 without control characters"},
};

/*
 * One bad packet and a text behind it, which must not be heard. The witness must be told, and go
 * on.
 */
static void CheckBadInput(Talker *witness, const BadInput *input)
{
    unsigned char packets[4096];
    char expected[128];
    int size = MakePacket(packets, input->id, input->body, (int)strlen(input->body));
    Talker *talker = input->hasEntered ? Talker_Enter("bad") : Talker_Open(0);

    REQUIRE(CHECK(talker != NULL));
    if (input->hasEntered)
        CHECK_TEXT(Talker_Receive(witness), "Joined bad");
    size += MakePacket(packets + size, input->hasEntered ? SAY : ENTER, "ghost", 5);
    CHECK(Talker_SendBytes(talker, packets, size));
    snprintf(expected, sizeof(expected), "Refused %s", input->reason);
    CHECK_TEXT(Talker_Receive(talker), expected);
    CHECK_TEXT(Talker_Receive(talker), "End");
    Talker_Close(talker);
    if (input->hasEntered) {
        snprintf(expected, sizeof(expected), "Left bad|%s", input->reason);
        CHECK_TEXT(Talker_Receive(witness), expected);
    }
    CHECK(Talker_Send(witness, SAY, "well"));
    CHECK_TEXT(Talker_Receive(witness), "Said witness|well");
}

static void BadPackets(void)
{
    Talker *witness;

    memset(textOf1001, 'x', TEXT_MAX + 1);
    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((witness = Talker_Enter("witness")) != NULL));
    for (int i = 0; i < (int)(sizeof(badInputs) / sizeof(badInputs[0])); i++) {
        CheckBadInput(witness, &badInputs[i]);
        if (strcmp(witness->text, "Said witness|well") != 0) {
            printf("    with bad input %d\n", i);
            return;
        }
    }
    CheckStop(chatServer);
}

/* Sizes that cannot be: the connection ends, without words. */
static void BadSizes(void)
{
    static const int sizes[] = {0, 1, 3, 2049, 65535};
    Talker *witness;

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((witness = Talker_Enter("witness")) != NULL));
    for (int i = 0; i < (int)(sizeof(sizes) / sizeof(sizes[0])); i++) {
        unsigned char header[4] = {(unsigned char)(sizes[i] & 0xFF), (unsigned char)(sizes[i] >> 8),
                                   SAY, 0};
        Talker *talker = Talker_Enter("bad");

        REQUIRE(CHECK(talker != NULL));
        CHECK_TEXT(Talker_Receive(witness), "Joined bad");
        CHECK(Talker_SendBytes(talker, header, 4));
        CHECK(IsEnd(Talker_Receive(talker)));
        CHECK_TEXT(Talker_Receive(witness), "Left bad|a packet has a size that cannot be");
        Talker_Close(talker);
        CHECK(Talker_Send(witness, SAY, "well"));
        CHECK_TEXT(Talker_Receive(witness), "Said witness|well");
    }
    CheckStop(chatServer);
}

/* A guest that never enters is told so; one that was refused and stays is disconnected, whatever it
   goes on to send. */
static void Loiterers(void)
{
    static const char noise[256];
    Talker *guest, *refused;
    ULONGLONG start;

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((guest = Talker_Open(0)) != NULL));
    REQUIRE(CHECK((refused = Talker_Open(0)) != NULL));
    CHECK(Talker_Send(refused, SAY, "hello"));
    CHECK_TEXT(Talker_Receive(refused), "Refused said something before it entered");
    for (start = Test_Now(); send(refused->socket, noise, sizeof(noise), 0) > 0;) {
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, 2 * WAIT_MS));
        Sleep(20);
    }
    CHECK(ServerProcess_WaitForLine(chatServer, "Client Disconnected! ", NULL, WAIT_MS));
    CHECK(Talker_IsReadable(guest, LONG_MS));
    CHECK_TEXT(Talker_Receive(guest), "Refused did not enter within 10 seconds");
    CHECK_TEXT(Talker_Receive(guest), "End");
    Talker_Close(guest);
    CheckStop(chatServer);
}

/* --- Slow receivers -------------------------------------------------------------------------- */

/* Says the longest text again and again and reads nothing, until that does not go on. */
static void Flood(void *argument)
{
    Talker *talker = (Talker *)argument;
    unsigned char packet[TEXT_MAX + 4];
    char text[TEXT_MAX];
    DWORD patienceMs = 1000;

    memset(text, 'f', sizeof(text));
    MakePacket(packet, SAY, text, TEXT_MAX);
    setsockopt(talker->socket, SOL_SOCKET, SO_SNDTIMEO, (const char *)&patienceMs,
               sizeof(patienceMs));
    while (send(talker->socket, (const char *)packet, sizeof(packet), 0) == (int)sizeof(packet))
        ;
}

/* Takes what is there. Returns true once the flooder has left; `own` counts what `talker` said. */
static bool ListenForLeft(Talker *talker, int *own, bool *hasLeft)
{
    while (Talker_IsReadable(talker, 0)) {
        const char *text = Talker_Receive(talker);
        bool isFlood = strncmp(text, "Said flooder|ffff", 17) == 0;

        if (strncmp(text, "Left flooder|", 13) == 0) {
            *hasLeft = true;
            CHECK_TEXT(text, "Left flooder|the peer does not read what it is sent");
        } else if (strncmp(text, "Said t", 6) == 0 && strlen(text) == TEXT_MAX + 8) {
            *own += text[6] == talker->name[1];
        } else if (!isFlood || strlen(text) != TEXT_MAX + 13) {
            return Test_Explain("%s got \"%.60s\"", talker->name, text);
        }
    }
    return true;
}

/* Two go on talking while a third talks and does not read, until it is out, and then still. */
static void SlowReceiver(void)
{
    enum { UNHEARD = 4 };
    char text[TEXT_MAX + 1];
    int said = 0, heard = 0, other = 0;
    bool hasLeft[2] = {false, false};
    Talker *list[2], *flooder;
    ThreadManager threads;
    ULONGLONG start = Test_Now();

    memset(text, 'x', TEXT_MAX);
    text[TEXT_MAX] = '\0';
    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK(EnterMany(list, 2)));
    REQUIRE(CHECK((flooder = Talker_Open(4096)) != NULL));
    CHECK(Talker_Send(flooder, ENTER, "flooder"));
    CHECK_TEXT(Talker_Receive(list[0]), "Joined flooder");
    CHECK_TEXT(Talker_Receive(list[1]), "Joined flooder");
    ThreadManager_Init(&threads);
    CHECK(ThreadManager_Launch(&threads, Flood, flooder));
    while (!hasLeft[0] || !hasLeft[1]) {
        if (!CHECK_AT_MOST(Test_Now() - start, 3 * LONG_MS))
            break;
        if (said - heard < UNHEARD && Talker_Send(list[0], SAY, text))
            said++;
        if (!CHECK(ListenForLeft(list[0], &heard, &hasLeft[0])) ||
            !CHECK(ListenForLeft(list[1], &other, &hasLeft[1])))
            break;
    }
    ThreadManager_Join(&threads);
    while (heard < said && CHECK(Talker_IsReadable(list[0], WAIT_MS)))
        CHECK(ListenForLeft(list[0], &heard, &hasLeft[0]));
    CHECK_INT(heard, said);
    CHECK(Talker_Send(list[1], SAY, "over"));
    CHECK_TEXT(Talker_Receive(list[0]), "Said t1|over");
    CheckStop(chatServer);
}

/* --- The server as a program ----------------------------------------------------------------- */

static void Stop(void)
{
    Talker *list[20], *guest, *stuck;

    REQUIRE(CHECK(StartChat()));
    REQUIRE(CHECK((stuck = Talker_Open(4096)) != NULL));
    CHECK(Talker_Send(stuck, ENTER, "stuck"));
    CHECK(ServerProcess_WaitForLine(chatServer, "(stuck)", NULL, WAIT_MS));
    Flood(stuck);
    REQUIRE(CHECK((guest = Talker_Open(0)) != NULL));
    REQUIRE(CHECK(EnterMany(list, 20)));
    CheckStop(chatServer);
    for (int i = 0; i < 20; i++)
        CHECK_TEXT(Talker_Receive(list[i]), "End");
    CHECK_TEXT(Talker_Receive(guest), "End");
}

static void Full(void)
{
    static const char *const arguments[] = {"--port", "0", "--max", "2", NULL};
    Talker *list[2], *third;

    chatServer = StartServer(chatServerPath, arguments, &chatAddress);
    REQUIRE(CHECK(chatServer != NULL));
    REQUIRE(CHECK(EnterMany(list, 2)));
    REQUIRE(CHECK((third = Talker_Open(0)) != NULL));
    CHECK(IsEnd(Talker_Receive(third)));
    CHECK(ServerProcess_WaitForLine(chatServer, "Client Refused! ", NULL, WAIT_MS));
    Talker_Close(list[0]);
    CHECK_TEXT(Talker_Receive(list[1]), "Left t0|the peer closed the connection");
    CHECK(ServerProcess_WaitForLine(chatServer, "Client Disconnected! ", NULL, WAIT_MS));
    Sleep(QUIET_MS);
    CHECK(Talker_Enter("next") != NULL);
    CheckStop(chatServer);
}

static void Quiet(void)
{
    static const char *const arguments[] = {"--port", "0", "--quiet", NULL};
    Talker *kim;

    chatServer = StartServer(chatServerPath, arguments, &chatAddress);
    REQUIRE(CHECK(chatServer != NULL));
    REQUIRE(CHECK((kim = Talker_Enter("kim")) != NULL));
    Talker_Close(kim);
    Sleep(QUIET_MS);
    CHECK_INT(ServerProcess_CountLines(chatServer, "Client "), 0);
    CheckStop(chatServer);
}

/* A program, a word or two for it, and what must come of it. */
static void CheckCommandLine(const char *path, const char *word, const char *value, DWORD exitCode,
                             const char *error)
{
    const char *arguments[] = {word, value, NULL};
    ServerProcess *process = Launch(path, arguments);

    REQUIRE(CHECK(process != NULL));
    CheckEnd(process, WAIT_MS, exitCode, error);
}

static void CommandLines(void)
{
    CheckCommandLine(chatServerPath, "--help", NULL, 0, "");
    CheckCommandLine(chatServerPath, "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine(chatServerPath, "--port", NULL, 2, "--port needs a value");
    CheckCommandLine(chatServerPath, "--max", "1001", 2, "'1001'");
    CheckCommandLine(chatServerPath, "--address", "here", 2, "Address 'here'");
    CheckCommandLine(dummyClientPath, "--help", NULL, 0, "");
    CheckCommandLine(dummyClientPath, "--what", NULL, 2, "Unknown option '--what'");
    CheckCommandLine(dummyClientPath, "--sessions", "0", 2, "'0' of --sessions");
    CheckCommandLine(dummyClientPath, "--sessions", "10001", 2, "'10001' of --sessions");
    CheckCommandLine(dummyClientPath, "--seconds", NULL, 2, "--seconds needs a value");
    CheckCommandLine(dummyClientPath, "--address", "here", 2, "Address 'here'");
}

static void PortTaken(void)
{
    char port[16];
    const char *arguments[] = {"--port", port, NULL};
    ServerProcess *second;

    REQUIRE(CHECK(StartChat()));
    snprintf(port, sizeof(port), "%u", (unsigned)NetAddress_GetPort(&chatAddress));
    REQUIRE(CHECK((second = Launch(chatServerPath, arguments)) != NULL));
    CheckEnd(second, WAIT_MS, 1, "Cannot listen on 127.0.0.1:");
    CheckStop(chatServer);
}

/* --- DummyClient ----------------------------------------------------------------------------- */

/* Starts it against this port, with two more words. */
static ServerProcess *LaunchDummy(const NetAddress *address, const char *option, const char *value)
{
    char port[16];
    const char *arguments[] = {"--port", port, option, value, NULL};

    snprintf(port, sizeof(port), "%u", (unsigned)NetAddress_GetPort(address));
    return Launch(dummyClientPath, arguments);
}

static bool Dummy_Says(ServerProcess *dummy, const char *line)
{
    return ServerProcess_CountLines(dummy, line) == 1 || Test_Explain("\"%s\" is missing", line);
}

static void DummyRight(void)
{
    static const char *const arguments[] = {"--port", "0", "--quiet", NULL};
    NetAddress address;
    ServerProcess *server = StartServer(echoServerPath, arguments, &address);
    ServerProcess *dummy;

    REQUIRE(CHECK(server != NULL));
    REQUIRE(CHECK((dummy = LaunchDummy(&address, "--sessions", "100")) != NULL));
    CheckEnd(dummy, 2 * LONG_MS, 0, "");
    CHECK(Dummy_Says(dummy, "Connected:     100 of 100 sessions"));
    CHECK(Dummy_Says(dummy, "Messages:      1000"));
    CHECK(Dummy_Says(dummy, "Bytes:         64000"));
    CHECK(Dummy_Says(dummy, "Wrong bytes:   0"));
    CHECK(Dummy_Says(dummy, "Disconnected:  0"));
    CHECK(Dummy_Says(dummy, "Everything came back as it was sent."));
    REQUIRE(CHECK((dummy = LaunchDummy(&address, "--size", "100000")) != NULL));
    CheckEnd(dummy, 2 * LONG_MS, 0, "");
    CHECK(Dummy_Says(dummy, "Bytes:         100000000"));
    CheckStop(server);
}

static void DummyTime(void)
{
    static const char *const arguments[] = {"--port", "0", "--quiet", NULL};
    NetAddress address;
    ServerProcess *server = StartServer(echoServerPath, arguments, &address);
    ServerProcess *dummy;
    ULONGLONG start;

    REQUIRE(CHECK(server != NULL));
    start = Test_Now();
    REQUIRE(CHECK((dummy = LaunchDummy(&address, "--seconds", "1")) != NULL));
    CheckEnd(dummy, LONG_MS, 0, "");
    CHECK(Test_Now() - start >= 1000);
    REQUIRE(CHECK((dummy = LaunchDummy(&address, "--seconds", "60")) != NULL));
    Sleep(1000);
    CHECK(ServerProcess_PressCtrlC(dummy));
    CheckEnd(dummy, WAIT_MS + 5000, 1, "Ended early by Ctrl+C.");
    CHECK(Dummy_Says(dummy, "Wrong bytes:   0"));
    CheckStop(server);
}

/* A server of one connection at a time that does something else than it should. */
typedef enum Misdeed { CORRUPT_BYTE, SWAP_BYTES, DROP_BYTE, ADD_BYTE, HANG_UP, BE_SILENT } Misdeed;

typedef struct FalseServer {
    SOCKET socket;
    NetAddress address;
    Misdeed misdeed;
} FalseServer;

/*
 * Spoils what was received, after so many answers. Returns how many bytes are to go back, -1: none,
 * and the end.
 */
static int Spoil(char *data, int count, Misdeed misdeed, int answers)
{
    char first = data[0];

    switch (misdeed) {
    case CORRUPT_BYTE:
        data[count - 1] = (char)(data[count - 1] ^ 0x10);
        return count;
    case SWAP_BYTES:
        data[0] = data[count / 2];
        data[count / 2] = first;
        return count;
    case DROP_BYTE:
        return count - 1;
    case ADD_BYTE:
        data[count] = data[count - 1];
        return count + 1;
    case BE_SILENT:
        return 0;
    default:
        return answers < 3 ? count : -1;
    }
}

static void ServeFalsely(void *argument)
{
    FalseServer *server = (FalseServer *)argument;
    char data[4096];
    NetAddress address;

    for (;;) {
        SOCKET client = SocketUtils_Accept(server->socket, &address);
        int count, answer = 0, answers = 0;

        if (client == INVALID_SOCKET)
            return;
        while (answer >= 0 && (count = recv(client, data, sizeof(data) - 1, 0)) > 0) {
            answer = Spoil(data, count, server->misdeed, answers++);
            if (answer > 0)
                send(client, data, answer, 0);
        }
        SocketUtils_Close(&client);
    }
}

/* One session against such a server: the exit code is 1, and a sentence says what. */
static void CheckMisdeed(Misdeed misdeed, DWORD timeoutMs, const char *sentence)
{
    FalseServer server;
    ThreadManager threads;
    ServerProcess *dummy;

    ThreadManager_Init(&threads);
    server.misdeed = misdeed;
    NetAddress_FromText(&server.address, "127.0.0.1", 0);
    server.socket = SocketUtils_CreateSocket(AF_INET);
    REQUIRE(CHECK(SocketUtils_Bind(server.socket, &server.address) &&
                  SocketUtils_Listen(server.socket) &&
                  SocketUtils_GetLocalAddress(server.socket, &server.address) &&
                  ThreadManager_Launch(&threads, ServeFalsely, &server)));
    dummy = LaunchDummy(&server.address, "--sessions", "1");
    if (CHECK(dummy != NULL))
        CheckEnd(dummy, timeoutMs, 1, sentence);
    CHECK_INT(ServerProcess_CountLines(dummy, "Everything came back"), 0);
    SocketUtils_Close(&server.socket);
    ThreadManager_Join(&threads);
}

static void DummyWrong(void)
{
    CheckMisdeed(CORRUPT_BYTE, WAIT_MS, "10 bytes came back wrong.");
    CheckMisdeed(SWAP_BYTES, WAIT_MS, "20 bytes came back wrong.");
    CheckMisdeed(ADD_BYTE, WAIT_MS, "bytes came back wrong.");
}

static void DummyLost(void)
{
    CheckMisdeed(HANG_UP, WAIT_MS, "1 sessions were disconnected: ");
    CheckMisdeed(DROP_BYTE, LONG_MS, "1 sessions wait in vain.");
    CheckMisdeed(BE_SILENT, LONG_MS, "1 sessions wait in vain.");
}

static void DummyNobody(void)
{
    NetAddress address;
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);
    ServerProcess *dummy;

    /* A port that is bound and on which nobody listens: nobody else can come to do so. */
    NetAddress_FromText(&address, "127.0.0.1", 0);
    REQUIRE(
        CHECK(SocketUtils_Bind(socket, &address) && SocketUtils_GetLocalAddress(socket, &address)));
    dummy = LaunchDummy(&address, "--sessions", "3");
    if (CHECK(dummy != NULL)) {
        CheckEnd(dummy, LONG_MS, 1, "Nothing listens on 127.0.0.1:");
        CHECK(Dummy_Says(dummy, "Not connected: 3"));
    }
    SocketUtils_Close(&socket);
}

/* --- The program ----------------------------------------------------------------------------- */

static void AddTests(void)
{
    Test_Add("chat: who comes and goes", Notices, 30);
    Test_Add("chat: guests", Guests, 30);
    Test_Add("chat: texts", Texts, 30);
    Test_Add("chat: names", Names, 30);
    Test_Add("chat: four talk at once", FewTalkAtOnce, 60);
    Test_Add("chat: fifty talk at once", ManyTalkAtOnce, 90);
    Test_Add("chat: each Welcome is right", ComingAndGoing, 60);
    Test_Add("chat: packets in parts", Parts, 90);
    Test_Add("chat: bad packets", BadPackets, 90);
    Test_Add("chat: bad sizes", BadSizes, 30);
    Test_Add("chat: who stays and should not", Loiterers, 60);
    Test_Add("chat: one that does not read", SlowReceiver, 120);
    Test_Add("chat: stop", Stop, 60);
    Test_Add("chat: full", Full, 30);
    Test_Add("chat: quiet", Quiet, 30);
    Test_Add("examples: command lines", CommandLines, 60);
    Test_Add("examples: port taken", PortTaken, 30);
    Test_Add("dummy: all is right", DummyRight, 120);
    Test_Add("dummy: for a time", DummyTime, 60);
    Test_Add("dummy: wrong bytes", DummyWrong, 60);
    Test_Add("dummy: bytes that do not come", DummyLost, 90);
    Test_Add("dummy: nothing listens", DummyNobody, 60);
}

static int PrintUsage(const char *sentence)
{
    fprintf(stderr, "%s\nUsage: chat.exe CHATSERVER DUMMYCLIENT SERVER [--list] [FILTER]\n",
            sentence);
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    static const TestHooks hooks = {NULL, Fixture_End, Fixture_OverTime};
    const char **words[] = {&chatServerPath, &dummyClientPath, &echoServerPath, NULL};
    const char *filter = NULL;
    bool listOnly = false;
    int count = 0, exitCode;

    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    words[3] = &filter;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            listOnly = true;
        else if (count == 4)
            return PrintUsage("Too many words.");
        else
            *words[count++] = argv[i];
    }
    if (count < 3)
        return PrintUsage("Which programs?");
    if (!SocketUtils_Init()) {
        fprintf(stderr, "WSAStartup failed with error %lu.\n", GetLastError());
        return 1;
    }
    Test_SetHooks(&hooks);
    AddTests();
    exitCode = Test_Run(filter, listOnly);
    SocketUtils_Clear();
    return exitCode;
}
