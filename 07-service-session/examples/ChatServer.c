/*
 * ChatServer: people enter with a name, and everybody reads what each of them says.
 *
 *     ChatServer.exe [--address A] [--port N] [--quiet] [--max N] [--help]
 *
 * The packets are in ChatPacket.h. A client is a guest until it has entered, and then a member. The
 * packets of several clients come at the same time, on several threads. One lock makes an order of
 * them: who handles a packet holds it until all that follows is queued to all members. So every
 * member sees everything in the same order. Session_Send queues and calls nobody back: it may be
 * called under a lock, and a member that does not read holds up nobody. When too much waits for
 * such a member, the library disconnects it.
 *
 * Build  make 07, or as "Build" in ../README.md, with ChatPacket.c.
 * Run    make run-07 PROGRAM=ChatServer, and ChatClient in other terminals. Ctrl+C stops it.
 */
#include "ChatPacket.h"
#include "CtrlC.h"
#include "ErrorText.h"
#include "Options.h"
#include "ServerLog.h"
#include "Service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    7777
#define DEFAULT_MAX     100

#define LIMIT_BYTES (256 * 1024) /* that may wait for a member that does not read */
#define ENTER_MS    10000        /* a guest has so long to enter */
#define LEAVE_MS    5000         /* a client whose time is over has so long to leave */
#define PING_MS     10000        /* between two pings */
#define SILENT_MS   25000        /* a member of which nothing comes for so long has vanished */
#define PATROL_MS   1000         /* between two looks at all that */

#define CAUSE_REFUSED CAUSE_PROGRAM
#define CAUSE_SILENT  ((DisconnectCause)(CAUSE_PROGRAM + 1))

typedef enum Standing {
    OUTSIDE, /* not in the room's list: not yet, or not any more */
    GUEST,   /* connected; has not entered */
    MEMBER,  /* has entered: is told of everything */
    REFUSED  /* was told why; nothing that it sends counts any more */
} Standing;

typedef struct ChatSession ChatSession;
struct ChatSession {
    PacketSession packetSession;

    Standing standing; /* this and all that follows: under the room's lock */
    ULONGLONG
    sinceMs; /* GetTickCount64: when its standing changed; a member: last seen connected */
    ULONGLONG heardMs; /* when its last packet came */
    char name[CHAT_NAME_MAX];
    int nameLength;
    ChatSession *previous;
    ChatSession *next;
};

/* All clients in the order in which they came, a reference each. */
static struct Room {
    SRWLOCK lock;
    ChatSession *first;
    ChatSession *last;
    bool isClosed; /* the server stops: nobody is told that the others leave */
    ULONGLONG lastPingMs;
} room = {.lock = SRWLOCK_INIT};

static bool isQuiet;
static HANDLE wakeEvent; /* signalled for Ctrl+C */

/* --- One client ------------------------------------------------------------------------------ */

static ChatSession *ChatSession_From(Session *session)
{
    return CONTAINING_RECORD(session, ChatSession, packetSession.session);
}

static ChatText ChatSession_GetName(const ChatSession *chat)
{
    ChatText name = {chat->name, chat->nameLength};

    return name;
}

/*
 * Queues the packet. Whether that worked is of no interest here: where it did not, the client is
 * not connected any more, or has just been disconnected because it does not read, and
 * OnDisconnected comes. Under the lock.
 */
static void ChatSession_Send(ChatSession *chat, SendBuffer *packet)
{
    Session_Send(&chat->packetSession.session, packet);
}

static void ChatSession_SetStanding(ChatSession *chat, Standing standing)
{
    chat->standing = standing;
    chat->sinceMs = GetTickCount64();
}

/*
 * A line of the log: what happened, the client's address, and a name or a reason. Under the lock,
 * so that the log has the order that the members see.
 */
static void ChatSession_Print(const ChatSession *chat, const char *event, ChatText note)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    if (isQuiet)
        return;
    NetAddress_ToText(Session_GetAddress(&chat->packetSession.session), text, sizeof(text));
    printf("Client %s! %s (%.*s)\n", event, text, note.length, note.bytes);
    fflush(stdout);
}

/* --- The room; all under its lock ------------------------------------------------------------ */

static void Room_Add(ChatSession *chat)
{
    chat->previous = room.last;
    chat->next = NULL;
    if (room.last != NULL)
        room.last->next = chat;
    else
        room.first = chat;
    room.last = chat;
}

