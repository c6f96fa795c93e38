/*
 * ClaimsWorker: claims about the threads that wait at a completion port.
 * https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
 * https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-getqueuedcompletionstatus
 */
#include "Claims.h"

#define WORKER_MAX 4
#define SPIN_MS    100
#define TRY_MAX    4

/* What the workers of a claim share. Each ends on its own at the latest after 2 * WAIT_MS. */
typedef struct Crew {
    DWORD timeoutMs;
    volatile LONG numbers;      /* given to workers so far, from 0 */
    volatile LONG waiting;      /* workers that are about to wait or have waited */
    volatile LONG taken;        /* packets */
    volatile LONG ended;        /* workers */
    volatile LONG running;      /* workers that handle a packet now */
    volatile LONG together;     /* the most that did so at once, where workers look */
    char order[WORKER_MAX + 1]; /* the workers that took the packets, a digit each */
    Packet packets[WORKER_MAX];
} Crew;

static Crew crew;

static void OpenCrew(DWORD concurrency, DWORD timeoutMs)
{
    crew = (Crew){.timeoutMs = timeoutMs};
    Claims_OpenPort(concurrency);
}

/* Launches so many workers more, and waits until all there are wait, as far as that can be told. */
static void Launch(void (*run)(void *), int count)
{
    LONG before = crew.waiting;

    for (int i = 0; i < count; i++)
        Claims_Launch(run);
    CHECK(WAIT_FOR(crew.waiting, before + count));
}

/* Posts so many packets. */
static void Post(int count)
{
    for (int i = 0; i < count; i++)
        Claims_Post(0, 0, NULL);
}

/* Takes one packet and ends. */
static void TakeOne(void *unused)
{
    LONG number = InterlockedIncrement(&crew.numbers) - 1;

    (void)unused;
    InterlockedIncrement(&crew.waiting);
    crew.packets[number] = Claims_Take(crew.timeoutMs);
    if (crew.packets[number].succeeded) {
        LONG place = InterlockedIncrement(&crew.taken) - 1;

        if (place < WORKER_MAX)
            crew.order[place] = (char)('0' + number);
    }
    InterlockedIncrement(&crew.ended);
}

/* One packet for each worker: each takes one and ends, and none is left over. */
TEST("worker: one packet posted for each ends them all")
{
    OpenCrew(0, 2 * WAIT_MS);
    Launch(TakeOne, WORKER_MAX);
    Sleep(SHORT_QUIET_MS);
    CHECK_INT(crew.ended, 0);
    Post(WORKER_MAX);
    Claims_Join();
    CHECK_INT(crew.taken, WORKER_MAX);
    CHECK_INT(crew.ended, WORKER_MAX);
    CHECK(Claims_IsPortQuiet());
}

TEST("worker: a packet wakes one worker")
{
    OpenCrew(0, 2 * WAIT_MS);
    Launch(TakeOne, WORKER_MAX);
    Post(1);
    CHECK(WAIT_FOR(crew.ended, 1));
    Sleep(SHORT_QUIET_MS);
    CHECK_INT(crew.ended, 1);
    Post(WORKER_MAX - 1);
    Claims_Join();
    CHECK_INT(crew.taken, WORKER_MAX);
}

/* Two receives of one socket, and each packet at another worker: the order of handling is open. */
TEST("worker: two packets of one socket may be handled by two workers")
{
    Operation *operations[2] = {Claims_NewOperation(), Claims_NewOperation()};

    OpenCrew(0, 2 * WAIT_MS);
    Claims_OpenPair();
    Claims_Associate(server);
    for (int i = 0; i < 2; i++)
        CHECK_INT(Claims_BeginReceive(server, operations[i], 1), WSA_IO_PENDING);
    Launch(TakeOne, 2);
    CHECK(Claims_Send(client, "ab"));
    Claims_Join();
    CHECK_INT(crew.taken, 2);
    CHECK(crew.packets[0].overlapped != crew.packets[1].overlapped);
    CHECK(crew.packets[0].key == PORT_KEY && crew.packets[1].key == PORT_KEY);

    /* The bytes are in order, whoever came first. */
    CHECK_TEXT(operations[0]->data, "a");
    CHECK_TEXT(operations[1]->data, "b");
}

static const char lastFirst[] = "last in, first out";

