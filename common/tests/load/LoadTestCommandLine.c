/*
 * LoadTestCommandLine: wrong options, and what load.exe says of them. See LoadTest.h.
 */
#include "LoadTest.h"

typedef struct CommandLine {
    const char *words[8]; /* up to a NULL */
    const char *sentence; /* on stderr, at its beginning */
} CommandLine;

/* It connects nowhere: the sentence, the usage, nothing on stdout, and exit code 2. */
static void CheckLine(const char *const words[], const char *sentence)
{
    ToolRun_Start(words, NULL);
    ToolRun_Wait(WAIT_MS);
    CHECK_INT(tool.exitCode, 2);
    CHECK_CONTAINS(tool.errors, sentence);
    CHECK_CONTAINS(tool.errors, "\nUsage: load.exe [OPTION...]\n");
    CHECK_TEXT(tool.output, "");
    CHECK_TEXT(tool.figures, "");
}

static void CheckLines(const CommandLine *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CheckLine(lines[i].words, lines[i].sentence);
}

TEST("load: command line: numbers")
{
    static const CommandLine lines[] = {
        {{"--port", "0"}, "--port takes a number from 1 to 65535, and '0' is none.\n"},
        {{"--port", "65536"}, "--port takes a number from 1 to 65535, and '65536' is none.\n"},
        {{"--clients", "0"}, "--clients takes a number from 1 to 10000, and '0' is none.\n"},
        {{"--clients", "10001"}, "--clients takes a number from 1 to 10000, and '10001'"},
        {{"--size", "0"}, "--size takes a number from 1 to 1048576, and '0' is none.\n"},
        {{"--size", "1048577"}, "--size takes a number from 1 to 1048576, and '1048577' is"},
        {{"--depth", "1025"}, "--depth takes a number from 1 to 1024, and '1025' is none.\n"},
        {{"--seconds", "1.5"}, "--seconds takes a number from 1 to 3600, and '1.5' is none.\n"},
        {{"--rate", "0"}, "--rate takes a number from 1 to 10000000, and '0' is none.\n"},
        {{"--idle", "-1"}, "--idle takes a number from 0 to 10000, and '-1' is none.\n"},
        {{"--threads", "many"}, "--threads takes a number from 1 to 64, and 'many' is none.\n"},
        {{"--timeout", "99"}, "--timeout takes a number from 100 to 600000, and '99' is"},
        {{"--size", ""}, "--size takes a number from 1 to 1048576, and '' is none.\n"},
    };

    CheckLines(lines, COUNT_OF(lines));
}

TEST("load: command line: words")
{
    static const CommandLine lines[] = {
        {{"--fast"}, "Unknown option '--fast'.\n"},
        {{"7777"}, "Unknown option '7777'.\n"},
        {{"--address", "nowhere"}, "Address 'nowhere' is not an IPv4 or IPv6 address.\n"},
        {{"--churn", "--depth", "2"}, "--depth is not for --churn: a connection has one"},
        {{"--burst", "--rate", "9"}, "--burst says when all send: --rate, --churn, --depth"},
        {{"--burst", "--threads", "2"}, "--burst says when all send: --rate, --churn"},
        {{"--size", "1048576", "--depth", "65"}, "--size times --depth is more than 64 MiB"},
        {{"--server", "x.exe", "--port", "7777"}, "--server starts a server of its own: --add"},
        {{"--server", "x.exe", "--address", "127.0.0.1"}, "--server starts a server of its"},
    };

    CheckLines(lines, COUNT_OF(lines));
}

/* Each option that has a value, with none. */
TEST("load: command line: no value")
{
    static const char *const options[] = {"--address", "--port",    "--server",  "--clients",
                                          "--size",    "--depth",   "--seconds", "--rate",
                                          "--idle",    "--threads", "--timeout", "--json"};

    for (size_t i = 0; i < COUNT_OF(options); i++) {
        const char *const words[] = {options[i], NULL};
        char sentence[60];

        snprintf(sentence, sizeof(sentence), "Option %s needs a value.\n", options[i]);
        CheckLine(words, sentence);
    }
}

TEST("load: command line: help")
{
    static const char *const options[] = {
        "--address A", "--port N",    "--server PATH", "--clients N", "--size B",
        "--depth D",   "--seconds S", "--rate R",      "--churn",     "--idle M",
        "--burst",     "--threads T", "--timeout MS",  "--json FILE", "--help"};
    static const char *const words[] = {"--help", NULL};

    ToolRun_Start(words, NULL);
    ToolRun_Wait(WAIT_MS);
    CHECK_INT(tool.exitCode, 0);
    CHECK_TEXT(tool.errors, "");
    CHECK_CONTAINS(tool.output, "Usage: load.exe [OPTION...]\n");
    for (size_t i = 0; i < COUNT_OF(options); i++)
        CHECK_CONTAINS(tool.output, options[i]);
}
