#!/bin/sh
# notes-broken.sh: shows that the checks of the notes find what is wrong. `make check-notes` calls it.
#
#     sh common/tests/notes-broken.sh [TEXT]      only the cases with TEXT in their name
#
# Makes a repository of two small stages under build/notes-test, and in it one document after the other.
# Where something is wrong, ` @@ NAME: SENTENCE` stands behind the line, which the document itself does
# not have: the check has to say this of that line, and nothing else. To be run in the top folder, as
# notes.sh. It needs build/01-blocking/server.exe and what is in build/tests and build/maintain.

filter=${1-}
top=$PWD
sample=$top/build/notes-test
document=02-second/README.md
WINE_FOLDER=${WINE_FOLDER:-$top/build/wine}
# Another check may be using port 7777; nobody listens on 1, and here neither.
NOTES_PORT=1
export WINE_FOLDER NOTES_PORT
. common/tests/lib/check.sh
case ${OS-} in
Windows_NT) wine= ;;
*) wine="sh $top/common/tools/wine.sh" ;;
esac

# --- The repository ------------------------------------------------------------------------------

make_sample() {
    rm -rf "$sample"
    mkdir -p "$sample/01-first" "$sample/02-second" "$sample/common/tests/claims" "$sample/common/tests/lib" \
        "$sample/build/maintain" "$sample/build/tests"
    cp -R common/tools common/maintain "$sample/common/"
    cp common/tests/lib/check.sh "$sample/common/tests/lib/"
    for program in maintain/terminal tests/claims tests/contract; do
        [ ! -f build/$program.exe ] || cp build/$program.exe "$sample/build/$program.exe"
    done
    cd "$sample" || exit 1
    cat >01-first/Server.c <<'END'
/* The first stage. */
#include "Common.h"

#define BUFFER_SIZE 100

typedef struct Server {
    int socket;
} Server;

static void OpenServer(void)
{
    int one = 1;

    listen(one);
}

static void CloseServer(void)
{
    close(1);
}

int main(void)
{
    OpenServer();
    CloseServer();
}
END
    sed -e 's/100/200/' -e 's/listen(one)/select(one)/' -e 's/first stage/second stage/' \
        01-first/Server.c >02-second/Server.c
    echo 'int Session_Create(void);' >02-second/Session.h
    printf '%s\n' '-int oneByte;' '+int twoBytes;' >02-second/1-two.patch
    printf '# The first stage\n\n## Two words, `here`\n\n## Again\n\n## Again\n' >01-first/README.md
    printf 'TEST("port: one comes")\nTEST("port: two "\n "come")\n' >common/tests/claims/Claims.c
    # make wants tabs.
    sed "s/^    /$(printf '\t')/" >Makefile <<END
FORCE:
hello: \$(FILTER)
    @echo "hello, it is 12 o'clock"
talk:
    @echo "Say something."; read -r line; echo "sent \"\$\$line\""; echo "got  \"\$\$line\""
empty:
    @echo
twice:
    @echo one; echo 1 passed; echo 2 passed; echo; echo 1 passed; echo 2 passed
run-02:
    @echo "One."; sleep 20; echo "Two."
left:
    @sleep 60 >/dev/null 2>&1 & echo \$\$! >build/left; echo "Started."
taken:
    @echo "Cannot listen on 127.0.0.1:1: bind failed with error 10048"
run-05 run-01: build/thing.exe
    @trap : INT; ${wine:+$wine show} $top/build/01-blocking/server.exe --port 0 \$(ARGS)
build/thing.exe:
END
}

# --- The cases -----------------------------------------------------------------------------------

# look CHECK [NAME] <DOCUMENT: each mark is a test. A document without one is a test, NAME, and right.
look() {
    write_case "$document" build/marked
    is_chosen "$check: ${2-} $(cut -f 2 build/marked)" || return
    sh common/maintain/notes.sh --only "$1" "$document" >build/said 2>&1
    code=$?
    judge_case "$check" "$document" build/marked build/said
    wanted="0 passed, $(wc -l <build/marked | tr -d ' ') failed 1"
    [ -s build/marked ] || wanted="1 passed, 0 failed 0"
    if [ "$(tail -n 1 build/said) $code" != "$wanted" ]; then
        fail "$check: ${2-a document}: expected '$wanted'; this came, and $code:" build/said
    elif [ ! -s build/marked ]; then
        pass "$check: $2"
    fi
}

