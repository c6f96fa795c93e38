/*
 * StormPeer: plain sockets that talk rubbish, and leave in every way. See Storm.h.
 */
#include "Storm.h"
#include "TestSocketUtils.h"

#define STEPS      8
#define PATIENCE   100 /* milliseconds that a call waits */
#define LARGE_SIZE 65536

/* Rubbish; half of it looks like packets, some with a size that cannot be. */
static void Talk(SOCKET peer, uint32_t *seed)
{
    static char rubbish[LARGE_SIZE]; /* zeros: what they say does not matter */
    int size = 1 + (int)Random_Next(seed, Random_Next(seed, 8) == 0 ? LARGE_SIZE : 2000);

    if (Random_Next(seed, 2) == 0) {
        uint16_t header[2] = {(uint16_t)size, 1};

        send(peer, (const char *)header, sizeof(header), 0);
        size -= (int)sizeof(header);
    }
    if (size > 0)
        send(peer, rubbish, size, 0);
}

static void Leave(SOCKET *peer, uint32_t *seed)
{
    char bytes[1024];
    uint32_t way = Random_Next(seed, 4);

    if (way == 0)
        SocketUtils_SetLinger(*peer, true, 0);
    if (way == 1)
        Sleep(Random_Next(seed, PATIENCE));
    if (way == 2) {
        shutdown(*peer, SD_SEND);
        while (recv(*peer, bytes, sizeof(bytes), 0) > 0 && !Storm_IsOver())
            ;
    }
    SocketUtils_Close(peer);
}

static SOCKET Arrive(uint32_t *seed)
{
    Place *place = Storm_Enter(seed);
    SOCKET peer = INVALID_SOCKET;
    NetAddress address;

    if (place == NULL)
        return INVALID_SOCKET;
    if (place->type == SERVICE_SERVER)
        peer = SocketUtils_CreateSocket(AF_INET);
    address = place->address;
    Storm_Leave(place);
    if (peer == INVALID_SOCKET)
        return INVALID_SOCKET;
    SocketUtils_SetOption(peer, SOL_SOCKET, SO_RCVTIMEO, PATIENCE);
    SocketUtils_SetOption(peer, SOL_SOCKET, SO_SNDTIMEO, PATIENCE);
    if (!SocketUtils_Connect(peer, &address))
        SocketUtils_Close(&peer);
    return peer;
}

void Peer_Visit(uint32_t *seed)
{
    SOCKET peer = Arrive(seed);
    char bytes[1024];

    if (peer == INVALID_SOCKET) {
        Sleep(1);
        return;
    }
    InterlockedIncrement(&storm.peers);
    for (uint32_t i = Random_Next(seed, STEPS); i > 0; i--) {
        if (Random_Next(seed, 3) > 0)
            Talk(peer, seed);
        else
            recv(peer, bytes, sizeof(bytes), 0);
    }
    Leave(&peer, seed);
}
