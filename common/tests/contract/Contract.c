/*
 * Contract: what all stages promise, tested from the outside.
 *
 *     contract.exe [--verify] PATH\TO\NN-name\server.exe [--list] [FILTER]     see TestMain.h
 *
 * Starts the server as a child process, talks to it over loopback and reads what it prints. The
 * folder's name says which stage it is, and so which limits it has. --verify wants a server that make
 * WATCHED=1 has built: it runs with INSTRUMENT=verify, and a finding fails the test in which it came.
 */
#include "Contract.h"
#include "TestMain.h"

static const char usage[] =
    "Usage: contract.exe [--verify] PATH/TO/NN-name/server.exe [--list] [FILTER]\n";

/* The number in the last folder of the path that looks like "05-iocp-basic", or like "06.1", which is
   a step to 06; 0: there is none. */
static int ParseStageNumber(const char *path)
{
    int number = 0;

    for (const char *at = path; *at != '\0'; at++) {
        bool startsName = at == path || at[-1] == '/' || at[-1] == '\\';

        if (startsName && at[0] == '0' && at[1] >= '1' && at[1] <= '0' + LAST_STAGE &&
            (at[2] == '-' || at[2] == '.'))
            number = at[1] - '0';
    }
    return number;
}

const char *serverPath;
int stageNumber;
bool isVerifying;

TEST("verify: the server watches its own calls", .isWanted = &isVerifying)
{
    CHECK(Server_ServesNewClient());
    CHECK(TestProgram_IsWatched(server));
}

static int Begin(const char *const words[])
{
    serverPath = words[0];
    stageNumber = ParseStageNumber(serverPath);
    if (stageNumber == 0)
        return Options_Reject(usage,
                              "No folder such as 05-iocp-basic, from 01 to 07, is in the path ",
                              serverPath, "");
    TestPrograms_SetVerify(isVerifying);
    Test_SetStage(stageNumber);
    return OPTIONS_RUN;
}

int main(int argc, char *argv[])
{
    static const Option options[] = {{.name = "--verify", .flag = &isVerifying}, {.name = NULL}};
    static const TestSuite suite = {
        .usage = usage,
        .options = options,
        .missing = "Which server?",
        .wordMin = 1,
        .wordMax = 1,
        .begin = Begin,
        .endTest = Fixture_End,
    };

    return Test_Main(&suite, argc, argv);
}
