/*
 * LoadTestReal: servers that load.exe starts itself: the stages, and this program as one that is
 * wrong. Its modes: "mute" ends at once and says nothing, "dies" ends after some messages, and
 * "code" ends with exit code 3 after Ctrl+C. See LoadTest.h.
 */
#include "LoadTest.h"

#define PATH_SIZE 1024

/* load.exe, with the server that it is to start and these words, up to a NULL. */
static void RunServer(const char *path, const char *clients, const char *depth, const char *timeout)
{
    const char *const words[] = {"--server", path,  "--clients", clients, "--seconds", "1",
                                 "--depth",  depth, "--timeout", timeout, NULL};

    ToolRun_Start(words, NULL);
    ToolRun_Wait(WAIT_MS);
}

/* This program, as a server of that mode. */
static void RunWrong(const char *mode)
{
    char path[PATH_SIZE];

    GetModuleFileNameA(NULL, path, sizeof(path));
    SetEnvironmentVariableA(ECHO_SERVER_MODE, mode);
    RunServer(path, "2", "1", "1000");
}

/* The last of the servers that this program was given. */
TEST("load: a stage's CPU time and memory")
{
    RunServer(servers[serverCount - 1], "20", "2", "10000");
    CHECK_INT(tool.exitCode, 0);
    CHECK_TEXT(tool.errors, "");
    CHECK(Load_IsFileJson());
    CHECK(Load_GetFigure("messages") > 0);
    CHECK_INT(Load_GetFigure("errors"), 0);

    /* It has used some of 1 s of each processor, and a session takes some KiB. */
    CHECK(IsBetween("serverCpuUsPerMessage * messages",
                    Load_GetFigure("serverCpuUsPerMessage") * Load_GetFigure("messages") / 1e6,
                    0.001, 64));
    CHECK(Load_IsBetween("serverKibPerClient", 4, 2000));
    CHECK(IsBetween("server's CPU",
                    ToolRun_ReadBehind(tool.output, "\n  server's CPU, us a message   "),
                    Load_GetFigure("serverCpuUsPerMessage") - 0.006,
                    Load_GetFigure("serverCpuUsPerMessage") + 0.006));
    CHECK(IsBetween("server's memory",
                    ToolRun_ReadBehind(tool.output, "\n  server's memory, KiB         "), 100,
                    1000000));
    CHECK_CONTAINS(tool.output, " for each client\n");
}

/* The first of them has one client at a time. */
TEST("load: the first stage")
{
    RunServer(servers[0], "1", "1", "10000");
    CHECK_INT(tool.exitCode, 0);
    CHECK_TEXT(tool.errors, "");
    CHECK(Load_GetFigure("messages") > 0);
}

TEST("load: a server that does not exist")
{
    RunServer("no\\such\\server.exe", "1", "1", "10000");
    CHECK_INT(tool.exitCode, 1);
    CHECK_CONTAINS(tool.errors, "The server 'no\\such\\server.exe' cannot be started: error ");
    CHECK_TEXT(tool.output, "");
}

TEST("load: a server that does not listen")
{
    RunWrong("mute");
    CHECK_INT(tool.exitCode, 1);
    CHECK_CONTAINS(tool.errors, "' does not say where it listens.\n");
}

TEST("load: a server with a wrong exit code")
{
    RunWrong("code");
    CHECK_INT(tool.exitCode, 1);
    CHECK_INT(Load_GetFigure("errors"), 0);
    CHECK(Load_GetFigure("messages") > 0);
    CHECK_CONTAINS(tool.errors, "' has ended with exit code 3.\n");
}

/* Its clients fail, and what it ended with is said as well. */
TEST("load: a server that dies")
{
    RunWrong("dies");
    CHECK_INT(tool.exitCode, 1);
    CHECK(Load_IsFileJson());
    CHECK_INT(Load_GetFigure("errors"), 2);
    CHECK_INT(Load_GetFigure("broken") + Load_GetFigure("ended"), 2);
    CHECK_CONTAINS(tool.errors, "' has ended by itself, with exit code 3.\n");
}

TEST("load: a file that cannot be written")
{
    Load_Test(&(EchoPlan){0}, "--json no\\such\\file.json");
    CHECK_INT(tool.exitCode, 1);
    CHECK_TEXT(tool.errors, "The file 'no\\such\\file.json' cannot be written.\n");
    CHECK_CONTAINS(tool.output, "\n  errors                                  0\n");
}
