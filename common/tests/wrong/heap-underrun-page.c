/*
 * A byte is written before the second of two blocks that have the size of a page.
 *
 * Expect: memory: a write before a block of 4096 bytes, at its index -1
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    char *first = (char *)malloc(4096);
    volatile char *second = (char *)malloc(4096);

    Require(first != NULL && second != NULL, "malloc");
    second[-1] = 0; /* Wrong */
    free((void *)second);
    free(first);
    return 0;
}
