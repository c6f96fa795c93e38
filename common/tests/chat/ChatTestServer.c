/*
 * ChatTestServer: ChatServer, as its clients see it. See ChatTest.c.
 */
#include "ChatTest.h"

#define TEXT_MAX 1000

/* --- Chatting ---------------------------------------------------------------------------------- */

TEST("chat: who comes and goes")
{
    Talker *lee, *park;
    Talker *kim = Talker_Enter("kim");

    CHECK_TEXT(kim->text, "Welcome kim|");
    lee = Talker_Enter("lee");
    CHECK_TEXT(lee->text, "Welcome lee|kim|");
    CHECK_TEXT(Talker_Receive(kim), "Joined lee");
    park = Talker_Enter("\xEB\xB0\x95");
    CHECK_TEXT(park->text, "Welcome \xEB\xB0\x95|kim|lee|");
    CHECK_TEXT(Talker_Receive(kim), "Joined \xEB\xB0\x95");
    CHECK_TEXT(Talker_Receive(lee), "Joined \xEB\xB0\x95");
    Peer_Close(&lee->socket);
    CHECK_TEXT(Talker_Receive(kim), "Left lee|the peer closed the connection");
    CHECK_TEXT(Talker_Receive(park), "Left lee|the peer closed the connection");
    Peer_Reset(&park->socket);
    CHECK_CONTAINS(Talker_Receive(kim), "Left \xEB\xB0\x95|");
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
    TestProgram_CheckStop(chatServer, WAIT_MS);
    CHECK_INT(ServerProcess_CountLines(chatServer, "Sessions: 3 served, 0 refused. Received 3 "),
              1);
}

/* Who has not entered is told nothing, and nobody is told of it. */
TEST("chat: guests")
{
    Talker *guest = Talker_Open(0);
    Talker *kim = Talker_Enter("kim");

    CHECK_TEXT(kim->text, "Welcome kim|");
    CHECK(Talker_SaysAndHears(kim, "hello"));
    CHECK(!Talker_IsReadable(guest, QUIET_MS));
    Peer_Close(&guest->socket);
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
}

TEST("chat: texts")
{
    char longest[TEXT_MAX + 1];
    const char *texts[] = {"x", "hello", "\xEC\x95\x88\xEB\x85\x95 \xF0\x9F\x98\x80", "a|b%s\\",
                           longest};
    Talker *list[3];

    memset(longest, 'z', TEXT_MAX);
    longest[TEXT_MAX] = '\0';
    Talkers_Enter(list, 3);
    for (int i = 0; i < (int)COUNT_OF(texts); i++) {
        CHECK(Talker_Send(list[i % 3], SAY, texts[i]));
        for (int j = 0; j < 3; j++)
            CHECK(Talker_Hears(list[j], "Said t%d|%s", i % 3, texts[i]));
    }
}

TEST("chat: names")
{
    Talker *kim = Talker_Enter("kim");
    Talker *other = Talker_Open(0);

    CHECK(Talker_Send(other, ENTER, "kim"));
    CHECK_TEXT(Talker_Receive(other), "Refused this name is taken");
    CHECK_TEXT(Talker_Receive(other), "End");
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
    Talker_Enter("Kim");
    Talker_Enter("12345678901234567890");
    CHECK_TEXT(Talker_Receive(kim), "Joined Kim");
    CHECK_TEXT(Talker_Receive(kim), "Joined 12345678901234567890");
    Peer_Close(&kim->socket);
    CHECK(ServerProcess_WaitForCount(chatServer, "Client Disconnected! ", 2, WAIT_MS));
    Talker_Enter("kim");
}

/* --- Order ------------------------------------------------------------------------------------- */

typedef struct Sender {
    Talker *talker;
    int count;
    bool failed;
} Sender;

