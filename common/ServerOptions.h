/*
 * ServerOptions: the command line that every stage understands.
 *
 *     server.exe [--address A] [--port N] [--quiet] [--help]
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "NetAddress.h"

/* ServerOptions_Parse found nothing that ends the program. */
#define SERVER_OPTIONS_RUN (-1)

typedef struct ServerOptions {
    NetAddress address; /* where to listen; port 0 asks the system for a free one */
    bool quiet;         /* no line for each event */
} ServerOptions;

/*
 * Fills `options` from the command line. Returns SERVER_OPTIONS_RUN, or the exit code of a program
 * that is done: 0 after --help (the usage is on stdout), 2 after anything that is not understood
 * (a sentence that names it, and the usage, are on stderr). To be called once, on the main thread.
 */
int ServerOptions_Parse(ServerOptions *options, int argc, char *argv[]);

/*
 * Reads a whole number between `least` and `most` and nothing but it. False: `text` is something
 * else, and `value` is untouched.
 */
bool ServerOptions_ParseNumber(const char *text, long least, long most, long *value);

#endif
