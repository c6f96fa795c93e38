/*
 * Conversation: see Conversation.h.
 */
#include "Conversation.h"
#include "Clock.h"
#include "SocketUtils.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODES_VARIABLE "INSTRUMENT"
#define VARIABLE_MAX   32767 /* characters of an environment variable, its NUL included */
#define CLIENT_MAX_SET 63 /* FD_SETSIZE, WSA_MAXIMUM_WAIT_EVENTS: 64, less one for the listener */
#define REST_MS        5  /* nothing has happened for so long: the server is at rest */
#define REST_LOOKS     3  /* and so often: a look may come late where the machine is busy */
#define PIECE_SIZE     4096

static SRWLOCK variableLock = SRWLOCK_INIT; /* held while INSTRUMENT is another than our own */

/* --- Stages ---------------------------------------------------------------------------------- */

static bool IsSlash(char c)
{
    return c == '/' || c == '\\';
}

int Conversation_FindStage(const char *path, char *folder, size_t size)
{
    const char *end = path + strlen(path);
    const char *start;

    while (end > path && !IsSlash(end[-1]))
        end--;
    start = end > path ? --end : end;
    while (start > path && !IsSlash(start[-1]))
        start--;
    snprintf(folder, size, "%.*s", (int)(end - start), start);
    if (folder[0] != '0' || folder[1] < '1' || folder[1] > '0' + NUMBER_LAST ||
        (folder[2] != '-' && folder[2] != '.'))
        return NUMBER_NONE;
    return folder[1] - '0';
}

int Conversation_GetClientMax(int stage, int most)
{
    int clientMax = most;

    if (stage == 1)
        clientMax = 1;
    else if (stage == 2 || stage == 3)
        clientMax = CLIENT_MAX_SET;
    return clientMax < most ? clientMax : most;
}

/* --- The server ------------------------------------------------------------------------------ */

bool Conversation_Fail(Conversation *conversation, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(conversation->reason, sizeof(conversation->reason), format, arguments);
    va_end(arguments);
    return false;
}

/* A child gets the environment that this program has while it starts it. */
static ServerProcess *StartWithModes(const char *path, const char *modes)
{
    static const char *const arguments[] = {"--port", "0", NULL};
    static char before[VARIABLE_MAX];
    ServerProcess *process;
    DWORD length, error;

    AcquireSRWLockExclusive(&variableLock);
    length = GetEnvironmentVariableA(MODES_VARIABLE, before, sizeof(before));
    SetEnvironmentVariableA(MODES_VARIABLE, modes);
    process = ServerProcess_Start(path, arguments, NULL, NULL);
    error = GetLastError();
    SetEnvironmentVariableA(MODES_VARIABLE, length > 0 ? before : NULL);
    ReleaseSRWLockExclusive(&variableLock);
    SetLastError(error);
    return process;
}

bool Conversation_Launch(Conversation *conversation, const char *path, const char *modes)
{
    memset(conversation, 0, sizeof(*conversation));
    conversation->process = StartWithModes(path, modes);
    if (conversation->process != NULL)
        return true;
    return Conversation_Fail(conversation, "The server cannot be started: error %lu.",
                             GetLastError());
}

/* The section is the server's; we only look. */
static bool OpenState(Conversation *conversation)
{
    char name[INSTRUMENT_STATE_NAME_SIZE];

    snprintf(name, sizeof(name), INSTRUMENT_STATE_NAME, ServerProcess_GetId(conversation->process));
    conversation->section = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    if (conversation->section == NULL)
        return Conversation_Fail(conversation,
                                 "The server is not instrumented: build it with WATCHED=1.");
    conversation->state = (const InstrumentState *)MapViewOfFile(
        conversation->section, FILE_MAP_READ, 0, 0, sizeof(InstrumentState));
    if (conversation->state != NULL)
        return true;
    return Conversation_Fail(conversation, "MapViewOfFile failed with error %lu.", GetLastError());
}

bool Conversation_WaitForListening(Conversation *conversation)
{
    if (!ServerProcess_WaitForListening(conversation->process, &conversation->address, WAIT_MS))
        return Conversation_Fail(conversation, "The server does not say where it listens.");
    return OpenState(conversation);
}

bool Conversation_Start(Conversation *conversation, const char *path, const char *modes)
{
    return Conversation_Launch(conversation, path, modes) &&
           Conversation_WaitForListening(conversation) && Conversation_WaitForRest(conversation);
}

static bool FailEnded(Conversation *conversation)
{
    ServerProcess_WaitForExit(conversation->process, STOP_LIMIT_MS, &conversation->exitCode);
    return Conversation_Fail(conversation, "The server has ended, with exit code %lu (0x%lX).",
                             conversation->exitCode, conversation->exitCode);
}

