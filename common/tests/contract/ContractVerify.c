/*
 * ContractVerify: that verify is at work in the server; see Contract.c.
 *
 * Without this, a server that was built in the usual way would pass all tests with no finding.
 */
#include "Contract.h"
#include "InstrumentState.h"

#include <stdio.h>

static void IsWatched(void)
{
    Server *server = NEED(Server_Start());
    char name[INSTRUMENT_STATE_NAME_SIZE];
    HANDLE section;

    CHECK(Server_ServesNewClient(server));
    snprintf(name, sizeof(name), INSTRUMENT_STATE_NAME, ServerProcess_GetId(server->process));
    section = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    CHECK(section != NULL);
    if (section != NULL)
        CloseHandle(section);
    Server_CheckStop(server);
}

const ContractTest verifyTests[] = {
    {"verify: the server watches its own calls", IsWatched, 1, LAST_STAGE, 20},
    {NULL, NULL, 0, 0, 0},
};
