/*
 * IocpEvent: one outstanding operation.
 *
 * From the call that begins the operation until its completion is dispatched, the event and the
 * buffer of the operation belong to the system: nobody else may change or free them, and no other
 * operation may use them. It is what 03 to 05 call OverlappedEx.
 */
#ifndef IOCP_EVENT_H
#define IOCP_EVENT_H

#include "SocketUtils.h"

typedef enum EventType { EVENT_ACCEPT, EVENT_RECV, EVENT_SEND } EventType;

typedef struct IocpEvent {
    WSAOVERLAPPED overlapped;
    EventType type;
} IocpEvent;

/* An IocpEvent that a Listener uses. */
typedef struct AcceptEvent {
    IocpEvent event;
    struct Session *session;         /* for the client that is to come */
    char buffer[ACCEPT_BUFFER_SIZE]; /* where AcceptEx writes the addresses */
    bool isIdle; /* no accept is outstanding; Listener_RegisterIdle begins one */
} AcceptEvent;

/* Makes the event ready for the next operation: nothing of the last one may be left in it. */
void IocpEvent_Init(IocpEvent *event, EventType type);

#endif
