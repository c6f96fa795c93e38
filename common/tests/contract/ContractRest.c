/*
 * ContractRest: at rest the server uses no processor time, and clients that have left leave
 * nothing behind.
 */
#include "Contract.h"

#define REST_MS         1200
#define REST_CPU_MS     20 /* two ticks of the clock at most: they are 10 to 16 ms long */
#define REST_CLIENTS    100
#define SETTLE_MS       100 /* for the server to do the last of what it was asked for */
#define WARM_UP_CLIENTS 200 /* until caches, heaps and buffers have their size */
#define LEAK_CLIENTS    500
#define LEAK_HANDLES    4
#define LEAK_KIB        512 /* 500 sessions with a buffer of 4 KiB would be 2,000 and more */

static void CheckRest(void)
{
    int before, used;

    Sleep(SETTLE_MS);
    before = ServerProcess_GetCpuMs(server);
    Sleep(REST_MS);
    CHECK(before >= 0);
    used = ServerProcess_GetCpuMs(server) - before;
    CHECK_AT_MOST(used, REST_CPU_MS);
}

TEST("rest: no CPU without clients")
{
    REQUIRE(CHECK(Server_ServesNewClient()));
    CheckRest();
}

/* As many as there can be, silent; some others have left in every way. */
TEST("rest: no CPU with silent clients")
{
    int count = Stage_GetClientMax(REST_CLIENTS);
    Client *client = Client_OpenServed();

    Peer_Reset(&client->socket);
    REQUIRE(CHECK(Server_WaitForLeft(1)));
    for (int i = 0; i < count; i++)
        client = Client_OpenServed();
    CheckRest();
    CHECK_INT(Server_Count("Client Disconnected! "), 1);
    CHECK(Client_Echo(client, 10));
}

TEST("rest: no CPU with clients that never read")
{
    int count = Stage_GetClientMax(3);

    for (int i = 0; i < count; i++) {
        Client *client = Client_OpenStuck();

        if (i == 1)
            REQUIRE(CHECK(Peer_HalfClose(client->socket)));
    }
    CheckRest();
}

/* `count` of them, then one whose leaving shows that the server is done with all before it. */
static void ComeAndLeave(int count)
{
    for (int i = 0; i < count; i++) {
        Client *client = Client_Open();

        NEED_TRUE(Client_ComeToMoment(client, i % LEAVE_MOMENTS));
        Client_Leave(client, i % 2 == 0);
    }
    NEED_TRUE(Server_ServesNewClient() && Server_WaitForAllLeft());
}

TEST("rest: no handle and no memory is left")
{
    int handles, memory, grown;

    ComeAndLeave(WARM_UP_CLIENTS);
    Sleep(SETTLE_MS);
    handles = ServerProcess_GetHandleCount(server);
    memory = ServerProcess_GetMemoryKib(server);
    CHECK(handles > 0);
    CHECK(memory > 0);
    ComeAndLeave(LEAK_CLIENTS);
    Server_CheckHandles(handles + LEAK_HANDLES);
    grown = ServerProcess_GetMemoryKib(server) - memory;
    CHECK_AT_MOST(grown, LEAK_KIB);
}
