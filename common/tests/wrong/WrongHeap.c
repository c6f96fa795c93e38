/*
 * WrongHeap: memory that is used where it is not, or no longer. See Wrong.h.
 */
#include "Wrong.h"

PROGRAM("heap-double-free", HARMS, "memory: a block of 16 bytes is freed for the second time")
{
    void *text = Need(malloc(16));
    void *volatile same = text;

    free(text);
    free(same); /* Wrong */
}

PROGRAM("heap-use-after-free", HARMS, "memory: a read in a block of 16 bytes that was freed")
{
    char *text = (char *)Need(calloc(16, 1));
    volatile char *same = text;

    free(text);
    printf("%d\n", same[0]); /* Wrong */
}

/* The old pointer is used after realloc, which has moved the block. */
PROGRAM("heap-old-pointer", HARMS, "memory: a write in a block of 16 bytes that was freed")
{
    volatile char *text = (char *)Need(malloc(16));
    char *longer = (char *)Need(realloc((void *)text, 100000));

    text[0] = 0; /* Wrong */
    free(longer);
}

/* What is freed is not what malloc returned: the pointer has moved on through the block. */
PROGRAM("heap-middle-freed", HARMS, "memory: what is freed points into a block of 16 bytes")
{
    char *text = (char *)Need(malloc(16));
    char *volatile next = text;

    next++;
    free(next); /* Wrong */
    free(text);
}

/* A byte is written right behind a block: the text is as long as the block, and has a NUL more. */
PROGRAM("heap-overrun", HARMS, "memory: a write behind a block of 16 bytes, at its index 16")
{
    volatile char *text = (char *)Need(malloc(16));
    char *next = (char *)Need(malloc(4096));

    for (int i = 0; i < 16; i++)
        text[i] = 'x';
    text[16] = 0; /* Wrong */
    free(next);
    free((void *)text);
}

/* A byte is read right behind a block, by a loop that goes one step too far. */
PROGRAM("heap-overread", PLAIN, "memory: a read behind a block of 16 bytes, at its index 16")
{
    volatile char *text = (char *)Need(calloc(16, 1));
    int sum = 0;

    for (int i = 0; i <= 16; i++)
        sum += text[i]; /* Wrong */
    free((void *)text);
    Require(sum < 1000, "adding");
}

/*
 * A byte is written behind a block of 13 bytes. Up to 7 bytes behind a block belong to nobody, and
 * what is written there is found when the block is freed.
 */
PROGRAM("heap-small-overrun", HARMS, "memory: something was written behind a block of 13 bytes")
{
    volatile char *text = (char *)Need(malloc(13));

    text[13] = 0;
    free((void *)text); /* Wrong */
}

/* A byte is written before a block. It hits no guard, and is found when the block is freed. */
PROGRAM("heap-underrun", HARMS, "memory: something was written before a block of 16 bytes")
{
    volatile char *text = (char *)Need(malloc(16));

    text[-1] = 0;
    free((void *)text); /* Wrong */
}

/* A byte is written before the second of two blocks that have the size of a page. */
PROGRAM("heap-underrun-page", HARMS,
        "memory: a write before a block of 4096 bytes, at its index -1")
{
    char *first = (char *)Need(malloc(4096));
    volatile char *second = (char *)Need(malloc(4096));

    second[-1] = 0; /* Wrong */
    free((void *)second);
    free(first);
}

PROGRAM("heap-freed-to-system", HARMS,
        "memory: recv is given a buffer of 16 bytes that was freed before")
{
    char *received = (char *)Need(malloc(16));

    OpenPair();
    send(client, "hello", 5, 0);
    free(received);
    recv(server, received, 16, 0); /* Wrong */
}

/* recv is told that the block has twice the room that it has. */
PROGRAM("heap-overrun-by-system", PLAIN,
        "memory: recv is given a buffer of 32 bytes that is not inside its block")
{
    char *received = (char *)Need(malloc(16));

    OpenPair();
    send(client, "hello", 5, 0);
    recv(server, received, 32, 0); /* Wrong */
    free(received);
}

/* Memory is never freed: that of one of three sessions. */
PROGRAM("memory-left", PLAIN, "left over: 1 block of 100 bytes is not freed at the end")
{
    void *sessions[3];

    for (int i = 0; i < 3; i++)
        sessions[i] = Need(malloc(100)); /* Wrong */
    for (int i = 1; i < 3; i++)
        free(sessions[i]);
}

static void Fill(char *memory, size_t size)
{
    memset(Need(memory), 'x', size);
}

/* Every function that gives and takes memory, used to the last byte and not beyond. */
PROGRAM("right-heap")
{
    char *zeros, *text, *copy;

    for (size_t size = 1; size < 5000; size = size * 3 / 2 + 1) {
        char *block = (char *)malloc(size);
        char *longer, *shorter;

        Fill(block, size);
        longer = (char *)realloc(block, size * 2);
        Fill(longer, size * 2);
        shorter = (char *)realloc(longer, size / 2 + 1);
        Fill(shorter, size / 2 + 1);
        free(shorter);
    }
    zeros = (char *)Need(calloc(3, 7));
    for (int i = 0; i < 21; i++)
        Require(zeros[i] == 0, "calloc zeroes");
    text = (char *)realloc(NULL, 6);
    Fill(text, 5);
    text[5] = '\0';
    copy = _strdup(text);
    Require(copy != NULL && strcmp(copy, "xxxxx") == 0, "_strdup");
    free(malloc(0));
    free(NULL);
    free(copy);
    free(text);
    free(zeros);

    text = (char *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 10);
    Fill(text, 10);
    HeapFree(GetProcessHeap(), 0, text);
}
