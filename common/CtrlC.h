/*
 * CtrlC: ends a server's loop when a person presses Ctrl+C.
 *
 * The system calls a console program's handler on a thread of its own, while the server's threads
 * wait somewhere for the network. So the handler does two things: it raises a flag, and it wakes
 * the waiting thread, which sees the flag and leaves its loop. Ctrl+Break, closing the console
 * window and logging off count as Ctrl+C.
 * https://learn.microsoft.com/windows/console/handlerroutine
 */
#ifndef CTRL_C_H
#define CTRL_C_H

#include <stdbool.h>

/*
 * From now on Ctrl+C raises the flag, then calls `wake` on the handler's thread, and again every
 * 100 ms until CtrlC_Remove: a wake-up that comes a moment before its thread begins to wait is
 * lost, and the next one is not. False: it cannot be installed; GetLastError says why.
 */
bool CtrlC_Install(void (*wake)(void));

/* True from the first Ctrl+C on. Any thread. */
bool CtrlC_IsPressed(void);

/*
 * When this returns, `wake` is not running and will not be called again, so what it uses may be
 * freed. A further Ctrl+C does nothing, so nobody can cut off the server while it cleans up.
 */
void CtrlC_Remove(void);

#endif
