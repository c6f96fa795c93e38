/*
 * LoadClient: see LoadClient.h.
 */
#include "LoadClient.h"
#include "Clock.h"
#include "SocketUtils.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_PERIOD 65521  /* a prime number: no size of a message divides it */
#define PIECE_MAX      262144 /* bytes of one send or receive */
#define BUFFER_MIN     1024
#define BUFFER_MAX     65536
#define BUFFERS_MAX    (256u << 20) /* bytes of all clients' receive buffers */
#define MAX_INLINE     16           /* receives of one client, before it is another's turn */
#define CLUE_SIZE      8 /* so many equal bytes tell where they belong: the rest is chance */
#define SOURCE_COUNT   250

static char pattern[PATTERN_PERIOD + PIECE_MAX];

const char *LoadError_GetName(LoadError error)
{
    static const char *const names[LOAD_ERROR_COUNT] = {
        "noConnection", "broken", "ended", "silent", "corrupt", "displaced", "extra"};

    return names[error];
}

const char *LoadError_GetText(LoadError error)
{
    static const char *const texts[LOAD_ERROR_COUNT] = {
        "Could not connect",
        "Lost the connection",
        "Met the connection's end too early",
        "Waited in vain",
        "Got a byte that was not sent",
        "Got bytes out of order, twice, or after some that were lost",
        "Got more bytes than were sent"};

    return texts[error];
}

/* --- What is sent ---------------------------------------------------------------------------- */

void LoadClient_MakePattern(void)
{
    uint32_t state = 2463534242u;

    /* Marsaglia's xorshift: bytes of all values, the same in each run. */
    for (size_t i = 0; i < sizeof(pattern); i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern[i] = i < PATTERN_PERIOD ? (char)(state >> 11) : pattern[i - PATTERN_PERIOD];
    }
}

/* The bytes from that place of the connection on; PIECE_MAX of them follow each other. */
static char *GetPattern(const LoadClient *client, uint64_t position)
{
    return pattern + (position + client->offset) % PATTERN_PERIOD;
}

/* Bytes of this connection that are to be sent, by the messages that were begun. */
static uint64_t GetAskedBytes(const LoadClient *client)
{
    return (client->asked - client->before) * (uint64_t)client->group->plan->size;
}

/* --- Life ------------------------------------------------------------------------------------ */

static int GetBufferSize(const LoadPlan *plan, bool isIdle)
{
    uint64_t size = isIdle ? BUFFER_MIN : (uint64_t)plan->size * (uint64_t)plan->depth;
    uint64_t most = BUFFERS_MAX / (unsigned)(plan->clients + plan->idle);

    if (size < BUFFER_MIN)
        size = BUFFER_MIN;
    if (size > BUFFER_MAX)
        size = BUFFER_MAX;
    return (int)(size < most ? size : most);
}

bool LoadClient_Init(LoadClient *client, LoadGroup *group, int index, bool isIdle)
{
    memset(client, 0, sizeof(*client));
    client->group = group;
    client->index = index;
    client->isIdle = isIdle;
    client->socket = INVALID_SOCKET;
    client->bufferSize = GetBufferSize(group->plan, isIdle);
    client->buffer = (char *)malloc((size_t)client->bufferSize);
    client->times = (int64_t *)malloc((size_t)group->plan->depth * sizeof(*client->times));
    return client->buffer != NULL && client->times != NULL;
}

void LoadClient_Free(LoadClient *client)
{
    free(client->buffer);
    free(client->times);
}

/* Keeps group->counts.busy right: is the client owed something? */
static void UpdateBusy(LoadClient *client)
{
    bool isBusy = client->state == CLIENT_CONNECTING || client->state == CLIENT_LEAVING ||
                  client->pending > (client->state == CLIENT_OPEN ? 1 : 0) ||
                  (client->state == CLIENT_OPEN && client->received < GetAskedBytes(client));

    if (isBusy && !client->isBusy)
        InterlockedIncrement(&client->group->counts.busy);
    if (!isBusy && client->isBusy)
        InterlockedDecrement(&client->group->counts.busy);
    client->isBusy = isBusy;
}

