/*
 * A block is read after it was freed.
 *
 * Expect: memory: a read in a block of 16 bytes that was freed
 * Exit: 3
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    volatile char *text = (char *)calloc(16, 1);
    int first;

    Require(text != NULL, "calloc");
    free((void *)text);
    first = text[0]; /* Wrong */
    printf("%d\n", first);
    return 0;
}
