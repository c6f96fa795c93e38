/*
 * IocpEvent: one outstanding operation.
 *
 * From the call that starts the operation until its completion is dispatched, the event and the
 * buffer of the operation belong to the system: nobody else may change or free them, and no other
 * operation may use them. The event holds a reference to its owner for as long: whatever happens to
 * the connection meanwhile, the owner is there when the completion comes.
 */
#ifndef IOCP_EVENT_H
#define IOCP_EVENT_H

#include "SocketUtils.h"

typedef enum EventType {
    EVENT_DIAL, /* no operation: a worker is to start to connect */
    EVENT_CONNECT,
    EVENT_ACCEPT,
    EVENT_RECV,
    EVENT_SEND,
    EVENT_RESUME /* no operation: a worker is to receive again */
} EventType;

typedef struct IocpEvent {
    WSAOVERLAPPED overlapped;
    EventType type;
    struct IocpObject *owner; /* a reference while the operation is outstanding; else NULL */
    struct IocpEvent *next;   /* in the list of an IocpCore */
} IocpEvent;

/* Prepares the event for the next operation and takes a reference to its owner. */
void IocpEvent_Begin(IocpEvent *event, EventType type, struct IocpObject *owner);

/* Gives that reference back: the operation did not start, or its result is known already. */
void IocpEvent_End(IocpEvent *event);

#endif
