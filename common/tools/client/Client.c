/*
 * Client: talks to the echo server of any stage.
 *
 *     client.exe [--address A] [--port N] [--message TEXT [--count N]] [--help]
 *
 * Without --message it is for a person: type a line, and see what came back. An empty line, "quit" or
 * the end of the input ends it. With --message it sends TEXT, waits for the echo, and again, N times.
 * Either way it compares what came with what was sent.
 *
 * Exit code 0: every echo was right. 1: one was not, or there was no connection, or it broke.
 * 2: the command line is wrong.
 */
#include "ErrorText.h"
#include "NetAddress.h"
#include "Options.h"
#include "SocketUtils.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    7777
#define PATIENCE_S      2 /* without an answer for this long, say why that may be */
#define LEAVE_S         6 /* at the end, wait this long for the server to close its side */
#define LINE_SIZE       65536
#define PIECE_SIZE      4096 /* bytes on their way at any time, see Exchange */

typedef struct ClientOptions {
    NetAddress address;
    const char *message; /* NULL: ask a person */
    long count;
} ClientOptions;

/* What has become of an exchange, and so of the connection. */
typedef enum Outcome { ECHO_SAME, ECHO_DIFFERENT, CONNECTION_LOST } Outcome;

static const char usage[] =
    "Usage: client.exe [--address A] [--port N] [--message TEXT [--count N]] [--help]\n"
    "  --address A     the IPv4 or IPv6 address of the server (default " DEFAULT_ADDRESS ")\n"
    "  --port N        its port, 1 to 65535 (default 7777)\n"
    "  --message TEXT  send TEXT and wait for the echo, instead of asking for lines\n"
    "  --count N       do that N times, 1 to 1000000 (default 1)\n"
    "  --help          print this and exit\n"
    "Without --message: type a line and see what comes back. An empty line, quit or the end\n"
    "of the input (Ctrl+Z and Enter, on Linux Ctrl+D) ends it.\n";

/* --- The command line ------------------------------------------------------------------------ */

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(ClientOptions *options, int argc, char *argv[])
{
    const char *address = DEFAULT_ADDRESS;
    long port = DEFAULT_PORT, count = 0;
    const Option list[] = {
        {.name = "--address", .text = &address},
        {.name = "--port",
         .number = &port,
         .least = 1,
         .most = 65535,
         .refusal = "Port '%' is not a number from 1 to 65535."},
        {.name = "--message", .text = &options->message},
        {.name = "--count",
         .number = &count,
         .least = 1,
         .most = 1000000,
         .refusal = "Count '%' is not a number from 1 to 1000000."},
        {.name = NULL},
    };
    int exitCode;

    options->message = NULL;
    exitCode = Options_Parse(list, usage, NULL, argc, argv);
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (options->message != NULL && options->message[0] == '\0')
        return Options_Reject(usage, "The text after --message is empty: nothing would come back.",
                              "", "");
    if (options->message == NULL && count != 0)
        return Options_Reject(usage, "--count is for --message only.", "", "");
    if (!NetAddress_FromText(&options->address, address, (uint16_t)port))
        return Options_Reject(usage, "Address '", address, "' is not an IPv4 or IPv6 address.");
    options->address = NetAddress_ToLocal(&options->address);
    options->count = count != 0 ? count : 1;
    return OPTIONS_RUN;
}

/* --- The connection -------------------------------------------------------------------------- */

/* INVALID_SOCKET: there is no connection, and a sentence has said why. */
static SOCKET ConnectTo(const NetAddress *address)
{
    char text[NET_ADDRESS_TEXT_SIZE], reason[ERROR_TEXT_SIZE];
    SOCKET socket = SocketUtils_CreateSocket(NetAddress_GetFamily(address));
    bool isToItself = false;
    DWORD error = 0;

    if (socket == INVALID_SOCKET) {
        ErrorText_Print("socket", (DWORD)WSAGetLastError());
        return INVALID_SOCKET;
    }
    if (!SocketUtils_Connect(socket, address))
        error = (DWORD)WSAGetLastError();
    else
        isToItself = SocketUtils_IsConnectedToItself(socket);
    if (error == 0 && !isToItself) {
        /* Each line is to leave at once. Without this the echo is right, and only later. */
        SocketUtils_SetTcpNoDelay(socket, true);
        return socket;
    }
    NetAddress_ToText(address, text, sizeof(text));
    fprintf(stderr, "Cannot connect to %s: %s\n", text,
            isToItself ? "the client has connected to itself."
                       : ErrorText_Format(reason, sizeof(reason), "connect", error));
    if (isToItself || error == WSAECONNREFUSED)
        fprintf(stderr,
                "Nothing listens on %s. Start a stage first, in another terminal: make run-01\n"
                "and use the port that it prints: Listening on ...\n",
                text);
    SocketUtils_Close(&socket);
    return INVALID_SOCKET;
}

