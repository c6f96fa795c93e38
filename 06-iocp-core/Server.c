/*
 * 06-iocp-core: an echo server of objects on an I/O completion port.
 *
 * Model  IocpCore is the port. Listener and Session are objects that are registered with it; each
 *        handles its own completions. The listener accepts with AcceptEx, several at a time.
 * Waits  The workers inside IocpCore_Dispatch. The main thread waits for Ctrl+C.
 * Limit  A session has one operation outstanding. The worker that handles it has the session to
 *        itself: nobody else may send to that client. There is no client side.
 * New    The parts of 05 in files of their own. Accepting also goes through the port. Dispatch
 *        passes the error of an operation to the object that started it.
 *
 * Build  make 06, or the compiler line in README.md.
 * Run    make run-06, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "Listener.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "ThreadManager.h"

#define MIN_WORKERS    2
#define ERROR_PAUSE_MS 50 /* after a call that failed for lack of resources: don't spin */

static struct Server {
    IocpCore core;
    Listener listener;
    SessionList sessions;
    ThreadManager workers;
    HANDLE wakeEvent; /* signalled after Ctrl+C, and when the listener has a postponed accept */
} server;

static void WorkerThreadMain(void *argument)
{
    (void)argument;
    for (;;) {
        DispatchResult result = IocpCore_Dispatch(&server.core, INFINITE);

        if (result == DISPATCH_QUIT)
            return;
        if (result == DISPATCH_FAILED) {
            ErrorText_Print("GetQueuedCompletionStatus", GetLastError());
            Sleep(ERROR_PAUSE_MS);
        }
    }
}

/* Starts a worker for each processor. False: there is none, and it has printed why. */
static bool LaunchWorkers(void)
{
    int count = ThreadManager_GetProcessorCount();

    if (count < MIN_WORKERS)
        count = MIN_WORKERS;
    for (int i = 0; i < count; i++) {
        if (!ThreadManager_Launch(&server.workers, WorkerThreadMain, NULL)) {
            ErrorText_Print("_beginthreadex", GetLastError());
            break;
        }
    }
    return server.workers.count > 0;
}

/* Stops the workers: each takes one quit packet and ends. */
static void StopWorkers(void)
{
    for (int i = 0; i < server.workers.count; i++) {
        while (!IocpCore_PostQuit(&server.core))
            Sleep(ERROR_PAUSE_MS);
    }
    ThreadManager_Join(&server.workers);
}

/* Waits for Ctrl+C, and has the listener retry the accepts that it has postponed. */
static void RunServer(void)
{
    while (!CtrlC_IsPressed()) {
        WaitForSingleObject(server.wakeEvent, INFINITE);
        if (CtrlC_IsPressed())
            break;

        /* The resources that were missing may be free once a client has left. If they are not, the
           accept is postponed again, and the event is signalled again. */
        Sleep(ERROR_PAUSE_MS);
        Listener_RetryAccepts(&server.listener);
    }
}

/* Called on another thread after Ctrl+C: makes the wait return. */
static void WakeServer(void)
{
    SetEvent(server.wakeEvent);
}

/* Opens what the server needs. False: it failed and has printed why. */
static bool OpenServer(NetAddress *address)
{
    SessionList_Init(&server.sessions);
    Listener_Init(&server.listener);
    server.wakeEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (server.wakeEvent == NULL) {
        ErrorText_Print("CreateEvent", GetLastError());
        return false;
    }
    if (!IocpCore_Create(&server.core)) {
        ErrorText_Print("CreateIoCompletionPort", GetLastError());
        return false;
    }
    if (!LaunchWorkers())
        return false;
    if (!Listener_StartAccept(&server.listener, address, &server.core, &server.sessions,
                              server.wakeEvent))
        return false;
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    ServerLog_Listening(address);
    return true;
}

/* Undoes OpenServer, even if it failed halfway, and closes the sessions. In this order: no more
   clients, no more sessions, no more workers. */
static void CloseServer(void)
{
    CtrlC_Remove();
    Listener_Close(&server.listener);
    SessionList_CloseAll(&server.sessions);
    StopWorkers();
    IocpCore_Close(&server.core);
    if (server.wakeEvent != NULL)
        CloseHandle(server.wakeEvent);
}

int main(int argc, char *argv[])
{
    ServerOptions options;
    int exitCode = ServerOptions_Parse(&options, argc, argv);

    if (exitCode != SERVER_OPTIONS_RUN)
        return exitCode;
    ServerLog_Init(options.quiet, true);
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = 1;
    if (OpenServer(&options.address)) {
        RunServer();
        exitCode = 0;
    }
    CloseServer();
    SocketUtils_Clear();
    if (exitCode == 0)
        ServerLog_Stopped();
    return exitCode;
}
