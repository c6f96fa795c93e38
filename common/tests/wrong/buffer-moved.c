/*
 * The buffer grows while a receive into it is outstanding: realloc may move it.
 *
 * Expect: rule 4: realloc gives back memory with the buffer of a WSARecv that is outstanding
 * Alone: no
 */
#include "Loopback.h"

int main(void)
{
    static WSAOVERLAPPED overlapped;
    char *received = (char *)malloc(64);
    char *longer;
    WSABUF buffer = {64, received};
    DWORD flags = 0;

    Require(received != NULL, "malloc");
    OpenPairWithPort();
    WSARecv(server, &buffer, 1, NULL, &flags, &overlapped, NULL);

    longer = (char *)realloc(received, 100000); /* Wrong */
    Require(longer != NULL, "realloc");

    send(client, "hello", 5, 0);
    TakeCompletion();
    free(longer);
    return Close();
}
