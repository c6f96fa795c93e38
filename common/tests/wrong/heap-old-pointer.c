/*
 * The old pointer is used after realloc, which has moved the block.
 *
 * Expect: memory: a write in a block of 16 bytes that was freed
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    volatile char *text = (char *)malloc(16);
    char *longer;

    Require(text != NULL, "malloc");
    longer = (char *)realloc((void *)text, 100000);
    Require(longer != NULL, "realloc");
    text[0] = 0; /* Wrong */
    free(longer);
    return 0;
}