/* The first connection, or the failure in its place, is what the main thread waits for. */
static void NoteConnected(LoadClient *client)
{
    if (client->hasConnected)
        return;
    client->hasConnected = true;
    client->group->connecting--;
    InterlockedIncrement(&client->group->counts.connected);
}

/* The connection is over and nothing is outstanding. With isChurn there is to be another one. */
static void Finish(LoadClient *client)
{
    client->state = CLIENT_NEW;
    client->before = client->done;
    if (client->group->plan->isChurn && !client->isIdle && !client->hasFailed &&
        client->group->phase < PHASE_LEAVE)
        return;
    client->isOver = true;
    InterlockedIncrement(&client->group->counts.over);
}

static void Close(LoadClient *client)
{
    SocketUtils_Close(&client->socket);
    client->state = CLIENT_CLOSED;
    if (client->pending == 0)
        Finish(client);
}

void LoadClient_Abort(LoadClient *client)
{
    LINGER reset = {1, 0};

    if (client->isOver || client->state == CLIENT_CLOSED)
        return;
    if (client->socket != INVALID_SOCKET) {
        setsockopt(client->socket, SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof(reset));
        /* closesocket does that, too; but under Wine a send that does not go would stay. */
        CancelIoEx((HANDLE)client->socket, NULL);
    }
    Close(client);
    UpdateBusy(client);
}

void LoadClient_Fail(LoadClient *client, LoadError error, const char *detail, ...)
{
    LoadResult *result = &client->group->result;
    va_list arguments;

    if (client->hasFailed || client->state == CLIENT_CLOSED)
        return;
    if (result->errors[error]++ == 0) {
        va_start(arguments, detail);
        vsnprintf(result->reasons[error], LOAD_REASON_SIZE, detail, arguments);
        va_end(arguments);
    }
    client->hasFailed = true;
    InterlockedIncrement(&client->group->counts.failed);
    NoteConnected(client);
    LoadClient_Abort(client);
}

/* --- Operations ------------------------------------------------------------------------------ */

static void BeginOperation(LoadClient *client, OverlappedEx *ex)
{
    ZeroMemory(&ex->overlapped, sizeof(ex->overlapped));
    ex->client = client;
    client->pending++;
}

/* `result` is what the call returned. True: it is over, and no completion comes. */
static bool IsOperationOver(LoadClient *client, int result, const char *call)
{
    int error = result == SOCKET_ERROR ? WSAGetLastError() : 0;

    if (error == WSA_IO_PENDING || (error == 0 && !client->isSkipping))
        return false;
    client->pending--;
    if (error != 0)
        LoadClient_Fail(client, LOAD_BROKEN, "client %d: %s failed with error %d", client->index,
                        call, error);
    return error == 0;
}

/* Sends all that was asked for, as far as it goes at once. */
static void Send(LoadClient *client)
{
    while (client->state == CLIENT_OPEN && !client->isSending &&
           client->sent < GetAskedBytes(client)) {
        uint64_t left = GetAskedBytes(client) - client->sent;
        WSABUF wsaBuf = {(ULONG)(left < PIECE_MAX ? left : PIECE_MAX),
                         GetPattern(client, client->sent)};
        DWORD bytes = 0;

        client->sendEx.type = LOAD_SEND;
        BeginOperation(client, &client->sendEx);
        client->isSending = true;
        if (!IsOperationOver(
                client,
                WSASend(client->socket, &wsaBuf, 1, &bytes, 0, &client->sendEx.overlapped, NULL),
                "WSASend"))
            return;
        client->isSending = false;
        client->sent += bytes;
    }
}

/* A message's time ran from then until now. */
static void AddLatency(LoadClient *client, int64_t start, int64_t now)
{
    LoadHistogram_Add(&client->group->result.latency, now > start ? (uint64_t)(now - start) : 0);
}

/* A message is back. One that was on its way when the measuring ended has a latency, too. */
static void EndMessage(LoadClient *client, int64_t now)
{
    LoadPhase phase = client->group->phase;

    if (phase == PHASE_MEASURE)
        client->group->result.messages++;
    if ((phase == PHASE_MEASURE || phase == PHASE_DRAIN) && !client->group->plan->isBurst)
        AddLatency(client, client->times[client->done % (uint64_t)client->group->plan->depth], now);
    client->done++;
    InterlockedExchangeAdd64(&client->group->counts.messages, 1);
}

