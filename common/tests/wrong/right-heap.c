/*
 * Every function that gives and takes memory, used to the last byte and not beyond.
 *
 * Expect: nothing
 */
#include "Loopback.h"

static void Fill(char *memory, size_t size)
{
    Require(memory != NULL, "allocating");
    memset(memory, 'x', size);
}

int main(void)
{
    char *zeros, *text, *copy;

    for (size_t size = 1; size < 5000; size = size * 3 / 2 + 1) {
        char *block = (char *)malloc(size);
        char *longer, *shorter;

        Fill(block, size);
        longer = (char *)realloc(block, size * 2);
        Fill(longer, size * 2);
        shorter = (char *)realloc(longer, size / 2 + 1);
        Fill(shorter, size / 2 + 1);
        free(shorter);
    }
    zeros = (char *)calloc(3, 7);
    for (int i = 0; zeros != NULL && i < 21; i++)
        Require(zeros[i] == 0, "calloc zeroes");
    text = (char *)realloc(NULL, 6);
    Fill(text, 5);
    text[5] = '\0';
    copy = _strdup(text);
    Require(copy != NULL && strcmp(copy, "xxxxx") == 0, "_strdup");
    free(malloc(0));
    free(NULL);
    free(copy);
    free(text);
    free(zeros);

    text = (char *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 10);
    Fill(text, 10);
    HeapFree(GetProcessHeap(), 0, text);
    return 0;
}