bool Conversation_WaitForRest(Conversation *conversation)
{
    const InstrumentState *state = conversation->state;
    int64_t now = Clock_GetNs(), deadline = now + WAIT_MS * NS_PER_MS, since = now;
    LONG calls = -1;
    int looks = 0;

    while (looks < REST_LOOKS || now - since < REST_MS * NS_PER_MS) {
        Sleep(1);
        now = Clock_GetNs();
        if (state->waiting == state->threads && state->calls == calls) {
            looks++;
            continue;
        }
        if (!ServerProcess_IsRunning(conversation->process))
            return FailEnded(conversation);
        if (now >= deadline)
            return Conversation_Fail(conversation,
                                     "The server does not come to rest: %ld of its %ld threads "
                                     "wait, and it has made %ld calls.",
                                     state->waiting, state->threads, state->calls);
        calls = state->calls;
        looks = 0;
        since = now;
    }
    return true;
}

/* True: the server's last line is "Server stopped.". */
static bool HasSaidStopped(Conversation *conversation)
{
    static const char last[] = "\nServer stopped.\n";
    char *output = ServerProcess_CopyOutput(conversation->process, 0);
    size_t length = output != NULL ? strlen(output) : 0;
    bool hasSaid = length >= strlen(last) && strcmp(output + length - strlen(last), last) == 0;

    free(output);
    return hasSaid;
}

bool Conversation_PressCtrlC(Conversation *conversation)
{
    if (!ServerProcess_IsRunning(conversation->process))
        return FailEnded(conversation);
    return ServerProcess_PressCtrlC(conversation->process) ||
           Conversation_Fail(conversation, "Ctrl+C cannot be pressed: error %lu.", GetLastError());
}

bool Conversation_CheckEnd(Conversation *conversation)
{
    if (!ServerProcess_WaitForExit(conversation->process, STOP_LIMIT_MS, &conversation->exitCode))
        return Conversation_Fail(conversation, "The server runs on %d ms after Ctrl+C.",
                                 STOP_LIMIT_MS);
    if (conversation->exitCode != 0)
        return Conversation_Fail(
            conversation, "The server's exit code should be 0 after Ctrl+C, and is %lu (0x%lX).",
            conversation->exitCode, conversation->exitCode);
    if (!HasSaidStopped(conversation))
        return Conversation_Fail(conversation,
                                 "The server's last line should be \"Server stopped.\".");
    return true;
}

bool Conversation_Stop(Conversation *conversation)
{
    return Conversation_PressCtrlC(conversation) && Conversation_CheckEnd(conversation);
}

void Conversation_Close(Conversation *conversation)
{
    ServerProcess_Close(conversation->process);
    conversation->process = NULL;
    if (conversation->state != NULL)
        UnmapViewOfFile(conversation->state);
    conversation->state = NULL;
    if (conversation->section != NULL)
        CloseHandle(conversation->section);
    conversation->section = NULL;
}

/* --- Clients --------------------------------------------------------------------------------- */

/* Why the call failed. With a reason of ours, WSAETIMEDOUT is what the system says of a timeout. */
static ClientResult Client_GiveUp(Client *client, const char *call)
{
    int error = WSAGetLastError();

    Conversation_Fail(client->conversation, "A client's %s failed with error %d%s.", call, error,
                      error == WSAETIMEDOUT ? ": nothing happened for too long" : "");
    return error == WSAETIMEDOUT ? CLIENT_SILENT : CLIENT_LOST;
}

static void Client_Note(const Client *client, const char *call)
{
    Conversation *conversation = client->conversation;

    if (conversation->noteCount < CLIENT_NOTE_MAX)
        conversation->notes[conversation->noteCount++] = (ClientNote){client, call, Clock_GetNs()};
}

static void SetTimeout(SOCKET socket, int option)
{
    DWORD timeout = WAIT_MS;

    setsockopt(socket, SOL_SOCKET, option, (const char *)&timeout, (int)sizeof(timeout));
}

ClientResult Client_Connect(Client *client, Conversation *conversation)
{
    NetAddress own = {.length = (int)sizeof(own.storage)};

    client->conversation = conversation;
    client->socket = SocketUtils_CreateSocket(NetAddress_GetFamily(&conversation->address));
    if (client->socket == INVALID_SOCKET)
        return Client_GiveUp(client, "socket");
    client->isOpen = true;
    SetTimeout(client->socket, SO_RCVTIMEO);
    SetTimeout(client->socket, SO_SNDTIMEO);
    Client_Note(client, "connect");
    if (!SocketUtils_Connect(client->socket, &conversation->address))
        return Client_GiveUp(client, "connect");
    if (getsockname(client->socket, (SOCKADDR *)&own.storage, &own.length) != 0)
        return Client_GiveUp(client, "getsockname");
    SocketUtils_SetTcpNoDelay(client->socket, true);
    NetAddress_ToText(&own, client->address, sizeof(client->address));
    return CLIENT_DONE;
}

