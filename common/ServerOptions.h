/*
 * ServerOptions: the command line that every stage understands.
 *
 *     server.exe [--address A] [--port N] [--quiet] [--help]
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "NetAddress.h"
#include "Options.h"

/* Returned by ServerOptions_Parse when the server should run. */
#define SERVER_OPTIONS_RUN OPTIONS_RUN

typedef struct ServerOptions {
    NetAddress address; /* where to listen; for port 0 the system chooses one */
    bool quiet;         /* print no events */
} ServerOptions;

/*
 * Fills `options` from the command line. Returns SERVER_OPTIONS_RUN, or the exit code with which
 * the program must end: 0 after --help (it has printed the usage on stdout), 2 after a word that is
 * not understood (it has named the word on stderr). Call it once, on the main thread.
 */
int ServerOptions_Parse(ServerOptions *options, int argc, char *argv[]);

#endif
