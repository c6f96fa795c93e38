/*
 * A block is freed twice.
 *
 * Expect: memory: a block of 16 bytes is freed for the second time
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    void *text = malloc(16);
    void *volatile same = text;

    Require(text != NULL, "malloc");
    free(text);
    free(same); /* Wrong */
    return 0;
}
