/*
 * ServerLog: the lines that every stage prints.
 *
 * Each function prints one whole line and flushes it: a program that reads the server's output
 * through a pipe sees it at once. Lines of several threads do not mix. Any thread.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "NetAddress.h"

/* `quiet`: no line for each event. `showThread`: the thread's number in front of each event. */
void ServerLog_Init(bool quiet, bool showThread);

/* Always printed. "Listening on 127.0.0.1:7777" says that clients may come. */
void ServerLog_Listening(const NetAddress *address);
void ServerLog_Stopped(void);

/* To stderr: the server cannot start because `call` failed with `error` for this address. */
void ServerLog_CannotListen(const NetAddress *address, const char *call, DWORD error);

/* Events. An `error` of 0 means that the client left as it should; any other is the reason. */
void ServerLog_Connected(const NetAddress *address);
void ServerLog_Received(int bytes);
void ServerLog_Disconnected(const NetAddress *address, DWORD error);

/* The client that came from `address` is turned away; `reason` says why, after its address. */
void ServerLog_Refused(const NetAddress *address, const char *reason);

/* No client came out of an accept: `call` failed with `error`. The others are served on. */
void ServerLog_AcceptFailed(const char *call, DWORD error);

#endif
