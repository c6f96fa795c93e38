/*
 * ChatClient: talks with the others at a ChatServer.
 *
 *     ChatClient.exe [--address A] [--port N] --name NAME [--help]
 *
 * What is typed is said, line by line; what others say appears as "name: text". The end of the
 * input (Ctrl+Z and Enter, on Linux Ctrl+D), /quit and Ctrl+C end it. The input may be a pipe or a file
 * with UTF-8, too; then what it says appears as well, and it leaves when its last words have come back:
 *
 *     echo hello | ChatClient.exe --name A
 *
 * A server that is lost may come back: it is dialled again, with a pause that grows from 1 s to 30 s,
 * until it lets us in or the user ends it. What is typed meanwhile is said then.
 *
 * Three threads: one reads the input, because a read of a console has no overlapped form; the main
 * thread says what was read; the worker of the library prints what comes.
 *
 * Exit code 0: it ended as asked, whether or not there was a server just then. 1: it never came in, or
 * the server was lost when the input was over and last words had not come back; a sentence says so.
 * 2: the command line is wrong.
 *
 * Build  make 07, or as "Build" in ../README.md, with ChatPacket.c.
 * Run    make run-07 PROGRAM=ChatServer in one terminal, then this in others.
 */
#include "ChatPacket.h"
#include "CtrlC.h"
#include "ErrorText.h"
#include "Options.h"
#include "Service.h"

#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _MSC_VER
#pragma comment(lib, "shell32") /* CommandLineToArgvW */
#endif

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    7777
#define READ_SIZE       4096  /* bytes, or WCHARs of a console */
#define UNHEARD_MAX     16    /* of our texts on their way: we talk no faster than the server */
#define LAST_WORDS_MS   10000 /* at the end we wait so long for the last of them */
#define FIRST_PAUSE_MS  1000  /* before we dial a server that was lost */
#define LAST_PAUSE_MS   30000 /* it doubles with each try, up to this */
#define CANCEL_TRIES    20    /* to find the input thread in its read */
#define CANCEL_PAUSE_MS 10
#define CANCELLED_MS    2000 /* for a cancelled read to end; it does so at once */
#define REASON_SIZE     1024
#define LINE_SIZE       (2 * CHAT_NOTICE_MAX + 64) /* the longest that is printed */
#define CALL_SIZE       64

#define CAUSE_TO_ITSELF CAUSE_PROGRAM /* nobody listens, and we had the port that we have dialled */
#define CAUSE_REFUSED   ((DisconnectCause)(CAUSE_PROGRAM + 1))

typedef struct ClientOptions {
    NetAddress address;
    const char *name;
} ClientOptions;

/* What the threads share. */
static struct Client {
    ClientOptions options;
    bool isInputConsole; /* a person types, and sees what it types */
    bool isOutputConsole;

    bool hasBeenInside; /* this and what follows: on the worker */
    bool isWelcome;     /* the same of this connection */
    DWORD pauseMs;      /* before the next try */
    char failedCall[CALL_SIZE];

    SRWLOCK lock;               /* held to change or read what follows */
    CONDITION_VARIABLE changed; /* any of it has changed */
    Session *session;           /* a reference; another one after each try */
    bool isInside;              /* the Welcome has come, and no end yet */
    bool isOver;                /* the connection is of no use any more, and `reason` says why */
    char reason[REASON_SIZE];
    bool hasLine; /* the input has given a line, which the main thread has not yet taken */
    char line[CHAT_TEXT_MAX];
    int lineLength;
    bool isInputOver;
    bool isEnding;                     /* the input is of no use any more */
    int unheard;                       /* texts that were said and have not come back */
} client = {.failedCall = "ConnectEx", /* it tells nobody when it fails in its own time */
            .lock = SRWLOCK_INIT,
            .changed = CONDITION_VARIABLE_INIT};

/* --- What comes from the server; on the worker ----------------------------------------------- */

/* The connection is of no use any more. The first reason counts. */
static void EndChat(const char *before, ChatText reason)
{
    AcquireSRWLockExclusive(&client.lock);
    if (!client.isOver)
        snprintf(client.reason, sizeof(client.reason), "%s%.*s", before, reason.length,
                 reason.bytes);
    client.isOver = true;
    ReleaseSRWLockExclusive(&client.lock);
    WakeAllConditionVariable(&client.changed);
}

