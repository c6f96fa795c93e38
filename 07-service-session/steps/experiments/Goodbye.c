/*
 * Goodbye: a server that answers a client's first message with 500,000 bytes and ends the connection.
 * The client has to get all of them.
 *
 * Build  See ../5-clients.md and ../6-time.md. -DEND=Session_Disconnect: with the only end of 07.5.
 */
#include "Service.h"

#include <stdio.h>
#include <string.h>

#ifndef END
#define END Session_Close
#endif
#define BYTES 500000

static int OnRecv(Session *session, const char *data, int length)
{
    SendBuffer *buffer = SendBuffer_Open(BYTES);

    (void)data;
    if (buffer == NULL) {
        Session_Disconnect(session, CAUSE_NO_MEMORY);
        return length;
    }
    memset(buffer->data, 'x', BYTES);
    SendBuffer_Close(buffer, BYTES);
    Session_Send(session, buffer);
    SendBuffer_Release(buffer);
    END(session, CAUSE_PROGRAM);
    return length;
}

static Session *CreateSession(Service *service, int family)
{
    static const SessionVtbl vtbl = {.OnRecv = OnRecv};

    return Session_New(service, &vtbl, sizeof(Session), family);
}

int main(void)
{
    static char buffer[4096];
    Service service;
    ServiceSettings settings = Service_GetDefaults();
    SOCKET client;
    int total = 0, bytes;

    NetAddress_FromText(&settings.address, "127.0.0.1", 0);
    settings.createSession = CreateSession;
    if (!SocketUtils_Init() || !Service_Start(&service, &settings))
        return 2;
    client = SocketUtils_CreateSocket(AF_INET);
    if (!SocketUtils_Connect(client, &service.settings.address) || send(client, "all", 3, 0) != 3)
        return 2;
    while ((bytes = recv(client, buffer, sizeof(buffer), 0)) > 0)
        total += bytes;
    closesocket(client);
    Service_Stop(&service);
    SocketUtils_Clear();
    printf("%s: %d of %d bytes came, then %s.\n", total == BYTES ? "ok" : "FAIL", total, BYTES,
           bytes == 0 ? "an orderly end" : "an error");
    return total == BYTES ? 0 : 1;
}
