/*
 * PacketSession: see PacketSession.h.
 */
#include "PacketSession.h"
#include "SessionCore.h"

#include <string.h>

#define MAX_PACKET_SIZE 65535

/* As it stands at the start of a packet. Windows is little-endian, and so are packets. */
typedef struct PacketHeader {
    uint16_t size;
    uint16_t id;
} PacketHeader;

int Packet_Split(const char *data, int length, int maxPacketSize,
                 void (*onPacket)(void *context, uint16_t id, const char *body, int bodyLength),
                 void *context)
{
    int done = 0;

    while (length - done >= PACKET_HEADER_SIZE) {
        PacketHeader header;

        /* A packet need not be aligned. */
        memcpy(&header, data + done, sizeof(header));
        if (header.size < PACKET_HEADER_SIZE || header.size > maxPacketSize)
            return -1;
        if (header.size > length - done)
            break;
        onPacket(context, header.id, data + done + PACKET_HEADER_SIZE,
                 header.size - PACKET_HEADER_SIZE);
        done += header.size;
    }
    return done;
}

SendBuffer *Packet_Make(uint16_t id, const void *body, int length)
{
    PacketHeader header = {(uint16_t)(PACKET_HEADER_SIZE + (unsigned)length), id};
    SendBuffer *buffer;

    if (length < 0 || length > MAX_PACKET_SIZE - PACKET_HEADER_SIZE)
        return NULL;
    buffer = SendBuffer_Open(header.size);
    if (buffer == NULL)
        return NULL;
    memcpy(buffer->data, &header, sizeof(header));
    if (length > 0)
        memcpy(buffer->data + PACKET_HEADER_SIZE, body, (size_t)length);
    SendBuffer_Close(buffer, header.size);
    return buffer;
}

static void PacketSession_OnPacket(void *context, uint16_t id, const char *body, int length)
{
    Session *session = (Session *)context;
    const PacketSessionVtbl *vtbl = CONTAINING_RECORD(session->vtbl, PacketSessionVtbl, session);

    /* The packet before this one may have been the last that the program wanted. */
    if (!Session_IsConnected(session))
        return;
    Service_Count(session->service, COUNTER_PACKETS, 1);
    if (vtbl->OnRecvPacket != NULL)
        vtbl->OnRecvPacket(session, id, body, length);
}

int PacketSession_OnRecv(Session *session, const char *data, int length)
{
    int most = CONTAINING_RECORD(session, PacketSession, session)->maxPacketSize;
    int done = Packet_Split(data, length, most, PacketSession_OnPacket, session);

    if (done >= 0)
        return done;
    Session_Disconnect(session, CAUSE_BAD_PACKET);
    return length;
}

Session *PacketSession_New(Service *service, const PacketSessionVtbl *vtbl, size_t size, int family,
                           int maxPacketSize)
{
    Session *session;

    if (maxPacketSize < PACKET_HEADER_SIZE || maxPacketSize > MAX_PACKET_SIZE ||
        maxPacketSize > service->settings.session.recvBufferMax || size < sizeof(PacketSession) ||
        vtbl == NULL || vtbl->session.OnRecv != PacketSession_OnRecv) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    session = Session_New(service, &vtbl->session, size, family);
    if (session != NULL)
        CONTAINING_RECORD(session, PacketSession, session)->maxPacketSize = maxPacketSize;
    return session;
}
