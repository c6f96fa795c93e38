/*
 * A byte is written behind a block of 13 bytes. Up to 7 bytes behind a block belong to nobody, and
 * what is written there is found when the block is freed.
 *
 * Expect: memory: something was written behind a block of 13 bytes
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    volatile char *text = (char *)malloc(13);

    Require(text != NULL, "malloc");
    text[13] = 0;
    free((void *)text); /* Wrong */
    return 0;
}
