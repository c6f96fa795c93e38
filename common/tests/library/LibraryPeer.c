/*
 * LibraryPeer: plain sockets, threads, and what else the library's tests need around them.
 * See Library.h.
 */
#include "Library.h"

#define PIECE_SIZE 16384
#define PATH_SIZE  (MAX_PATH + 64)

typedef struct Sender {
    SOCKET peer;
    LONG64 size;
} Sender;

HANDLE gate;
static ThreadManager threads;

/* --- Opening and sending --------------------------------------------------------------------- */

static SOCKET OpenWithBuffers(const Host *host, int bufferSize)
{
    NetAddress address = NetAddress_ToLocal(&host->service.settings.address);

    return NEED_SOCKET(Peer_OpenTo(&address, bufferSize));
}

SOCKET Peer_Open(const Host *host)
{
    return OpenWithBuffers(host, 0);
}

Probe *Probe_Open(Host *host, int bufferSize)
{
    int number = host->connected;
    SOCKET peer = OpenWithBuffers(host, bufferSize);
    Probe *probe = Host_WaitForProbe(host, number);

    probe->peer = peer;
    return probe;
}

bool Peer_SendPattern(SOCKET peer, LONG64 position, LONG64 size)
{
    char bytes[PIECE_SIZE];

    for (LONG64 sent = 0; sent < size; sent += PIECE_SIZE) {
        int piece = (int)min(size - sent, PIECE_SIZE);

        Pattern_Fill(bytes, piece, position + sent);
        if (!Peer_Send(peer, bytes, piece) || Test_IsOver())
            return false;
    }
    return true;
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

void Threads_Start(void (*run)(void *), void *argument)
{
    ThreadTask *task = NEED(malloc(sizeof(*task)));

    task->run = run;
    task->argument = argument;
    NEED_TRUE(ThreadManager_Launch(&threads, RunTask, task));
}

void Threads_Join(void)
{
    ThreadManager_Join(&threads);
}

static void RunSender(void *argument)
{
    Sender sender = *(Sender *)argument;

    free(argument);
    Peer_SendPattern(sender.peer, 0, sender.size);
}

void Peer_StartSending(SOCKET peer, LONG64 size)
{
    Sender *sender = NEED(malloc(sizeof(*sender)));

    sender->peer = peer;
    sender->size = size;
    Threads_Start(RunSender, sender);
}

/* --- Servers --------------------------------------------------------------------------------- */

/* build/tests/library.exe stands beside build/06-iocp-core/server.exe. */
ServerProcess *Server_Start(int stage, NetAddress *address)
{
    char own[MAX_PATH], path[PATH_SIZE];

    GetModuleFileNameA(NULL, own, sizeof(own));
    snprintf(path, sizeof(path), "%s\\..\\..\\%s\\server.exe", own,
             stage == 6 ? "06-iocp-core" : "07-service-session");
    return TestProgram_StartServer(path, ARGUMENTS("--port", "0", "--quiet"), address);
}

/* --- Around each test ------------------------------------------------------------------------ */

void Fixture_End(void)
{
    SetEvent(gate);
    Hosts_CloseAll();
    Peers_CloseAll();
    Threads_Join();
    ResetEvent(gate);
}
