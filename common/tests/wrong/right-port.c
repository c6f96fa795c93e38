/*
 * Two workers at a port, and an end in the right order: cancel, wait for what is outstanding, a
 * packet for each worker, join, close the port.
 *
 * Expect: nothing
 */
#include "Loopback.h"

#include "ThreadManager.h"

typedef struct Session {
    WSAOVERLAPPED overlapped;
    char received[16];
} Session;

static volatile LONG outstanding;

/* True: a completion will come. */
static bool BeginReceive(Session *session)
{
    WSABUF buffer = {sizeof(session->received), session->received};
    DWORD flags = 0;

    memset(&session->overlapped, 0, sizeof(session->overlapped));
    return WSARecv(server, &buffer, 1, NULL, &flags, &session->overlapped, NULL) == 0 ||
           WSAGetLastError() == WSA_IO_PENDING;
}

static void Work(void *unused)
{
    (void)unused;
    for (;;) {
        OVERLAPPED *overlapped = NULL;
        ULONG_PTR key = 0;
        DWORD bytes = 0;
        BOOL isDone = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);

        if (overlapped == NULL)
            return;
        if (!isDone || bytes == 0 ||
            !BeginReceive(CONTAINING_RECORD(overlapped, Session, overlapped)))
            InterlockedDecrement(&outstanding);
    }
}

int main(void)
{
    Session *session = (Session *)calloc(1, sizeof(*session));
    ThreadManager workers;

    Require(session != NULL, "calloc");
    ThreadManager_Init(&workers);
    OpenPairWithPort();
    Require(ThreadManager_Launch(&workers, Work, NULL) &&
                ThreadManager_Launch(&workers, Work, NULL),
            "starting threads");
    InterlockedIncrement(&outstanding);
    Require(BeginReceive(session), "WSARecv");
    for (int i = 0; i < 10; i++) {
        send(client, "hello", 5, 0);
        Sleep(10);
    }
    while (InterlockedCompareExchange(&outstanding, 0, 0) != 0) {
        CancelIoEx((HANDLE)server, NULL);
        Sleep(10);
    }
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    ThreadManager_Join(&workers);
    free(session);
    return Close();
}