/* Prints UTF-8: to a console as UTF-16, which it shows whatever its code page; else as it is. */
static void Print(const char *bytes, int length)
{
    static WCHAR wide[LINE_SIZE];
    DWORD written;
    int count;

    if (!client.isOutputConsole) {
        fwrite(bytes, 1, (size_t)length, stdout);
        fflush(stdout);
        return;
    }
    count = MultiByteToWideChar(CP_UTF8, 0, bytes, length, wide, LINE_SIZE);
    WriteConsoleW(GetStdHandle(STD_OUTPUT_HANDLE), wide, (DWORD)count, &written, NULL);
}

/*
 * Prints the line "[before]name[between]text[after]". A server is not to be trusted with somebody's
 * terminal: what it sent is cleaned. On the worker only.
 */
static void PrintLine(const char *before, ChatText name, const char *between, ChatText text,
                      const char *after)
{
    static char line[LINE_SIZE];
    static char cleanName[CHAT_NOTICE_MAX], cleanText[CHAT_NOTICE_MAX];
    int nameLength = ChatText_Clean(name, cleanName);
    int textLength = ChatText_Clean(text, cleanText);

    Print(line, snprintf(line, sizeof(line), "%s%.*s%s%.*s%s\n", before, nameLength, cleanName,
                         between, textLength, cleanText, after));
}

/* We are in: shows who is there. False: the body is malformed. */
static bool HandleWelcome(ChatText body)
{
    char others[CHAT_NOTICE_MAX];
    ChatText own, name, list = {others, 0};

    if (!ChatPacket_ReadName(&body, &own))
        return false;
    while (body.length > 0) {
        if (!ChatPacket_ReadName(&body, &name))
            return false;

        /* The byte of its length makes room for a blank. */
        memcpy(others + list.length, name.bytes, (size_t)name.length);
        list.length += name.length;
        others[list.length++] = ' ';
    }
    if (list.length > 0) {
        list.length--;
        PrintLine("* you are ", own, "; here are: ", list, "");
    } else {
        PrintLine("* you are ", own, "; nobody else is here", list, "");
    }
    client.hasBeenInside = true;
    client.isWelcome = true;
    client.pauseMs = FIRST_PAUSE_MS;
    AcquireSRWLockExclusive(&client.lock);
    client.isInside = true;
    ReleaseSRWLockExclusive(&client.lock);
    WakeAllConditionVariable(&client.changed);
    return true;
}

/* False: the body is malformed. */
static bool HandleSaid(ChatText body)
{
    ChatText name;
    bool isOwn;

    if (!ChatPacket_ReadName(&body, &name))
        return false;
    isOwn = ChatText_IsSame(name, ChatText_FromString(client.options.name));
    if (!isOwn || !client.isInputConsole)
        PrintLine("", name, ": ", body, "");
    if (isOwn) {
        AcquireSRWLockExclusive(&client.lock);
        client.unheard--;
        ReleaseSRWLockExclusive(&client.lock);
        WakeAllConditionVariable(&client.changed);
    }
    return true;
}

/* When we come back, who we were before may still be there: the server has not noticed yet. */
static void HandleRefused(Session *session, ChatText reason)
{
    if (!client.hasBeenInside || client.isWelcome) {
        EndChat("The server refuses: ", reason);
        return;
    }
    PrintLine("* the server refuses: ", reason, "", ChatText_FromString(""), "");
    Session_Close(session, CAUSE_REFUSED);
}

static void AnswerPing(Session *session)
{
    SendBuffer *pong = ChatPacket_Make(CHAT_PONG, ChatText_FromString(""));

    if (pong == NULL)
        return;
    Session_Send(session, pong);
    SendBuffer_Release(pong);
}

