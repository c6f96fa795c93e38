/*
 * ServerConsole: hidden consoles for the programs that ServerProcess starts, and Ctrl+C in them.
 *
 * A program can be in one console only, and Ctrl+C reaches all that are in it. So each child needs a
 * console that neither this program nor another child is in. A keeper holds one: this program's own
 * executable, run again with words of its own. It starts the child, which so is in its console, and
 * presses Ctrl+C there when it is asked to. Its console is looked at before a child is in it: Wine
 * on a busy machine may not give a new process one.
 *
 * Consoles are used again: one serves a child after the other, and they end with this program.
 * Any thread may call these; a console belongs to who has taken it.
 */
#ifndef SERVER_CONSOLE_H
#define SERVER_CONSOLE_H

#include <stdbool.h>

#include <winsock2.h>

#include <windows.h>

typedef struct ServerConsole ServerConsole;

/* To be called first in main. True: this process is a keeper; main returns `exitCode` at once. */
bool ServerConsole_RunKeeper(int argc, char *argv[], int *exitCode);

/* NULL: there is none to be had; GetLastError says why. */
ServerConsole *ServerConsole_Take(void);

/* No child of the console may run any more. NULL is allowed. */
void ServerConsole_GiveBack(ServerConsole *console);

/*
 * Starts a child in the console, with these as its stdin, stdout and stderr; the caller closes them
 * as soon as this has returned. The caller closes the result. NULL: GetLastError says why.
 */
HANDLE ServerConsole_Start(ServerConsole *console, const char *command, HANDLE standard[3],
                           DWORD *processId);

/* Presses Ctrl+C in the console. False: GetLastError says why. */
bool ServerConsole_PressCtrlC(ServerConsole *console);

#endif
