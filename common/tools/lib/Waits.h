/*
 * Waits: how long tests and tools wait, in milliseconds.
 */
#ifndef WAITS_H
#define WAITS_H

#define WAIT_MS        20000 /* for what should come at once; long, because machines can be busy */
#define QUIET_MS       300   /* for what should not come */
#define SHORT_QUIET_MS 50    /* the same where all happens in this process */
#define STOP_LIMIT_MS  5000  /* what the stages promise: a server ends so soon after Ctrl+C */

#endif