/* Workers begin to wait one after the other, and packets come one after the other. */
static const char *FindWakeOrder(DWORD pauseMs)
{
    const int count = 3;

    OpenCrew(0, WAIT_MS);
    for (LONG i = 0; i < count; i++) {
        Launch(TakeOne, 1);
        Sleep(pauseMs);
    }
    for (LONG i = 0; i < count; i++) {
        Post(1);
        CHECK(WAIT_FOR(crew.ended, i + 1));
    }
    Claims_Join();
    CHECK_INT(crew.taken, count);
    if (strcmp(crew.order, "210") == 0)
        return lastFirst;
    return strcmp(crew.order, "012") == 0 ? "first in, first out" : "mixed";
}

/*
 * "Threads that block their execution on an I/O completion port are released in last-in-first-out
 * (LIFO) order"
 */
TEST("worker: the order in which waiting workers wake")
{
    bool isChecked = Claims_IsSystemSince(10, 0);
    const char *order = "";

    /* Nothing tells when a worker waits: on a busy machine one may begin after the next one has. */
    for (int i = 0; i < TRY_MAX && order != lastFirst; i++) {
        order = FindWakeOrder((DWORD)SHORT_QUIET_MS << i);
        if (!isChecked && order[0] != 'm')
            break;
    }
    Claims_Report("the order in which waiting workers wake", lastFirst, "%s", order);
    if (isChecked)
        CHECK_TEXT(order, lastFirst);
}

/* Handles a packet without waiting: it keeps a processor busy until it sees another do so. */
static void TakeAndSpin(void *unused)
{
    (void)unused;
    InterlockedIncrement(&crew.waiting);
    if (Claims_Take(crew.timeoutMs).succeeded) {
        ULONGLONG start = GetTickCount64();

        InterlockedIncrement(&crew.running);
        while (crew.together < 2 && GetTickCount64() - start < SPIN_MS) {
            if (crew.running > 1)
                InterlockedExchange(&crew.together, crew.running);
        }
        InterlockedDecrement(&crew.running);
        InterlockedIncrement(&crew.taken);
    }
    InterlockedIncrement(&crew.ended);
}

/*
 * "When the total number of runnable threads associated with the completion port reaches the
 * concurrency value, the system blocks the execution of any subsequent threads"
 */
TEST("worker: how many run at once with a concurrency of 1")
{
    OpenCrew(1, WAIT_MS);
    Launch(TakeAndSpin, WORKER_MAX);
    Sleep(SHORT_QUIET_MS);
    Post(WORKER_MAX);
    Claims_Join();
    CHECK_INT(crew.taken, WORKER_MAX);
    Claims_Report("a port with a concurrency of 1: workers that run at once", "1", "%s",
                  crew.together > 1 ? "more than 1" : "1");
}

/* What the one worker of OpenCrew found when the port's handle was closed under it. */
static Packet *CloseUnderWorker(DWORD timeoutMs)
{
    OpenCrew(0, timeoutMs);
    Launch(TakeOne, 1);
    Sleep(SHORT_QUIET_MS);
    CloseHandle(port);
    Claims_Join();
    CHECK_INT(crew.ended, 1);
    return &crew.packets[0];
}

/*
 * "If a call ... fails because the completion port handle associated with it is closed while the
 * call is outstanding ... GetLastError will return ERROR_ABANDONED_WAIT_0."
 */
TEST("worker: closing the port while workers wait")
{
    bool isChecked = Claims_IsSystemSince(10, 0);
    Packet *packet = NULL;

    /* With ERROR_INVALID_HANDLE the worker was late, and found the port closed. */
    for (int i = 0; i < TRY_MAX; i++) {
        packet = CloseUnderWorker(isChecked ? WAIT_MS : 6 * SHORT_QUIET_MS);
        if (packet->error != ERROR_INVALID_HANDLE)
            break;
    }
    CHECK(!packet->succeeded);
    CHECK(packet->overlapped == NULL);
    if (isChecked)
        CHECK_INT(packet->error, ERROR_ABANDONED_WAIT_0);
    Claims_ReportError("CloseHandle on a port at which workers wait",
                       "they return, ERROR_ABANDONED_WAIT_0 (735)",
                       packet->error == WAIT_TIMEOUT ? 0 : (int)packet->error, "they go on waiting",
                       "they return");
}
