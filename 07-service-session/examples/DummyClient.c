/*
 * DummyClient: many clients in one program, to try an echo server with.
 *
 *     DummyClient.exe [--address A] [--port N] [--sessions N] [--count N] [--size B] [--seconds S]
 *
 * A SERVICE_CLIENT connects all sessions. Each sends a message, compares every byte that comes back,
 * and sends the next when the last has come back wholly. All stay connected until the last has done
 * its part, so that the server has them all at once; then they leave in peace.
 *
 * Exit code 0: all sessions were connected and everything came back as it was sent. 1: not so, and
 * a sentence says what. 2: the command line is wrong.
 *
 * Build  make 07, or as "Build" in ../README.md.
 * Run    make run-07 in one terminal, make run-07 PROGRAM=DummyClient in another.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "Options.h"
#include "Service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1"
#define LOOK_MS         250   /* between two looks at whether anything happens */
#define SILENCE_MS      5000  /* without a byte for so long we give up */
#define CONNECT_MS      30000 /* without one more session connected; the system retries for long */
#define DRAIN_MS        5000  /* for all sessions to leave */
#define CALL_SIZE       64

#define CAUSE_TO_ITSELF CAUSE_PROGRAM
#define CAUSE_COUNT     (CAUSE_PROGRAM + 1)

typedef struct DummyOptions {
    NetAddress address;
    long port;
    long sessions;
    long count;   /* messages of each session; 0: no limit but the time */
    long size;    /* bytes of a message */
    long seconds; /* 0: no limit but the count */
} DummyOptions;

typedef struct DummySession {
    Session session;
    int number; /* 0, 1, 2, ... */

    /* For the callbacks, of which one runs at a time. */
    uint64_t sent;
    uint64_t received;
    long messages; /* that were sent */
    bool isDone;   /* everything came back, and no more is to be sent */
} DummySession;

/* What all sessions share: counters, and the event for their end. */
static struct Run {
    DummyOptions options;
    ULONGLONG deadlineMs; /* GetTickCount64; no message is sent after it */
    HANDLE wakeEvent;     /* signalled when no session has anything to do, and for Ctrl+C */
    volatile LONG created;
    volatile LONG connected;
    volatile LONG finished; /* done, or disconnected before */
    volatile LONG64 messages;
    volatile LONG64 bytes;
    volatile LONG64 wrongBytes;
    volatile LONG causes[CAUSE_COUNT]; /* sessions that ended so, not counting our own stop */
    volatile LONG errors[CAUSE_COUNT]; /* of the first of them */
    volatile LONG failures;            /* that the service has told of */
    char failedCall[CALL_SIZE];        /* of the first of them; for when the service has stopped */
    DWORD failedError;
} run;

/* --- A session; on the workers --------------------------------------------------------------- */

static DummySession *DummySession_From(Session *session)
{
    return CONTAINING_RECORD(session, DummySession, session);
}

/*
 * The byte that the session sends at this place of its stream. Eight bytes are a number made of the
 * session's and the place's, stirred so that no two such numbers are alike: a byte that is lost,
 * doubled, or sent to another session cannot go unnoticed for long.
 */
static char GetPatternByte(int session, uint64_t position)
{
    uint64_t word = ((uint64_t)session << 40) + position / 8;

    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBU;
    word ^= word >> 31;
    return (char)(word >> (position % 8 * 8) & 0xFF);
}

/* The session has nothing more to do. */
static void CountFinished(void)
{
    if (InterlockedIncrement(&run.finished) == run.options.sessions)
        SetEvent(run.wakeEvent);
}