/* False: this is no packet of a ChatServer. */
static bool HandlePacket(Session *session, uint16_t id, ChatText body)
{
    char reason[CHAT_NOTICE_MAX];
    ChatText name, nothing = {"", 0};

    switch (id) {
    case CHAT_WELCOME:
        return HandleWelcome(body);
    case CHAT_SAID:
        return HandleSaid(body);
    case CHAT_JOINED:
        PrintLine("* ", body, " joined", nothing, "");
        return true;
    case CHAT_LEFT:
        if (!ChatPacket_ReadName(&body, &name))
            return false;
        PrintLine("* ", name, " left (", body, ")");
        return true;
    case CHAT_REFUSED:
        body.length = ChatText_Clean(body, reason);
        body.bytes = reason;
        HandleRefused(session, body);
        return true;
    case CHAT_PING:
        AnswerPing(session);
        return true;
    default:
        return false;
    }
}

static void OnRecvPacket(Session *session, uint16_t id, const char *body, int length)
{
    ChatText text = {body, length};

    if (!HandlePacket(session, id, text))
        EndChat("The server sent something that a ChatServer does not send.",
                ChatText_FromString(""));
}

static void OnConnected(Session *session)
{
    SendBuffer *enter = ChatPacket_Make(CHAT_ENTER, ChatText_FromString(client.options.name));

    if (enter != NULL && SocketUtils_IsConnectedToItself(session->socket)) {
        Session_Disconnect(session, CAUSE_TO_ITSELF);
    } else if (enter == NULL) {
        Session_Disconnect(session, CAUSE_NO_MEMORY);
        return;
    }
    Session_Send(session, enter);
    SendBuffer_Release(enter);
}

/* Says why there is no connection any more. */
static void DescribeEnd(Session *session, DisconnectCause cause, char *reason)
{
    char address[NET_ADDRESS_TEXT_SIZE], text[ERROR_TEXT_SIZE];

    NetAddress_ToText(&client.options.address, address, sizeof(address));
    if (cause == CAUSE_CONNECT_FAILED)
        snprintf(
            reason, REASON_SIZE, "Cannot connect to %s: %s", address,
            ErrorText_Format(text, sizeof(text), client.failedCall, Session_GetError(session)));
    else if (cause == CAUSE_TO_ITSELF)
        snprintf(reason, REASON_SIZE, "Cannot connect to %s: it has connected to itself.", address);
    else if (cause == CAUSE_REFUSED)
        snprintf(reason, REASON_SIZE, "The server does not let us in");
    else
        snprintf(reason, REASON_SIZE, "%s: %s",
                 client.isWelcome ? "The server is gone" : "The server lets nobody in now",
                 DisconnectCause_GetText(cause));
}

/* There is no connection any more. True: we were inside, and somebody may still want to be. */
static bool LeaveRoom(void)
{
    bool isWanted;
    int unheard;

    AcquireSRWLockExclusive(&client.lock);
    isWanted = client.hasBeenInside && !client.isOver && !client.isInputOver;
    unheard = client.unheard;
    client.isInside = false;
    if (isWanted)
        client.unheard = 0;
    ReleaseSRWLockExclusive(&client.lock);
    if (isWanted && unheard > 0)
        PrintLine("* what was said last may not have been heard", ChatText_FromString(""), "",
                  ChatText_FromString(""), "");
    return isWanted;
}

/* Has the service dial once more, after a pause. */
static void ConnectAgain(Service *service, const char *reason)
{
    char text[ERROR_TEXT_SIZE];
    DWORD pauseMs = client.pauseMs;

    client.pauseMs = min(2 * pauseMs, LAST_PAUSE_MS);
    if (Service_Connect(service, pauseMs)) {
        snprintf(text, sizeof(text), "%lu", pauseMs / 1000);
        PrintLine("* ", ChatText_FromString(reason), " (next try in ", ChatText_FromString(text),
                  " s)");
    } else if (GetLastError() != ERROR_SHUTDOWN_IN_PROGRESS) {
        EndChat("Cannot connect again: ",
                ChatText_FromString(
                    ErrorText_Format(text, sizeof(text), "Service_Connect", GetLastError())));
    }
}

static void OnDisconnected(Session *session, DisconnectCause cause)
{
    bool isDead =
        cause == CAUSE_TO_ITSELF ||
        (cause == CAUSE_CONNECT_FAILED && Session_GetError(session) == ERROR_CONNECTION_REFUSED);
    char reason[REASON_SIZE];

    if (cause == CAUSE_SERVICE_STOPPED)
        return;
    DescribeEnd(session, cause, reason);
    client.isWelcome = false;
    snprintf(client.failedCall, sizeof(client.failedCall), "ConnectEx");
    if (LeaveRoom())
        ConnectAgain(Session_GetService(session), reason);
    else
        EndChat(reason, ChatText_FromString(
                            isDead ? "\nNothing listens there. Start ChatServer first." : ""));
}

