/*
 * NetAddress: an IPv4 or IPv6 address with its port, and its text form.
 *
 * A SOCKADDR_STORAGE has room for either family; `length` is the length that bind, connect and
 * accept expect or return. All functions may be called on any thread.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <stdbool.h>
#include <stdint.h>

/* Room for the longest text of NetAddress_ToText, its terminating NUL included. */
#define NET_ADDRESS_TEXT_SIZE 80

typedef struct NetAddress {
    SOCKADDR_STORAGE storage; /* SOCKADDR_IN or SOCKADDR_IN6, in network byte order */
    int length;               /* bytes of it in use */
} NetAddress;

/*
 * Reads a numeric address: "127.0.0.1", "::1", "fe80::1%3". Host names are not looked up.
 * `port` is in host byte order. False: the text is not an address, and `address` is unchanged.
 */
bool NetAddress_FromText(NetAddress *address, const char *text, uint16_t port);

/*
 * Writes "127.0.0.1:7777" or "[::1]:7777" to `text`, which has room for `size` bytes
 * (NET_ADDRESS_TEXT_SIZE is enough for every address). The IPv4 client of an IPv6 socket
 * (::ffff:127.0.0.1) is written as IPv4. Returns `text`.
 */
char *NetAddress_ToText(const NetAddress *address, char *text, int size);

/* Returns the port in host byte order. */
uint16_t NetAddress_GetPort(const NetAddress *address);

/* Returns AF_INET or AF_INET6. */
int NetAddress_GetFamily(const NetAddress *address);

/*
 * Returns the address to which a program on this machine connects to reach a server that listens on
 * `address`: the same one, but loopback instead of 0.0.0.0 or ::, which are no destinations.
 */
NetAddress NetAddress_ToLocal(const NetAddress *address);

#endif
