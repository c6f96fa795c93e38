/*
 * LibraryPacket: packets are cut off a stream of bytes whole, once and in order, however the stream
 * is split; an invalid header is found where it stands.
 */
#include "Library.h"

#define MAX_PACKET    300 /* of the streams that are split everywhere */
#define STREAM_SIZE   (4 + 5 + 100 + MAX_PACKET + 4)
#define FRAMES        1000000
#define STREAM_FRAMES 500
#define RANDOM_MAX    200 /* largest packet of the random streams */
#define RANDOM_STREAM (STREAM_FRAMES * RANDOM_MAX)

/* A stream of packets, and what was cut off it so far. */
typedef struct Reader {
    const char *stream;
    int offset;    /* where the next packet must begin */
    int delivered; /* packets */
    bool isWrong;
} Reader;

static int GetUint16(const char *bytes)
{
    return (unsigned char)bytes[0] | (unsigned char)bytes[1] << 8;
}

/* The packet must be the one that stands in the stream at this place. */
static void OnPacket(void *context, uint16_t id, const char *body, int bodyLength)
{
    Reader *reader = (Reader *)context;
    const char *packet = reader->stream + reader->offset;

    reader->isWrong = reader->isWrong || id != GetUint16(packet + 2) || bodyLength < 0 ||
                      bodyLength != GetUint16(packet) - PACKET_HEADER_SIZE ||
                      memcmp(body, packet + PACKET_HEADER_SIZE, (size_t)bodyLength) != 0;
    reader->offset += bodyLength + PACKET_HEADER_SIZE;
    reader->delivered++;
}

/* Does what a session does: the bytes up to `end` are there, those that were consumed are gone. */
static int Feed(Reader *reader, int end, int maxPacketSize)
{
    int before = reader->offset;
    int result =
        Packet_Split(reader->stream + before, end - before, maxPacketSize, OnPacket, reader);

    if (result >= 0 && (reader->offset != before + result || reader->offset > end))
        reader->isWrong = true;
    return result;
}

static int MakeStream(char *stream)
{
    static const int sizes[] = {4, 5, 100, MAX_PACKET, 4};
    int length = 0;

    for (int i = 0; i < 5; i++)
        length += Packet_Append(stream + length, sizes[i], i * 0x1234 + 0xfe);
    return length;
}

/* The stream in pieces that end at these places. */
static bool SplitsRight(const char *stream, int length, const int *ends, int count)
{
    Reader reader = {.stream = stream};

    for (int i = 0; i < count; i++) {
        int end = ends[i];

        if (Feed(&reader, end, MAX_PACKET) < 0)
            return Test_Explain("piece %d of %d, up to byte %d: a good header was rejected", i + 1,
                                count, end);
        /* All packets that are whole by now must have been delivered. */
        if (reader.offset + PACKET_HEADER_SIZE <= end &&
            reader.offset + GetUint16(stream + reader.offset) <= end)
            return Test_Explain("piece %d of %d, up to byte %d: a whole packet was kept back",
                                i + 1, count, end);
    }
    if (reader.isWrong || reader.offset != length || reader.delivered != 5)
        return Test_Explain("ends %d, %d: %d packets of 5, %d bytes of %d%s", ends[0],
                            ends[count > 1 ? 1 : 0], reader.delivered, reader.offset, length,
                            reader.isWrong ? ", and not the right ones" : "");
    return true;
}

TEST("packet: two and three pieces, split everywhere")
{
    char stream[STREAM_SIZE];
    int length = MakeStream(stream);
    int ends[3];

    CHECK_INT(length, STREAM_SIZE);
    ends[0] = length;
    REQUIRE(CHECK(SplitsRight(stream, length, ends, 1)));
    for (int first = 0; first <= length; first++) {
        ends[0] = first;
        ends[1] = length;
        REQUIRE(CHECK(SplitsRight(stream, length, ends, 2)));
        for (int second = first; second <= length; second++) {
            ends[1] = second;
            ends[2] = length;
            REQUIRE(CHECK(SplitsRight(stream, length, ends, 3)));
        }
    }
}

TEST("packet: byte by byte")
{
    char stream[STREAM_SIZE];
    int ends[STREAM_SIZE];
    int length = MakeStream(stream);

    for (int i = 0; i < length; i++)
        ends[i] = i + 1;
    CHECK(SplitsRight(stream, length, ends, length));
}

/* The largest there can be. */
TEST("packet: 65,535 bytes")
{
    char *stream = NEED(malloc(2 * 65535));
    Reader reader = {.stream = stream};

    Packet_Append(stream, 65535, 1);
    Packet_Append(stream + 65535, 65535, 65535);
    CHECK_INT(Feed(&reader, 65534, 65535), 0);
    CHECK_INT(Feed(&reader, 65535 + 3, 65535), 65535);
    CHECK_INT(Feed(&reader, 2 * 65535, 65535), 65535);
    CHECK_INT(reader.delivered, 2);
    CHECK(!reader.isWrong);
    free(stream);
}

/* --- Random streams -------------------------------------------------------------------------- */

typedef struct RandomStream {
    char bytes[RANDOM_STREAM];
    int length;
    int badAt; /* where the bad header stands; -1: there is none */
    int good;  /* packets before it */
} RandomStream;