static void Room_Remove(ChatSession *chat)
{
    if (chat->previous != NULL)
        chat->previous->next = chat->next;
    else
        room.first = chat->next;
    if (chat->next != NULL)
        chat->next->previous = chat->previous;
    else
        room.last = chat->previous;
}

static ChatSession *Room_Find(ChatText name)
{
    for (ChatSession *chat = room.first; chat != NULL; chat = chat->next) {
        if (chat->standing == MEMBER && ChatText_IsSame(ChatSession_GetName(chat), name))
            return chat;
    }
    return NULL;
}

/* Sends a packet to all members, or to all but one, and gives it back. No packet: no memory. */
static void Room_Tell(SendBuffer *packet, const ChatSession *except)
{
    if (packet == NULL)
        return;
    for (ChatSession *chat = room.first; chat != NULL; chat = chat->next) {
        if (chat->standing == MEMBER && chat != except)
            ChatSession_Send(chat, packet);
    }
    SendBuffer_Release(packet);
}

/* The packet that tells a new member who is there, itself first. NULL: no memory. */
static SendBuffer *Room_MakeWelcome(ChatText newName)
{
    char body[CHAT_NOTICE_MAX - PACKET_HEADER_SIZE];
    int length = ChatPacket_WriteName(body, newName);

    for (ChatSession *chat = room.first; chat != NULL; chat = chat->next) {
        if (chat->standing == MEMBER)
            length += ChatPacket_WriteName(body + length, ChatSession_GetName(chat));
    }
    return Packet_Make(CHAT_WELCOME, body, length);
}

/* A guest says its name. Returns NULL, or why it cannot enter. */
static const char *Room_Enter(ChatSession *chat, ChatText name)
{
    SendBuffer *welcome;

    if (chat->standing == MEMBER)
        return "entered twice";
    if (name.length < 1 || name.length > CHAT_NAME_MAX)
        return "a name has 1 to 20 bytes";
    if (!ChatText_IsClean(name))
        return "a name is UTF-8 without control characters";
    if (Room_Find(name) != NULL)
        return "this name is taken";
    welcome = Room_MakeWelcome(name);
    if (welcome == NULL)
        return "the server has no memory left";

    memcpy(chat->name, name.bytes, (size_t)name.length);
    chat->nameLength = name.length;
    ChatSession_SetStanding(chat, MEMBER);
    ChatSession_Print(chat, "Entered", name);
    ChatSession_Send(chat, welcome);
    SendBuffer_Release(welcome);
    Room_Tell(ChatPacket_Make(CHAT_JOINED, name), chat);
    return NULL;
}

/* A client says something. Returns NULL, or why it may not. */
static const char *Room_Say(ChatSession *chat, ChatText text)
{
    SendBuffer *said;

    if (chat->standing != MEMBER)
        return "said something before it entered";
    if (text.length < 1 || text.length > CHAT_TEXT_MAX)
        return "a text has 1 to 1000 bytes";
    if (!ChatText_IsClean(text))
        return "a text is UTF-8 without control characters";
    said = ChatPacket_MakeNamed(CHAT_SAID, ChatSession_GetName(chat), text);
    if (said == NULL)
        return "the server has no memory left";
    Room_Tell(said, NULL);
    return NULL;
}

/* The client is a member no more, if it was one, and the others are told why. */
static void Room_Leave(ChatSession *chat, Standing standing, const char *reason)
{
    bool wasMember = chat->standing == MEMBER;

    ChatSession_SetStanding(chat, standing);
    if (wasMember && !room.isClosed)
        Room_Tell(
            ChatPacket_MakeNamed(CHAT_LEFT, ChatSession_GetName(chat), ChatText_FromString(reason)),
            NULL);
}

/* Tells the client why it cannot stay, and ends the connection so that this still arrives. */
static void Room_Refuse(ChatSession *chat, const char *reason)
{
    SendBuffer *refused = ChatPacket_Make(CHAT_REFUSED, ChatText_FromString(reason));

    ChatSession_Print(chat, "Refused", ChatText_FromString(reason));
    if (refused != NULL) {
        ChatSession_Send(chat, refused);
        SendBuffer_Release(refused);
    }
    Session_Close(&chat->packetSession.session, CAUSE_REFUSED);
    Room_Leave(chat, REFUSED, reason);
}

/*
 * Looks after what no packet reminds of. Guests have to enter; refused clients, and members that
 * have closed their side, have to take what is queued for them and go. Nobody says that a machine has
 * lost its power, and the system may go on for minutes to send to it: so members have to answer pings.
 */
