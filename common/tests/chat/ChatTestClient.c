/*
 * ChatTestClient: ChatClient, with a pipe where a person would type. See ChatTest.c.
 */
#include "ChatTest.h"

#define TEXT_MAX     1000  /* bytes of a text; a longer line is said in parts */
#define LAST_LINE_MS 15000 /* the client waits 10 s for its last words */

/* --- The client ------------------------------------------------------------------------------ */

/* Starts one that does not have to come in. */
static ServerProcess *LaunchClient(const NetAddress *address, const char *name)
{
    return NEED(TestProgram_StartWithInput(
        Program_Find("ChatClient.exe"),
        ARGUMENTS("--port", TestProgram_GetPort(address), "--name", name)));
}

/* Starts one and waits until it is in the room. */
static ServerProcess *EnterClient(const char *name)
{
    ServerProcess *client;

    Chat_Ensure();
    client = LaunchClient(&chatAddress, name);
    NEED_TRUE(TestProgram_Says(client, "* you are "));
    return client;
}

/* --- Saying and hearing ---------------------------------------------------------------------- */

TEST("client: says and hears")
{
    Talker *lee;
    Talker *kim = Talker_Enter("kim");
    ServerProcess *client = EnterClient("mina");

    CHECK(TestProgram_Says(client, "* you are mina; here are: kim"));
    CHECK_TEXT(Talker_Receive(kim), "Joined mina");
    CHECK(ServerProcess_WriteInput(client, "hello\r\n"));
    CHECK_TEXT(Talker_Receive(kim), "Said mina|hello");
    CHECK(TestProgram_Says(client, "mina: hello"));
    CHECK(Talker_Send(kim, SAY, "\xEC\x95\x88\xEB\x85\x95"));
    CHECK(TestProgram_Says(client, "kim: \xEC\x95\x88\xEB\x85\x95"));
    lee = Talker_Enter("lee");
    CHECK(TestProgram_Says(client, "* lee joined"));
    Peer_Close(&lee->socket);
    CHECK(TestProgram_Says(client, "* lee left (the peer closed the connection)"));
    CHECK_TEXT(Talker_Receive(kim), "Said kim|\xEC\x95\x88\xEB\x85\x95");
    CHECK_TEXT(Talker_Receive(kim), "Joined lee");
    CHECK_TEXT(Talker_Receive(kim), "Left lee|the peer closed the connection");
    CHECK(ServerProcess_WriteInput(client, "/quit\n"));
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
    CHECK_TEXT(Talker_Receive(kim), "Left mina|the peer closed the connection");
}

/* Lines are lines however they come, empty ones are not said, and long ones in parts. */
TEST("client: lines")
{
    char text[TEXT_MAX + 502], expected[TEXT_MAX + 16];
    Talker *kim = Talker_Enter("kim");
    ServerProcess *client = EnterClient("a");

    CHECK_TEXT(Talker_Receive(kim), "Joined a");
    CHECK(ServerProcess_WriteInput(client, "one\ntwo\r\n\n\r\nha"));
    CHECK_TEXT(Talker_Receive(kim), "Said a|one");
    CHECK_TEXT(Talker_Receive(kim), "Said a|two");
    CHECK(!Talker_IsReadable(kim, QUIET_MS));
    CHECK(ServerProcess_WriteInput(client, "lf\nb\x1B[2J\tell\x07\n"));
    CHECK_TEXT(Talker_Receive(kim), "Said a|half");
    CHECK_TEXT(Talker_Receive(kim), "Said a|b?[2J ell?");

    /* The 1,000th byte is in the middle of a character, which stays whole. */
    memset(text, 'x', sizeof(text));
    memcpy(text + TEXT_MAX - 1, "\xEB\xB0\x95", 3);
    memcpy(text + TEXT_MAX + 500, "\n", 2);
    CHECK(ServerProcess_WriteInput(client, text));
    snprintf(expected, sizeof(expected), "Said a|%.*s", TEXT_MAX - 1, text);
    CHECK_TEXT(Talker_Receive(kim), expected);
    snprintf(expected, sizeof(expected), "Said a|%.501s", text + TEXT_MAX - 1);
    CHECK_TEXT(Talker_Receive(kim), expected);
    ServerProcess_CloseInput(client);
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
}

/* A file as the input: everything is said, and has come back before the client leaves. */
TEST("client: the end of the input")
{
    enum { LINES = 100 };
    char text[LINES * 8 + 8], line[32];
    int length = 0;
    size_t position = 0;
    ServerProcess *client;

    Chat_Start();
    for (int i = 0; i < LINES; i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%d\n", i);
    snprintf(text + length, sizeof(text) - (size_t)length, "end");
    client = LaunchClient(&chatAddress, "a");
    CHECK(ServerProcess_WriteInput(client, text));
    ServerProcess_CloseInput(client);
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
    CHECK(ServerProcess_WaitForLine(client, "* you are a; nobody else is here", &position, 0));
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof(line), "a: %d", i);
        REQUIRE(CHECK(ServerProcess_WaitForLine(client, line, &position, 0)));
    }
    CHECK(ServerProcess_WaitForLine(client, "a: end", &position, 0));

    /* Nothing to say at all. */
    client = LaunchClient(&chatAddress, "b");
    ServerProcess_CloseInput(client);
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
}

