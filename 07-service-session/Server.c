/*
 * 07-service-session: an echo server, as a program of the library.
 *
 * Model  A Service owns the sessions, the listener, the port and the workers. The program says what
 *        happens when a session is connected, has received something, and is disconnected.
 * Waits  The workers inside GetQueuedCompletionStatus. The main thread waits for Ctrl+C.
 * Limit  Memory: a session costs its receive buffer and what is queued for it.
 * New    Sessions count their references, so anybody may keep one and send to it. A receive and a
 *        send are outstanding together; sends are queued and gathered. Services for clients,
 *        packets, timeouts, a graceful end.
 *
 * Build  make 07, or the compiler line in README.md.
 * Run    make run-07, and talk to it with make client.
 */
#include "CtrlC.h"
#include "ErrorText.h"
#include "ServerLog.h"
#include "ServerOptions.h"
#include "Service.h"

#include <stdio.h>
#include <string.h>

static HANDLE stopEvent;

static void Echo_OnConnected(Session *session)
{
    ServerLog_Connected(Session_GetAddress(session));
}

static int Echo_OnRecv(Session *session, const char *data, int length)
{
    SendBuffer *buffer = SendBuffer_Copy(data, length);

    ServerLog_Received(length);
    if (buffer == NULL) {
        Session_Disconnect(session, CAUSE_NO_MEMORY);
        return length;
    }
    Session_Send(session, buffer);
    SendBuffer_Release(buffer);
    return length;
}

static void Echo_OnDisconnected(Session *session, DisconnectCause cause)
{
    (void)cause;
    ServerLog_Disconnected(Session_GetAddress(session), Session_GetError(session));
}

static const SessionVtbl echoVtbl = {
    .OnConnected = Echo_OnConnected, .OnRecv = Echo_OnRecv, .OnDisconnected = Echo_OnDisconnected};

static Session *CreateEchoSession(Service *service, int family)
{
    return Session_New(service, &echoVtbl, sizeof(Session), family);
}

static void OnRefused(Service *service, const NetAddress *address, const char *reason)
{
    (void)service;
    ServerLog_Refused(address, reason);
}

/* What a worker fails in by itself concerns nobody in particular; any other call one client. */
static void OnError(Service *service, const char *call, DWORD error, const char *text)
{
    (void)service;
    if (strcmp(call, "GetQueuedCompletionStatus") == 0 || strcmp(call, "_beginthreadex") == 0)
        fprintf(stderr, "%s\n", text);
    else
        ServerLog_AcceptFailed(call, error);
}

static void PrintCounters(Service *service)
{
    printf("Sessions: %lld served, %lld refused. Received %lld bytes in %lld calls, sent %lld "
           "bytes in "
           "%lld calls.\n",
           Service_GetCounter(service, COUNTER_SESSIONS),
           Service_GetCounter(service, COUNTER_REFUSED),
           Service_GetCounter(service, COUNTER_RECV_BYTES),
           Service_GetCounter(service, COUNTER_RECV_CALLS),
           Service_GetCounter(service, COUNTER_SEND_BYTES),
           Service_GetCounter(service, COUNTER_SEND_CALLS));
    fflush(stdout);
}

/* Called on another thread after Ctrl+C: makes the wait return. */
static void WakeServer(void)
{
    SetEvent(stopEvent);
}

/* Serves until Ctrl+C. False: the server cannot start, and a sentence has said why. */
static bool RunServer(const ServerOptions *options)
{
    Service service;
    ServiceSettings settings = Service_GetDefaults();

    settings.address = options->address;
    settings.createSession = CreateEchoSession;
    settings.OnRefused = OnRefused;
    settings.OnError = OnError;
    if (!CtrlC_Install(WakeServer)) {
        ErrorText_Print("SetConsoleCtrlHandler", GetLastError());
        return false;
    }
    if (!Service_Start(&service, &settings)) {
        fprintf(stderr, "%s\n", Service_GetError(&service));
        CtrlC_Remove();
        return false;
    }
    ServerLog_Listening(&service.settings.address);
    WaitForSingleObject(stopEvent, INFINITE);
    CtrlC_Remove();
    Service_Stop(&service);
    if (!options->quiet)
        PrintCounters(&service);
    return true;
}

/* The things that are there once for the whole program. False: a sentence has said why not. */
static bool OpenProgram(void)
{
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return false;
    }
    stopEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (stopEvent == NULL) {
        ErrorText_Print("CreateEvent", GetLastError());
        SocketUtils_Clear();
        return false;
    }
    return true;
}

static void CloseProgram(void)
{
    CloseHandle(stopEvent);
    SocketUtils_Clear();
}

int main(int argc, char *argv[])
{
    ServerOptions options;
    int exitCode = ServerOptions_Parse(&options, argc, argv);

    if (exitCode != SERVER_OPTIONS_RUN)
        return exitCode;
    ServerLog_Init(options.quiet, true);
    if (!OpenProgram())
        return 1;
    exitCode = RunServer(&options) ? 0 : 1;
    CloseProgram();
    if (exitCode == 0)
        ServerLog_Stopped();
    return exitCode;
}
