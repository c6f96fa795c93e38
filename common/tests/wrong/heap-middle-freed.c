/*
 * What is freed is not what malloc returned: the pointer has moved on through the block.
 *
 * Expect: memory: what is freed points into a block of 16 bytes
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    char *text = (char *)malloc(16);
    char *volatile next = text;

    Require(text != NULL, "malloc");
    next++;
    free(next); /* Wrong */
    free(text);
    return 0;
}
