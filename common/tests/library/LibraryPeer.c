/*
 * LibraryPeer: plain sockets, threads, and what else the library's tests need around them.
 * See Library.h.
 */
#include "Library.h"
#include "TestProgram.h"

#include <fcntl.h>
#include <io.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER_MAX   12000
#define PIECE_SIZE 65536
#define SENDER_MAX 16
#define SERVER_MAX 8
#define PATH_SIZE  (MAX_PATH + 64)
#define ERRORS_MAX 8192

typedef struct Sender {
    SOCKET peer;
    LONG64 size; /* -1: without end */
} Sender;

static SOCKET peers[PEER_MAX];
static int peerCount; /* entries in use; one that was closed is INVALID_SOCKET */
static ThreadManager threads;
static Sender senders[SENDER_MAX];
static int senderCount;
static volatile LONG isOver;
static const char *givenServer; /* --server */
static int givenPort;           /* --port; 0: none */
static ServerProcess *servers[SERVER_MAX];
static int serverCount;

/* --- Numbers and bytes ----------------------------------------------------------------------- */

uint32_t Random_Next(uint32_t *seed, uint32_t limit)
{
    uint32_t x = *seed != 0 ? *seed : 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *seed = x;
    return (uint32_t)((uint64_t)x * limit >> 32);
}

char Pattern_GetByte(LONG64 position)
{
    uint32_t x = ((uint32_t)position + 7919u) * 2654435761u;

    return (char)(unsigned char)(x >> 24);
}

void Pattern_Fill(char *data, int size, LONG64 position)
{
    for (int i = 0; i < size; i++)
        data[i] = Pattern_GetByte(position + i);
}

bool Pattern_IsRight(const char *data, int size, LONG64 position)
{
    for (int i = 0; i < size; i++) {
        if (data[i] != Pattern_GetByte(position + i))
            return false;
    }
    return true;
}

bool WaitForValue(volatile LONG *value, LONG least, DWORD timeoutMs, const char *name)
{
    ULONGLONG deadline = Test_Now() + timeoutMs;

    while (*value < least) {
        if (Test_Now() >= deadline || Fixture_IsOver())
            return Test_Explain("expected that %s comes to %ld, but it is %ld after %lu ms", name,
                                least, *value, timeoutMs);
        Sleep(2);
    }
    return true;
}

/* --- Opening and closing --------------------------------------------------------------------- */

SOCKET Peer_OpenTo(const NetAddress *address, int bufferSize)
{
    SOCKET peer = SocketUtils_CreateSocket(NetAddress_GetFamily(address));
    DWORD timeout = WAIT_MS;

    if (peerCount == PEER_MAX || peer == INVALID_SOCKET) {
        Test_Explain("no socket for peer %d: error %d", peerCount, WSAGetLastError());
        SocketUtils_Close(&peer);
        return INVALID_SOCKET;
    }
    if (bufferSize > 0) {
        SocketUtils_SetRecvBufferSize(peer, bufferSize);
        SocketUtils_SetSendBufferSize(peer, bufferSize);
    }
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, (const char *)&timeout, (int)sizeof(timeout));
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, (const char *)&timeout, (int)sizeof(timeout));
    SocketUtils_SetTcpNoDelay(peer, true);
    if (!SocketUtils_Connect(peer, address)) {
        Test_Explain("a peer cannot connect: error %d", WSAGetLastError());
        SocketUtils_Close(&peer);
        return INVALID_SOCKET;
    }
    peers[peerCount++] = peer;
    return peer;
}

SOCKET Peer_OpenWithBuffers(const Host *host, int bufferSize)
{
    NetAddress address = NetAddress_ToLocal(&host->service.settings.address);

    return Peer_OpenTo(&address, bufferSize);
}

SOCKET Peer_Open(const Host *host)
{
    return Peer_OpenWithBuffers(host, 0);
}

