/*
 * NetAddress: see NetAddress.h.
 */
#include "NetAddress.h"

#include <stdio.h>
#include <string.h>

static bool NetAddress_FromText4(NetAddress *address, const char *text, uint16_t port)
{
    SOCKADDR_IN in = {0};

    if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
        return false;
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    memset(address, 0, sizeof(*address));
    memcpy(&address->storage, &in, sizeof(in));
    address->length = (int)sizeof(in);
    return true;
}

/* Reads the number after '%' in "fe80::1%3": the interface of a link-local address. */
static bool ParseScope(const char *digits, ULONG *scope)
{
    ULONG value = 0;

    if (*digits == '\0')
        return false;
    for (; *digits != '\0'; digits++) {
        if (*digits < '0' || *digits > '9' || value > 99999999)
            return false;
        value = value * 10 + (ULONG)(*digits - '0');
    }
    *scope = value;
    return true;
}

static bool NetAddress_FromText6(NetAddress *address, const char *text, uint16_t port)
{
    SOCKADDR_IN6 in6 = {0};
    char host[INET6_ADDRSTRLEN];
    ULONG scope = 0;
    const char *percent = strchr(text, '%');
    size_t hostLength = percent != NULL ? (size_t)(percent - text) : strlen(text);

    if (hostLength >= sizeof(host))
        return false;
    memcpy(host, text, hostLength);
    host[hostLength] = '\0';
    if (percent != NULL && !ParseScope(percent + 1, &scope))
        return false;
    if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
        return false;
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    in6.sin6_scope_id = scope;
    memset(address, 0, sizeof(*address));
    memcpy(&address->storage, &in6, sizeof(in6));
    address->length = (int)sizeof(in6);
    return true;
}

bool NetAddress_FromText(NetAddress *address, const char *text, uint16_t port)
{
    return NetAddress_FromText4(address, text, port) || NetAddress_FromText6(address, text, port);
}

char *NetAddress_ToText(const NetAddress *address, char *text, int size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    unsigned port = NetAddress_GetPort(address);

    if (NetAddress_GetFamily(address) == AF_INET6) {
        SOCKADDR_IN6 in6;
        memcpy(&in6, &address->storage, sizeof(in6));
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], host, sizeof(host));
            snprintf(text, (size_t)size, "%s:%u", host, port);
            return text;
        }
        inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
        if (in6.sin6_scope_id != 0)
            snprintf(text, (size_t)size, "[%s%%%lu]:%u", host, in6.sin6_scope_id, port);
        else
            snprintf(text, (size_t)size, "[%s]:%u", host, port);
    } else {
        SOCKADDR_IN in;
        memcpy(&in, &address->storage, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
        snprintf(text, (size_t)size, "%s:%u", host, port);
    }
    return text;
}

uint16_t NetAddress_GetPort(const NetAddress *address)
{
    /* The port is in the same place in both families; SS_PORT of ws2tcpip.h relies on it too. */
    SOCKADDR_IN in;

    memcpy(&in, &address->storage, sizeof(in));
    return ntohs(in.sin_port);
}

int NetAddress_GetFamily(const NetAddress *address)
{
    return address->storage.ss_family;
}

NetAddress NetAddress_ToLocal(const NetAddress *address)
{
    NetAddress local = *address;
    uint16_t port = NetAddress_GetPort(address);

    if (NetAddress_GetFamily(address) == AF_INET6) {
        SOCKADDR_IN6 in6;
        memcpy(&in6, &address->storage, sizeof(in6));
        if (IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr))
            NetAddress_FromText(&local, "::1", port);
    } else {
        SOCKADDR_IN in;
        memcpy(&in, &address->storage, sizeof(in));
        if (in.sin_addr.s_addr == htonl(INADDR_ANY))
            NetAddress_FromText(&local, "127.0.0.1", port);
    }
    return local;
}
