/*
 * PacketSession: see PacketSession.h.
 */
#include "PacketSession.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PACKET_SIZE 65535

/* Byte by byte: the bytes of a packet have an order of their own, and need not be aligned. */
static uint16_t ReadUint16(const char *data)
{
    return (uint16_t)((unsigned char)data[0] | (unsigned char)data[1] << 8);
}

static void WriteUint16(char *data, uint16_t value)
{
    data[0] = (char)(value & 0xFF);
    data[1] = (char)(value >> 8);
}

int Packet_Split(const char *data, int length, int maxPacketSize,
                 void (*onPacket)(void *context, uint16_t id, const char *body, int bodyLength),
                 void *context)
{
    int done = 0;

    while (length - done >= PACKET_HEADER_SIZE) {
        const char *packet = data + done;
        int size = ReadUint16(packet);

        if (size < PACKET_HEADER_SIZE || size > maxPacketSize)
            return -1;
        if (size > length - done)
            break;
        onPacket(context, ReadUint16(packet + 2), packet + PACKET_HEADER_SIZE,
                 size - PACKET_HEADER_SIZE);
        done += size;
    }
    return done;
}

SendBuffer *Packet_Make(uint16_t id, const void *body, int length)
{
    SendBuffer *buffer;

    if (length < 0 || length > MAX_PACKET_SIZE - PACKET_HEADER_SIZE)
        return NULL;
    buffer = SendBuffer_Open(PACKET_HEADER_SIZE + length);
    if (buffer == NULL)
        return NULL;
    WriteUint16(buffer->data, (uint16_t)(PACKET_HEADER_SIZE + length));
    WriteUint16(buffer->data + 2, id);
    if (length > 0)
        memcpy(buffer->data + PACKET_HEADER_SIZE, body, (size_t)length);
    SendBuffer_Close(buffer, PACKET_HEADER_SIZE + length);
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
    SessionCounter_Add(&packetSession->session.owner->counters.packets, 1);
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
