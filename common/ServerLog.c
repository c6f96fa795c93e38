/*
 * ServerLog: see ServerLog.h.
 */
#include "ServerLog.h"
#include "ErrorText.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 1024

static bool isQuiet;
static bool isThreadShown;

void ServerLog_Init(bool quiet, bool showThread)
{
    isQuiet = quiet;
    isThreadShown = showThread;
}

/* One call of printf for one line: the C runtime locks the stream for one call. */
static void PrintEvent(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    if (isQuiet)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (isThreadShown)
        printf("[thread %lu] %s\n", GetCurrentThreadId(), line);
    else
        printf("%s\n", line);
    fflush(stdout);
}

void ServerLog_Listening(const NetAddress *address)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    printf("Listening on %s\n", NetAddress_ToText(address, text, sizeof(text)));
    fflush(stdout);
}

void ServerLog_Stopped(void)
{
    printf("Server stopped.\n");
    fflush(stdout);
}

void ServerLog_CannotListen(const NetAddress *address, const char *call, DWORD error)
{
    char text[LINE_SIZE];

    fprintf(stderr, "%s\n", ErrorText_FormatListen(text, sizeof(text), address, call, error));
    fflush(stderr);
}

void ServerLog_Connected(const NetAddress *address)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    PrintEvent("Client Connected! %s", NetAddress_ToText(address, text, sizeof(text)));
}

void ServerLog_Received(int bytes)
{
    PrintEvent("Recv Data Len = %d", bytes);
}

void ServerLog_Disconnected(const NetAddress *address, DWORD error)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    NetAddress_ToText(address, text, sizeof(text));
    if (error == 0)
        PrintEvent("Client Disconnected! %s", text);
    else
        PrintEvent("Client Disconnected! %s (error %lu)", text, error);
}

void ServerLog_Refused(const NetAddress *address, const char *reason)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    PrintEvent("Client Refused! %s (%s)", NetAddress_ToText(address, text, sizeof(text)), reason);
}

void ServerLog_AcceptFailed(const char *call, DWORD error)
{
    char reason[ERROR_TEXT_SIZE];

    PrintEvent("Client Refused! %s", ErrorText_Format(reason, sizeof(reason), call, error));
}
