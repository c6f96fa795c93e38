/*
 * IocpEvent: one outstanding operation.
 *
 * From the call that starts the operation until its completion is dispatched, the event and the
 * buffer of the operation belong to the system: nobody else may change or free them, and no other
 * operation may use them. 03 to 05 call it OverlappedEx.
 */
#ifndef IOCP_EVENT_H
#define IOCP_EVENT_H

#include "SocketUtils.h"

typedef enum EventType { EVENT_ACCEPT, EVENT_RECV, EVENT_SEND } EventType;

typedef struct IocpEvent {
    WSAOVERLAPPED overlapped;
    EventType type;
} IocpEvent;

/* Prepares the event for the next operation: nothing of the last one may be left in it. */
void IocpEvent_Init(IocpEvent *event, EventType type);

#endif
