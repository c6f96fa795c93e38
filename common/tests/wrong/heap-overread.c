/*
 * A byte is read right behind a block, by a loop that goes one step too far.
 *
 * Expect: memory: a read behind a block of 16 bytes, at its index 16
 */
#include "Loopback.h"

int main(void)
{
    volatile char *text = (char *)calloc(16, 1);
    int sum = 0;

    Require(text != NULL, "calloc");
    for (int i = 0; i <= 16; i++)
        sum += text[i]; /* Wrong */
    free((void *)text);
    Require(sum < 1000, "adding");
    return 0;
}
