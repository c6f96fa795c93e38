/*
 * ServerLog: the lines that every stage prints.
 *
 * Each function prints one whole line and flushes it, so that a program that reads the output
 * through a pipe sees it immediately. Lines of several threads do not mix. Any thread.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "NetAddress.h"

/* `quiet`: prints no events. `showThread`: prints the thread's number before each event. */
void ServerLog_Init(bool quiet, bool showThread);

/* Always printed. "Listening on 127.0.0.1:7777" says that clients can connect. */
void ServerLog_Listening(const NetAddress *address);
void ServerLog_Stopped(void);

/* Says on stderr that the server cannot listen on `address`: `call` failed with `error`. */
void ServerLog_CannotListen(const NetAddress *address, const char *call, DWORD error);

/* Print events. An `error` of 0 means a graceful close by the client. */
void ServerLog_Connected(const NetAddress *address);
void ServerLog_Received(int bytes);
void ServerLog_Disconnected(const NetAddress *address, DWORD error);

/* Says that the client at `address` is refused, and why. */
void ServerLog_Refused(const NetAddress *address, const char *reason);

/* Says that an accept failed: `call` failed with `error`. Other clients are unaffected. */
void ServerLog_AcceptFailed(const char *call, DWORD error);

#endif
