/*
 * PacketSession: see PacketSession.h.
 */
#include "PacketSession.h"
#include "SessionCore.h"

#include <stdlib.h>
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
    PacketHeader header = {(uint16_t)(PACKET_HEADER_SIZE + length), id};
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

static PacketSession *FromSession(Session *session)
{
    return CONTAINING_RECORD(session, PacketSession, session);
}

static void PacketSession_OnConnected(Session *session)
{
    PacketSession *packetSession = FromSession(session);

    if (packetSession->vtbl->OnConnected != NULL)
        packetSession->vtbl->OnConnected(packetSession);
}

static void PacketSession_OnPacket(void *context, uint16_t id, const char *body, int length)
{
    PacketSession *packetSession = (PacketSession *)context;

    /* The packet before this one may have been the last that the program wanted. */
    if (!Session_IsConnected(&packetSession->session))
        return;
    Service_Count(packetSession->session.service, COUNTER_PACKETS, 1);
    if (packetSession->vtbl->OnRecvPacket != NULL)
        packetSession->vtbl->OnRecvPacket(packetSession, id, body, length);
}

static int PacketSession_OnRecv(Session *session, const char *data, int length)
{
    PacketSession *packetSession = FromSession(session);
    int done = Packet_Split(data, length, packetSession->maxPacketSize, PacketSession_OnPacket,
                            packetSession);

    if (done >= 0)
        return done;
    Session_Disconnect(session, CAUSE_BAD_PACKET);
    return length;
}

static void PacketSession_OnDisconnected(Session *session, DisconnectCause cause)
{
    PacketSession *packetSession = FromSession(session);

    if (packetSession->vtbl->OnDisconnected != NULL)
        packetSession->vtbl->OnDisconnected(packetSession, cause);
}

static void PacketSession_Destroy(Session *session)
{
    PacketSession *packetSession = FromSession(session);

    if (packetSession->vtbl->Destroy != NULL)
        packetSession->vtbl->Destroy(packetSession);
    else
        free(packetSession);
}

static const SessionVtbl packetSessionVtbl = {.OnConnected = PacketSession_OnConnected,
                                              .OnRecv = PacketSession_OnRecv,
                                              .OnDisconnected = PacketSession_OnDisconnected,
                                              .Destroy = PacketSession_Destroy};

PacketSession *PacketSession_New(Service *service, const PacketSessionVtbl *vtbl, size_t size,
                                 int family, int maxPacketSize)
{
    PacketSession *packetSession;
    Session *session;

    if (maxPacketSize < PACKET_HEADER_SIZE || maxPacketSize > MAX_PACKET_SIZE ||
        maxPacketSize > service->settings.session.recvBufferMax) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    session = Session_New(service, &packetSessionVtbl, size, family);
    if (session == NULL)
        return NULL;
    packetSession = FromSession(session);
    packetSession->vtbl = vtbl;
    packetSession->maxPacketSize = maxPacketSize;
    return packetSession;
}