SOCKET Peer_BeginOpen(const NetAddress *address)
{
    SOCKET peer = SocketUtils_CreateSocket(NetAddress_GetFamily(address));

    if (peerCount == PEER_MAX || peer == INVALID_SOCKET ||
        !SocketUtils_SetNonBlocking(peer, true) ||
        (!SocketUtils_Connect(peer, address) && WSAGetLastError() != WSAEWOULDBLOCK)) {
        Test_Explain("no socket for peer %d: error %d", peerCount, WSAGetLastError());
        SocketUtils_Close(&peer);
        return INVALID_SOCKET;
    }
    peers[peerCount++] = peer;
    return peer;
}

bool Peer_EndOpen(SOCKET peer)
{
    struct timeval time = {2 * WAIT_MS / 1000, 0};
    DWORD timeout = WAIT_MS;
    fd_set set;

    FD_ZERO(&set);
    FD_SET(peer, &set);
    if (select(0, NULL, &set, NULL, &time) <= 0)
        return Test_Explain("a peer is not connected after %d ms", 2 * WAIT_MS);
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, (const char *)&timeout, (int)sizeof(timeout));
    return SocketUtils_SetNonBlocking(peer, false);
}

void Peer_Close(SOCKET peer)
{
    for (int i = peerCount - 1; i >= 0; i--) {
        if (peers[i] == peer) {
            SocketUtils_Close(&peers[i]);
            peers[i] = peers[--peerCount];
            return;
        }
    }
}

void Peer_Reset(SOCKET peer)
{
    SocketUtils_SetLinger(peer, true, 0);
    Peer_Close(peer);
}

/* --- Sending and receiving ------------------------------------------------------------------- */

bool Peer_Send(SOCKET peer, const void *data, int size)
{
    const char *bytes = (const char *)data;
    int sent = 0;

    while (sent < size) {
        int count = send(peer, bytes + sent, size - sent, 0);

        if (count <= 0)
            return false;
        sent += count;
    }
    return true;
}

bool Peer_Receive(SOCKET peer, void *data, int size)
{
    char *bytes = (char *)data;
    int received = 0;

    while (received < size) {
        int count = recv(peer, bytes + received, size - received, 0);

        if (count <= 0)
            return false;
        received += count;
    }
    return true;
}

bool Peer_Echo(SOCKET peer, int size)
{
    char sent[PIECE_SIZE];
    char received[PIECE_SIZE];

    if (size > PIECE_SIZE)
        return Test_Explain("PIECE_SIZE is too small");
    Pattern_Fill(sent, size, size);
    if (!Peer_Send(peer, sent, size))
        return Test_Explain("send failed with error %d", WSAGetLastError());
    if (!Peer_Receive(peer, received, size))
        return Test_Explain("expected an echo of %d bytes, but it did not come: error %d", size,
                            WSAGetLastError());
    return memcmp(sent, received, (size_t)size) == 0 || Test_Explain("the echo is wrong");
}

/* Waits for something to read, the end included. */
static bool IsReadable(SOCKET peer, DWORD timeoutMs)
{
    fd_set set;
    struct timeval time;

    FD_ZERO(&set);
    FD_SET(peer, &set);
    time.tv_sec = (long)(timeoutMs / 1000);
    time.tv_usec = (long)(timeoutMs % 1000 * 1000);
    return select(0, &set, NULL, NULL, &time) > 0;
}

bool Peer_IsQuiet(SOCKET peer)
{
    char byte;
    int count;

    if (!IsReadable(peer, QUIET_MS))
        return true;
    count = recv(peer, &byte, 1, MSG_PEEK);
    return Test_Explain("expected nothing, but recv returned %d, error %d", count,
                        WSAGetLastError());
}

