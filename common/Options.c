/*
 * Options: see Options.h.
 */
#include "Options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

bool Options_ParseNumber(const char *text, long least, long most, long *value)
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

int Options_Reject(const char *usage, const char *before, const char *word, const char *after)
{
    fprintf(stderr, "%s%s%s\n%s", before, word, after, usage);
    fflush(stderr);
    return OPTIONS_WRONG;
}

static int RejectNumber(const Option *option, const char *usage, const char *value)
{
    const char *sign = option->refusal != NULL ? strchr(option->refusal, '%') : NULL;

    if (sign != NULL)
        fprintf(stderr, "%.*s%s%s\n%s", (int)(sign - option->refusal), option->refusal, value,
                sign + 1, usage);
    else
        fprintf(stderr, "%s takes a number from %ld to %ld, and '%s' is none.\n%s", option->name,
                option->least, option->most, value, usage);
    fflush(stderr);
    return OPTIONS_WRONG;
}

/* `value` is the word behind the option; NULL: there is none. */
static int Take(const Option *option, const char *usage, const char *value)
{
    if (option->flag != NULL) {
        *option->flag = true;
        return OPTIONS_RUN;
    }
    if (value == NULL)
        return Options_Reject(usage, "Option ", option->name, " needs a value.");
    if (option->text != NULL)
        *option->text = value;
    else if (!Options_ParseNumber(value, option->least, option->most, option->number))
        return RejectNumber(option, usage, value);
    return OPTIONS_RUN;
}

static int TakeWord(OptionWords *words, const char *usage, const char *word)
{
    if (words->count == words->most)
        return Options_Reject(usage, "Too many words: '", word, "'.");
    words->words[words->count++] = word;
    return OPTIONS_RUN;
}

int Options_Parse(const Option *options, const char *usage, OptionWords *words, int argc,
                  char *argv[])
{
    int result = OPTIONS_RUN;

    for (int i = 1; i < argc && result == OPTIONS_RUN; i++) {
        const Option *option = options;

        while (option->name != NULL && strcmp(option->name, argv[i]) != 0)
            option++;
        if (option->name != NULL) {
            result = Take(option, usage, i + 1 < argc ? argv[i + 1] : NULL);
            i += option->flag == NULL ? 1 : 0;
        } else if (strcmp(argv[i], "--help") == 0) {
            printf("%s", usage);
            result = 0;
        } else if (words != NULL && strncmp(argv[i], "--", 2) != 0) {
            result = TakeWord(words, usage, argv[i]);
        } else {
            result = Options_Reject(usage, "Unknown option '", argv[i], "'.");
        }
    }
    return result;
}
