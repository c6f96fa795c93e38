/*
 * Again: a client whose server is not there, and that connects again each time. In a second it has
 * to try at most 5 times.
 *
 * Build  See ../5-clients.md and ../6-time.md. -DNO_DELAY: with Service_Connect of 07.5, which has none.
 */
#include "Service.h"

#include <stdio.h>

static volatile LONG attempts;

static void OnDisconnected(Session *session, DisconnectCause cause)
{
    (void)cause;
    InterlockedIncrement(&attempts);
#ifdef NO_DELAY
    Service_Connect(Session_GetService(session));
#else
    Service_Connect(Session_GetService(session), 300);
#endif
}

static Session *CreateSession(Service *service, int family)
{
    static const SessionVtbl vtbl = {.OnDisconnected = OnDisconnected};

    return Session_New(service, &vtbl, sizeof(Session), family);
}

int main(void)
{
    Service service;
    ServiceSettings settings = Service_GetDefaults();
    LONG count;

    /* Nobody listens on port 1. */
    NetAddress_FromText(&settings.address, "127.0.0.1", 1);
    settings.type = SERVICE_CLIENT;
    settings.createSession = CreateSession;
    if (!SocketUtils_Init() || !Service_Start(&service, &settings))
        return 2;
    Sleep(1000);
    count = attempts;
    Service_Stop(&service);
    SocketUtils_Clear();
    printf("%s: %ld attempts in a second.\n", count >= 1 && count <= 5 ? "ok" : "FAIL", count);
    return count >= 1 && count <= 5 ? 0 : 1;
}
