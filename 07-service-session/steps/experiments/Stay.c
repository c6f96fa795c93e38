/*
 * Stay: checks a server that ends each connection after 3 s. Its argument is the server's port.
 *
 * 60 clients come, echo once and leave immediately. Then 20 come that stay: each has to be served 2.5 s
 * after it has come, and none 4 s after.
 */
#include "SocketUtils.h"

#include <stdio.h>
#include <stdlib.h>

#define GUESTS 60
#define STAYS  20

static NetAddress address;

static SOCKET Join(void)
{
    SOCKET socket = SocketUtils_CreateSocket(AF_INET);

    SocketUtils_Connect(socket, &address);
    return socket;
}

static bool Echoes(SOCKET socket)
{
    char byte = 'x';

    return send(socket, &byte, 1, 0) == 1 && recv(socket, &byte, 1, 0) == 1;
}

int main(int argc, char *argv[])
{
    SOCKET sockets[STAYS];
    int early = 0, late = 0;

    if (argc != 2 || !SocketUtils_Init() ||
        !NetAddress_FromText(&address, "127.0.0.1", (uint16_t)atoi(argv[1])))
        return 2;
    for (int i = 0; i < GUESTS; i++) {
        SOCKET guest = Join();

        Echoes(guest);
        closesocket(guest);
    }
    Sleep(1000);
    for (int i = 0; i < STAYS; i++)
        sockets[i] = Join();
    Sleep(2500);
    for (int i = 0; i < STAYS; i++)
        early += !Echoes(sockets[i]);
    Sleep(1500);
    for (int i = 0; i < STAYS; i++)
        late += Echoes(sockets[i]);
    printf("%s: %d of %d were ended too early, %d not at all.\n", early + late == 0 ? "ok" : "FAIL",
           early, STAYS, late);
    fflush(stdout);
    ExitProcess(early + late == 0 ? 0 : 1);
}
