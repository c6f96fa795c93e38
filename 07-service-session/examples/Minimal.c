/*
 * Minimal: a server of one's own with the library. It sends back what it gets, in upper case.
 *
 * Build  See "Build" in ../README.md.
 * Run    Minimal.exe, then make client in another terminal. Enter stops it.
 */
#include "Service.h"

#include <ctype.h>
#include <stdio.h>

/* On a worker thread. What is not consumed now would be there again with the next receive. */
static int OnRecv(Session *session, const char *data, int length)
{
    SendBuffer *buffer = SendBuffer_Copy(data, length);

    if (buffer == NULL) {
        Session_Disconnect(session, CAUSE_NO_MEMORY);
        return length;
    }
    for (int i = 0; i < length; i++)
        buffer->data[i] = (char)toupper((unsigned char)buffer->data[i]);
    Session_Send(session, buffer); /* takes a reference of its own */
    SendBuffer_Release(buffer);
    return length;
}

static Session *CreateSession(Service *service, int family)
{
    static const SessionVtbl vtbl = {.OnRecv = OnRecv};

    return Session_New(service, &vtbl, sizeof(Session), family);
}

int main(void)
{
    Service service;
    ServiceSettings settings = Service_GetDefaults();
    bool isStarted;

    NetAddress_FromText(&settings.address, "127.0.0.1", 7777);
    settings.createSession = CreateSession;
    if (!SocketUtils_Init())
        return 1;
    isStarted = Service_Start(&service, &settings);
    if (isStarted) {
        printf("Listening. Press Enter to stop.\n");
        fflush(stdout); /* a pipe would get it at the end only */
        getchar();
        Service_Stop(&service);
    } else {
        fprintf(stderr, "%s\n", Service_GetError(&service));
    }
    SocketUtils_Clear();
    return isStarted ? 0 : 1;
}