/* Comes before the OnDisconnected of a session that could not be dialled. */
static void OnError(Service *service, const char *call, DWORD error, const char *text)
{
    (void)service;
    (void)error;
    (void)text;
    snprintf(client.failedCall, sizeof(client.failedCall), "%s", call);
}

static Session *CreateSession(Service *service, int family)
{
    static const PacketSessionVtbl vtbl = {
        .session = {.OnConnected = OnConnected,
                    .OnRecv = PacketSession_OnRecv,
                    .OnDisconnected = OnDisconnected},
        .OnRecvPacket = OnRecvPacket,
    };
    Session *session =
        PacketSession_New(service, &vtbl, sizeof(PacketSession), family, CHAT_NOTICE_MAX);
    Session *before;

    if (session == NULL)
        return NULL;
    Session_AddRef(session);
    AcquireSRWLockExclusive(&client.lock);
    before = client.session;
    client.session = session;
    ReleaseSRWLockExclusive(&client.lock);
    if (before != NULL)
        Session_Release(before);
    return session;
}

/* --- The input; on a thread of its own ------------------------------------------------------- */

/*
 * Reads some bytes of UTF-8. 0: the end. Not with stdio: its lock of stdin, held during the read,
 * would hold up the end of the program.
 */
static int ReadInput(HANDLE input, char *bytes, int size)
{
    static WCHAR wide[READ_SIZE];
    const WCHAR ctrlD = 4, ctrlZ = 26;
    DWORD count = 0;

    if (!client.isInputConsole)
        return ReadFile(input, bytes, (DWORD)size, &count, NULL) ? (int)count : 0;

    /* A console gives every script as UTF-16, whatever its code page. */
    if (!ReadConsoleW(input, wide, READ_SIZE, &count, NULL) || count == 0 || wide[0] == ctrlD ||
        wide[0] == ctrlZ)
        return 0;
    return WideCharToMultiByte(CP_UTF8, 0, wide, (int)count, bytes, size, NULL, NULL);
}

/* Hands a line to the main thread, when it has taken the last one. False: the input is over, be it
   by /quit. */
static bool HandOver(ChatText line)
{
    bool isEnding;

    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    if (line.length == 0)
        return true;
    if (ChatText_IsSame(line, ChatText_FromString("/quit")))
        return false;
    AcquireSRWLockExclusive(&client.lock);
    while (client.hasLine && !client.isEnding)
        SleepConditionVariableSRW(&client.changed, &client.lock, INFINITE, 0);
    isEnding = client.isEnding;
    if (!isEnding) {
        client.hasLine = true;
        client.lineLength = ChatText_Clean(line, client.line);
    }
    ReleaseSRWLockExclusive(&client.lock);
    WakeAllConditionVariable(&client.changed);
    return !isEnding;
}

static bool IsEnding(void)
{
    bool isEnding;

    AcquireSRWLockShared(&client.lock);
    isEnding = client.isEnding;
    ReleaseSRWLockShared(&client.lock);
    return isEnding;
}

/* How many bytes of a text that is too long make the first part: characters stay whole. */
static int GetFirstPart(const char *bytes, int length)
{
    int part = length;

    while (part > length - 4 && ((unsigned char)bytes[part] & 0xC0) == 0x80)
        part--;
    return part;
}

/* Cuts the input into lines, and lines that are too long into parts. */
static void ReadLines(void *argument)
{
    static char bytes[READ_SIZE * 3]; /* a WCHAR becomes three bytes at most */
    char line[CHAT_TEXT_MAX + 1];
    int length = 0, count;
    bool goesOn = true;

    while (goesOn && !IsEnding() &&
           (count = ReadInput((HANDLE)argument, bytes, sizeof(bytes))) > 0) {
        for (int i = 0; goesOn && i < count; i++) {
            int part = length;

            if (bytes[i] != '\n')
                line[length++] = bytes[i];
            if (length > CHAT_TEXT_MAX)
                part = GetFirstPart(line, CHAT_TEXT_MAX);
            else if (bytes[i] != '\n')
                continue;
            goesOn = HandOver((ChatText){line, part});
            memmove(line, line + part, (size_t)(length - part));
            length -= part;
        }
    }
    if (goesOn)
        HandOver((ChatText){line, length});
    AcquireSRWLockExclusive(&client.lock);
    client.isInputOver = true;
    ReleaseSRWLockExclusive(&client.lock);
    WakeAllConditionVariable(&client.changed);
}