/* Bytes came that are wrong from `wrong` on. Says whether they belong elsewhere, or nowhere. */
static void FailWrong(LoadClient *client, const char *wrong, int length, uint64_t position)
{
    uint32_t here = (uint32_t)((position + client->offset) % PATTERN_PERIOD);

    for (uint32_t i = 0; i < PATTERN_PERIOD && length >= CLUE_SIZE; i++) {
        if (memcmp(pattern + i, wrong, CLUE_SIZE) == 0) {
            uint32_t later = (i + PATTERN_PERIOD - here) % PATTERN_PERIOD;

            LoadClient_Fail(
                client, LOAD_DISPLACED, "client %d: at byte %.0f came what belongs %lu bytes %s",
                client->index, (double)position,
                (unsigned long)(later < PATTERN_PERIOD / 2 ? later : PATTERN_PERIOD - later),
                later < PATTERN_PERIOD / 2 ? "later" : "before");
            return;
        }
    }
    LoadClient_Fail(client, LOAD_CORRUPT, "client %d: byte %.0f should be 0x%02X, and 0x%02X came",
                    client->index, (double)position, (unsigned)(unsigned char)pattern[here],
                    (unsigned)(unsigned char)*wrong);
}

/* Compares what came. False: it is wrong, and the client is over. */
static bool Compare(LoadClient *client, int bytes)
{
    const char *expected = GetPattern(client, client->received);
    uint64_t asked = GetAskedBytes(client);
    uint64_t owed = asked - client->received;
    int size = (uint64_t)bytes < owed ? bytes : (int)owed;
    int right = 0;

    if (memcmp(client->buffer, expected, (size_t)size) != 0) {
        while (client->buffer[right] == expected[right])
            right++;
        FailWrong(client, client->buffer + right, bytes - right,
                  client->received + (unsigned)right);
        return false;
    }
    if (size < bytes)
        LoadClient_Fail(client, LOAD_EXTRA, "client %d: %.0f bytes were sent, and %.0f came",
                        client->index, (double)asked, (double)client->received + bytes);
    return size == bytes;
}

/* `bytes` came into the buffer; 0: the server has ended the connection. */
static void ProcessRecv(LoadClient *client, int bytes)
{
    const LoadPlan *plan = client->group->plan;
    int64_t now = Clock_GetNs();

    if (bytes == 0 && client->state == CLIENT_LEAVING) {
        if (plan->isChurn && !client->isIdle && client->group->phase == PHASE_MEASURE)
            client->group->result.connections++;
        Close(client);
    } else if (bytes == 0) {
        LoadClient_Fail(client, LOAD_ENDED,
                        "client %d: the server ended the connection and owed %.0f bytes",
                        client->index, (double)(GetAskedBytes(client) - client->received));
    } else if (Compare(client, bytes)) {
        client->received += (uint64_t)bytes;
        client->lastNs = now;
        while ((client->done - client->before + 1) * (uint64_t)plan->size <= client->received)
            EndMessage(client, now);
        if (plan->isChurn || client->group->phase >= PHASE_LEAVE)
            LoadClient_Leave(client);
        else
            LoadClient_Talk(client);
    }
}

/* Receives as long as something is there, MAX_INLINE times. Then others have their turn. */
static void Receive(LoadClient *client)
{
    for (int i = 0; client->state == CLIENT_OPEN || client->state == CLIENT_LEAVING; i++) {
        WSABUF wsaBuf = {(ULONG)client->bufferSize, client->buffer};
        DWORD bytes = 0, flags = 0;

        client->recvEx.type = LOAD_RECV;
        BeginOperation(client, &client->recvEx);
        if (!IsOperationOver(client,
                             WSARecv(client->socket, &wsaBuf, 1, &bytes, &flags,
                                     &client->recvEx.overlapped, NULL),
                             "WSARecv"))
            return;
        if (i == MAX_INLINE) {
            client->pending++;
            if (PostQueuedCompletionStatus(client->group->port, bytes, 0,
                                           &client->recvEx.overlapped))
                return;
            client->pending--;
        }
        ProcessRecv(client, (int)bytes);
    }
}

/* --- Connecting ------------------------------------------------------------------------------ */

