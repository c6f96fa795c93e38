/*
 * LibraryHeld: a thread of the program is inside a function of the library, and has just let go of
 * the session's lock, when Service_Stop begins. It is held there until the service is gone.
 */
#include "Library.h"

#define HOLD_MS 2000

typedef void(WINAPI *ReleaseFunction)(PSRWLOCK lock);

typedef enum HeldCall { CLOSE, DISCONNECT, SEND, CALL_COUNT } HeldCall;

static struct Held {
    ReleaseFunction release; /* the system's */
    HeldCall call;
    Probe *probe;
    volatile LONG threadId; /* to be held */
    volatile LONG isHeld;
} held;

static void WINAPI ReleaseAndWait(PSRWLOCK lock)
{
    held.release(lock);
    if ((LONG)GetCurrentThreadId() == held.threadId && lock == &held.probe->session.lock) {
        InterlockedExchange(&held.isHeld, 1);
        WaitForSingleObject(gate, HOLD_MS);
    }
}

static void FindRelease(void)
{
    held.release = (ReleaseFunction)(void (*)(void))GetProcAddress(GetModuleHandleA("kernel32.dll"),
                                                                   "ReleaseSRWLockExclusive");
}

/* This program calls `now` wherever it has called `before`, a function of a DLL. */
static void ReplaceImport(ReleaseFunction before, ReleaseFunction now)
{
    char *base = (char *)GetModuleHandleW(NULL);
    const IMAGE_NT_HEADERS *headers =
        (const IMAGE_NT_HEADERS *)(void *)(base + ((IMAGE_DOS_HEADER *)(void *)base)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *imports =
        &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    const IMAGE_IMPORT_DESCRIPTOR *dll = (void *)(base + imports->VirtualAddress);
    DWORD protection;

    for (; dll->Name != 0; dll++) {
        for (ReleaseFunction *at = (void *)(base + dll->FirstThunk); *at != NULL; at++) {
            if (*at == before && VirtualProtect(at, sizeof(*at), PAGE_READWRITE, &protection)) {
                *at = now;
                VirtualProtect(at, sizeof(*at), protection, &protection);
            }
        }
    }
}

static void CallHeld(void *unused)
{
    (void)unused;
    InterlockedExchange(&held.threadId, (LONG)GetCurrentThreadId());
    if (held.call == CLOSE)
        Session_Close(&held.probe->session, CAUSE_PROGRAM);
    else if (held.call == DISCONNECT)
        Session_Disconnect(&held.probe->session, CAUSE_PROGRAM);
    else
        Probe_Send(held.probe, "hello", 5);
    InterlockedExchange(&held.threadId, 0);
}

/* Nobody may touch the service once Service_Stop has returned: its pages are gone then. */
static void StopWhileHeld(Host *host, Service *service)
{
    DWORD protection;

    host->keepsSessions = true;
    REQUIRE(CHECK(Service_Start(service, &host->settings)));
    NEED_SOCKET(Peer_Connect(&service->settings.address));
    held.probe = Host_WaitForProbe(host, 0);
    held.isHeld = 0;
    Threads_Start(CallHeld, NULL);
    CHECK(WAIT_FOR(held.isHeld, 1));
    CHECK(Service_Stop(service));
    CHECK(VirtualProtect(service, sizeof(*service), PAGE_NOACCESS, &protection));
    SetEvent(gate);
    Threads_Join();
    CHECK_INT(held.probe->disconnected, 1);
    Session_Release(&held.probe->session);
    host->kept[0] = NULL;
    CHECK_INT(host->destroyed, host->created);
}

/* --- A session that is disconnected before its OnConnected --------------------------------------- */

static Host *accepting;

/* The worker has just put its first session into the set. */
static void WINAPI ReleaseAndDisconnect(PSRWLOCK lock)
{
    Session *first = accepting->service.first;

    held.release(lock);
    if (lock == &accepting->service.lock && accepting->connected == 0 && first != NULL)
        Session_Disconnect(first, CAUSE_PROGRAM);
}

/* OnConnected comes all the same: a server's session has both calls or none. */
TEST("held: a session is disconnected before its OnConnected")
{
    accepting = START_SERVER(&echoBehaviour);
    FindRelease();
    ReplaceImport(held.release, ReleaseAndDisconnect);
    Peer_Open(accepting);
    CHECK(Host_WaitForDisconnected(accepting, 1));
    ReplaceImport(ReleaseAndDisconnect, held.release);
    CHECK(Host_CheckCause(accepting, CAUSE_PROGRAM, 1));
}

/* --- A call that goes on when the service is gone ------------------------------------------------ */

TEST("held: the service is gone when a call on a session goes on")
{
    FindRelease();
    ReplaceImport(held.release, ReleaseAndWait);
    for (held.call = CLOSE; held.call < CALL_COUNT; held.call++) {
        Service *service =
            NEED(VirtualAlloc(NULL, sizeof(*service), MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE));

        ResetEvent(gate);
        StopWhileHeld(Host_Create(SERVICE_SERVER, &echoBehaviour), service);
        VirtualFree(service, 0, MEM_RELEASE);
    }
    ReplaceImport(ReleaseAndWait, held.release);
}
