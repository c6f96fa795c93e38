/*
 * Options: reads the command lines of all programs here.
 *
 *     const Option list[] = {
 *         {.name = "--port", .number = &port, .least = 1, .most = 65535},
 *         {.name = "--json", .text = &path},
 *         {.name = "--quiet", .flag = &isQuiet},
 *         {.name = NULL},
 *     };
 *     int exitCode = Options_Parse(list, usage, NULL, argc, argv);
 *
 *     if (exitCode != OPTIONS_RUN)
 *         return exitCode;
 *
 * --help is an option of each. To be called on the main thread.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

/* Returned where the program should run; anything else is the exit code with which it must end. */
#define OPTIONS_RUN   (-1)
#define OPTIONS_WRONG 2

/* An option, and where its value goes: to the one of the first three that is not NULL. */
typedef struct Option {
    const char *name; /* NULL ends a list of them */
    bool *flag;       /* it has no value: true if it is there */
    const char **text;
    long *number; /* from least to most */
    long least, most;
    const char *refusal; /* what to say of another value, which stands for the %; NULL: the usual */
} Option;

/* What does not begin with "--". */
typedef struct OptionWords {
    const char **words; /* room for `most` */
    int most;
    int count;
} OptionWords;

/*
 * Fills in what the options point to. `words` may be NULL: there are none but options. Returns
 * OPTIONS_RUN, 0 after --help (it has printed the usage on stdout), or OPTIONS_WRONG after a word that
 * is not understood (it has named the word on stderr).
 */
int Options_Parse(const Option *options, const char *usage, OptionWords *words, int argc,
                  char *argv[]);

/* Prints the three parts of a sentence and the usage to stderr. Returns OPTIONS_WRONG. */
int Options_Reject(const char *usage, const char *before, const char *word, const char *after);

/*
 * Reads a whole number from `least` to `most`. False: `text` is anything else, and `value` is
 * unchanged.
 */
bool Options_ParseNumber(const char *text, long least, long most, long *value);

#endif
