/*
 * Minimal: a server of one's own with the library. It sends back what it gets, in upper case.
 *
 * Build  See "Build" in ../README.md.
 * Run    Minimal.exe, then make client in another terminal. Enter stops it.
 */
#include "Service.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* On a worker thread. What is not consumed now would be there again with the next receive. */
static int OnRecv(Session *session, const char *data, int length)
{
    SendBuffer *buffer = SendBuffer_Open(length);

    if (buffer == NULL) {
        Session_Disconnect(session, CAUSE_NO_MEMORY);
        return length;
    }
    for (int i = 0; i < length; i++)
        buffer->data[i] = (char)toupper((unsigned char)data[i]);
    SendBuffer_Close(buffer, length);
    Session_Send(session, buffer); /* takes a reference of its own */
    SendBuffer_Release(buffer);
    return length;
}

static Session *CreateSession(Service *service, SessionOwner *owner, int family)
{
    static const SessionVtbl vtbl = {.OnRecv = OnRecv}; /* free() is what destroys it */
    Session *session = (Session *)malloc(sizeof(*session));

    (void)service;
    if (session == NULL)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    if (session == NULL || Session_Init(session, &vtbl, owner, family))
        return session;
    free(session);
    return NULL;
}

int main(void)
{
    Service service;
    ServiceSettings settings = Service_GetDefaults();
    bool isStarted = false;

    settings.type = SERVICE_SERVER;
    settings.createSession = CreateSession;
    NetAddress_FromText(&settings.address, "127.0.0.1", 7777);
    if (!SocketUtils_Init())
        return 1;
    if (SendBufferManager_Init()) {
        isStarted = Service_Start(&service, &settings); /* if not, it has said why */
        if (isStarted) {
            printf("Listening. Press Enter to stop.\n");
            fflush(stdout); /* a pipe would get it at the end only */
            getchar();
            Service_Stop(&service);
        }
        SendBufferManager_Clear();
    }
    SocketUtils_Clear();
    return isStarted ? 0 : 1;
}
