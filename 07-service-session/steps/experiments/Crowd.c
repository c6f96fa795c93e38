/*
 * Crowd: checks a server that sends what one client sends to all clients. Its argument is the server's
 * port; with the word `pieces` behind it each message is sent in two pieces.
 *
 * Eight clients send 50 messages each, the next one when the last one has come back, and read meanwhile.
 * Each client has to get each message of everybody once, whole, and those of one sender in their order.
 * A message is a packet as 07.4 has them: a size, the sender as the id, and a body.
 */
#include "SocketUtils.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS  8
#define MESSAGES 50
#define SIZE     100 /* bytes of a message; the first of the body is its number */

typedef struct Client {
    SOCKET socket;
    volatile LONG got[CLIENTS]; /* messages of each sender */
    int count;
    const char *trouble;
} Client;

static Client clients[CLIENTS];

static bool isInPieces;

static DWORD WINAPI SendAll(void *argument)
{
    Client *client = (Client *)argument;
    int self = (int)(client - clients);
    char message[SIZE];

    memset(message, self, sizeof(message));
    message[0] = SIZE;
    message[1] = 0;
    message[3] = 0;
    for (int i = 0; i < MESSAGES; i++) {
        int first = isInPieces ? SIZE / 2 : SIZE;

        message[4] = (char)i;
        send(client->socket, message, first, 0);
        if (isInPieces) {
            Sleep(5);
            send(client->socket, message + first, SIZE - first, 0);
        }
        for (int wait = 0; client->got[self] <= i; wait++) {
            if (wait == 5000)
                return 1;
            Sleep(1);
        }
    }
    return 0;
}

static bool ReceiveWhole(SOCKET socket, char *data, int size)
{
    for (int done = 0; done < size;) {
        int bytes = recv(socket, data + done, size - done, 0);

        if (bytes <= 0)
            return false;
        done += bytes;
    }
    return true;
}

static DWORD WINAPI ReceiveAll(void *argument)
{
    Client *client = (Client *)argument;
    char message[SIZE];

    for (; client->count < CLIENTS * MESSAGES; client->count++) {
        int sender;

        client->trouble = "it did not get all within 10 s, or was disconnected";
        if (!ReceiveWhole(client->socket, message, SIZE))
            return 1;
        sender = message[2];
        client->trouble = "a message is not whole, or not in its order";
        if (message[0] != SIZE || sender < 0 || sender >= CLIENTS ||
            message[4] != client->got[sender])
            return 1;
        for (int i = 5; i < SIZE; i++) {
            if (message[i] != sender)
                return 1;
        }
        client->trouble = NULL;
        InterlockedIncrement(&client->got[sender]);
    }
    return 0;
}

int main(int argc, char *argv[])
{
    HANDLE threads[2 * CLIENTS];
    DWORD timeoutMs = 10000;
    NetAddress address;
    int good = 0;

    setvbuf(stdout, NULL, _IONBF, 0);
    isInPieces = argc > 2;
    if (argc < 2 || !SocketUtils_Init() ||
        !NetAddress_FromText(&address, "127.0.0.1", (uint16_t)atoi(argv[1])))
        return 2;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].socket = SocketUtils_CreateSocket(AF_INET);
        setsockopt(clients[i].socket, SOL_SOCKET, SO_RCVTIMEO, (char *)&timeoutMs,
                   sizeof(timeoutMs));
        if (!SocketUtils_Connect(clients[i].socket, &address)) {
            printf("FAIL: client %d is not connected\n", i);
            return 1;
        }
    }
    Sleep(500); /* all have joined */
    for (int i = 0; i < CLIENTS; i++) {
        threads[2 * i] = CreateThread(NULL, 0, SendAll, &clients[i], 0, NULL);
        threads[2 * i + 1] = CreateThread(NULL, 0, ReceiveAll, &clients[i], 0, NULL);
    }
    WaitForMultipleObjects(2 * CLIENTS, threads, TRUE, 30000);
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].count == CLIENTS * MESSAGES)
            good++;
        else
            printf("client %d: %d of %d messages: %s\n", i, clients[i].count, CLIENTS * MESSAGES,
                   clients[i].trouble ? clients[i].trouble : "");
    }
    printf("%s: %d of %d clients got everything.\n", good == CLIENTS ? "ok" : "FAIL", good,
           CLIENTS);
    fflush(stdout);
    ExitProcess(good == CLIENTS ? 0 : 1);
}