TEST("client: /quit")
{
    Talker *kim = Talker_Enter("kim");
    ServerProcess *client = LaunchClient(&chatAddress, "a");

    CHECK(ServerProcess_WriteInput(client, "/quite\n /quit\nbye\n/quit\nnever\n"));
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
    CHECK_TEXT(Talker_Receive(kim), "Joined a");
    CHECK_TEXT(Talker_Receive(kim), "Said a|/quite");
    CHECK_TEXT(Talker_Receive(kim), "Said a| /quit");
    CHECK_TEXT(Talker_Receive(kim), "Said a|bye");
    CHECK_TEXT(Talker_Receive(kim), "Left a|the peer closed the connection");
    CHECK(ServerProcess_WaitForLine(client, "a: bye", NULL, 0));
}

/* --- Other ends ------------------------------------------------------------------------------ */

/* While it waits for a line, and for the rest of one. */
TEST("client: Ctrl+C while it waits for input")
{
    static const char *const inputs[] = {"", "a line\nand half of ano"};

    for (int i = 0; i < 2; i++) {
        ServerProcess *client = EnterClient("a");
        ULONGLONG start;

        CHECK(ServerProcess_WriteInput(client, inputs[i]));
        if (i > 0)
            CHECK(TestProgram_Says(client, "a: a line"));
        Sleep(QUIET_MS);
        CHECK(ServerProcess_IsRunning(client));
        start = Test_Now();
        CHECK(TestProgram_PressCtrlC(client));
        TestProgram_CheckEnd(client, WAIT_MS, 0, "");
        CHECK_AT_MOST(Test_Now() - start, WAIT_MS);
        CHECK_INT(ServerProcess_CountLines(client, "half"), 0);
        CHECK(ServerProcess_WaitForCount(chatServer, "Client Disconnected! ", i + 1, WAIT_MS));
    }
}

/* It comes back after some tries. What was typed in between is said then. */
TEST("client: the server is lost")
{
    ServerProcess *client = EnterClient("a");

    TestProgram_CheckStop(chatServer, WAIT_MS);
    CHECK(TestProgram_Says(
        client, "* The server is gone: the peer closed the connection (next try in 1 s)"));
    CHECK(ServerProcess_WriteInput(client, "one\ntwo\n"));
    CHECK(TestProgram_Says(client, "(next try in 2 s)"));
    Chat_StartWith(ARGUMENTS("--port", TestProgram_GetPort(&chatAddress)));
    CHECK(TestProgram_Says(client, "a: two"));
    CHECK_INT(ServerProcess_CountLines(client, "* you are a; nobody else is here"), 2);
    CHECK_INT(ServerProcess_CountLines(client, "a: one"), 1);
    CHECK_INT(ServerProcess_CountLines(client, "may not have been heard"), 0);

    /* The pause is short again. While there is no server, the user can end it. */
    TestProgram_CheckStop(chatServer, WAIT_MS);
    CHECK(ServerProcess_WaitForCount(client, "(next try in 1 s)", 2, WAIT_MS));
    CHECK(ServerProcess_WriteInput(client, "/quit\n"));
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
}

TEST("client: Ctrl+C while there is no server")
{
    ServerProcess *client = EnterClient("a");

    TestProgram_CheckStop(chatServer, WAIT_MS);
    CHECK(TestProgram_Says(client, "(next try in 2 s)"));
    CHECK(ServerProcess_WriteInput(client, "one\ntwo\nthree\n"));
    CHECK(TestProgram_PressCtrlC(client));
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
}

TEST("client: it is refused")
{
    Chat_StartWith(ARGUMENTS("--port", "0", "--max", "1"));
    Talker_Enter("kim");
    TestProgram_CheckEnd(LaunchClient(&chatAddress, "a"), WAIT_MS, 1,
                         "The server lets nobody in now: ");
    Chat_Start();
    Talker_Enter("kim");
    TestProgram_CheckEnd(LaunchClient(&chatAddress, "kim"), WAIT_MS, 1,
                         "The server refuses: this name is taken");
}

TEST("client: nothing listens")
{
    NetAddress address;
    ServerProcess *client;

    NEED_SOCKET(Peer_Bind(&address));
    client = LaunchClient(&address, "a");
    TestProgram_CheckEnd(client, WAIT_MS, 1, "Nothing listens there. Start ChatServer first.");
    TestProgram_CheckEnd(client, 0, 1, "Cannot connect to 127.0.0.1:");
}

/* --- Servers that are none ------------------------------------------------------------------- */