/* True: recv will not wait. False: nothing came within this time. */
static bool WaitForData(SOCKET socket, long seconds)
{
    struct timeval timeout = {seconds, 0};
    fd_set readSet;

    FD_ZERO(&readSet);
    FD_SET(socket, &readSet);
    /* An error counts as data: recv will say what it is. */
    return select(0, &readSet, NULL, NULL, &timeout) != 0;
}

/*
 * Receives exactly `size` bytes. TCP is a stream: an echo may come in several parts. False: the
 * connection is lost, and a sentence has said how.
 */
static bool ReceiveAll(SOCKET socket, char *buffer, int size)
{
    bool isPatient = true;

    for (int received = 0; received < size;) {
        int bytes;

        if (isPatient && !WaitForData(socket, PATIENCE_S)) {
            printf("No answer for %d seconds. The server may be busy with another client. "
                   "Waiting...\n",
                   PATIENCE_S);
            fflush(stdout);
            isPatient = false;
        }
        bytes = recv(socket, buffer + received, size - received, 0);
        if (bytes == SOCKET_ERROR) {
            ErrorText_Print("recv", (DWORD)WSAGetLastError());
            return false;
        }
        if (bytes == 0) {
            fprintf(stderr, "The server closed the connection before all of the echo came.\n");
            return false;
        }
        received += bytes;
    }
    return true;
}

static bool SendAll(SOCKET socket, const char *buffer, int size)
{
    for (int sent = 0; sent < size;) {
        int bytes = send(socket, buffer + sent, size - sent, 0);

        if (bytes == SOCKET_ERROR) {
            ErrorText_Print("send", (DWORD)WSAGetLastError());
            return false;
        }
        sent += bytes;
    }
    return true;
}

/*
 * Sends `size` bytes and receives as many. Piece by piece: if we sent all of a long text before
 * reading, the server could come to wait for us to read while we wait for it to do so.
 */
static Outcome Exchange(SOCKET socket, const char *text, int size, char *echo)
{
    for (int done = 0; done < size;) {
        int piece = size - done < PIECE_SIZE ? size - done : PIECE_SIZE;

        if (!SendAll(socket, text + done, piece) || !ReceiveAll(socket, echo + done, piece))
            return CONNECTION_LOST;
        done += piece;
    }
    return memcmp(text, echo, (size_t)size) == 0 ? ECHO_SAME : ECHO_DIFFERENT;
}

/*
 * Prints `sent "hello"`. A console gets the text as UTF-16, for it takes bytes to be in its own code
 * page, and what was typed is UTF-8 here. Anything else gets the bytes.
 */
static void ShowText(const char *verb, const char *text, int size, bool isUtf8)
{
    static WCHAR wide[LINE_SIZE];
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode, written;
    int count = 0;

    printf("%s \"", verb);
    if (isUtf8 && GetConsoleMode(output, &mode))
        count = MultiByteToWideChar(CP_UTF8, 0, text, size, wide, LINE_SIZE);
    if (count > 0) {
        fflush(stdout);
        WriteConsoleW(output, wide, (DWORD)count, &written, NULL);
    } else {
        fwrite(text, 1, (size_t)size, stdout);
    }
    printf("\"\n");
    fflush(stdout);
}

/* Sends the text, shows the echo, and says so if it is not the same. */
static Outcome ExchangeAndShow(SOCKET socket, const char *text, int size, bool isTyped)
{
    static char echo[LINE_SIZE];
    Outcome outcome;
    int same = 0;

    /* A person sees what was typed; a pipe's reader does not. */
    if (!isTyped)
        ShowText("sent", text, size, false);
    outcome = Exchange(socket, text, size, echo);
    if (outcome == CONNECTION_LOST)
        return outcome;
    ShowText("got ", echo, size, isTyped);
    if (outcome == ECHO_DIFFERENT) {
        while (text[same] == echo[same])
            same++;
        printf("This is NOT what was sent: byte %d of %d differs.\n", same + 1, size);
    }
    fflush(stdout);
    return outcome;
}

/*
 * Leaves as a client should: says that nothing more comes, and waits until the server has closed its
 * side, too. False: it has not, or it broke, or it sent more than it owed; a sentence has said so.
 */
