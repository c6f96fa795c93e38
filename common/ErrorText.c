/*
 * ErrorText: see ErrorText.h.
 */
#include "ErrorText.h"

#include <stdio.h>

/* Writes the system's text without its final line break, or "" if the system has no text. */
static void GetSystemText(char *text, DWORD size, DWORD error)
{
    DWORD length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                      FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                  NULL, error, 0, text, size, NULL);

    while (length > 0 && (unsigned char)text[length - 1] <= ' ')
        length--;
    text[length] = '\0';
}

char *ErrorText_Format(char *text, int size, const char *call, DWORD error)
{
    char systemText[ERROR_TEXT_SIZE / 2];

    GetSystemText(systemText, sizeof(systemText), error);
    snprintf(text, (size_t)size, "%s failed with error %lu%s%s", call, error,
             systemText[0] != '\0' ? ": " : "", systemText);
    return text;
}

char *ErrorText_FormatListen(char *text, int size, const NetAddress *address, const char *call,
                             DWORD error)
{
    char addressText[NET_ADDRESS_TEXT_SIZE];
    char reason[ERROR_TEXT_SIZE];

    snprintf(text, (size_t)size, "Cannot listen on %s: %s",
             NetAddress_ToText(address, addressText, sizeof(addressText)),
             ErrorText_Format(reason, sizeof(reason), call, error));
    return text;
}

void ErrorText_Print(const char *call, DWORD error)
{
    char text[ERROR_TEXT_SIZE];

    fprintf(stderr, "%s\n", ErrorText_Format(text, sizeof(text), call, error));
    fflush(stderr);
}
