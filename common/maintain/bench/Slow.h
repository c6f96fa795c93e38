/*
 * Slow.h: what make bench includes before the sources of a stage to measure bursts.
 *
 * A server made with it has 8 workers, and waits for SLOW_MS ms with each message that it receives,
 * as one does that asks a database. The headers of what is replaced come first, so that their
 * declarations stay.
 */
#ifndef SLOW_H
#define SLOW_H

#include "ServerLog.h"
#include "ThreadManager.h"

#define ServerLog_Received(bytes)         ((void)(bytes), Sleep(SLOW_MS))
#define ThreadManager_GetProcessorCount() 8

#endif