/*
 * Ends the input thread, which may be waiting for a person: its read is cancelled. The thread may
 * not have begun to read yet, and there is then nothing to cancel: so it is tried again. After a
 * read that was cancelled it sees that this is the end. False: the thread is still there.
 */
static bool EndInput(HANDLE thread)
{
    AcquireSRWLockExclusive(&client.lock);
    client.isEnding = true;
    ReleaseSRWLockExclusive(&client.lock);
    WakeAllConditionVariable(&client.changed);
    for (int i = 0; i < CANCEL_TRIES; i++) {
        if (CancelSynchronousIo(thread))
            return WaitForSingleObject(thread, CANCELLED_MS) == WAIT_OBJECT_0;
        if (WaitForSingleObject(thread, CANCEL_PAUSE_MS) == WAIT_OBJECT_0)
            return true;
    }
    return false;
}

/* --- The command line ------------------------------------------------------------------------ */

static const char usage[] =
    "Usage: ChatClient.exe [--address A] [--port N] --name NAME [--help]\n"
    "  --address A  the IPv4 or IPv6 address of the server (default " DEFAULT_ADDRESS ")\n"
    "  --port N     its port, 1 to 65535 (default 7777)\n"
    "  --name NAME  how the others shall see you: 1 to 20 bytes of UTF-8\n"
    "  --help       print this and exit\n"
    "Type a line to say it. /quit, the end of the input (Ctrl+Z and Enter, on Linux Ctrl+D) or "
    "Ctrl+C\n"
    "ends it.\n";

/*
 * The words of the command line as UTF-8, in one block of memory, which is the caller's. main's own
 * are in the system's code page, which does not have every name. NULL: GetLastError says why.
 */
static char **GetUtf8Arguments(int *count)
{
    WCHAR **wide = CommandLineToArgvW(GetCommandLineW(), count);
    char **arguments;
    size_t pointerSize;
    int textSize = 0;

    if (wide == NULL)
        return NULL;
    for (int i = 0; i < *count; i++)
        textSize += WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
    pointerSize = ((size_t)*count + 1) * sizeof(*arguments);
    arguments = (char **)malloc(pointerSize + (size_t)textSize);
    if (arguments != NULL) {
        char *text = (char *)arguments + pointerSize;

        for (int i = 0; i < *count; i++) {
            int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, text, textSize, NULL, NULL);

            arguments[i] = text;
            text += size;
            textSize -= size;
        }
        arguments[*count] = NULL;
    }
    LocalFree(wide);
    return arguments;
}

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(ClientOptions *options, int argc, char *argv[])
{
    const char *address = DEFAULT_ADDRESS;
    long port = DEFAULT_PORT;
    const Option list[] = {
        {.name = "--address", .text = &address},
        {.name = "--port",
         .number = &port,
         .least = 1,
         .most = 65535,
         .refusal = "Port '%' is not a number from 1 to 65535."},
        {.name = "--name", .text = &options->name},
        {.name = NULL},
    };
    ChatText name;
    int exitCode;

    options->name = NULL;
    exitCode = Options_Parse(list, usage, NULL, argc, argv);
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (options->name == NULL)
        return Options_Reject(usage, "Who are you? Use --name NAME.", "", "");
    name = ChatText_FromString(options->name);
    if (name.length < 1 || name.length > CHAT_NAME_MAX || !ChatText_IsClean(name))
        return Options_Reject(usage, "Name '", options->name,
                              "' is not 1 to 20 bytes of UTF-8 without control characters.");
    if (!NetAddress_FromText(&options->address, address, (uint16_t)port))
        return Options_Reject(usage, "Address '", address, "' is not an IPv4 or IPv6 address.");
    options->address = NetAddress_ToLocal(&options->address);
    return OPTIONS_RUN;
}