/*
 * A port that was used is not free for a while after a connection has ended (TIME_WAIT), so a client
 * that always comes from 127.0.0.1 runs out of ports after some 16,000 connections on Windows and
 * 28,000 on Linux. All of 127.0.0.0/8 is this machine: with --churn the clients come from there.
 */
static bool BindSource(const LoadClient *client)
{
    const NetAddress *address = &client->group->plan->address;
    int family = NetAddress_GetFamily(address);
    char text[NET_ADDRESS_TEXT_SIZE];
    NetAddress source;

    NetAddress_ToText(address, text, sizeof(text));
    if (!client->group->plan->isChurn || strncmp(text, "127.", 4) != 0)
        return SocketUtils_BindAnyAddress(client->socket, family);
    snprintf(text, sizeof(text), "127.0.1.%u",
             1 + (unsigned)(((unsigned)client->index + client->connections) % SOURCE_COUNT));
    return NetAddress_FromText(&source, text, 0) &&
           bind(client->socket, (const SOCKADDR *)&source.storage, source.length) == 0;
}

/* Returns NULL, or the call that failed; GetLastError says why. */
static const char *OpenSocket(LoadClient *client)
{
    client->socket = SocketUtils_CreateSocket(NetAddress_GetFamily(&client->group->plan->address));
    if (client->socket == INVALID_SOCKET)
        return "socket";
    if (!BindSource(client))
        return "bind";
    if (CreateIoCompletionPort((HANDLE)client->socket, client->group->port, 0, 0) == NULL)
        return "CreateIoCompletionPort";
    client->isSkipping = SetFileCompletionNotificationModes((HANDLE)client->socket,
                                                            FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
                                                                FILE_SKIP_SET_EVENT_ON_HANDLE);
    return NULL;
}

static void ProcessConnect(LoadClient *client)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    SocketUtils_SetUpdateConnectSocket(client->socket);
    if (SocketUtils_IsConnectedToItself(client->socket)) {
        NetAddress_ToText(&client->group->plan->address, text, sizeof(text));
        LoadClient_Fail(client, LOAD_NO_CONNECTION,
                        "client %d: connected to itself, for nothing listens on %s", client->index,
                        text);
        return;
    }
    SocketUtils_SetTcpNoDelay(client->socket, true);
    client->state = CLIENT_OPEN;
    NoteConnected(client);
    Send(client);
    Receive(client);
}

/* True: a completion comes, one that is queued by hand where none would come. */
static bool BeginConnect(LoadClient *client)
{
    WSAOVERLAPPED *overlapped = &client->sendEx.overlapped;

    if (!SocketUtils_ConnectEx(client->socket, &client->group->plan->address, overlapped))
        return WSAGetLastError() == WSA_IO_PENDING;
    return !client->isSkipping || PostQueuedCompletionStatus(client->group->port, 0, 0, overlapped);
}

void LoadClient_Connect(LoadClient *client)
{
    const char *failedCall;

    if (!client->hasConnected)
        client->group->connecting++;
    client->sent = 0;
    client->received = 0;
    client->offset =
        (uint32_t)(((uint64_t)(unsigned)client->index * 40503 + client->connections * 7919) %
                   PATTERN_PERIOD);
    client->connections++;
    client->lastNs = Clock_GetNs();
    failedCall = OpenSocket(client);
    if (failedCall != NULL) {
        LoadClient_Fail(client, LOAD_NO_CONNECTION, "client %d: %s failed with error %lu",
                        client->index, failedCall, GetLastError());
        return;
    }
    client->state = CLIENT_CONNECTING;
    client->sendEx.type = LOAD_CONNECT;
    BeginOperation(client, &client->sendEx);
    UpdateBusy(client);
    if (!BeginConnect(client)) {
        int error = WSAGetLastError();

        client->pending--;
        LoadClient_Fail(client, LOAD_NO_CONNECTION, "client %d: connect failed with error %d",
                        client->index, error);
    }
}

/* --- What the worker calls ------------------------------------------------------------------- */

/* With a rate: when message `number` of the client is due. */
static int64_t GetDue(const LoadClient *client, uint64_t number)
{
    const LoadPlan *plan = client->group->plan;
    double before = (double)number * plan->clients + client->index;

    return plan->startNs + (int64_t)(before / plan->rate * (double)NS_PER_S);
}

