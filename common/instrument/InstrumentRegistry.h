/*
 * InstrumentRegistry: which sockets and handles there are, and the rules for them.
 *
 * A resource is found by its handle. When it is closed its entry stays, so that a later use of the
 * handle can be told from that of one that never was. The system gives a closed handle's number to
 * the next one that is opened; verify takes the number with an event that nobody uses, for as long
 * as the next KEPT_MAX handles are closed, so that whoever still uses it is found out.
 */
#ifndef INSTRUMENT_REGISTRY_H
#define INSTRUMENT_REGISTRY_H

#include "InstrumentCall.h"

typedef enum ResourceType {
    TYPE_SOCKET,
    TYPE_EVENT,
    TYPE_PORT,
    TYPE_THREAD,
    TYPE_FILE
} ResourceType;

typedef struct Resource {
    struct Resource *next; /* in its bucket */
    HANDLE handle;
    ResourceType type;
    bool isOpen;
    Api openedBy, closedBy;
    InstrumentPlace opened, closed;
    Inside *inside; /* the calls that are inside with it */
    int operations; /* outstanding ones */
    char name[24];

    /* Sockets. */
    bool isNonBlocking, isExclusive, isSkipping;
    bool lacksAcceptContext, lacksConnectContext;
    HANDLE listener; /* that it was accepted from */
    HANDLE port;     /* that it is associated with */
    WSAEVENT event;  /* of WSAEventSelect, and for what */
    long events;
    int receives; /* outstanding */
} Resource;

/* Of the sockets and handles, and of the operations. No wrapped call is made under it. */
extern SRWLOCK registryLock;

void Registry_Init(void);
void Registry_Open(Call *call, HANDLE handle, ResourceType type);

/* The call uses this handle: it must be open. Counts the call as inside until Call_End. */
void Registry_Use(Call *call, HANDLE handle);

/* The same, for a call that is given two. */
void Registry_UseSecond(Call *call, HANDLE handle);

/* The call is over: it is not inside any more. */
void Registry_Leave(Call *call);

/*
 * The call closes this handle. Before the call itself. False: it was closed before, which verify has
 * told, and is not to be closed again: its number may be somebody else's by now.
 */
bool Registry_BeginClose(Call *call, HANDLE handle);
/* After it. */
void Registry_EndClose(const Call *call, HANDLE handle, bool isClosed);

/* The call uses this handle among others: it must not be closed. */
void Registry_CheckOpen(const Call *call, HANDLE handle);

/* The call uses all of these and no other: none of them must be closed. */
void Registry_UseAll(const Call *call, DWORD count, const HANDLE *handles);

/* The socket has a client: it gets a name. */
void Registry_NameSession(Resource *resource);

/* Under the lock: AcceptEx has connected the socket. `listener` may be NULL. */
void Registry_SetAccepted(HANDLE socket, const Resource *listener);

bool Registry_IsBlocking(const Call *call);

/* The call's socket is used by a function that needs SO_UPDATE_ACCEPT_CONTEXT before. */
void Registry_NeedContext(const Call *call);

/* SO_UPDATE_ACCEPT_CONTEXT with this listener was set. */
void Registry_SetContext(const Call *call, const void *value, int size);

/* Adds to a finding where the socket or handle was opened. */
void Registry_AddOpened(const Resource *resource, Finding *finding);

/* What is open at the end. */
void Registry_ReportLeftOver(void);

#endif
