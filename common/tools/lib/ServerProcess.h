/*
 * ServerProcess: runs a server.exe as a child process, reads what it prints, and measures it.
 *
 *     int main(int argc, char *argv[])
 *     {
 *         int exitCode;
 *         if (ServerProcess_RunHelper(argc, argv, &exitCode))
 *             return exitCode;
 *         ...
 *         const char *arguments[] = {"--port", "0", NULL};
 *         ServerProcess *server = ServerProcess_Start(path, arguments, NULL, NULL);
 *         ServerProcess_WaitForListening(server, &address, 5000);
 *         ... connect to the address ...
 *         ServerProcess_PressCtrlC(server);
 *         ServerProcess_WaitForExit(server, 5000, &code);
 *         ServerProcess_Close(server);
 *
 * The child has a hidden console of its own. A thread of this program for each of its two streams
 * reads the pipe at once and keeps everything in memory, so that the child never waits for its
 * reader. All times are in milliseconds. A text is looked for in whole lines of stdout only, and
 * line ends are '\n', never "\r\n". Functions that take a ServerProcess may be called on any thread
 * except ServerProcess_Close, which no other call may overlap.
 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include "NetAddress.h"

#define OUTPUT_PIPE_SIZE 4096 /* bytes that a server can print before they are read */

typedef struct ServerProcess ServerProcess;

/*
 * Called for each whole line as it comes, without its line end, on a thread that reads the server's
 * output. `isError`: the line came from stderr. Must not call ServerProcess functions.
 */
typedef void (*ServerProcessLine)(void *context, const char *line, bool isError);

/*
 * To be called first in main. True: this process is not the program but a helper of it that keeps a
 * console for its children (ServerConsole.h); main returns `exitCode` at once.
 */
bool ServerProcess_RunHelper(int argc, char *argv[], int *exitCode);

/*
 * Starts the program at `path` with these arguments; a NULL ends the array. `onLine` may be NULL;
 * `context` is handed to it and stays the caller's. The caller owns the result and gives it to
 * ServerProcess_Close. NULL: it did not start; GetLastError says why. However this program ends,
 * the system ends the child with it.
 */
ServerProcess *ServerProcess_Start(const char *path, const char *const arguments[],
                                   ServerProcessLine onLine, void *context);

/*
 * The same, but the program can read what this one writes. The stdin of a program that
 * ServerProcess_Start has started is at its end at once.
 */
ServerProcess *ServerProcess_StartWithInput(const char *path, const char *const arguments[],
                                            ServerProcessLine onLine, void *context);

/*
 * Writes the text to the program's stdin, or has it read the end once it has read all. Both are for
 * one thread at a time. A write waits while some 4 KiB are there that the program has not read.
 * False: the program has ended; GetLastError says more.
 */
bool ServerProcess_WriteInput(ServerProcess *server, const char *text);
void ServerProcess_CloseInput(ServerProcess *server);

/* Kills the server if it still runs, and frees everything. NULL is allowed. */
void ServerProcess_Close(ServerProcess *server);

/*
 * While it is paused, what the server prints stays in the pipe, and when that is full the server
 * waits in its next print, as it does where a person stops the output of a console.
 */
void ServerProcess_PauseReading(ServerProcess *server, bool pause);

/* How much of what the server has printed is still in the pipe, while reading is paused. */
DWORD ServerProcess_GetUnreadBytes(ServerProcess *server);

/*
 * Waits for "Listening on ADDRESS:PORT" and gives that address in `address`. False: the line did
 * not come in time, or the server has ended without it.
 */
bool ServerProcess_WaitForListening(ServerProcess *server, NetAddress *address, DWORD timeoutMs);

/*
 * Waits for a line that contains `text`. `position` says where in stdout to begin, in bytes, and is
 * moved behind the line that was found: the next call with it finds the next such line. Begin with
 * a position of 0, or pass NULL to look at everything. False: it did not come in time, or the
 * server has ended without it; `position` is then untouched.
 */
bool ServerProcess_WaitForLine(ServerProcess *server, const char *text, size_t *position,
                               DWORD timeoutMs);

/* Waits until `count` lines contain `text`, since the start of the server. False: as above. */
bool ServerProcess_WaitForCount(ServerProcess *server, const char *text, int count,
                                DWORD timeoutMs);

/* How many lines so far contain `text`. */
int ServerProcess_CountLines(ServerProcess *server, const char *text);

/* How many bytes stdout has so far: a position from which to wait for what comes next. */
size_t ServerProcess_GetPosition(ServerProcess *server);

/*
 * A copy of what came so far, from byte `position` on, with a NUL behind it. The caller frees it
 * with free. NULL: no memory.
 */
char *ServerProcess_CopyOutput(ServerProcess *server, size_t position);
char *ServerProcess_CopyErrors(ServerProcess *server);

/*
 * Presses Ctrl+C in the server's console. Returns when it is pressed; the server handles it in its
 * own time. False: it could not be done; GetLastError says why.
 */
bool ServerProcess_PressCtrlC(ServerProcess *server);

/*
 * Waits until the server has ended and all its output is here. `exitCode` may be NULL. False: it
 * still runs.
 */
bool ServerProcess_WaitForExit(ServerProcess *server, DWORD timeoutMs, DWORD *exitCode);

/* Ends the server at once; its exit code is then 999. */
void ServerProcess_Kill(ServerProcess *server);

bool ServerProcess_IsRunning(ServerProcess *server);
DWORD ServerProcess_GetId(ServerProcess *server);

/* Time that the processors have spent on the server so far, its system calls included; -1 where
   the system does not say. It grows in steps of 10 to 16 ms. */
int ServerProcess_GetCpuMs(ServerProcess *server);

/* Handles that the server has open. */
int ServerProcess_GetHandleCount(ServerProcess *server);

/* The same of any process whose handles may be duplicated. */
int ServerProcess_CountHandles(HANDLE process);

/* Memory that the server has taken from the system for itself, in KiB; -1 as above. */
int ServerProcess_GetMemoryKib(ServerProcess *server);

#endif