bool Peer_ReceivePattern(SOCKET peer, LONG64 position, LONG64 size)
{
    char bytes[PIECE_SIZE];
    LONG64 received = 0;

    while (received < size) {
        int piece = size - received < PIECE_SIZE ? (int)(size - received) : PIECE_SIZE;
        int count = recv(peer, bytes, piece, 0);

        if (count <= 0)
            return Test_Explain("expected %ld bytes, but after %ld recv returned %d, error %d",
                                (long)size, (long)received, count, WSAGetLastError());
        if (!Pattern_IsRight(bytes, count, position + received))
            return Test_Explain("wrong bytes came after %ld bytes", (long)received);
        received += count;
    }
    return true;
}

bool Peer_WaitForEnd(SOCKET peer, LONG64 *bytes, bool *isClean)
{
    char data[PIECE_SIZE];
    ULONGLONG deadline = Test_Now() + 2 * WAIT_MS;
    LONG64 received = 0;
    int count;

    do {
        count = recv(peer, data, (int)sizeof(data), 0);
        received += count > 0 ? count : 0;
    } while (count > 0 && Test_Now() < deadline && !Fixture_IsOver());
    if (bytes != NULL)
        *bytes = received;
    if (isClean != NULL)
        *isClean = count == 0;
    if (count == 0 || (count < 0 && WSAGetLastError() != WSAETIMEDOUT))
        return true;
    return Test_Explain("the connection does not end; %ld bytes came", (long)received);
}

/* --- Threads --------------------------------------------------------------------------------- */

/* What a thread is to run; the thread frees it. */
typedef struct ThreadTask {
    void (*run)(void *);
    void *argument;
} ThreadTask;

static void RunTask(void *argument)
{
    ThreadTask task = *(ThreadTask *)argument;

    free(argument);
    Host_MarkProgramThread();
    task.run(task.argument);
}

bool Threads_Start(void (*run)(void *), void *argument)
{
    ThreadTask *task = (ThreadTask *)malloc(sizeof(*task));

    if (task == NULL)
        return Test_Explain("no memory for a thread");
    task->run = run;
    task->argument = argument;
    if (ThreadManager_Launch(&threads, RunTask, task))
        return true;
    free(task);
    return Test_Explain("no thread: error %lu", GetLastError());
}

void Threads_Join(void)
{
    ThreadManager_Join(&threads);
    senderCount = 0;
}

static void RunSender(void *argument)
{
    const Sender *sender = (const Sender *)argument;
    char bytes[PIECE_SIZE / 4];
    LONG64 sent = 0;

    while (sender->size < 0 || sent < sender->size) {
        LONG64 left = sender->size - sent;
        int piece =
            sender->size < 0 || left > (LONG64)sizeof(bytes) ? (int)sizeof(bytes) : (int)left;

        Pattern_Fill(bytes, piece, sent);
        if (!Peer_Send(sender->peer, bytes, piece) || Fixture_IsOver())
            return;
        sent += piece;
    }
}

bool Peer_StartSending(SOCKET peer, LONG64 size)
{
    Sender *sender = &senders[senderCount];

    if (senderCount == SENDER_MAX)
        return Test_Explain("SENDER_MAX is too small");
    senderCount++;
    sender->peer = peer;
    sender->size = size;
    return Threads_Start(RunSender, sender);
}

bool Fixture_IsOver(void)
{
    return isOver != 0;
}

/* --- This process ---------------------------------------------------------------------------- */

int Process_GetHandleCount(void)
{
    return ServerProcess_CountHandles(GetCurrentProcess());
}

int Process_GetMemoryKib(void)
{
    PROCESS_MEMORY_COUNTERS counters;

    counters.cb = sizeof(counters);
    if (!K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters)))
        return -1;
    return (int)(counters.PagefileUsage / 1024);
}

bool Process_IsInstrumented(void)
{
    char word[2];

    return GetEnvironmentVariableA("INSTRUMENT", word, sizeof(word)) > 0;
}

static int errorPipe[2] = {-1, -1};
static int savedErrors = -1;

