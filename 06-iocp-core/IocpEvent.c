/*
 * IocpEvent: see IocpEvent.h.
 */
#include "IocpEvent.h"

void IocpEvent_Init(IocpEvent *event, EventType type)
{
    ZeroMemory(&event->overlapped, sizeof(event->overlapped));
    event->type = type;
}