static void SendNextMessage(DummySession *dummy)
{
    int size = (int)run.options.size;
    bool isOver = (run.options.count != 0 && dummy->messages == run.options.count) ||
                  (run.options.seconds != 0 && GetTickCount64() >= run.deadlineMs);
    SendBuffer *buffer;

    if (isOver) {
        dummy->isDone = true;
        CountFinished();
        return;
    }
    buffer = SendBuffer_Open(size);
    if (buffer == NULL) {
        Session_Disconnect(&dummy->session, CAUSE_NO_MEMORY);
        return;
    }
    for (int i = 0; i < size; i++)
        buffer->data[i] = GetPatternByte(dummy->number, dummy->sent + (uint64_t)i);
    SendBuffer_Close(buffer, size);
    dummy->sent += (uint64_t)size;
    dummy->messages++;
    Session_Send(&dummy->session, buffer); /* if it fails, OnDisconnected comes */
    SendBuffer_Release(buffer);
}

static void OnConnected(Session *session)
{
    if (SocketUtils_IsConnectedToItself(session->socket)) {
        Session_Disconnect(session, CAUSE_TO_ITSELF);
        return;
    }
    InterlockedIncrement(&run.connected);
    SendNextMessage(DummySession_From(session));
}

static int OnRecv(Session *session, const char *data, int length)
{
    DummySession *dummy = DummySession_From(session);
    int wrong = 0;

    for (int i = 0; i < length; i++) {
        if (dummy->received == dummy->sent)
            wrong++; /* more than was sent */
        else if (data[i] != GetPatternByte(dummy->number, dummy->received++))
            wrong++;
    }
    InterlockedExchangeAdd64(&run.bytes, length);
    InterlockedExchangeAdd64(&run.wrongBytes, wrong);
    if (dummy->received == dummy->sent && !dummy->isDone) {
        InterlockedIncrement64(&run.messages);
        SendNextMessage(dummy);
    }
    return length;
}

static void OnDisconnected(Session *session, DisconnectCause cause)
{
    if (cause == CAUSE_SERVICE_STOPPED)
        return;
    if (InterlockedIncrement(&run.causes[cause]) == 1)
        InterlockedExchange(&run.errors[cause], (LONG)Session_GetError(session));
    if (!DummySession_From(session)->isDone)
        CountFinished();
}

/* The first is enough: what ports or memory run out for would be told 10,000 times. */
static void OnError(Service *service, const char *call, DWORD error, const char *text)
{
    (void)service;
    (void)text;
    if (InterlockedIncrement(&run.failures) > 1)
        return;
    snprintf(run.failedCall, sizeof(run.failedCall), "%s", call);
    run.failedError = error;
}

static Session *CreateSession(Service *service, int family)
{
    static const SessionVtbl vtbl = {
        .OnConnected = OnConnected, .OnRecv = OnRecv, .OnDisconnected = OnDisconnected};
    Session *session = Session_New(service, &vtbl, sizeof(DummySession), family);

    if (session != NULL)
        DummySession_From(session)->number = InterlockedIncrement(&run.created) - 1;
    return session;
}

/* --- The command line ------------------------------------------------------------------------ */

static const char usage[] =
    "Usage: DummyClient.exe [--address A] [--port N] [--sessions N] [--count N] [--size B]\n"
    "                       [--seconds S] [--help]\n"
    "  --address A   the IPv4 or IPv6 address of the server (default " DEFAULT_ADDRESS ")\n"
    "  --port N      its port, 1 to 65535 (default 7777)\n"
    "  --sessions N  connect so many, 1 to 10000 (default 100)\n"
    "  --count N     each sends N messages, 1 to 1000000 (default 10, or no limit with --seconds)\n"
    "  --size B      each message has B bytes, 1 to 1048576 (default 64)\n"
    "  --seconds S   sends no more after S seconds, 1 to 86400\n"
    "  --help        print this and exit\n"
    "Ctrl+C ends it early.\n";

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(DummyOptions *options, int argc, char *argv[])
{
    const char *address = DEFAULT_ADDRESS;
    const Option list[] = {
        {.name = "--address", .text = &address},
        {"--port", NULL, NULL, &options->port, 1, 65535,
         "The value '%' of --port is not a number from 1 to 65535."},
        {"--sessions", NULL, NULL, &options->sessions, 1, 10000,
         "The value '%' of --sessions is not a number from 1 to 10000."},
        {"--count", NULL, NULL, &options->count, 1, 1000000,
         "The value '%' of --count is not a number from 1 to 1000000."},
        {"--size", NULL, NULL, &options->size, 1, 1048576,
         "The value '%' of --size is not a number from 1 to 1048576."},
        {"--seconds", NULL, NULL, &options->seconds, 1, 86400,
         "The value '%' of --seconds is not a number from 1 to 86400."},
        {.name = NULL},
    };
    int exitCode = Options_Parse(list, usage, NULL, argc, argv);

    if (exitCode != OPTIONS_RUN)
        return exitCode;
    if (options->count == 0 && options->seconds == 0)
        options->count = 10;
    if (!NetAddress_FromText(&options->address, address, (uint16_t)options->port))
        return Options_Reject(usage, "Address '", address, "' is not an IPv4 or IPv6 address.");
    options->address = NetAddress_ToLocal(&options->address);
    return OPTIONS_RUN;
}

