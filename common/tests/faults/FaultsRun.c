/*
 * FaultsRun: one run of a server in which one call fails. See Faults.h.
 */
#include "Faults.h"
#include "SocketUtils.h"
#include "TestProgram.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_SIZE 100
#define BIG_SIZE   20000

static const char *const guestNames[GUEST_COUNT] = {"neighbour", "first", "next", "spare", "last"};

/* --- The conversation ------------------------------------------------------------------------ */

/* The first failure of a run counts. Returns false. */
static bool Fail(Run *run, const char *format, ...)
{
    va_list arguments;

    if (run->failure[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(run->failure, sizeof(run->failure), format, arguments);
        va_end(arguments);
    }
    return false;
}

static bool HasFailed(const Run *run)
{
    return run->failure[0] != '\0';
}

static bool WaitForRest(Run *run)
{
    return Conversation_WaitForRest(&run->conversation) ||
           Fail(run, "%s", run->conversation.reason);
}

/* What a step of a guest has led to. True: the guest goes on. False: it is lost, or all is over. */
static bool GoesOn(Run *run, GuestName name, ClientResult result)
{
    if (result == CLIENT_DONE)
        return WaitForRest(run);
    if (result != CLIENT_LOST)
        return Fail(run, "Client '%s': %s", guestNames[name], run->conversation.reason);
    run->guests[name].isLost = true;
    Client_Close(&run->guests[name].client);
    WaitForRest(run);
    return false;
}

static ClientResult Echo(Client *client, int size, int seed)
{
    char data[BIG_SIZE];
    ClientResult result;

    Client_FillData(client, data, size, seed);
    result = Client_Send(client, data, size);
    return result == CLIENT_DONE ? Client_Receive(client, data, size) : result;
}

/* The guest comes and echoes a little, if all is well so far. */
static bool Come(Run *run, GuestName name)
{
    Client *client = &run->guests[name].client;

    return !HasFailed(run) && GoesOn(run, name, Client_Connect(client, &run->conversation)) &&
           GoesOn(run, name, Echo(client, SMALL_SIZE, 1));
}

static void Leave(Run *run, GuestName name)
{
    GoesOn(run, name, Client_Leave(&run->guests[name].client));
}

static void Converse(Run *run, bool hasNeighbour)
{
    Guest *guests = run->guests;

    hasNeighbour = hasNeighbour && Come(run, NEIGHBOUR);
    if (Come(run, FIRST) && GoesOn(run, FIRST, Echo(&guests[FIRST].client, SMALL_SIZE, 2)) &&
        GoesOn(run, FIRST, Echo(&guests[FIRST].client, BIG_SIZE, 3)))
        Leave(run, FIRST);
    if (Come(run, NEXT))
        Leave(run, NEXT);
    if (guests[NEXT].isLost && Come(run, SPARE))
        Leave(run, SPARE);
    if (!HasFailed(run) && hasNeighbour &&
        GoesOn(run, NEIGHBOUR, Echo(&guests[NEIGHBOUR].client, SMALL_SIZE, 4)))
        Leave(run, NEIGHBOUR);
    Come(run, LAST);
}

/* Presses Ctrl+C. The last client, if it is there, leaves when the server has ended its side. */
static void Stop(Run *run)
{
    Client *last = &run->guests[LAST].client;
    ClientResult result;

    if (!Conversation_PressCtrlC(&run->conversation)) {
        Fail(run, "%s", run->conversation.reason);
        return;
    }
    if (last->isOpen) {
        /* A reset is as good as an end in order. */
        result = Client_WaitForEnd(last);
        if (result != CLIENT_DONE && result != CLIENT_LOST)
            Fail(run, "Client 'last', after Ctrl+C: %s", run->conversation.reason);
        Client_Close(last);
    }
    if (!Conversation_CheckEnd(&run->conversation))
        Fail(run, "%s", run->conversation.reason);
}

/* --- What a run must have been like ------------------------------------------------------------ */

/*
 * Takes what the server has written to stderr apart: the fault, and what verify has found. Returns whether
 * there are words of its own.
 */
static bool ReadErrors(Run *run, char *errors)
{
    const char *finding = NULL;
    bool hasWords = false;
    char *rest = NULL;

    for (char *line = strtok_s(errors, "\n", &rest); line != NULL;
         line = strtok_s(NULL, "\n", &rest)) {
        if (strncmp(line, "fault: ", 7) == 0) {
            if (run->fault[0] == '\0')
                snprintf(run->fault, sizeof(run->fault), "%s", line);
        } else if (strncmp(line, "verify: ", 8) != 0)
            hasWords = true;
        else if (finding == NULL && strncmp(line, "verify: warning: ", 17) != 0)
            finding = line;
    }
    if (finding != NULL) {
        /* This tells more than what came of it, an exit code of 3. */
        run->failure[0] = '\0';
        Fail(run, "%s", finding);
    }
    return hasWords;
}

/* The server has not listened: it has to have said why, and to have ended. */
static void CheckRefusal(Run *run, bool hasWords)
{
    ServerProcess *process = run->conversation.process;
    DWORD exitCode;

    if (ServerProcess_CountLines(process, "Listening on ") > 0)
        Fail(run, "%s", run->conversation.reason);
    else if (!ServerProcess_WaitForExit(process, STOP_LIMIT_MS, &exitCode))
        Fail(run, "The server neither listens nor ends.");
    else if (exitCode != 1)
        Fail(run, "The server did not start: its exit code should be 1, and is %lu (0x%lX).",
             exitCode, exitCode);
    else if (!hasWords)
        Fail(run, "The server did not start, and does not say why.");
    else if (run->fault[0] == '\0')
        Fail(run, "The server did not start, though no call was made to fail.");
}

/* True: the fault tells the server that a client left before it was accepted. That is no event. */
static bool IsClientGone(const char *fault)
{
    const char *error = strstr(fault, " error ");

    return strstr(fault, "ccept") != NULL && error != NULL &&
           SocketUtils_IsClientGone((DWORD)strtoul(error + strlen(" error "), NULL, 10));
}

/* A client that is lost is one that the server knows of: it is in the log. */
static void CheckLost(Run *run, GuestName name, const char *output)
{
    char disconnected[NET_ADDRESS_TEXT_SIZE + 40];

    snprintf(disconnected, sizeof(disconnected), "Client Disconnected! %s",
             run->guests[name].client.address);
    if (strstr(output, disconnected) != NULL || strstr(output, "Client Refused! ") != NULL ||
        IsClientGone(run->fault))
        return;
    Fail(run, "Client '%s' was lost, and no line of the server's says so.", guestNames[name]);
}

/* Looks at the server's log when it has stopped. */
static void CheckLog(Run *run, const char *output)
{
    ServerProcess *process = run->conversation.process;
    int connected = ServerProcess_CountLines(process, "Client Connected! ");
    int disconnected = ServerProcess_CountLines(process, "Client Disconnected! ");
    int lost = 0;

    for (int i = 0; i < GUEST_COUNT; i++) {
        if (!run->guests[i].isLost)
            continue;
        lost++;
        CheckLost(run, (GuestName)i, output);
        if (lost == 2)
            Fail(run, "Client '%s' is the second that was lost, and one at most may be.",
                 guestNames[i]);
        if (run->fault[0] == '\0')
            Fail(run, "Client '%s' was lost, though no call was made to fail.", guestNames[i]);
    }
    if (connected != disconnected)
        Fail(run, "The server printed 'Client Connected!' %d times, 'Client Disconnected!' %d.",
             connected, disconnected);
}

static void CheckRun(Run *run, bool hasListened)
{
    char *output = ServerProcess_CopyOutput(run->conversation.process, 0);
    char *errors = ServerProcess_CopyErrors(run->conversation.process);

    if (output == NULL || errors == NULL) {
        Fail(run, "There is no memory for the server's output.");
    } else {
        bool hasWords = ReadErrors(run, errors);

        if (hasListened)
            CheckLog(run, output);
        else
            CheckRefusal(run, hasWords);
    }
    free(output);
    free(errors);
}

/* --- For Faults.c ---------------------------------------------------------------------------- */

void Run_Play(Run *run, const char *path, int stage)
{
    bool hasListened;

    if (!Conversation_Launch(&run->conversation, path, run->modes)) {
        Fail(run, "%s", run->conversation.reason);
        return;
    }
    hasListened = Conversation_WaitForListening(&run->conversation);
    if (hasListened && WaitForRest(run))
        Converse(run, stage != 1);
    if (hasListened && !HasFailed(run))
        Stop(run);
    CheckRun(run, hasListened);
}

void Run_Close(Run *run)
{
    for (int i = 0; i < GUEST_COUNT; i++)
        Client_Close(&run->guests[i].client);
    Conversation_Close(&run->conversation);
}

void Run_PrintFailure(const Run *run, const char *server)
{
    printf("FAIL %s with INSTRUMENT=%s\n  %s\n  %s\n", server, run->modes,
           run->fault[0] != '\0' ? run->fault : "No call was made to fail.", run->failure);
    if (run->conversation.process != NULL)
        TestProgram_PrintOutput(run->conversation.process);
    fflush(stdout);
}