try_form() {
    look form <<'END'
# Title

This `has one backtick. @@ a backtick without a partner: a backtick here has no partner

## The idea @@ a lecture without a diagram: "The idea" has no block of ```mermaid or ```text

## Break it

```console 1
$ make hello
```

## Run it @@ commands that are not run: "Run it" has no block of ```console N

```c sketch @@ a block without an end: this block has no end
END
    printf '# Title\n\n## Run it\n\n```console 1\n$ make hello\n```\n' | look form "a lecture with what it needs"
}

try_excerpts() {
    look excerpts "what stands in the file, with lines left out" <<'END'
```c 01-first/Server.c
static void OpenServer(void)
{
    ...
}

static void CloseServer(void)
...
    CloseServer();
```
END
    printf '```c sketch\nfor (;;)\n    ;\n```\n' | look excerpts "a sketch"
    printf '```diff 02-second/1-two.patch\n...\n+int twoBytes;\n```\n' | look excerpts "what stands in a patch"
    look excerpts <<'END'
```c 01-first/Server.c
static void OpenServer(void)
{
    int one = 2; @@ a line that is another in the file: line 12 of 01-first/Server.c is another

```

```c 01-first/Server.c
  listen(one); @@ another indentation: this line does not stand in 01-first/Server.c
```

```c 01-first/Server.c
static void CloseServer(void)
...
static void OpenServer(void) @@ parts in another order: does not stand in 01-first/Server.c behind the lines before it
```

```c 01-first/Nothing.c @@ a file that is not there: there is no file 01-first/Nothing.c
int x;
```

```diff 02-second/1-two.patch
+int three; @@ a line that does not stand in the patch: this line does not stand in 02-second/1-two.patch
```

```c @@ a block that names no file: this block names no file
int x;
```
END
}

try_names() {
    look names "functions, types, files and targets" <<'END'
`OpenServer()`, `BUFFER_SIZE`, `Server`, `01-first/Server.c`, `Session.h`, `*.c`, `Session_*`, `make run-01
ARGS="--port 0"`, `build/thing.exe`, `thing.exe`, `make`, `Client Connected! 127.0.0.1:5`,
`common/tools/test.sh`, `0N-*/Server.c`, `Session_Create(socket, "--count")`, `x > 5 (10054)`, `twoBytes`

```sh
make hello
```
END
    # shellcheck disable=SC2016
    echo '`make run-0N`' | look names "a target of every stage"
    look names <<'END'
`OpenSever()` @@ a function that is not there: neither the sources

Here, and in the next
line, is `BUFFER_SIZE`, and
`BUFER_SIZE`. @@ a constant that is not there: neither the sources

- `server.listenSocket` @@ a member that is not there: neither the sources
- `Listener_*` @@ a prefix that is not there: neither the sources
- `make run-01 FILTER="two went"`, `make run-01 FILTER=two` @@ a test that is not there: no test has this in its name
- `02-second/Listener.c` @@ a file that is not there: there is no such file
- `build/nothing.exe` @@ a program that is not built: there is no such file
- `make run-09` @@ a make target that is not there: make has no such target
- `make run-01 ARG="--port 0"` @@ a make variable that is not there: no make variable has this name
- `--prot` @@ an option that is not there: no program of the repository has this option
- `make run-01 ARGS="--prot 0"` @@ an option in a command: no program of the repository has this option

```sh
make helo @@ a make target in a block: make has no such target
```
END
}

# comments FILE [NAME] <SOURCE: the same for a source.
comments() {
    document=$1
    shift
    look names "$@"
    rm "$document"
    document=02-second/README.md
}

try_comments() {
    comments 02-second/a.c "what is there" <<'END'
/*
 * OpenServer, Session_Create() and two Session_Creates of ../01-first/Server.c; Create, too. See "Again"
 * in ../01-first/README.md, the test "port: one comes", FILTER=one, FILTER="port:", NAME.txt,
 * build/out-SUITE and make run-01.
 */
int x = '"'; // BUFFER_SIZE
char *text = "/* Nothing_Is here */";
END
    comments 02-second/a.c <<'END'
/* One.
   See OpenSever. OpenServer is there. */ @@ a function that only a comment has: neither the sources
int x; /* for Session_Creat */ @@ a function behind code: neither the sources
// Listener.c has it. @@ a file: there is no such file
int y;
/*
 * See "A program of @@ a section that has another name: the document has no such section
 * your own" in ../01-first/README.md.
 */
END
    comments common/tools/a.sh <<'END'
#!/bin/sh
# a.sh: what it does.
# Called by make run-09. @@ a make target: make has no such target
true
# See the claim "port: three come". @@ a test: no test has this in its name
true
# Only FILTER=three. @@ a filter: no test has this in its name
END
}

try_changes() {
    look changes "a list of all that changed" <<'END'
## What changed

- `OpenServer` and `BUFFER_SIZE`: one calls `CloseServer`.
- **`Session.h`** is there.

## Next

- `main`
END
    look changes "a table of all that changed" <<'END'
## What changed

| what | why |
|---|---|
| `static void OpenServer(void)` | |
| `BUFFER_*` | because `main` |
| `02-second/Session.h`, `Session_Create` | |
END
    look changes <<'END'
## What changed @@ a file that is not listed: does not list Session.h @@ a constant that is not listed: does not list BUFFER_SIZE of Server.c

- `OpenServer`: it is used with `BUFFER_SIZE` and `Session.h`.
- `CloseServer` @@ a function that did not change: this is listed and did not change
- `Close*` @@ a prefix of which nothing changed: nothing that begins so changed
END
    look changes <<'END'
## What changed @@ a function that is not listed: does not list OpenServer of Server.c

- `BUFFER_SIZE`: it is used by `OpenServer`.
- `Session.h`
END
}

try_claims() {
    # Two claims that are there; the second is written on two lines, here and in the source.
    look claims "names of tests" <<'END'
It is so (claim "port: one comes").
And it is (claims "port: one comes" and "port:
two come").
END
    look claims <<'END'
One.
Two (claim
"port: three come"). @@ a test that is not there: no test of common/tests/claims/Claims*.c has this name

(claims "port: one comes" and "port: four") @@ the second of two: no test of common/tests/claims/Claims*.c has this name

(claim "port: one comes) @@ a name without an end: the name of this claim has no closing quote

(claim `port: one comes`) @@ other quotes: the name of a claim stands in "straight quotes"
END
}

# list PROGRAM [WORD...]: how many tests it lists.
list() {
    program=build/tests/$1
    shift
    ${wine:+$wine run} "$program" "$@" --list | wc -l | tr -d ' '
}

try_figures() {
    claims=$(list claims.exe)
    mine=$(list contract.exe build/02-second/server.exe)
    look figures "versions, and numbers of tests and claims" <<END
Wine 8.0 and 10.0 with 2 processors, Debian 12 or
13, gcc 12. Visual Studio 2019 16.8 and Wine. Wine, 9 times: 3 of $mine tests, and the $claims
claims; $((mine + 1)) tests under verify.
END
    look figures <<END
# Debian 11 @@ one in a heading: known-systems.txt has no such version

Two, with Wine
9.0. @@ a version that is not known: known-systems.txt has no such version

Wine 8.0 and
9.0. @@ the second of two versions: known-systems.txt has no such version

| a | Visual Studio 2019 16.7 | @@ a version in two parts: known-systems.txt has no such version

One.
3 of $(list contract.exe build/01-first/server.exe) tests. @@ the number of tests of another stage: no program that make check-notes builds has so many tests

All $((claims + 1)) @@ another number of claims: this is not the number of claims
claims.
END
}

# The checks of the repository take no document: wrong_all CHECK NAME LINE.
wrong_all() {
    name="$1: $2"
    is_chosen "$name" || return
    sh common/maintain/notes.sh --only "$1" >build/said 2>&1
    reason="expected '$3'; this came:"
    grep -F "$3" build/said >/dev/null && ! tail -n 1 build/said | grep ' 0 failed' >/dev/null && reason=
    report "$name" "$reason" build/said
}

try_diffs() {
    wrong_all diffs "a DIFF.md that is not there" "FAIL 02-second/DIFF.md:1:"
    sh common/maintain/diffs.sh write >/dev/null
    name="diffs: one that is fresh"
    if is_chosen "$name"; then
        report "$name" "$(sh common/maintain/notes.sh --only diffs >build/said 2>&1 || echo "this came:")" build/said
    fi
    sed -i.old '$s/^/x/' 02-second/DIFF.md
    wrong_all diffs "a DIFF.md that was edited" "FAIL 02-second/DIFF.md:1:"
    mkdir common/benchmark
    echo '{"machine": {"system": "Wine 8.0 (Debian), Linux 6.18.44-x", "cores": 2},' >common/benchmark/results.json
    echo 'Wine 8.0, Linux 6.1.' >common/benchmark/BENCHMARK.md
    wrong_all figures "another system than the figures have" \
        "FAIL common/benchmark/BENCHMARK.md:1: it does not say that this was measured with Linux 6.18"
    rm common/benchmark/BENCHMARK.md
    # Where no line is about this system there is nothing to compare.
    if sh common/maintain/notes.sh --only figures | grep '^ok   common/maintain/notes/known-systems.txt' >/dev/null; then
        sed -i.old 's/GCC /GCC 1/' common/maintain/notes/known-systems.txt
        wrong_all figures "what this system does not have" "this system is"
    fi
    printf 'b\na\n' >common/maintain/notes/known-names.txt
    : >$document
    wrong_all names "known names that are not sorted" "FAIL common/maintain/notes/known-names.txt:1: the names are not sorted"
}

# terminal [NAME] <LINES: the document is a block with what terminal 1 shows.
terminal() {
    { echo '```console 1' && cat && echo '```'; } | look commands "$@"
}

try_commands() {
    terminal "a command, numbers, and lines left out" <<'END'
$ make hello
hello, it is NUMBER o'clock
$ make hello
...
END
    look commands "a program that is talked to, in two terminals" <<'END'
```console 1
$ make talk
Say something.
```

```console 2
$ make hello
hello, it is 12 o'clock
```

```console 1
> it's 5 \ o'clock
got  "it's 5 \ o'clock"
```
END
    printf '$ make twice\n...\n1 passed\n2 passed\n' | terminal "the last lines, which the terminal shows twice"
    printf '$ make run-01\nListening on 127.0.0.1:PORT\n^C\nServer stopped.\n' | terminal "Ctrl+C"
    terminal <<'END'
$ make hello
hello, it is 13 o'clock @@ another line: terminal 1 shows another line
END
    terminal <<'END'
$ make hello
hello, NUMBER is 12 o'clock @@ a word where a number should be: terminal 1 shows another line
END
    terminal <<'END'
$ make hello @@ a line too few: shows a line behind this one that the notes do not have
END
    terminal <<'END'
$ make twice
...
1 passed @@ a line behind the last one, and behind lines left out: shows a line behind this one
END
    terminal <<'END'
$ make empty @@ an empty line too few: shows a line behind this one that the notes do not have
END
    terminal <<'END'
$ make hello
hello, it is 12 o'clock
More. @@ a line too many: the command in terminal 1 has ended without this line
END
    NOTES_PATIENCE=3
    export NOTES_PATIENCE
    terminal <<'END'
$ make run-02
One.
Two. @@ a line that does not come: terminal 1 has not shown this line for 3 s
END
    terminal <<'END'
$ make run-02
One. @@ a program that nobody stops: terminal 1 still runs: make run-02
END
    terminal <<'END'
$ make run-02
One. @@ a command in a terminal that is busy: terminal 1 still runs: make run-02
$ make hello
END
    unset NOTES_PATIENCE
    terminal <<'END'
$ make hello
hello, it is 12 o'clock
> hello @@ typing where nothing runs: in terminal 1 nothing runs any more
END
    terminal <<'END'
$ make taken
Listening on 127.0.0.1:1 @@ a port that is taken: port 1 is taken
END
    printf '```console @@ a block without a number: the block does not say which terminal it is\n$ make hello\n```\n' |
        look commands
    echo 'hello @@ output without a command: no command has been typed in terminal 1 yet' | terminal
    echo '$ make test @@ a command that must not be run: this command is not for a console block' | terminal
    echo '$ ls @@ a command that not every system has: a reader on any system can type make targets' | terminal
    [ -n "$wine" ] || return
    terminal <<'END'
$ make left
Started. @@ a program that is left running: a program that terminal 1 has started is left running
END
    name="commands: what was left running was ended"
    is_chosen "$name" || return
    # A zombie is no program.
    process=/proc/$(cat build/left)
    reason="$process still runs:"
    [ -f build/left ] && ! grep '^State:[[:space:]]*[A-Y]' "$process/status" >build/said 2>/dev/null && reason=
    report "$name" "$reason" build/said
}

# The terminal of Windows: a program is typed into, and hears of Ctrl+C.
try_terminal() {
    name="terminal.exe: types lines and presses Ctrl+C"
    is_chosen "$name" || return
    mkdir -p build/terminal
    : >build/terminal/keys
    # It is used where there is a sh of Windows; Wine has none, so it is given the program.
    ${wine:+$wine run} build/maintain/terminal.exe build/terminal \
        "$top/build/01-blocking/server.exe" --port 0 >build/said 2>&1 &
    program=$!
    wait_until grep -qs Listening build/terminal/out
    echo press >>build/terminal/keys
    wait $program
    cat build/terminal/out build/terminal/code >build/said 2>&1
    reason="expected Listening, Server stopped. and 0; this came:"
    grep '^Listening on' build/said >/dev/null &&
        [ "$(tail -n 2 build/said | tr '\n' ' ')" = "Server stopped. 0 " ] && reason=
    report "$name" "$reason" build/said
}

make_sample
for check in form excerpts names comments changes claims figures commands terminal diffs; do
    try_$check
done | tee build/results
sum_up_lines build/results