static void Room_Patrol(void)
{
    ULONGLONG nowMs = GetTickCount64();

    for (ChatSession *chat = room.first; chat != NULL; chat = chat->next) {
        Session *session = &chat->packetSession.session;

        if (chat->standing == MEMBER && nowMs - chat->heardMs >= SILENT_MS)
            Session_Disconnect(session, CAUSE_SILENT);
        else if (chat->standing == MEMBER && Session_IsConnected(session))
            chat->sinceMs = nowMs;
        else if (chat->standing == GUEST && nowMs - chat->sinceMs >= ENTER_MS)
            Room_Refuse(chat, "did not enter within 10 seconds");
        else if (chat->standing != GUEST && nowMs - chat->sinceMs >= LEAVE_MS)
            Session_Disconnect(session, CAUSE_REFUSED); /* the first cause counts, if it has one */
    }
    if (nowMs - room.lastPingMs >= PING_MS) {
        Room_Tell(ChatPacket_Make(CHAT_PING, ChatText_FromString("")), NULL);
        room.lastPingMs = nowMs;
    }
}

/* --- What the library calls, on its workers -------------------------------------------------- */

static void OnConnected(Session *session)
{
    ChatSession *chat = ChatSession_From(session);

    ServerLog_Connected(Session_GetAddress(session));
    Session_AddRef(session);
    AcquireSRWLockExclusive(&room.lock);
    Room_Add(chat);
    ChatSession_SetStanding(chat, GUEST);
    ReleaseSRWLockExclusive(&room.lock);
}

static void OnRecvPacket(Session *session, uint16_t id, const char *body, int length)
{
    ChatSession *chat = ChatSession_From(session);
    ChatText text = {body, length};
    const char *fault = NULL;

    AcquireSRWLockExclusive(&room.lock);
    chat->heardMs = GetTickCount64();
    if (chat->standing != REFUSED) {
        if (id == CHAT_ENTER)
            fault = Room_Enter(chat, text);
        else if (id == CHAT_SAY)
            fault = Room_Say(chat, text);
        else if (id == CHAT_PONG)
            fault = chat->standing == MEMBER ? NULL : "answered before it entered";
        else
            fault = "a packet that is unknown";
    }
    if (fault != NULL)
        Room_Refuse(chat, fault);
    ReleaseSRWLockExclusive(&room.lock);
}

static void OnDisconnected(Session *session, DisconnectCause cause)
{
    ChatSession *chat = ChatSession_From(session);
    const char *reason = DisconnectCause_GetText(cause);
    bool wasInside;

    if (cause == CAUSE_REFUSED)
        reason = "refused";
    else if (cause == CAUSE_SILENT)
        reason = "did not answer for 25 seconds";
    AcquireSRWLockExclusive(&room.lock);
    wasInside = chat->standing != OUTSIDE;
    if (wasInside) {
        ChatSession_Print(chat, "Disconnected", ChatText_FromString(reason));
        Room_Remove(chat);
        Room_Leave(chat, OUTSIDE, reason);
    }
    ReleaseSRWLockExclusive(&room.lock);
    if (wasInside)
        Session_Release(session);
}

static void OnRefused(Service *service, const NetAddress *address, const char *reason)
{
    (void)service;
    ServerLog_Refused(address, reason);
}

static void OnError(Service *service, const char *call, DWORD error, const char *text)
{
    (void)service;
    (void)call;
    (void)error;
    fprintf(stderr, "%s\n", text);
}

static Session *CreateSession(Service *service, int family)
{
    static const PacketSessionVtbl vtbl = {
        .session = {.OnConnected = OnConnected,
                    .OnRecv = PacketSession_OnRecv,
                    .OnDisconnected = OnDisconnected},
        .OnRecvPacket = OnRecvPacket,
    };

    return PacketSession_New(service, &vtbl, sizeof(ChatSession), family, CHAT_REQUEST_MAX);
}

/* --- The command line ------------------------------------------------------------------------ */

typedef struct ChatOptions {
    NetAddress address;
    long max;
    bool quiet;
} ChatOptions;

static const char usage[] =
    "Usage: ChatServer.exe [--address A] [--port N] [--quiet] [--max N] [--help]\n"
    "  --address A  listen on this IPv4 or IPv6 address of this machine (default " DEFAULT_ADDRESS
    ")\n"
    "  --port N     listen on this port, 0 to 65535; 0: the system chooses one (default 7777)\n"
    "  --quiet      do not print a line for each event\n"
    "  --max N      at most N clients at a time, 1 to 1000 (default 100)\n"
    "  --help       print this and exit\n"
    "Ctrl+C stops the server.\n";