/* A size below 4 or above the maximum; all of the small ones come often. */
static uint32_t GetBadSize(uint32_t *seed)
{
    uint32_t choice = Random_Next(seed, 6);

    if (choice < 4)
        return choice;
    if (choice == 4)
        return RANDOM_MAX + 1;
    return RANDOM_MAX + 1 + Random_Next(seed, 65535 - RANDOM_MAX);
}

/* Up to `most` frames; the last may be bad, with some bytes of what looks good behind it. */
static void MakeRandomStream(RandomStream *stream, uint32_t *seed, int most)
{
    stream->length = 0;
    stream->badAt = -1;
    stream->good = 0;
    for (int i = 0; i < most; i++) {
        uint32_t largest = Random_Next(seed, 10) == 0 ? RANDOM_MAX : 30;
        uint32_t size = PACKET_HEADER_SIZE + Random_Next(seed, largest - PACKET_HEADER_SIZE + 1);

        if (stream->badAt < 0 && Random_Next(seed, 400) == 0) {
            char *header = stream->bytes + stream->length;

            stream->badAt = stream->length;
            stream->length += Packet_Append(header, 4, i & 0xffff);
            size = GetBadSize(seed);
            header[0] = (char)(size & 0xff);
            header[1] = (char)(size >> 8);
            most = i + 4 < most ? i + 4 : most;
            continue;
        }
        stream->length += Packet_Append(stream->bytes + stream->length, (int)size, i & 0xffff);
        stream->good += stream->badAt < 0 ? 1 : 0;
    }
}

/* In random pieces, up to the first that is rejected. */
static bool ReadsRight(const RandomStream *stream, uint32_t *seed)
{
    Reader reader = {.stream = stream->bytes};
    int pieceMax = Random_Next(seed, 3) == 0 ? 3 : 2 * RANDOM_MAX;
    int end = 0, result = 0;

    while (end < stream->length && result >= 0) {
        end += 1 + (int)Random_Next(seed, (uint32_t)pieceMax);
        if (end > stream->length)
            end = stream->length;
        result = Feed(&reader, end, RANDOM_MAX);
        if (result < 0 && (stream->badAt < 0 || end < stream->badAt + 2))
            return Test_Explain("rejected at %d bytes, where all is good", end);
        if (result >= 0 && stream->badAt >= 0 && end >= stream->badAt + PACKET_HEADER_SIZE)
            return Test_Explain("not rejected at %d bytes, with size %d at byte %d", end,
                                GetUint16(stream->bytes + stream->badAt), stream->badAt);
    }
    if (reader.isWrong || reader.delivered != stream->good)
        return Test_Explain("%d packets of %d were delivered%s", reader.delivered, stream->good,
                            reader.isWrong ? ", and not the right ones" : "");
    return true;
}

TEST("packet: a million frames, good and bad")
{
    static RandomStream stream;
    uint32_t seed = 4711;
    int frames = 0, good = 0, bad = 0;

    while (frames < FRAMES) {
        MakeRandomStream(&stream, &seed, 1 + (int)Random_Next(&seed, STREAM_FRAMES));
        if (!CHECK(ReadsRight(&stream, &seed))) {
            printf("  in the stream that begins with frame %d\n", frames);
            return;
        }
        good += stream.good;
        bad += stream.badAt >= 0 ? 1 : 0;
        frames += stream.good + (stream.badAt >= 0 ? 1 : 0);
    }
    /* The seed is fixed, so these are, too: about so many of each. */
    CHECK(good > FRAMES / 2);
    CHECK(bad > 1000);
}

/* --- Packet_Make ----------------------------------------------------------------------------- */

static char body[70000]; /* of the pattern */

/* Makes a packet of so many bytes of the body, and compares it with the header and them. */
static void CheckMade(uint16_t id, int length, const char *header)
{
    SendBuffer *buffer = NEED(Packet_Make(id, length > 0 ? body : NULL, length));

    CHECK_INT(buffer->size, PACKET_HEADER_SIZE + length);
    CHECK(memcmp(buffer->data, header, PACKET_HEADER_SIZE) == 0);
    CHECK(memcmp(buffer->data + PACKET_HEADER_SIZE, body, (size_t)length) == 0);
    SendBuffer_Release(buffer);
}

TEST("packet: the bytes of the header")
{
    Pattern_Fill(body, (int)sizeof(body), 0);
    CheckMade(0x0102, 3, "\x07\x00\x02\x01");
    CheckMade(0xfffe, 0x1234 - PACKET_HEADER_SIZE, "\x34\x12\xfe\xff");
}

TEST("packet: the largest and the smallest")
{
    Pattern_Fill(body, (int)sizeof(body), 0);
    CheckMade(5, 0, "\x04\x00\x05\x00");
    CheckMade(6, 65535 - PACKET_HEADER_SIZE, "\xff\xff\x06\x00");
    CHECK(Packet_Make(7, body, 65536 - PACKET_HEADER_SIZE) == NULL);
    CHECK(Packet_Make(7, body, 65536) == NULL);
    CHECK(Packet_Make(7, body, 70000) == NULL);
    CHECK(Packet_Make(7, body, -1) == NULL);
}