/* --- The run --------------------------------------------------------------------------------- */

/* Why the run is over. */
typedef enum RunEnd { END_FINISHED, END_CTRL_C, END_SILENCE } RunEnd;

/* For Ctrl+C, on another thread. */
static void WakeClient(void)
{
    SetEvent(run.wakeEvent);
}

/* Waits until all sessions have finished, or Ctrl+C is pressed, or nothing happens any more. */
static RunEnd WaitForSessions(void)
{
    LONG64 lastProgress = -1;
    ULONGLONG lastMs = GetTickCount64();

    for (;;) {
        LONG connected =
            run.connected + run.causes[CAUSE_CONNECT_FAILED] + run.causes[CAUSE_TO_ITSELF];
        LONG64 progress = run.bytes + connected + run.finished;
        ULONGLONG nowMs = GetTickCount64();

        if (CtrlC_IsPressed())
            return END_CTRL_C;
        if (run.finished == run.options.sessions)
            return END_FINISHED;
        if (progress != lastProgress) {
            lastProgress = progress;
            lastMs = nowMs;
        } else if (nowMs - lastMs >=
                   (ULONGLONG)(connected < run.options.sessions ? CONNECT_MS : SILENCE_MS)) {
            return END_SILENCE;
        }
        WaitForSingleObject(run.wakeEvent, LOOK_MS);
    }
}

static void PrintNumbers(ULONGLONG elapsedMs)
{
    LONG notConnected = run.causes[CAUSE_CONNECT_FAILED] + run.causes[CAUSE_TO_ITSELF];
    LONG disconnected = -notConnected;

    for (int cause = 0; cause < CAUSE_COUNT; cause++)
        disconnected += run.causes[cause];
    printf("Connected:     %ld of %ld sessions\n", run.connected, run.options.sessions);
    printf("Not connected: %ld\n", notConnected);
    printf("Disconnected:  %ld\n", disconnected);
    printf("Messages:      %" PRId64 "\n", run.messages);
    printf("Bytes:         %" PRId64 "\n", run.bytes);
    printf("Wrong bytes:   %" PRId64 "\n", run.wrongBytes);
    printf("Time:          %lu.%03lu s\n", (unsigned long)(elapsedMs / 1000),
           (unsigned long)(elapsedMs % 1000));
    fflush(stdout);
}

/* Says in sentences why sessions could not connect. */
static void ExplainNotConnected(void)
{
    LONG failed = run.causes[CAUSE_CONNECT_FAILED], toItself = run.causes[CAUSE_TO_ITSELF];
    DWORD error = (DWORD)run.errors[CAUSE_CONNECT_FAILED];
    char address[NET_ADDRESS_TEXT_SIZE], text[ERROR_TEXT_SIZE];
    const char *call = "ConnectEx"; /* it is not told of when it fails in its own time */

    NetAddress_ToText(&run.options.address, address, sizeof(address));
    if (run.failures > 0 && run.failedError == error)
        call = run.failedCall;
    if (failed > 0)
        fprintf(stderr, "%ld sessions cannot connect to %s: %s\n", failed, address,
                ErrorText_Format(text, sizeof(text), call, error));
    if (toItself > 0)
        fprintf(stderr, "%ld sessions have connected to themselves.\n", toItself);
    if (toItself > 0 || (failed > 0 && error == ERROR_CONNECTION_REFUSED))
        fprintf(stderr,
                "Nothing listens on %s. Start a server first, in another terminal: make run-07\n",
                address);
}

