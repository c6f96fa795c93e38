/*
 * IocpEvent: see IocpEvent.h.
 */
#include "IocpEvent.h"
#include "IocpCore.h"

void IocpEvent_Begin(IocpEvent *event, EventType type, IocpObject *owner)
{
    ZeroMemory(&event->overlapped, sizeof(event->overlapped));
    event->type = type;
    event->owner = owner;
    IocpObject_AddRef(owner);
}

void IocpEvent_End(IocpEvent *event)
{
    IocpObject *owner = event->owner;

    event->owner = NULL;
    IocpObject_Release(owner);
}
