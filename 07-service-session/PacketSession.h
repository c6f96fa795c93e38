/*
 * PacketSession: a session whose bytes are packets.
 *
 *     offset 0   2 bytes   size   of the whole packet, these four bytes included; little-endian
 *     offset 2   2 bytes   id     what the packet means; little-endian
 *     offset 4   size - 4  body
 *
 * TCP keeps the bytes and their order, not the packets: several may come in one receive, and one in
 * several. OnRecvPacket gets each whole, once and in order. A size that is less than 4 or above the
 * maximum ends the session with CAUSE_BAD_PACKET: what follows such a header has no meaning.
 */
#ifndef PACKET_SESSION_H
#define PACKET_SESSION_H

#include "Service.h"

#include <stdint.h>

#define PACKET_HEADER_SIZE 4

/* What a program does with it: as any session, but OnRecv has to be PacketSession_OnRecv. */
typedef struct PacketSessionVtbl {
    SessionVtbl session;

    /* `body` has `length` bytes, 0 or more; they are the session's. On a worker thread. */
    void (*OnRecvPacket)(Session *session, uint16_t id, const char *body, int length);
} PacketSessionVtbl;

typedef struct PacketSession {
    Session session;
    int maxPacketSize; /* bytes, the header included */
} PacketSession;

int PacketSession_OnRecv(Session *session, const char *data, int length);

/*
 * For a factory: as Session_New, a session of `size` bytes, of which the first are a PacketSession.
 * `maxPacketSize` is at least PACKET_HEADER_SIZE and at most 65535 and the service's recvBufferMax: a
 * packet must fit in the receive buffer. NULL with ERROR_INVALID_PARAMETER: so it is not, or
 * OnRecv is another function, or `size` too small.
 */
Session *PacketSession_New(Service *service, const PacketSessionVtbl *vtbl, size_t size, int family,
                           int maxPacketSize);

/* A buffer with the header and `length` bytes of body. NULL: too long, or no memory. */
SendBuffer *Packet_Make(uint16_t id, const void *body, int length);

/*
 * Cuts packets off `data`, as a PacketSession does: calls `onPacket` for each whole one and returns
 * the bytes of all of them, or -1 after an invalid header; those before it were delivered.
 */
int Packet_Split(const char *data, int length, int maxPacketSize,
                 void (*onPacket)(void *context, uint16_t id, const char *body, int bodyLength),
                 void *context);

#endif
