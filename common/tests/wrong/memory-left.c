/*
 * Memory is never freed: that of one of three sessions.
 *
 * Expect: left over: 1 block of 100 bytes is not freed at the end
 */
#include "Loopback.h"

int main(void)
{
    void *sessions[3];

    for (int i = 0; i < 3; i++) {
        sessions[i] = malloc(100); /* Wrong */
        Require(sessions[i] != NULL, "malloc");
    }
    for (int i = 1; i < 3; i++)
        free(sessions[i]);
    return 0;
}
