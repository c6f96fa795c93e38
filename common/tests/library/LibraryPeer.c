/*
 * LibraryPeer: plain sockets, threads, and what else the library's tests need around them.
 * See Library.h.
 */
#include "Library.h"

#include <psapi.h>

#define PIECE_SIZE 65536
#define SENDER_MAX 16
#define PATH_SIZE  (MAX_PATH + 64)

typedef struct Sender {
    SOCKET peer;
    LONG64 size; /* -1: without end */
} Sender;

static ThreadManager threads;
static Sender senders[SENDER_MAX];
static int senderCount;

/* --- Opening and closing --------------------------------------------------------------------- */

SOCKET Peer_OpenWithBuffers(const Host *host, int bufferSize)
{
    NetAddress address = NetAddress_ToLocal(&host->service.settings.address);

    return NEED_SOCKET(Peer_OpenTo(&address, bufferSize));
}

SOCKET Peer_Open(const Host *host)
{
    return Peer_OpenWithBuffers(host, 0);
}

SOCKET Peer_BeginOpen(const NetAddress *address)
{
    SOCKET peer = Peer_Create(NetAddress_GetFamily(address));

    if (!SocketUtils_SetNonBlocking(peer, true) ||
        (!SocketUtils_Connect(peer, address) && WSAGetLastError() != WSAEWOULDBLOCK)) {
        Test_Explain("connect failed with error %d", WSAGetLastError());
        Peer_Close(&peer);
    }
    return peer;
}

bool Peer_EndOpen(SOCKET peer)
{
    if (!Peer_IsWritable(peer, 2 * WAIT_MS))
        return Test_Explain("a peer is not connected after %d ms", 2 * WAIT_MS);
    return SocketUtils_SetNonBlocking(peer, false);
}

int Packet_Append(char *stream, int size, int id)
{
    stream[0] = (char)(size & 0xff);
    stream[1] = (char)(size >> 8);
    stream[2] = (char)(id & 0xff);
    stream[3] = (char)(id >> 8 & 0xff);
    if (size <= PACKET_HEADER_SIZE)
        return PACKET_HEADER_SIZE;
    Pattern_Fill(stream + PACKET_HEADER_SIZE, size - PACKET_HEADER_SIZE, id);
    return size;
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
        if (!Peer_Send(sender->peer, bytes, piece) || Test_IsOver())
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

/* --- Servers --------------------------------------------------------------------------------- */

/* build/tests/library.exe stands beside build/06-iocp-core/server.exe. */
static void FindServer(int stage, char *path, int size)
{
    char *end = path;

    GetModuleFileNameA(NULL, path, (DWORD)size);
    for (int up = 0; up < 2 && end != NULL; up++) {
        end = strrchr(path, '\\');
        if (end != NULL)
            *end = '\0';
    }
    end = path + strlen(path);
    snprintf(end, (size_t)(path + size - end), "\\%s\\server.exe",
             stage == 6 ? "06-iocp-core" : "07-service-session");
}

ServerProcess *Server_Start(int stage, NetAddress *address)
{
    char path[PATH_SIZE];

    FindServer(stage, path, (int)sizeof(path));
    return TestProgram_StartServer(path, ARGUMENTS("--port", "0", "--quiet"), address);
}

/* --- Around each test ------------------------------------------------------------------------ */

void Fixture_Init(void)
{
    ThreadManager_Init(&threads);
}

void Fixture_End(void)
{
    Hosts_CloseAll();
    Peers_CloseAll();
    Threads_Join();
}