/* The same of those that did not stay, and of what else has failed. */
static void ExplainCauses(void)
{
    for (int cause = 0; cause < CAUSE_COUNT; cause++) {
        if (run.causes[cause] > 0 && cause != CAUSE_CONNECT_FAILED && cause != CAUSE_TO_ITSELF)
            fprintf(stderr, "%ld sessions were disconnected: %s (error %lu).\n", run.causes[cause],
                    DisconnectCause_GetText((DisconnectCause)cause), (DWORD)run.errors[cause]);
    }
    if (run.failures > 0 && run.causes[CAUSE_CONNECT_FAILED] == 0)
        ErrorText_Print(run.failedCall, run.failedError);
}

/* Prints what became of it. Returns the exit code. */
static int Report(RunEnd end, ULONGLONG elapsedMs)
{
    bool isRight = end == END_FINISHED && run.wrongBytes == 0 && run.messages > 0 &&
                   run.connected == run.options.sessions;

    for (int cause = 0; cause < CAUSE_COUNT; cause++)
        isRight = isRight && run.causes[cause] == 0;
    PrintNumbers(elapsedMs);
    ExplainNotConnected();
    ExplainCauses();
    if (run.wrongBytes > 0)
        fprintf(stderr, "%" PRId64 " bytes came back wrong.\n", run.wrongBytes);
    if (end == END_CTRL_C)
        fprintf(stderr, "Ended early by Ctrl+C.\n");
    if (end == END_SILENCE)
        fprintf(stderr, "Nothing happens any more: %ld sessions wait in vain.\n",
                run.options.sessions - run.finished);
    if (end == END_FINISHED && run.connected > 0 && run.messages == 0)
        fprintf(stderr, "No message came back.\n");
    if (isRight)
        printf("Everything came back as it was sent.\n");
    return isRight ? 0 : 1;
}

/* Returns the exit code. */
static int RunSessions(Service *service)
{
    ServiceSettings settings = Service_GetDefaults();
    ULONGLONG startMs = GetTickCount64(), elapsedMs;
    int cost = (int)run.options.size + BUFFER_COST;
    RunEnd end;

    settings.type = SERVICE_CLIENT;
    settings.address = run.options.address;
    settings.createSession = CreateSession;
    settings.OnError = OnError;
    settings.maxSessionCount = (int)run.options.sessions;
    settings.connectCount = settings.maxSessionCount;
    settings.session.drainMs = DRAIN_MS;

    /* A session must receive while it sends a message, or it would wait for the server, which waits
       for it to receive. */
    settings.session.pauseBytes = max(settings.session.pauseBytes, cost);
    settings.session.limitBytes = max(settings.session.limitBytes, cost);
    run.deadlineMs = startMs + (ULONGLONG)run.options.seconds * 1000;
    if (!Service_Start(service, &settings)) {
        fprintf(stderr, "%s\n", Service_GetError(service));
        return 1;
    }
    end = WaitForSessions();
    elapsedMs = GetTickCount64() - startMs;
    Service_Stop(service);
    return Report(end, elapsedMs);
}

int main(int argc, char *argv[])
{
    static Service service;
    DummyOptions options = {.port = 7777, .sessions = 100, .size = 64};
    int exitCode = ParseOptions(&options, argc, argv);

    if (exitCode != OPTIONS_RUN)
        return exitCode;
    run.options = options;
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = 1;
    run.wakeEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (run.wakeEvent == NULL)
        ErrorText_Print("CreateEvent", GetLastError());
    else if (!CtrlC_Install(WakeClient))
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
    else
        exitCode = RunSessions(&service);
    CtrlC_Remove();
    if (run.wakeEvent != NULL)
        CloseHandle(run.wakeEvent);
    SocketUtils_Clear();
    return exitCode;
}
