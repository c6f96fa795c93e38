/*
 * recv is told that the block has twice the room that it has.
 *
 * Expect: memory: recv is given a buffer of 32 bytes that is not inside its block
 */
#include "Loopback.h"

int main(void)
{
    char *received = (char *)malloc(16);

    Require(received != NULL, "malloc");
    OpenPair();
    send(client, "hello", 5, 0);
    recv(server, received, 32, 0); /* Wrong */
    free(received);
    return Close();
}