/* Says "0" to "count - 1", on a thread of its own. */
static void SayNumbers(void *argument)
{
    Sender *sender = (Sender *)argument;

    for (int i = 0; i < sender->count; i++) {
        char text[32];

        snprintf(text, sizeof(text), "%d", i);
        if (!Talker_Send(sender->talker, SAY, text))
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

/*
 * All talk at the same time. Everybody must hear everything, in the same order. They take turns to
 * receive: the server disconnects who does not answer its pings.
 */
static void TalkAtOnce(int count, int messages)
{
    enum { MAX_TALKERS = 50 };
    static int next[MAX_TALKERS][MAX_TALKERS]; /* of each talker, by who hears it */
    static Talker *list[MAX_TALKERS];
    static Sender senders[MAX_TALKERS];
    ThreadManager threads;

    Talkers_Enter(list, count);
    memset(next, 0, sizeof(next));
    ThreadManager_Init(&threads);
    for (int i = 0; i < count; i++) {
        senders[i] = (Sender){list[i], messages, false};
        CHECK(ThreadManager_Launch(&threads, SayNumbers, &senders[i]));
    }
    ThreadManager_Join(&threads);
    for (int m = 0; m < count * messages; m++) {
        for (int i = 0; i < count; i++) {
            REQUIRE(CHECK(CheckNext(Talker_Receive(list[i]), next[i], count)));
            REQUIRE(CHECK_TEXT(list[i]->text, list[0]->text));
        }
    }

    /* Nothing more has come, but for pings. */
    CHECK(Talker_Send(list[0], SAY, "over"));
    for (int i = 0; i < count; i++)
        CHECK(!senders[i].failed && Talker_Hears(list[i], "Said t0|over"));
}

TEST("chat: four talk at once")
{
    TalkAtOnce(4, 250);
}

TEST("chat: fifty talk at once", .limitSeconds = 90)
{
    TalkAtOnce(50, 20);
}

/* A newcomer knows from its Welcome and the notices who is there, at any time. */
TEST("chat: each Welcome is right")
{
    enum { ROUNDS = 30 };
    Talker *visitors[ROUNDS];
    Talker *watcher = Talker_Enter("watcher");

    for (int i = 0; i < ROUNDS; i++) {
        char expected[64], name[16];

        snprintf(name, sizeof(name), "v%d", i);
        visitors[i] = Talker_Enter(name);
        if (i == 0)
            snprintf(expected, sizeof(expected), "Welcome v0|watcher|");
        else
            snprintf(expected, sizeof(expected), "Welcome v%d|watcher|v%d|", i, i - 1);
        CHECK_TEXT(visitors[i]->text, expected);
        CHECK(Talker_Hears(watcher, "Joined v%d", i));
        if (i > 0) {
            /* Closed with something unread, a connection is reset. */
            CHECK(Talker_Hears(visitors[i - 1], "Joined v%d", i));
            Peer_Close(&visitors[i - 1]->socket);
            CHECK(Talker_Hears(watcher, "Left v%d|the peer closed the connection", i - 1));
            CHECK(Talker_Hears(visitors[i], "Left v%d|the peer closed the connection", i - 1));
        }
    }
}

/* --- Packets in parts -------------------------------------------------------------------------- */

/* Enter and three texts, as a stream. Returns its size. */
static int MakeStream(unsigned char *stream)
{
    int size = Talker_MakePacket(stream, ENTER, "kim", 3);

    size += Talker_MakePacket(stream + size, SAY, "one", 3);
    size += Talker_MakePacket(stream + size, SAY, "t", 1);
    return size + Talker_MakePacket(stream + size, SAY, "three", 5);
}

/* The stream at once, byte by byte, and in two parts, cut at every place. */
TEST("chat: packets in parts", .limitSeconds = 90)
{
    static const char *const heard[] = {"Welcome kim|", "Said kim|one", "Said kim|t",
                                        "Said kim|three"};
    unsigned char stream[64];
    int size = MakeStream(stream);

    for (int cut = 0; cut <= size; cut++) {
        Talker *talker = Talker_Open(0);

        if (cut == size) {
            for (int i = 0; i < size; i++) {
                CHECK(Peer_Send(talker->socket, stream + i, 1));
                Sleep(5);
            }
        } else {
            CHECK(Peer_Send(talker->socket, stream, cut));
            Sleep(cut > 0 ? 10 : 0);
            CHECK(Peer_Send(talker->socket, stream + cut, size - cut));
        }
        for (size_t i = 0; i < COUNT_OF(heard); i++)
            REQUIRE(CHECK(Talker_Hears(talker, "%s", heard[i])));
        Peer_Close(&talker->socket);
        REQUIRE(CHECK(
            ServerProcess_WaitForCount(chatServer, "Client Disconnected! ", cut + 1, WAIT_MS)));
    }
}

/* --- Bad input --------------------------------------------------------------------------------- */

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
    {false, PONG, "", "answered before it entered"},
    {false, 4, "", "a packet that is unknown"},
    {true, 4, "", "a packet that is unknown"},
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
    int size = Talker_MakePacket(packets, input->id, input->body, (int)strlen(input->body));
    Talker *talker = input->hasEntered ? Talker_Enter("bad") : Talker_Open(0);

    if (input->hasEntered)
        CHECK_TEXT(Talker_Receive(witness), "Joined bad");
    size += Talker_MakePacket(packets + size, input->hasEntered ? SAY : ENTER, "ghost", 5);
    CHECK(Peer_Send(talker->socket, packets, size));
    CHECK(Talker_Hears(talker, "Refused %s", input->reason));
    CHECK_TEXT(Talker_Receive(talker), "End");
    Peer_Close(&talker->socket);
    if (input->hasEntered)
        CHECK(Talker_Hears(witness, "Left bad|%s", input->reason));
    CHECK(Talker_SaysAndHears(witness, "well"));
}

TEST("chat: bad packets", .limitSeconds = 90)
{
    Talker *witness;

    memset(textOf1001, 'x', TEXT_MAX + 1);
    witness = Talker_Enter("witness");
    for (int i = 0; i < (int)COUNT_OF(badInputs); i++) {
        CheckBadInput(witness, &badInputs[i]);
        if (strcmp(witness->text, "Said witness|well") != 0) {
            printf("    with bad input %d\n", i);
            return;
        }
    }
}

/* Invalid sizes: the connection ends, without words. */
TEST("chat: bad sizes")
{
    static const int sizes[] = {0, 1, 3, 2049, 65535};
    Talker *witness = Talker_Enter("witness");

    for (int i = 0; i < (int)COUNT_OF(sizes); i++) {
        unsigned char header[4] = {(unsigned char)(sizes[i] & 0xFF), (unsigned char)(sizes[i] >> 8),
                                   SAY, 0};
        Talker *talker = Talker_Enter("bad");

        CHECK_TEXT(Talker_Receive(witness), "Joined bad");
        CHECK(Peer_Send(talker->socket, header, 4));
        CHECK(Talker_IsEnd(Talker_Receive(talker)));
        CHECK_TEXT(Talker_Receive(witness), "Left bad|a packet has an invalid size");
        Peer_Close(&talker->socket);
        CHECK(Talker_SaysAndHears(witness, "well"));
    }
}

/* A guest that never enters is told so; one that was refused and stays is disconnected, whatever it
   goes on to send; and so is a member that answers no ping, and only that one. */
TEST("chat: who stays and should not", .limitSeconds = 120)
{
    static const char noise[256];
    Talker *guest, *refused, *witness;
    ULONGLONG start, entered;
    Talker *vanished = Talker_Enter("gone");

    entered = Test_Now();
    witness = Talker_Enter("witness");
    CHECK_TEXT(Talker_Receive(vanished), "Joined witness");
    guest = Talker_Open(0);
    refused = Talker_Open(0);
    CHECK(Talker_Send(refused, SAY, "hello"));
    CHECK_TEXT(Talker_Receive(refused), "Refused said something before it entered");
    for (start = Test_Now(); send(refused->socket, noise, sizeof(noise), 0) > 0;) {
        REQUIRE(CHECK_AT_MOST(Test_Now() - start, 2 * WAIT_MS));
        Sleep(20);
    }
    CHECK(TestProgram_Says(chatServer, "Client Disconnected! "));
    CHECK(Talker_IsReadable(guest, WAIT_MS));
    CHECK_TEXT(Talker_Receive(guest), "Refused did not enter within 10 seconds");
    CHECK_TEXT(Talker_Receive(guest), "End");
    Peer_Close(&guest->socket);
    CHECK_TEXT(Talker_Receive(witness), "Left gone|did not answer for 25 seconds");
    CHECK_AT_MOST(Test_Now() - entered, 30000);
    CHECK(Talker_SaysAndHears(witness, "still here"));
}

/* --- Slow receivers ---------------------------------------------------------------------------- */

/* Says the longest text again and again and reads nothing, until that does not go on. */
static void Flood(void *argument)
{
    Talker *talker = (Talker *)argument;
    char text[TEXT_MAX + 1] = "";

    memset(text, 'f', TEXT_MAX);
    SocketUtils_SetOption(talker->socket, SOL_SOCKET, SO_SNDTIMEO, 1000);
    while (Talker_Send(talker, SAY, text))
        ;
}

/* Takes what is there. Returns true once the flooder has left; `own` counts what `talker` said. */
static bool ListenForLeft(Talker *talker, int *own, bool *hasLeft)
{
    while (Talker_IsReadable(talker, 0)) {
        const char *text = Talker_Receive(talker);

        if (strncmp(text, "Left flooder|", 13) == 0) {
            *hasLeft = true;
            CHECK_TEXT(text, "Left flooder|the peer does not read what it is sent");
        } else if (strncmp(text, "Said t", 6) == 0 && strlen(text) == TEXT_MAX + 8) {
            *own += text[6] == talker->name[1];
        } else if (strncmp(text, "Said flooder|ffff", 17) != 0 || strlen(text) != TEXT_MAX + 13) {
            return Test_Explain("%s got \"%.60s\"", talker->name, text);
        }
    }
    return true;
}

/* Two go on talking while a third talks and does not read, until it is out, and then still. */
TEST("chat: one that does not read", .limitSeconds = 120)
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
    Talkers_Enter(list, 2);
    flooder = Talker_Open(4096);
    CHECK(Talker_Send(flooder, ENTER, "flooder"));
    CHECK_TEXT(Talker_Receive(list[0]), "Joined flooder");
    CHECK_TEXT(Talker_Receive(list[1]), "Joined flooder");
    ThreadManager_Init(&threads);
    CHECK(ThreadManager_Launch(&threads, Flood, flooder));
    while (!hasLeft[0] || !hasLeft[1]) {
        if (!CHECK_AT_MOST(Test_Now() - start, 3 * WAIT_MS))
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
}

/* --- The server as a program ------------------------------------------------------------------- */

/* Who reads learns of the end, and that what it got may not be the whole: a stop resets. */
TEST("chat: stop")
{
    Talker *list[20], *guest;
    Talker *stuck = Talker_Open(4096);

    CHECK(Talker_Send(stuck, ENTER, "stuck"));
    CHECK(TestProgram_Says(chatServer, "(stuck)"));
    Flood(stuck);
    guest = Talker_Open(0);
    Talkers_Enter(list, 20);
    TestProgram_CheckStop(chatServer, WAIT_MS);
    for (int i = 0; i < 20; i++)
        CHECK(Talker_IsEnd(Talker_Receive(list[i])));
    CHECK(Talker_IsEnd(Talker_Receive(guest)));
}

TEST("chat: full")
{
    Talker *list[2], *third;

    Chat_StartWith(ARGUMENTS("--port", "0", "--max", "2"));
    Talkers_Enter(list, 2);
    third = Talker_Open(0);
    CHECK(Talker_IsEnd(Talker_Receive(third)));
    CHECK(TestProgram_Says(chatServer, "Client Refused! "));
    Peer_Close(&list[0]->socket);
    CHECK_TEXT(Talker_Receive(list[1]), "Left t0|the peer closed the connection");
    CHECK(TestProgram_Says(chatServer, "Client Disconnected! "));
    Sleep(QUIET_MS);
    Talker_Enter("next");
}

TEST("chat: quiet")
{
    Talker *kim;

    Chat_StartWith(ARGUMENTS("--port", "0", "--quiet"));
    kim = Talker_Enter("kim");
    Peer_Close(&kim->socket);
    Sleep(QUIET_MS);
    CHECK_INT(ServerProcess_CountLines(chatServer, "Client "), 0);
}