static bool Leave(SOCKET socket)
{
    char byte;
    int bytes;

    if (shutdown(socket, SD_SEND) != 0) {
        ErrorText_Print("shutdown", (DWORD)WSAGetLastError());
        return false;
    }
    if (!WaitForData(socket, LEAVE_S)) {
        fprintf(stderr, "The server has not closed its side within %d seconds.\n", LEAVE_S);
        return false;
    }
    bytes = recv(socket, &byte, 1, 0);
    if (bytes == SOCKET_ERROR)
        ErrorText_Print("recv", (DWORD)WSAGetLastError());
    else if (bytes > 0)
        fprintf(stderr, "The server sent more than it received.\n");
    return bytes == 0;
}

/* --- The two ways to use it ------------------------------------------------------------------ */

/* Sends the message `count` times. Returns the exit code. */
static int SendMessages(SOCKET socket, const ClientOptions *options)
{
    int size = (int)strlen(options->message);
    long sent = 0, same = 0;
    bool hasLeft = false;
    Outcome outcome = ECHO_SAME;

    while (outcome != CONNECTION_LOST && sent < options->count) {
        outcome = ExchangeAndShow(socket, options->message, size, false);
        sent++;
        same += outcome == ECHO_SAME;
    }
    if (outcome != CONNECTION_LOST)
        hasLeft = Leave(socket);
    printf("%ld of %ld echoes came back the same.\n", same, options->count);
    return same == options->count && hasLeft ? 0 : 1;
}

/*
 * Reads a line from a pipe or a file into `line`, without its line end; what does not fit comes with
 * the next call. Not fgets: it does not tell how long a line with a NUL in it is. Returns its length,
 * -1 at the end.
 */
static int ReadPipeLine(char *line, int size)
{
    int length = 0;
    int c = getchar();

    if (c == EOF)
        return -1;
    while (c != EOF && c != '\n') {
        line[length++] = (char)c;
        if (length == size)
            return length;
        c = getchar();
    }
    if (length > 0 && line[length - 1] == '\r')
        length--;
    return length;
}

/* The same from the console, as UTF-8: any script can be typed, whatever code page the console has. */
static int ReadConsoleLine(HANDLE input, char *line, int size)
{
    static WCHAR wide[LINE_SIZE / 3]; /* a WCHAR becomes three bytes at most */
    const WCHAR ctrlD = 4, ctrlZ = 26;
    DWORD count = 0;

    if (!ReadConsoleW(input, wide, sizeof(wide) / sizeof(wide[0]), &count, NULL) || count == 0 ||
        wide[0] == ctrlD || wide[0] == ctrlZ)
        return -1;
    while (count > 0 && (wide[count - 1] == '\n' || wide[count - 1] == '\r'))
        count--;
    if (count == 0)
        return 0;
    return WideCharToMultiByte(CP_UTF8, 0, wide, (int)count, line, size, NULL, NULL);
}

static bool IsQuit(const char *line, int length)
{
    return length <= 0 || (length == 4 && memcmp(line, "quit", 4) == 0);
}

/* Asks for lines until there are no more. Returns the exit code. */
static int AskForLines(SOCKET socket, const NetAddress *address)
{
    static char line[LINE_SIZE];
    char text[NET_ADDRESS_TEXT_SIZE];
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode;
    bool isConsole = GetConsoleMode(input, &mode) != 0;
    bool isTyped = isConsole || GetEnvironmentVariableA("TYPED", NULL, 0) != 0; /* see wine.sh */
    bool allSame = true;

    printf("Connected to %s. Type a line and press Enter; an empty line ends.\n",
           NetAddress_ToText(address, text, sizeof(text)));
    for (;;) {
        Outcome outcome;
        int length;

        if (isTyped)
            printf("> ");
        fflush(stdout);
        if (isConsole)
            length = ReadConsoleLine(input, line, sizeof(line));
        else
            length = ReadPipeLine(line, sizeof(line));
        if (IsQuit(line, length))
            break;
        outcome = ExchangeAndShow(socket, line, length, isTyped);
        if (outcome == CONNECTION_LOST)
            return 1;
        allSame = allSame && outcome == ECHO_SAME;
    }
    if (!Leave(socket))
        return 1;
    printf("Disconnected.\n");
    return allSame ? 0 : 1;
}

int main(int argc, char *argv[])
{
    ClientOptions options;
    SOCKET socket;
    int exitCode = ParseOptions(&options, argc, argv);

    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = 1;
    socket = ConnectTo(&options.address);
    if (socket != INVALID_SOCKET) {
        if (options.message != NULL)
            exitCode = SendMessages(socket, &options);
        else
            exitCode = AskForLines(socket, &options.address);
        SocketUtils_Close(&socket);
    }
    SocketUtils_Clear();
    return exitCode;
}