bool Errors_BeginCapture(void)
{
    fflush(stderr);
    savedErrors = _dup(2);
    if (savedErrors < 0 || _pipe(errorPipe, ERRORS_MAX, _O_BINARY | _O_NOINHERIT) != 0)
        return Test_Explain("no pipe for stderr");
    return _dup2(errorPipe[1], 2) == 0 || Test_Explain("stderr cannot be a pipe");
}

char *Errors_EndCapture(void)
{
    char *text = (char *)calloc(1, ERRORS_MAX + 1);
    int size = 0, count;

    fflush(stderr);
    _dup2(savedErrors, 2);
    _close(savedErrors);
    _close(errorPipe[1]);
    do {
        count = text != NULL && size < ERRORS_MAX
                    ? _read(errorPipe[0], text + size, (unsigned)(ERRORS_MAX - size))
                    : 0;
        size += count > 0 ? count : 0;
    } while (count > 0);
    _close(errorPipe[0]);
    return text;
}

/* --- Servers --------------------------------------------------------------------------------- */

/* True: the path leads to the stage's server. */
static bool IsOfStage(const char *path, int stage)
{
    char folder[8];

    snprintf(folder, sizeof(folder), "0%d-", stage);
    return strstr(path, folder) != NULL;
}

const char *Server_GetPath(int stage)
{
    static char path[PATH_SIZE];
    char *end;

    if (givenServer != NULL)
        return IsOfStage(givenServer, stage) ? givenServer : NULL;

    /* build/tests/library.exe stands beside build/06-iocp-core/server.exe. */
    if (GetModuleFileNameA(NULL, path, MAX_PATH) == 0)
        return NULL;
    for (int up = 0; up < 2; up++) {
        end = strrchr(path, '\\');
        if (end == NULL)
            return NULL;
        *end = '\0';
    }
    end = path + strlen(path);
    snprintf(end, (size_t)(path + PATH_SIZE - end), "\\%s\\server.exe",
             stage == 6 ? "06-iocp-core" : "07-service-session");
    return path;
}

int Server_GetGivenPort(void)
{
    return givenPort;
}

ServerProcess *Server_Start(const char *path, NetAddress *address)
{
    const char *arguments[] = {"--port", "0", "--quiet", NULL};
    ServerProcess *server = ServerProcess_Start(path, arguments, NULL, NULL);

    if (server == NULL || serverCount == SERVER_MAX) {
        Test_Explain("%s does not start: error %lu", path, GetLastError());
        ServerProcess_Close(server);
        return NULL;
    }
    servers[serverCount++] = server;
    if (ServerProcess_WaitForListening(server, address, 2 * WAIT_MS))
        return server;
    Test_Explain("%s does not listen", path);
    return NULL;
}

void Server_Stop(ServerProcess *server)
{
    DWORD exitCode = 1;

    CHECK(TestProgram_PressCtrlC(server));
    CHECK(ServerProcess_WaitForExit(server, WAIT_MS, &exitCode));
    CHECK_INT(exitCode, 0);
}

/* --- Around each test ------------------------------------------------------------------------ */

void Fixture_Init(const char *serverPath, int serverPort)
{
    givenServer = serverPath;
    givenPort = serverPort;
    ThreadManager_Init(&threads);
}

void Fixture_Begin(void)
{
    InterlockedExchange(&isOver, 0);
}

void Fixture_End(bool failed)
{
    (void)failed;

    /* With a reset: many connections in TIME_WAIT would use up the ports of this machine. */
    for (int i = 0; i < peerCount; i++) {
        SocketUtils_SetLinger(peers[i], true, 0);
        SocketUtils_Close(&peers[i]);
    }
    peerCount = 0;
    Hosts_CloseAll();
    Threads_Join();
    for (int i = 0; i < serverCount; i++)
        ServerProcess_Close(servers[i]);
    serverCount = 0;
}

void Fixture_OverTime(void)
{
    InterlockedExchange(&isOver, 1);
}
