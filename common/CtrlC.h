/*
 * CtrlC: ends a server's loop when the user presses Ctrl+C.
 *
 * The system calls a console program's handler on a new thread, while the server's threads wait for
 * the network. So the handler does two things: it sets a flag, and it wakes the waiting thread,
 * which sees the flag and leaves its loop. Ctrl+Break and closing the console window count as Ctrl+C;
 * after closing the window, the system gives the program 5 seconds. Logging off and shutting down end
 * a console program without a word: only services are told.
 * https://learn.microsoft.com/windows/console/handlerroutine
 *
 * Meanwhile Quick Edit, the console's mode in which a click selects text, is off: while text is
 * selected, whoever prints waits, and a server that waits in a print serves nobody.
 * https://learn.microsoft.com/windows/console/setconsolemode
 */
#ifndef CTRL_C_H
#define CTRL_C_H

#include <stdbool.h>

/*
 * Installs the handler and switches Quick Edit off. Ctrl+C sets the flag, then calls `wake` on the
 * handler's thread, every 100 ms until CtrlC_Remove: a call that comes just before its thread starts
 * to wait has no effect, but the next one has. It works also where the program that started this one
 * ignores Ctrl+C, which is inherited. False: GetLastError says why.
 */
bool CtrlC_Install(void (*wake)(void));

/* True: Ctrl+C was pressed. Any thread. */
bool CtrlC_IsPressed(void);

/*
 * When this returns, `wake` is not running and is not called again, so what it uses may be freed.
 * Further Ctrl+C do nothing: they cannot interrupt the server while it cleans up. Quick Edit is on
 * again if it was on before.
 */
void CtrlC_Remove(void);

#endif
