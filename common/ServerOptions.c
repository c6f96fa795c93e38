/*
 * ServerOptions: see ServerOptions.h.
 */
#include "ServerOptions.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    7777
#define EXIT_USAGE      2

static const char usage[] =
    "Usage: server.exe [--address A] [--port N] [--quiet] [--help]\n"
    "  --address A  listen on this IPv4 or IPv6 address of this machine (default " DEFAULT_ADDRESS
    ")\n"
    "  --port N     listen on this port, 0 to 65535; 0: the system chooses one (default 7777)\n"
    "  --quiet      do not print a line for each event\n"
    "  --help       print this and exit\n"
    "Ctrl+C stops the server.\n";

bool ServerOptions_ParseNumber(const char *text, long least, long most, long *value)
{
    long number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || number > (LONG_MAX - 9) / 10)
            return false;
        number = number * 10 + (*text - '0');
    }
    if (number < least || number > most)
        return false;
    *value = number;
    return true;
}

static int Reject(const char *before, const char *word, const char *after)
{
    fprintf(stderr, "%s%s%s\n%s", before, word, after, usage);
    fflush(stderr);
    return EXIT_USAGE;
}

int ServerOptions_Parse(ServerOptions *options, int argc, char *argv[])
{
    const char *address = DEFAULT_ADDRESS;
    long port = DEFAULT_PORT;

    options->quiet = false;
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        bool takesValue = strcmp(option, "--address") == 0 || strcmp(option, "--port") == 0;

        if (strcmp(option, "--help") == 0) {
            printf("%s", usage);
            return 0;
        }
        if (strcmp(option, "--quiet") == 0) {
            options->quiet = true;
            continue;
        }
        if (!takesValue)
            return Reject("Unknown option '", option, "'.");
        if (i + 1 == argc)
            return Reject("Option ", option, " needs a value.");
        i++;
        if (strcmp(option, "--address") == 0)
            address = argv[i];
        else if (!ServerOptions_ParseNumber(argv[i], 0, 65535, &port))
            return Reject("Port '", argv[i], "' is not a number from 0 to 65535.");
    }
    if (!NetAddress_FromText(&options->address, address, (uint16_t)port))
        return Reject("Address '", address, "' is not an IPv4 or IPv6 address.");
    return SERVER_OPTIONS_RUN;
}