/* Serves one client: takes what comes first, and sends this. */
typedef struct Answer {
    unsigned char bytes[4096];
    int size;
    bool resets; /* when something comes after that; else it takes all, up to the client's end */
} Answer;

static void ServeOne(void *argument)
{
    Answer *answer = (Answer *)argument;
    SOCKET client = FalseServer_Accept();
    char data[4096];

    if (client == INVALID_SOCKET)
        return;
    if (recv(client, data, sizeof(data), 0) > 0)
        send(client, (const char *)answer->bytes, answer->size, 0);
    while (recv(client, data, sizeof(data), 0) > 0 && !answer->resets)
        ;
    SocketUtils_SetLinger(client, answer->resets, 0);
    SocketUtils_Close(&client);
}

static const char welcome[] = {1, 'a', '\0'}; /* the name "a", and nobody else's */

static void Answer_Add(Answer *answer, int id, const char *body)
{
    answer->size += Talker_MakePacket(answer->bytes + answer->size, id, body, (int)strlen(body));
}

/* A client that says this to such a server ends with 1 and this sentence. It prints `line` before,
   unless that is NULL. */
static void CheckAgainst(Answer *answer, const char *input, const char *line, const char *sentence)
{
    ServerProcess *client = LaunchClient(FalseServer_Start(ServeOne, answer), "a");

    if (line != NULL)
        CHECK(TestProgram_Says(client, line));
    /* It fails where the client has met the server's words first, and has ended. */
    ServerProcess_WriteInput(client, input);
    ServerProcess_CloseInput(client);
    TestProgram_CheckEnd(client, LAST_LINE_MS, 1, sentence);
    FalseServer_Stop();
}

TEST("client: servers that are none")
{
    static const char notOne[] = "The server sent something that a ChatServer does not send.";
    static const struct {
        int id;
        const char *body;
    } packets[] = {{SAY, "hello"}, {SAID, ""}, {LEFT, "\x05kim"}, {WELCOME, "\x01"}};
    static Answer answer;

    for (size_t i = 0; i < COUNT_OF(packets); i++) {
        answer.size = 0;
        Answer_Add(&answer, packets[i].id, packets[i].body);
        CheckAgainst(&answer, "", NULL, notOne);
    }

    /* Commands for a terminal are not for somebody's terminal. */
    answer.size = 0;
    Answer_Add(&answer, WELCOME, welcome);
    Answer_Add(&answer, SAID, "\x02k\x1B\x1B[2Joh\xC2\x9B\xFF");
    Answer_Add(&answer, REFUSED, "go\x1B[2J");
    CheckAgainst(&answer, "", "k?: ?[2Joh??", "The server refuses: go?[2J");
}

/* Lets the first client in and resets it when it talks, refuses the second, and lets the third in. */
static void ServeThree(void *argument)
{
    Answer *answer = (Answer *)argument;
    Answer refusal = {.size = 0};

    ServeOne(answer);
    Answer_Add(&refusal, REFUSED, "this name is taken");
    ServeOne(&refusal);
    answer->resets = false;
    ServeOne(answer);
}

/* Before the server has noticed that a client is lost, its name is taken: it tries again. */
TEST("client: the server resets")
{
    static Answer answer = {.resets = true};
    ServerProcess *client;

    Answer_Add(&answer, WELCOME, welcome);
    client = LaunchClient(FalseServer_Start(ServeThree, &answer), "a");
    CHECK(TestProgram_Says(client, "* you are a"));
    CHECK(ServerProcess_WriteInput(client, "hello\n"));
    CHECK(TestProgram_Says(client, "* The server is gone: the connection failed"));
    CHECK(TestProgram_Says(client, "* what was said last may not have been heard"));
    CHECK(TestProgram_Says(client, "* the server refuses: this name is taken"));
    CHECK(ServerProcess_WaitForCount(client, "* you are a", 2, WAIT_MS));
    CHECK(ServerProcess_WriteInput(client, "/quit\n"));
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
}

/* It takes the last words and does not send them back. */
TEST("client: last words")
{
    static Answer answer;

    Answer_Add(&answer, WELCOME, welcome);
    CheckAgainst(&answer, "hello\n", "* you are a",
                 "The server has not sent back what was said last.");
}

/* There is more to say than it takes, so that the input waits, too, when Ctrl+C is pressed. */
TEST("client: Ctrl+C while the input waits for it")
{
    enum { LINES = 100 };
    char text[LINES * 2 + 1];
    static Answer answer;
    ServerProcess *client;

    for (int i = 0; i < LINES; i++)
        memcpy(text + 2 * i, "x\n", 3);
    Answer_Add(&answer, WELCOME, welcome);
    client = LaunchClient(FalseServer_Start(ServeOne, &answer), "a");
    CHECK(TestProgram_Says(client, "* you are a"));
    CHECK(ServerProcess_WriteInput(client, text));
    Sleep(QUIET_MS);
    CHECK(TestProgram_PressCtrlC(client));
    TestProgram_CheckEnd(client, WAIT_MS, 0, "");
}
