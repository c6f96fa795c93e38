/*
 * A byte is written right behind a block: the text is as long as the block, and has a NUL more.
 *
 * Expect: memory: a write behind a block of 16 bytes, at its index 16
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    volatile char *text = (char *)malloc(16);
    char *next = (char *)malloc(4096);

    Require(text != NULL && next != NULL, "malloc");
    for (int i = 0; i < 16; i++)
        text[i] = 'x';
    text[16] = 0; /* Wrong */
    free(next);
    free((void *)text);
    return 0;
}