/* Returns OPTIONS_RUN or the exit code of a program that is done. */
static int ParseOptions(ChatOptions *options, int argc, char *argv[])
{
    const char *address = DEFAULT_ADDRESS;
    long port = DEFAULT_PORT;
    const Option list[] = {
        {.name = "--address", .text = &address},
        {.name = "--port",
         .number = &port,
         .least = 0,
         .most = 65535,
         .refusal = "Port '%' is not a number from 0 to 65535."},
        {.name = "--quiet", .flag = &options->quiet},
        {.name = "--max",
         .number = &options->max,
         .least = 1,
         .most = CHAT_MEMBER_MAX,
         .refusal = "Number '%' of clients is not from 1 to 1000."},
        {.name = NULL},
    };
    int exitCode;

    options->max = DEFAULT_MAX;
    options->quiet = false;
    exitCode = Options_Parse(list, usage, NULL, argc, argv);
    if (exitCode == OPTIONS_RUN && !NetAddress_FromText(&options->address, address, (uint16_t)port))
        return Options_Reject(usage, "Address '", address, "' is not an IPv4 or IPv6 address.");
    return exitCode;
}

/* --- The server ------------------------------------------------------------------------------ */

/* For Ctrl+C, on another thread. */
static void WakeServer(void)
{
    SetEvent(wakeEvent);
}

/* Opens what the server needs. False: it failed and has printed why. */
static bool OpenServer(Service *service, const ChatOptions *options)
{
    ServiceSettings settings = Service_GetDefaults();

    settings.type = SERVICE_SERVER;
    settings.address = options->address;
    settings.createSession = CreateSession;
    settings.maxSessionCount = (int)options->max;
    settings.session.limitBytes = LIMIT_BYTES;
    settings.OnRefused = OnRefused;
    settings.OnError = OnError;
    room.lastPingMs = GetTickCount64();
    wakeEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (wakeEvent == NULL) {
        ErrorText_Print("CreateEvent", GetLastError());
        return false;
    }
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    if (Service_Start(service, &settings))
        return true;
    fprintf(stderr, "%s\n", Service_GetError(service));
    return false;
}

static void RunServer(const Service *service)
{
    ServerLog_Listening(&service->settings.address);
    while (!CtrlC_IsPressed()) {
        WaitForSingleObject(wakeEvent, PATROL_MS);
        AcquireSRWLockExclusive(&room.lock);
        Room_Patrol();
        ReleaseSRWLockExclusive(&room.lock);
    }
}

static void StopServer(Service *service)
{
    AcquireSRWLockExclusive(&room.lock);
    room.isClosed = true;
    ReleaseSRWLockExclusive(&room.lock);
    Service_Stop(service);
    if (isQuiet)
        return;
    printf(
        "Sessions: %" PRId64 " served, %" PRId64 " refused. Received %" PRId64 " packets: %" PRId64
        " bytes in %" PRId64 " calls, sent %" PRId64 " bytes in %" PRId64 " calls.\n",
        Service_GetCounter(service, COUNTER_SESSIONS), Service_GetCounter(service, COUNTER_REFUSED),
        Service_GetCounter(service, COUNTER_PACKETS),
        Service_GetCounter(service, COUNTER_RECV_BYTES),
        Service_GetCounter(service, COUNTER_RECV_CALLS),
        Service_GetCounter(service, COUNTER_SEND_BYTES),
        Service_GetCounter(service, COUNTER_SEND_CALLS));
    fflush(stdout);
}

int main(int argc, char *argv[])
{
    static Service service;
    ChatOptions options;
    UINT codePage = GetConsoleOutputCP();
    int exitCode = ParseOptions(&options, argc, argv);

    if (exitCode != OPTIONS_RUN)
        return exitCode;
    isQuiet = options.quiet;
    ServerLog_Init(options.quiet, false);
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }

    /* Names may be in any script. The buffer makes each line reach the console at once: a character
       has several bytes, and must not come in parts. */
    SetConsoleOutputCP(CP_UTF8);
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    exitCode = OpenServer(&service, &options) ? 0 : 1;
    if (exitCode == 0) {
        RunServer(&service);
        StopServer(&service);
    }
    CtrlC_Remove();
    SetConsoleOutputCP(codePage);
    if (wakeEvent != NULL)
        CloseHandle(wakeEvent);
    SocketUtils_Clear();
    if (exitCode == 0)
        ServerLog_Stopped();
    return exitCode;
}
