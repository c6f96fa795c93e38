/*
 * ServerOptions: see ServerOptions.h.
 */
#include "ServerOptions.h"

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    7777

static const char usage[] =
    "Usage: server.exe [--address A] [--port N] [--quiet] [--help]\n"
    "  --address A  listen on this IPv4 or IPv6 address of this machine (default " DEFAULT_ADDRESS
    ")\n"
    "  --port N     listen on this port, 0 to 65535; 0: the system chooses one (default 7777)\n"
    "  --quiet      do not print a line for each event\n"
    "  --help       print this and exit\n"
    "Ctrl+C stops the server.\n";

int ServerOptions_Parse(ServerOptions *options, int argc, char *argv[])
{
    const char *address = DEFAULT_ADDRESS;
    long port = DEFAULT_PORT;
    const Option list[] = {
        {.name = "--address", .text = &address},
        {.name = "--port",
         .number = &port,
         .most = 65535,
         .refusal = "Port '%' is not a number from 0 to 65535."},
        {.name = "--quiet", .flag = &options->quiet},
        {.name = NULL},
    };
    int exitCode;

    options->quiet = false;
    exitCode = Options_Parse(list, usage, NULL, argc, argv);
    if (exitCode == OPTIONS_RUN && !NetAddress_FromText(&options->address, address, (uint16_t)port))
        return Options_Reject(usage, "Address '", address, "' is not an IPv4 or IPv6 address.");
    return exitCode;
}
