/*
 * ErrorText: turns an error number into a sentence.
 *
 * FormatMessage knows Winsock's numbers (10048) and the system's (64, 995). Wine has no texts for
 * Winsock's: there the sentence ends after the number. The text is in the language of the system and
 * in the encoding of the console, which may be another than the system's own: with chcp 65001 it is
 * UTF-8. May be called on any thread.
 */
#ifndef ERROR_TEXT_H
#define ERROR_TEXT_H

#include "NetAddress.h"

/* Room for the longest text that ErrorText_Format writes. */
#define ERROR_TEXT_SIZE 512

/*
 * Writes "bind failed with error 10048: Only one usage of each socket address is permitted." to
 * `text`, which has room for `size` bytes. `call` is the function that failed, `error` what
 * GetLastError or WSAGetLastError said right after it. Returns `text`.
 */
char *ErrorText_Format(char *text, int size, const char *call, DWORD error);

/* The same behind "Cannot listen on 127.0.0.1:7777: ". */
char *ErrorText_FormatListen(char *text, int size, const NetAddress *address, const char *call,
                             DWORD error);

/*
 * Writes `wide` to `text` in the encoding of `codePage`, say 949 or 65001, up to the last character
 * that there is room for. Returns `text`.
 */
char *ErrorText_Encode(char *text, int size, const wchar_t *wide, UINT codePage);

/* Prints the sentence of ErrorText_Format and a newline to stderr. */
void ErrorText_Print(const char *call, DWORD error);

#endif
