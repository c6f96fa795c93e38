/*
 * ErrorText: see ErrorText.h.
 */
#include "ErrorText.h"

#include <stdio.h>
#include <wchar.h>

#define WIDE_SIZE 256

char *ErrorText_Encode(char *text, int size, const wchar_t *wide, UINT codePage)
{
    int length = (int)wcslen(wide), bytes = 0;

    /* It fails, and does not cut the text, where there is no room. */
    while (size > 1 && length > 0 && bytes == 0)
        bytes = WideCharToMultiByte(codePage, 0, wide, length--, text, size - 1, NULL, NULL);
    text[bytes] = '\0';
    return text;
}

/* Writes the system's text without its final line break, or "" if the system has no text. */
static void GetSystemText(char *text, int size, DWORD error)
{
    wchar_t wide[WIDE_SIZE];
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                      FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                  NULL, error, 0, wide, WIDE_SIZE, NULL);

    while (length > 0 && wide[length - 1] <= L' ')
        length--;
    wide[length] = L'\0';
    /* FormatMessageA writes in the encoding of the system, which the console need not have. Where
       there is no console, 0 stands for that encoding. */
    ErrorText_Encode(text, size, wide, GetConsoleOutputCP());
}

char *ErrorText_Format(char *text, int size, const char *call, DWORD error)
{
    char systemText[ERROR_TEXT_SIZE - 64]; /* the rest is for the call */

    GetSystemText(systemText, (int)sizeof(systemText), error);
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
