/*
 * A byte is written before a block. It hits no guard, and is found when the block is freed.
 *
 * Expect: memory: something was written before a block of 16 bytes
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    volatile char *text = (char *)malloc(16);

    Require(text != NULL, "malloc");
    text[-1] = 0;
    free((void *)text); /* Wrong */
    return 0;
}
