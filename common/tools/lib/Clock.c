/*
 * Clock: see Clock.h.
 */
#include "Clock.h"

#include <winsock2.h>
#include <windows.h>

int64_t Clock_GetNs(void)
{
    LARGE_INTEGER ticks, frequency;

    /* Neither can fail. https://learn.microsoft.com/windows/win32/api/profileapi/ */
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&frequency);

    /* In two parts: all ticks times NS_PER_S would be too much for 64 bits after 15 minutes. */
    return ticks.QuadPart / frequency.QuadPart * NS_PER_S +
           ticks.QuadPart % frequency.QuadPart * NS_PER_S / frequency.QuadPart;
}