ClientResult Client_Send(Client *client, const void *data, int size)
{
    Client_Note(client, "send");
    for (int sent = 0; sent < size;) {
        int bytes = send(client->socket, (const char *)data + sent, size - sent, 0);

        if (bytes == SOCKET_ERROR)
            return Client_GiveUp(client, "send");
        sent += bytes;
    }
    return CLIENT_DONE;
}

ClientResult Client_Receive(Client *client, const void *data, int size)
{
    char piece[PIECE_SIZE];

    for (int received = 0; received < size;) {
        int most = size - received < PIECE_SIZE ? size - received : PIECE_SIZE;
        int bytes = recv(client->socket, piece, most, 0);

        if (bytes == SOCKET_ERROR)
            return Client_GiveUp(client, "recv");
        if (bytes == 0) {
            Conversation_Fail(client->conversation,
                              "The connection of a client ended after %d of %d bytes.", received,
                              size);
            return CLIENT_LOST;
        }
        if (memcmp(piece, (const char *)data + received, (size_t)bytes) != 0) {
            Conversation_Fail(client->conversation,
                              "Among bytes %d to %d of %d, a client got one that it did not send.",
                              received + 1, received + bytes, size);
            return CLIENT_WRONG;
        }
        received += bytes;
    }
    Client_Note(client, "recv");
    return CLIENT_DONE;
}

ClientResult Client_WaitForEnd(Client *client)
{
    ClientResult result = CLIENT_DONE;
    char byte;
    int bytes = recv(client->socket, &byte, 1, 0);

    if (bytes == SOCKET_ERROR)
        return Client_GiveUp(client, "recv");
    Client_Note(client, "recv");
    if (bytes > 0) {
        Conversation_Fail(client->conversation, "A client got more bytes than it sent.");
        result = CLIENT_WRONG;
    }
    Client_Close(client);
    return result;
}

ClientResult Client_Leave(Client *client)
{
    Client_Note(client, "shutdown");
    if (shutdown(client->socket, SD_SEND) != 0)
        return Client_GiveUp(client, "shutdown");
    return Client_WaitForEnd(client);
}

void Client_FillData(const Client *client, char *data, int size, int seed)
{
    uint32_t number = (uint32_t)seed;

    /* The port is another for each client. */
    for (const char *at = client->address; *at != '\0'; at++)
        number = number * 31u + (unsigned char)*at;
    for (int i = 0; i < size; i++) {
        number = number * 1664525u + 1013904223u;
        data[i] = (char)(unsigned char)(number >> 24);
    }
}

static bool WaitForLine(Client *client, const char *event)
{
    char line[NET_ADDRESS_TEXT_SIZE + 40];

    snprintf(line, sizeof(line), "%s %s", event, client->address);
    if (ServerProcess_WaitForLine(client->conversation->process, line, NULL, WAIT_MS))
        return true;
    return Conversation_Fail(client->conversation, "The server should have printed '%s'.", line);
}

bool Client_Arrive(Client *client, Conversation *conversation)
{
    return Client_Connect(client, conversation) == CLIENT_DONE &&
           WaitForLine(client, "Client Connected!") && Conversation_WaitForRest(conversation);
}

bool Client_Echo(Client *client, int size)
{
    char data[ECHO_MAX];

    Client_FillData(client, data, size, size);
    return Client_Send(client, data, size) == CLIENT_DONE &&
           Client_Receive(client, data, size) == CLIENT_DONE &&
           Conversation_WaitForRest(client->conversation);
}

bool Client_Say(Client *client, const char *text)
{
    int size = (int)strlen(text);

    return Client_Send(client, text, size) == CLIENT_DONE &&
           Client_Receive(client, text, size) == CLIENT_DONE &&
           Conversation_WaitForRest(client->conversation);
}

bool Client_Depart(Client *client)
{
    return Client_Leave(client) == CLIENT_DONE && WaitForLine(client, "Client Disconnected!") &&
           Conversation_WaitForRest(client->conversation);
}

void Client_Close(Client *client)
{
    if (client->isOpen)
        closesocket(client->socket);
    client->isOpen = false;
}
