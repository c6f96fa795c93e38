/*
 * CtrlC: ends a server's loop when the user presses Ctrl+C.
 *
 * The system calls a console program's handler on a new thread, while the server's threads wait for
 * the network. So the handler does two things: it sets a flag, and it wakes the waiting thread,
 * which sees the flag and leaves its loop. Ctrl+Break, closing the console window and logging off
 * count as Ctrl+C.
 * https://learn.microsoft.com/windows/console/handlerroutine
 */
#ifndef CTRL_C_H
#define CTRL_C_H

#include <stdbool.h>

/*
 * Installs the handler. Ctrl+C sets the flag, then calls `wake` on the handler's thread, every 100
 * ms until CtrlC_Remove: a call that comes just before its thread starts to wait has no effect, but
 * the next one has. False: GetLastError says why.
 */
bool CtrlC_Install(void (*wake)(void));

/* True: Ctrl+C was pressed. Any thread. */
bool CtrlC_IsPressed(void);

/*
 * When this returns, `wake` is not running and is not called again, so what it uses may be freed.
 * Further Ctrl+C do nothing: they cannot interrupt the server while it cleans up.
 */
void CtrlC_Remove(void);

#endif
