/*
 * A block is read after it was freed.
 *
 * Expect: memory: a read in a block of 16 bytes that was freed
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    char *text = (char *)calloc(16, 1);
    volatile char *same = text;

    Require(text != NULL, "calloc");
    free(text);
    printf("%d\n", same[0]); /* Wrong */
    return 0;
}
