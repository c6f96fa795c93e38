/*
 * Wrong: runs one of the programs that are wrong on purpose. See Wrong.h.
 *
 *     wrong.exe NAME
 *     wrong.exe --list     a line for each, with tabs: its name, seeds, whether it harms itself, the findings
 */
#include "Wrong.h"

SOCKET client = INVALID_SOCKET, server = INVALID_SOCKET;
SOCKET listener = INVALID_SOCKET, accepted = INVALID_SOCKET;
HANDLE port;

DWORD takenBytes;
ULONG_PTR takenKey;
OVERLAPPED *taken;

static bool isStarted;
static Program *programs;

void Program_Register(Program *program)
{
    program->next = programs;
    programs = program;
}

void Require(bool isTrue, const char *what)
{
    if (isTrue)
        return;
    fprintf(stderr, "%s: error %d\n", what, WSAGetLastError());
    exit(1);
}

void *Need(void *pointer)
{
    Require(pointer != NULL, "allocating");
    return pointer;
}

void StartWinsock(void)
{
    isStarted = SocketUtils_Init();
    Require(isStarted, "WSAStartup");
}

void OpenListener(NetAddress *address)
{
    listener = Peer_Listen(address);
    Require(listener != INVALID_SOCKET, "listening");
}

void OpenPair(void)
{
    StartWinsock();
    Require(Peer_OpenPair(&client, &server, 0), "connecting");
}

void OpenPairWithAcceptEx(void)
{
    char addresses[ACCEPT_BUFFER_SIZE];
    WSAOVERLAPPED accepting = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD bytes, flags;
    NetAddress address;

    StartWinsock();
    OpenListener(&address);
    accepted = SocketUtils_CreateSocket(AF_INET);
    SocketUtils_AcceptEx(listener, accepted, addresses, 0, &accepting);
    client = SocketUtils_CreateSocket(AF_INET);
    Require(SocketUtils_Connect(client, &address), "connecting");
    Require(WSAGetOverlappedResult(listener, &accepting, &bytes, TRUE, &flags), "AcceptEx");
    CloseHandle(accepting.hEvent);
}

void OpenPairWithPort(void)
{
    OpenPair();
    OpenPort();
    Associate(server);
}

void OpenPort(void)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    Require(port != NULL, "CreateIoCompletionPort");
}

void Associate(SOCKET socket)
{
    Require(CreateIoCompletionPort((HANDLE)socket, port, 0, 0) == port, "associating");
}

bool StartReceive(void *data, ULONG size, WSAOVERLAPPED *overlapped)
{
    static DWORD flags; /* outlives the receive */
    WSABUF buffer = {size, (char *)data};

    return WSARecv(server, &buffer, 1, NULL, &flags, overlapped, NULL) == 0 ||
           WSAGetLastError() == WSA_IO_PENDING;
}

void TakeCompletion(void)
{
    taken = NULL;
    GetQueuedCompletionStatus(port, &takenBytes, &takenKey, &taken, WAIT_MS);
    Require(taken != NULL, "GetQueuedCompletionStatus");
}

static unsigned __stdcall RunThread(void *procedure)
{
    ((void (*)(void))(uintptr_t)procedure)();
    return 0;
}

HANDLE StartThread(void (*procedure)(void))
{
    void *argument = (void *)(uintptr_t)procedure;
    uintptr_t thread = _beginthreadex(NULL, 0, RunThread, argument, 0, NULL);

    Require(thread != 0, "_beginthreadex");
    return (HANDLE)thread;
}

void JoinThread(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static void Close(void)
{
    if (port != NULL)
        CloseHandle(port);
    Peer_Close(&client);
    Peer_Close(&server);
    Peer_Close(&listener);
    Peer_Close(&accepted);
    if (isStarted)
        SocketUtils_Clear();
}

int main(int argc, char *argv[])
{
    const char *name = argc == 2 ? argv[1] : "";

    for (const Program *program = programs; program != NULL; program = program->next) {
        if (strcmp(name, "--list") == 0) {
            printf("%s\t%d\t%s\t%s\t%s\n", program->name, program->kinds & RACE ? 20 : 0,
                   program->kinds & HARMS ? "harms" : "-", program->first ? program->first : "",
                   program->second ? program->second : "");
        } else if (strcmp(name, program->name) == 0) {
            program->run();
            Close();
            return 0;
        }
    }
    if (strcmp(name, "--list") == 0)
        return 0;
    fputs("Usage: wrong.exe NAME, or --list\n", stderr);
    return 2;
}
