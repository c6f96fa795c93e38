/*
 * recv is given a block that was freed before.
 *
 * Expect: memory: recv is given a buffer of 16 bytes that was freed before
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    char *received = (char *)malloc(16);

    Require(received != NULL, "malloc");
    OpenPair();
    send(client, "hello", 5, 0);
    free(received);
    recv(server, received, 16, 0); /* Wrong */
    return Close();
}
