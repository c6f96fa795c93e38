/*
 * Dial: one program, an echo server and three sessions that connect to it and say hello.
 *
 * Build  See ../5-clients.md. With 07.4 it cannot be built: there is no service that connects.
 */
#include "Service.h"

#include <stdio.h>
#include <string.h>

static volatile LONG answers;

static void Send(Session *session, const char *data, int length)
{
    SendBuffer *buffer = SendBuffer_Copy(data, length);

    if (buffer == NULL) {
        Session_Disconnect(session, CAUSE_NO_MEMORY);
        return;
    }
    Session_Send(session, buffer);
    SendBuffer_Release(buffer);
}

static int Echo_OnRecv(Session *session, const char *data, int length)
{
    Send(session, data, length);
    return length;
}

static void Hello_OnConnected(Session *session)
{
    Send(session, "hello", 5);
}

static int Hello_OnRecv(Session *session, const char *data, int length)
{
    (void)session;
    if (length < 5)
        return 0;
    if (memcmp(data, "hello", 5) == 0)
        InterlockedIncrement(&answers);
    return length;
}

static Session *CreateEcho(Service *service, int family)
{
    static const SessionVtbl vtbl = {.OnRecv = Echo_OnRecv};

    return Session_New(service, &vtbl, sizeof(Session), family);
}

static Session *CreateHello(Service *service, int family)
{
    static const SessionVtbl vtbl = {.OnConnected = Hello_OnConnected, .OnRecv = Hello_OnRecv};

    return Session_New(service, &vtbl, sizeof(Session), family);
}

int main(void)
{
    Service server, client;
    ServiceSettings settings = Service_GetDefaults();

    if (!SocketUtils_Init())
        return 2;
    NetAddress_FromText(&settings.address, "127.0.0.1", 0);
    settings.createSession = CreateEcho;
    if (!Service_Start(&server, &settings))
        return 2;
    settings.type = SERVICE_CLIENT;
    settings.address = server.settings.address;
    settings.createSession = CreateHello;
    settings.connectCount = 3;
    if (!Service_Start(&client, &settings))
        return 2;
    for (int i = 0; answers < 3 && i < 500; i++)
        Sleep(10);
    Service_Stop(&client);
    Service_Stop(&server);
    SocketUtils_Clear();
    printf("%s: %ld of 3 sessions got their answer.\n", answers == 3 ? "ok" : "FAIL", answers);
    return answers == 3 ? 0 : 1;
}