void LoadClient_Talk(LoadClient *client)
{
    const LoadPlan *plan = client->group->plan;
    uint64_t depth = (uint64_t)plan->depth;
    uint64_t before = client->asked;

    if (client->isIdle || client->hasFailed || !LoadPhase_IsTalking(client->group->phase) ||
        (client->state != CLIENT_OPEN && !(plan->isChurn && client->state == CLIENT_NEW)))
        return;
    if (plan->isChurn && client->state == CLIENT_OPEN)
        return;
    while (client->asked < client->done + depth &&
           ((plan->rate <= 0 && !plan->isBurst) || client->asked < client->due)) {
        client->times[client->asked % depth] =
            plan->rate > 0 ? GetDue(client, client->asked) : Clock_GetNs();
        client->asked++;
    }
    if (client->asked == before)
        return;
    if (client->done == before)
        client->lastNs = Clock_GetNs();
    if (client->state == CLIENT_NEW)
        LoadClient_Connect(client);
    else
        Send(client);
    UpdateBusy(client);
}

void LoadClient_EndMeasuring(LoadClient *client)
{
    int64_t now = Clock_GetNs();

    for (uint64_t number = client->asked; number < client->due; number++)
        AddLatency(client, GetDue(client, number), now);
}

void LoadClient_Leave(LoadClient *client)
{
    if (client->state == CLIENT_NEW && !client->isOver)
        Finish(client);
    if (client->state != CLIENT_OPEN || client->received < GetAskedBytes(client))
        return;
    client->state = CLIENT_LEAVING;
    client->lastNs = Clock_GetNs();
    shutdown(client->socket, SD_SEND);
    UpdateBusy(client);
}

void LoadClient_Dispatch(const OVERLAPPED_ENTRY *entry)
{
    OverlappedEx *ex = CONTAINING_RECORD(entry->lpOverlapped, OverlappedEx, overlapped);
    LoadClient *client = ex->client;
    DWORD bytes = entry->dwNumberOfBytesTransferred, flags = 0;
    int error = 0;

    /* An entry carries no error. The operation's status is in the OVERLAPPED, 0 for success. */
    if (client->state != CLIENT_CLOSED && ex->overlapped.Internal != 0 &&
        !WSAGetOverlappedResult(client->socket, &ex->overlapped, &bytes, FALSE, &flags))
        error = WSAGetLastError();
    client->pending--;
    if (ex->type == LOAD_SEND)
        client->isSending = false;
    if (client->state == CLIENT_CLOSED) {
        if (client->pending == 0)
            Finish(client);
    } else if (error != 0) {
        LoadClient_Fail(client, ex->type == LOAD_CONNECT ? LOAD_NO_CONNECTION : LOAD_BROKEN,
                        "client %d: %s failed with error %d", client->index,
                        ex->type == LOAD_CONNECT ? "connect"
                        : ex->type == LOAD_SEND  ? "WSASend"
                                                 : "WSARecv",
                        error);
    } else if (ex->type == LOAD_CONNECT) {
        ProcessConnect(client);
    } else if (ex->type == LOAD_SEND) {
        client->sent += bytes;
        Send(client);
    } else {
        ProcessRecv(client, (int)bytes);
        Receive(client);
    }
    if (client->state == CLIENT_NEW && !client->isOver)
        LoadClient_Talk(client);
    UpdateBusy(client);
}

void LoadClient_CheckTime(LoadClient *client, int64_t now)
{
    const LoadPlan *plan = client->group->plan;
    int64_t waitedMs = (now - client->lastNs) / NS_PER_MS;

    if (!client->isBusy || client->state == CLIENT_CLOSED || waitedMs < (int64_t)plan->timeoutMs)
        return;
    if (client->state == CLIENT_CONNECTING)
        LoadClient_Fail(client, LOAD_NO_CONNECTION, "client %d: not connected after %lu ms",
                        client->index, plan->timeoutMs);
    else
        LoadClient_Fail(
            client, LOAD_SILENT, "client %d: nothing came for %lu ms, and %.0f bytes %s",
            client->index, plan->timeoutMs, (double)(GetAskedBytes(client) - client->received),
            client->state == CLIENT_LEAVING ? "and the connection's end are owed" : "are owed");
}
