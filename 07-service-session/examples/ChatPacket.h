/*
 * ChatPacket: what ChatServer and ChatClient say to each other.
 *
 * Every packet has the header of PacketSession.h: its size and its id, two little-endian numbers of
 * 16 bits. The body depends on the id. A text is UTF-8 without control characters; `name` is a byte
 * that says how many bytes follow, and these; a text at the end of a body needs no length.
 *
 *     id                  body                 bytes      from the client
 *     1    CHAT_ENTER     the name             1 to 20    lets it in; first, and once
 *     2    CHAT_SAY       the text             1 to 1000  to all who are in, itself among them
 *     3    CHAT_PONG                                      answers a Ping: it is still there
 *
 *                                                         from the server
 *     101  CHAT_WELCOME   name, name, ...                 you are in: your name, then all others
 *     102  CHAT_REFUSED   the reason                      the connection ends after this
 *     103  CHAT_JOINED    the name                        another one came in
 *     104  CHAT_LEFT      name, the reason                another one is not here any more
 *     105  CHAT_SAID      name, the text                  that one said this
 *     106  CHAT_PING                                      are you there? Every 10 s; say Pong
 *
 * A client gets nothing before its Welcome. From then on all clients see what happens in the same
 * order, so that each knows at any time who is there. What the server cannot accept it answers with
 * Refused: a packet that is unknown, out of order or malformed, a name that is taken. After a
 * header that cannot be, a size below 4 or above CHAT_REQUEST_MAX, it ends the connection at once.
 */
#ifndef CHAT_PACKET_H
#define CHAT_PACKET_H

#include "PacketSession.h"

#define CHAT_NAME_MAX   20   /* bytes */
#define CHAT_TEXT_MAX   1000 /* bytes */
#define CHAT_MEMBER_MAX 1000 /* clients of one server, so that a Welcome is one packet */

/* The largest packets in bytes, header included. A client's may be somewhat longer than it should
   be, so that it can be told what is wrong. */
#define CHAT_REQUEST_MAX 2048
#define CHAT_NOTICE_MAX  (PACKET_HEADER_SIZE + CHAT_MEMBER_MAX * (1 + CHAT_NAME_MAX))

typedef enum ChatPacketId {
    CHAT_ENTER = 1,
    CHAT_SAY = 2,
    CHAT_PONG = 3,
    CHAT_WELCOME = 101,
    CHAT_REFUSED = 102,
    CHAT_JOINED = 103,
    CHAT_LEFT = 104,
    CHAT_SAID = 105,
    CHAT_PING = 106
} ChatPacketId;

/* Bytes that belong to somebody else. There is no NUL behind them. */
typedef struct ChatText {
    const char *bytes;
    int length;
} ChatText;

/* The text of a string; it stays the string's. */
ChatText ChatText_FromString(const char *string);

bool ChatText_IsSame(ChatText left, ChatText right);

/*
 * True: well-formed UTF-8, and nothing in it that a terminal takes for an order: no control
 * characters, no line or paragraph separators, nothing that turns the direction of writing.
 */
bool ChatText_IsClean(ChatText text);

/*
 * Writes to `clean` what ChatText_IsClean accepts: the text with a '?' in place of each character
 * or byte that it does not, and a space for a tab. `clean` has room for text.length bytes, and may
 * be where the text is. Returns how many bytes it wrote.
 */
int ChatText_Clean(ChatText text, char *clean);

/*
 * A packet whose body is a text (Enter, Say, Refused, Joined), and one whose body is a name and a
 * text (Left, Said). A reference, the caller's. NULL: too long, or no memory.
 */
SendBuffer *ChatPacket_Make(ChatPacketId id, ChatText text);
SendBuffer *ChatPacket_MakeNamed(ChatPacketId id, ChatText name, ChatText text);

/*
 * Writes a name as bodies have it, at `body`. Returns how many bytes: one more than the name has.
 */
int ChatPacket_WriteName(char *body, ChatText name);

/* Takes a name from the front of `body`. False: there is no whole one; nothing was taken. */
bool ChatPacket_ReadName(ChatText *body, ChatText *name);

#endif
