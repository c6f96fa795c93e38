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

static void CheckRest(Server *server)
{
    int before, used;

    Sleep(SETTLE_MS);
    before = ServerProcess_GetCpuMs(server->process);
    Sleep(REST_MS);
    CHECK(before >= 0);
    used = ServerProcess_GetCpuMs(server->process) - before;
    CHECK_AT_MOST(used, REST_CPU_MS);
}

TEST("rest: no CPU without clients")
{
    Server *server = Server_Start();

    REQUIRE(CHECK(Server_ServesNewClient(server)));
    CheckRest(server);
}

/* As many as there can be, silent; some others have left in every way. */
TEST("rest: no CPU with silent clients")
{
    int count = Stage_GetClientMax() < REST_CLIENTS ? Stage_GetClientMax() : REST_CLIENTS;
    Server *server = Server_Start();
    Client *client = Client_Open(server);

    REQUIRE(CHECK(Client_Echo(client, 10)));
    Peer_Reset(&client->socket);
    REQUIRE(CHECK(Server_WaitForLeft(server, 1)));
    for (int i = 0; i < count; i++) {
        client = Client_Open(server);
        REQUIRE(CHECK(Client_Echo(client, 10)));
    }
    CheckRest(server);
    CHECK_INT(Server_Count(server, "Client Disconnected! "), 1);
    CHECK(Client_Echo(client, 10));
}

TEST("rest: no CPU with clients that never read")
{
    int count = Stage_GetNumber() == 1 ? 1 : 3;
    Server *server = Server_Start();

    for (int i = 0; i < count; i++) {
        Client *client = Client_OpenStuck(server);

        if (i == 1)
            REQUIRE(CHECK(Peer_HalfClose(client->socket)));
    }
    CheckRest(server);
}

/* What a client does before it leaves, in the ways there are. */
static bool Come(Client *client, int way)
{
    static const char bytes[4 * BUFFER_SIZE];
    static const Transfer transfer = {.size = 2 * BUFFER_SIZE, .halfClose = true};

    switch (way) {
    case 0: /* an echo, whichever way it leaves */
    case 1:
        return Client_Echo(client, 1000);
    case 2: /* a half-close, and then it leaves in order */
        return Client_Transfer(client, &transfer);
    case 3: /* it leaves with a reset, while its echo is on the way */
        return Peer_Send(client->socket, bytes, (int)sizeof(bytes));
    default: /* it leaves at once */
        return true;
    }
}

static void ComeAndLeave(Server *server, int way)
{
    Client *client = Client_Open(server);

    NEED_TRUE(Come(client, way));
    if (way % 2 == 0)
        Peer_Close(&client->socket);
    else
        Peer_Reset(&client->socket);
}

/* `count` of them, then one whose leaving shows that the server is done with all before it. */
static void ComeAndLeaveMany(Server *server, int count)
{
    for (int i = 0; i < count; i++)
        ComeAndLeave(server, i % 6);
    NEED_TRUE(Server_ServesNewClient(server) &&
              Server_WaitForLeft(server, Server_Count(server, "Client Connected! ")));
}

TEST("rest: no handle and no memory is left")
{
    Server *server = Server_Start();
    int handles, memory, grown;

    ComeAndLeaveMany(server, WARM_UP_CLIENTS);
    Sleep(SETTLE_MS);
    handles = ServerProcess_GetHandleCount(server->process);
    memory = ServerProcess_GetMemoryKib(server->process);
    CHECK(handles > 0);
    CHECK(memory > 0);
    ComeAndLeaveMany(server, LEAK_CLIENTS);
    CHECK_AT_MOST(Server_SettleHandles(server, handles + LEAK_HANDLES), handles + LEAK_HANDLES);
    grown = ServerProcess_GetMemoryKib(server->process) - memory;
    CHECK_AT_MOST(grown, LEAK_KIB);
}
