/*
 * ChatPacket: see ChatPacket.h.
 */
#include "ChatPacket.h"

#include <string.h>

/*
 * A name may be 255 bytes here, as its length is a byte; whether it is too long, the server says.
 */
#define NAME_LENGTH_MAX 255
#define BODY_MAX        (1 + NAME_LENGTH_MAX + CHAT_TEXT_MAX)

ChatText ChatText_FromString(const char *string)
{
    ChatText text = {string, (int)strlen(string)};

    return text;
}

bool ChatText_IsSame(ChatText left, ChatText right)
{
    return left.length == right.length && memcmp(left.bytes, right.bytes, (size_t)left.length) == 0;
}

/*
 * Reads the character at the front of the text, which is not empty, into `character`. Returns how
 * many bytes it has, or 0 if they are not UTF-8: a byte is missing or wrong, the character could be
 * written in fewer bytes, or it is none (above 0x10FFFF, or half of a UTF-16 pair).
 */
static int ReadCharacter(ChatText text, unsigned long *character)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000}; /* with so many bytes */
    unsigned char first = (unsigned char)text.bytes[0];
    unsigned long value = first;
    int size = 1;

    if (first >= 0xF0 && first <= 0xF4)
        size = 4;
    else if (first >= 0xE0 && first <= 0xEF)
        size = 3;
    else if (first >= 0xC2 && first <= 0xDF)
        size = 2;
    else if (first >= 0x80)
        return 0;
    if (size > text.length)
        return 0;
    if (size > 1)
        value &= 0x7FUL >> size;
    for (int i = 1; i < size; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        if ((byte & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (byte & 0x3F);
    }
    if (value < least[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *character = value;
    return size;
}

static bool IsControl(unsigned long character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0) || /* the two sets of ISO */
           character == 0x200E || character == 0x200F ||                  /* direction marks */
           (character >= 0x2028 && character <= 0x202E) || /* separators, direction */
           (character >= 0x2066 && character <= 0x2069);   /* direction */
}

bool ChatText_IsClean(ChatText text)
{
    while (text.length > 0) {
        unsigned long character = 0;
        int size = ReadCharacter(text, &character);

        if (size == 0 || IsControl(character))
            return false;
        text.bytes += size;
        text.length -= size;
    }
    return true;
}

int ChatText_Clean(ChatText text, char *clean)
{
    int written = 0;

    while (text.length > 0) {
        unsigned long character = 0;
        int size = ReadCharacter(text, &character);

        if (size == 0 || IsControl(character)) {
            clean[written++] = character == '\t' ? ' ' : '?';
        } else {
            memmove(clean + written, text.bytes, (size_t)size);
            written += size;
        }
        text.bytes += size > 0 ? size : 1;
        text.length -= size > 0 ? size : 1;
    }
    return written;
}

SendBuffer *ChatPacket_Make(ChatPacketId id, ChatText text)
{
    return Packet_Make((uint16_t)id, text.bytes, text.length);
}

SendBuffer *ChatPacket_MakeNamed(ChatPacketId id, ChatText name, ChatText text)
{
    char body[BODY_MAX];
    int length;

    if (name.length > NAME_LENGTH_MAX || text.length > CHAT_TEXT_MAX)
        return NULL;
    length = ChatPacket_WriteName(body, name);
    memcpy(body + length, text.bytes, (size_t)text.length);
    return Packet_Make((uint16_t)id, body, length + text.length);
}

int ChatPacket_WriteName(char *body, ChatText name)
{
    body[0] = (char)name.length;
    memcpy(body + 1, name.bytes, (size_t)name.length);
    return 1 + name.length;
}

bool ChatPacket_ReadName(ChatText *body, ChatText *name)
{
    int length;

    if (body->length < 1)
        return false;
    length = (unsigned char)body->bytes[0];
    if (length > body->length - 1)
        return false;
    name->bytes = body->bytes + 1;
    name->length = length;
    body->bytes += 1 + length;
    body->length -= 1 + length;
    return true;
}
