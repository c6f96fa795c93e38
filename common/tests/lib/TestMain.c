/*
 * TestMain: see TestMain.h.
 */
#include "TestMain.h"
#include "ErrorText.h"
#include "Peer.h"
#include "SocketUtils.h"
#include "TestProgram.h"

#define OPTION_MAX 6

static const TestSuite *suite;
static const char *filter;

static void EndTest(bool failed)
{
    TestPrograms_Print(failed);
    if (suite->endTest != NULL)
        suite->endTest();
    Peers_CloseAll();
    TestPrograms_Close(failed);
}

/* Without the programs every connection ends, and so does every wait for them. */
static void EndWaits(void)
{
    TestPrograms_Kill();
    if (suite->overTime != NULL)
        suite->overTime();
}

/* Takes the FILTER out of the words. NULL: there is none. */
static const char *TakeFilter(OptionWords *words)
{
    for (int i = suite->wordMin; i < words->count; i++) {
        const char *word = words->words[i];

        if (suite->wordMax > suite->wordMin && Text_EndsWith(word, ".exe"))
            continue;
        words->count--;
        for (int j = i; j < words->count; j++)
            words->words[j] = words->words[j + 1];
        words->words[words->count] = NULL;
        return word;
    }
    return NULL;
}

/* Returns OPTIONS_RUN or the exit code. */
static int Begin(int argc, char *argv[], bool *listOnly)
{
    Option options[OPTION_MAX] = {{.name = "--list", .flag = listOnly}};
    static const char *list[TEST_WORD_MAX + 1];
    OptionWords words = {list, suite->wordMax + 1, 0};
    int exitCode;

    for (int i = 0; suite->options != NULL && suite->options[i].name != NULL; i++)
        options[i + 1] = suite->options[i];
    exitCode = Options_Parse(options, suite->usage, &words, argc, argv);
    if (exitCode != OPTIONS_RUN)
        return exitCode;
    filter = TakeFilter(&words);
    if (words.count < suite->wordMin)
        return Options_Reject(suite->usage, suite->missing, "", "");
    if (words.count > suite->wordMax)
        return Options_Reject(suite->usage, "Too many words: '", list[suite->wordMax], "'.");
    return suite->begin != NULL ? suite->begin(list) : OPTIONS_RUN;
}

int Test_Main(const TestSuite *newSuite, int argc, char *argv[])
{
    const TestHooks hooks = {TestPrograms_CheckStop, EndTest, EndWaits};
    bool listOnly = false;
    int exitCode;

    suite = newSuite;
    if (ServerProcess_RunHelper(argc, argv, &exitCode))
        return exitCode;
    if (!SocketUtils_Init()) {
        ErrorText_Print("WSAStartup", GetLastError());
        return 1;
    }
    exitCode = Begin(argc, argv, &listOnly);
    if (exitCode == OPTIONS_RUN) {
        exitCode = Test_Run(&hooks, filter, listOnly);
        if (suite->end != NULL)
            suite->end();
    }
    SocketUtils_Clear();
    return exitCode;
}
