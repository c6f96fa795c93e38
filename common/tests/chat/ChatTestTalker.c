/*
 * ChatTestTalker: clients of the ChatServer. See ChatTest.h.
 */
#include "ChatTest.h"

#include <stdarg.h>

#define TALKER_MAX 64

static Talker talkers[TALKER_MAX];
static int talkerCount;

Talker *Talker_Open(int bufferSize)
{
    Talker *talker = NEED(talkerCount < TALKER_MAX ? &talkers[talkerCount++] : NULL);

    talker->length = 0;
    talker->name[0] = '\0';
    Chat_Ensure();
    talker->socket = NEED_SOCKET(Peer_OpenTo(&chatAddress, bufferSize));
    return talker;
}

int Talker_MakePacket(unsigned char *packet, int id, const void *body, int length)
{
    int size = length + 4;

    packet[0] = (unsigned char)(size & 0xFF);
    packet[1] = (unsigned char)(size >> 8);
    packet[2] = (unsigned char)id;
    packet[3] = 0;
    memcpy(packet + 4, body, (size_t)length);
    return size;
}

bool Talker_Send(Talker *talker, int id, const char *text)
{
    unsigned char packet[4096];

    return Peer_Send(talker->socket, packet,
                     Talker_MakePacket(packet, id, text, (int)strlen(text)));
}

/*
 * Writes a packet as text: "Said kim|hello". The body's names come first, then what is left of it.
 */
static void Talker_SetText(Talker *talker, int id, const unsigned char *body, int length)
{
    static const char *const words[] = {"Welcome", "Refused", "Joined", "Left", "Said", "Ping"};
    int names = id == WELCOME ? TALKER_TEXT : id == LEFT || id == SAID ? 1 : 0;
    int at = 0, written;

    written = snprintf(talker->text, TALKER_TEXT, "%s ",
                       id >= WELCOME && id <= PING ? words[id - WELCOME] : "Unknown");
    for (int i = 0; i < names && at < length; i++) {
        int nameLength = body[at];

        if (at + 1 + nameLength > length)
            nameLength = length - at - 1;
        written += snprintf(talker->text + written, (size_t)(TALKER_TEXT - written), "%.*s|",
                            nameLength, (const char *)body + at + 1);
        at += 1 + nameLength;
    }
    snprintf(talker->text + written, (size_t)(TALKER_TEXT - written), "%.*s", length - at,
             (const char *)body + at);
}

/* Takes a packet off the stream into `text`, if a whole one is there. */
static bool Talker_Take(Talker *talker)
{
    int size = talker->stream[0] | talker->stream[1] << 8;

    if (talker->length < 4 || size > talker->length)
        return false;
    if (size < 4) {
        snprintf(talker->text, TALKER_TEXT, "a packet of size %d", size);
        size = talker->length;
    } else {
        Talker_SetText(talker, talker->stream[2] | talker->stream[3] << 8, talker->stream + 4,
                       size - 4);
    }
    talker->length -= size;
    memmove(talker->stream, talker->stream + size, (size_t)talker->length);
    return true;
}

/* Receives once. False: `text` says "End", "Reset" or "Nothing" (within the time). */
static bool Talker_ReceiveSome(Talker *talker)
{
    int count = recv(talker->socket, (char *)talker->stream + talker->length,
                     STREAM_SIZE - talker->length, 0);

    if (count > 0) {
        talker->length += count;
        return true;
    }
    snprintf(talker->text, TALKER_TEXT, "%s",
             count == 0                          ? "End"
             : WSAGetLastError() == WSAETIMEDOUT ? "Nothing"
                                                 : "Reset");
    return false;
}

const char *Talker_Receive(Talker *talker)
{
    for (;;) {
        while (!Talker_Take(talker)) {
            if (!Talker_ReceiveSome(talker))
                return talker->text;
        }
        if (strcmp(talker->text, "Ping ") != 0)
            return talker->text;
        Talker_Send(talker, PONG, ""); /* if it fails, the end comes */
    }
}

bool Talker_IsEnd(const char *text)
{
    return strcmp(text, "End") == 0 || strcmp(text, "Reset") == 0 ||
           Test_Explain("expected the end of the connection and got \"%s\"", text);
}

bool Talker_IsReadable(Talker *talker, DWORD timeoutMs)
{
    return talker->length > 0 || Peer_IsReadable(talker->socket, timeoutMs);
}

bool Talker_Hears(Talker *talker, const char *format, ...)
{
    static char expected[TALKER_TEXT];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    return strcmp(Talker_Receive(talker), expected) == 0 ||
           Test_Explain("%s expected \"%s\" and got \"%s\"", talker->name, expected, talker->text);
}

bool Talker_SaysAndHears(Talker *talker, const char *text)
{
    return Talker_Send(talker, SAY, text) && Talker_Hears(talker, "Said %s|%s", talker->name, text);
}

Talker *Talker_Enter(const char *name)
{
    Talker *talker = Talker_Open(0);

    snprintf(talker->name, sizeof(talker->name), "%s", name);
    NEED_TRUE(Talker_Send(talker, ENTER, name));
    NEED_TRUE(strncmp(Talker_Receive(talker), "Welcome ", 8) == 0 ||
              Test_Explain("%s expected its Welcome and got \"%s\"", name, talker->text));
    return talker;
}

void Talkers_Enter(Talker **list, int count)
{
    for (int i = 0; i < count; i++) {
        char name[NAME_MAX_LEN];

        snprintf(name, sizeof(name), "t%d", i);
        list[i] = Talker_Enter(name);
        for (int j = 0; j < i; j++)
            NEED_TRUE(Talker_Hears(list[j], "Joined %s", name));
    }
}

void Fixture_End(void)
{
    FalseServer_Stop();
    chatServer = NULL;
    talkerCount = 0;
}