/* --- The main thread ------------------------------------------------------------------------- */

/* For Ctrl+C, on another thread; and again, so that it cannot be missed. */
static void WakeClient(void)
{
    WakeAllConditionVariable(&client.changed);
}

/* Says the line that the input has given, or keeps it until we are inside again. Under the lock. */
static void SayLine(void)
{
    ChatText text = {client.line, client.lineLength};
    SendBuffer *say = ChatPacket_Make(CHAT_SAY, text);

    if (say == NULL)
        fprintf(stderr, "No memory: this line was not said.\n");
    else if (Session_Send(client.session, say))
        client.unheard++;
    else
        client.isInside = false; /* OnDisconnected comes */
    if (say != NULL)
        SendBuffer_Release(say);
    client.hasLine = say != NULL && !client.isInside;
    WakeAllConditionVariable(&client.changed);
}

/* Waits under the lock for a change. False: there was none in time. */
static bool WaitForChange(DWORD timeoutMs)
{
    return SleepConditionVariableSRW(&client.changed, &client.lock, timeoutMs, 0) != 0;
}

/* Talks until it is over. Returns the exit code. */
static int Chat(ThreadManager *inputThread)
{
    int exitCode = -1;

    AcquireSRWLockExclusive(&client.lock);
    while (exitCode < 0) {
        if (CtrlC_IsPressed()) {
            exitCode = 0;
        } else if (client.isOver) {
            fprintf(stderr, "%s\n", client.reason);
            exitCode = 1;
        } else if (client.isInside && inputThread->count == 0) {
            if (!ThreadManager_Launch(inputThread, ReadLines, GetStdHandle(STD_INPUT_HANDLE))) {
                ErrorText_Print("_beginthreadex", GetLastError());
                exitCode = 1;
            }
        } else if (client.hasLine && client.isInside && client.unheard < UNHEARD_MAX) {
            SayLine();
        } else if (client.isInputOver && !client.hasLine && client.unheard <= 0) {
            exitCode = 0;
        } else if (!WaitForChange(client.isInputOver ? LAST_WORDS_MS : INFINITE)) {
            fprintf(stderr, "The server has not sent back what was said last.\n");
            exitCode = 1;
        }
    }
    ReleaseSRWLockExclusive(&client.lock);
    return exitCode;
}

/* Returns the exit code. */
static int RunClient(void)
{
    static Service service;
    ServiceSettings settings = Service_GetDefaults();
    ThreadManager inputThread;
    int exitCode;

    settings.type = SERVICE_CLIENT;
    settings.address = client.options.address;
    settings.createSession = CreateSession;
    settings.OnError = OnError;
    settings.maxSessionCount = 1;
    settings.workerCount = 1;
    if (!CtrlC_Install(WakeClient)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return 1;
    }
    ThreadManager_Init(&inputThread);
    exitCode = 1;
    if (Service_Start(&service, &settings)) {
        exitCode = Chat(&inputThread);
        Service_Stop(&service);

        /* Some reads cannot be cancelled: those of a console before Windows 8, and in Wine those of
           a pipe or terminal of Unix. Such a thread is left alone; the program's end ends it. */
        if (inputThread.count > 0 && EndInput(inputThread.threads[0]))
            ThreadManager_Join(&inputThread);
    } else {
        fprintf(stderr, "%s\n", Service_GetError(&service));
    }
    if (client.session != NULL)
        Session_Release(client.session);
    CtrlC_Remove();
    return exitCode;
}

/* Returns the exit code. */
static int Run(void)
{
    DWORD mode;
    int exitCode;

    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    client.isInputConsole = GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) != 0;
    client.isOutputConsole = GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) != 0;
    exitCode = RunClient();
    SocketUtils_Clear();
    return exitCode;
}

int main(void)
{
    int argc = 0, exitCode;
    char **argv = GetUtf8Arguments(&argc);

    if (argv == NULL) {
        ErrorText_Print("CommandLineToArgvW", GetLastError());
        return 1;
    }
    exitCode = ParseOptions(&client.options, argc, argv);
    if (exitCode == OPTIONS_RUN)
        exitCode = Run();
    free(argv);
    return exitCode;
}
