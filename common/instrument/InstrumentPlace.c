/*
 * InstrumentPlace: see InstrumentPlace.h.
 */
#include "InstrumentPlace.h"

const char *Place_ToText(InstrumentPlace place, char *text, int size)
{
    if (place.file == NULL)
        snprintf(text, (size_t)size, "(unknown)");
    else if (place.line < 0)
        snprintf(text, (size_t)size, "%s, after line %d", place.file, -place.line);
    else
        snprintf(text, (size_t)size, "%s:%d", place.file, place.line);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\\')
            *at = '/';
    }
    return text;
}
