#!/bin/sh
# notes-broken.sh: shows that the checks of the notes find what is wrong. `make check-notes` calls it.
#
#     sh common/tests/notes-broken.sh [TEXT]      only the cases with TEXT in their name
#
# Makes a repository of two small stages under build/notes-test, and in it one document after the other:
# those that are right must pass, and those with a mistake must fail with one sentence, on one line. The
# last line is `N passed, N failed`. To be run in the top folder, as notes.sh. It needs
# build/01-blocking/server.exe and what is in build/tests and build/maintain.

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
    mkdir -p "$sample/01-first" "$sample/02-second" "$sample/common/tests/claims" "$sample/build"
    cp -R common/tools common/maintain "$sample/common/"
    mkdir -p "$sample/common/tests/lib"
    cp common/tests/lib/check.sh "$sample/common/tests/lib/"
    for program in maintain/terminal tests/claims tests/contract; do
        mkdir -p "$sample/build/${program%/*}"
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
    printf '# The first stage\n\n## Two words, `here`\n\n## Again\n\n## Again\n' >01-first/README.md
    printf '{"port: one comes", One},\n{"port: two "\n "come", Two},\n' >common/tests/claims/Claims.c
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
silent:
    @echo "One."; sleep 20; echo "Two."
left:
    @sleep 60 >/dev/null 2>&1 & echo \$\$! >build/left; echo "Started."
taken:
    @echo "Cannot listen on 127.0.0.1:1: bind failed with error 10048"
run-01: build/thing.exe
    @trap : INT; ${wine:+$wine show} $top/build/01-blocking/server.exe --port 0 \$(ARGS)
build/thing.exe:
END
}

# --- The cases -----------------------------------------------------------------------------------

# Runs a check on the document that comes on stdin.
try() {
    cat >$document
    sh common/maintain/notes.sh --only "$1" --at $document $document >build/said 2>&1
}

# right CHECK NAME <DOCUMENT: the check finds nothing wrong, but something to look at.
right() {
    name="$1: $2"
    is_chosen "$name" || return
    if try "$1" && [ "$(tail -n 1 build/said)" = "1 passed, 0 failed" ]; then
        pass "$name"
    else
        fail "$name: it should pass; this came:" build/said
    fi
}

# wrong CHECK NAME LINE SENTENCE <DOCUMENT: the check says this of the line, and nothing else.
wrong() {
    name="$1: $2"
    is_chosen "$name" || return
    try "$1"
    code=$?
    if ! grep "^FAIL $document:$3: " build/said | grep -F -e "$4" >/dev/null; then
        fail "$name: expected 'FAIL $document:$3: ...$4...'; this came:" build/said
    elif [ "$(tail -n 1 build/said)" != "0 passed, 1 failed" ] || [ $code != 1 ]; then
        fail "$name: expected one failure and exit code 1; this came, and $code:" build/said
    else
        pass "$name"
    fi
}

try_form() {
    lecture() {
        for section in Recap Goal "The idea" "What changed" Walk-through Build "Run it" "The picture" \
            "Break it" "Why, and what comes next" Pitfalls Exercises Sources; do
            printf '## %s\n\n' "$section"
            case $section in
            "The idea") printf '```text\na -> b\n```\n\n' ;;
            "Run it" | "Break it") printf '```console 1\n$ make hello\n```\n\n' ;;
            esac
        done
    }
    { echo "# Title" && lecture; } | right form "a lecture with all its sections"
    { echo "# Title" && lecture | grep -v Goal; } |
        wrong form "a section that is missing" 1 'section "## Goal" is missing'
    { echo "# Title" && echo "## Pitfalls" && lecture | grep -v '# Pitfalls'; } |
        wrong form "a section in another place" 2 'section "## Pitfalls" does not stand where it should'
    { echo "# Title" && lecture | sed 's/^```console 1/```sh/'; } | sed '/## Break it/a\
```console 1\
```
' | wrong form "commands that are not run" 18 '"Run it" has no block of ```console N'
    { echo "# Title" && lecture && echo '```c sketch'; } |
        wrong form "a block without an end" 40 "this block has no end"
    { echo "# Title" && lecture && printf '```consle 1\n```\n'; } |
        wrong form "a block of an unknown kind" 40 'a block of an unknown kind: ```consle 1'
    { echo "# Title" && lecture && echo 'This `has one backtick.'; } |
        wrong form "a backtick without a partner" 40 "a backtick here has no partner"
}

try_excerpts() {
    right excerpts "what stands in the file, with lines left out" <<'END'
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
    right excerpts "a sketch" <<'END'
```c sketch
for (;;)
    ;
```
END
    wrong excerpts "a line that is another in the file" 4 "line 12 of 01-first/Server.c is another" <<'END'
```c 01-first/Server.c
static void OpenServer(void)
{
    int one = 2;

```
END
    wrong excerpts "another indentation" 2 "this line does not stand in 01-first/Server.c" <<'END'
```c 01-first/Server.c
  listen(one);
```
END
    wrong excerpts "parts in another order" 4 "does not stand in 01-first/Server.c behind the lines before it" <<'END'
```c 01-first/Server.c
static void CloseServer(void)
...
static void OpenServer(void)
```
END
    wrong excerpts "a file that is not there" 1 "there is no file 01-first/Nothing.c" <<'END'
```c 01-first/Nothing.c
int x;
```
END
    printf '```c\nint x;\n```\n' | wrong excerpts "a block that names no file" 1 "this block names no file"
}

try_links() {
    right links "files, folders, anchors, pictures and addresses" <<'END'
# Title
[a](../01-first/README.md) [b](../01-first/README.md#two-words-here) [c](#title) ![d](Server.c)
[e](../common) [f](https://example.com/x#y) [g](../01-first/README.md#again-1) [h](Server.c#L3-L5)
[a link of two
lines](Session.h) [i][id]

[id]: ../Makefile
END
    echo '[a](../01-first/READ.md)' | wrong links "a file that is not there" 1 "this link leads nowhere"
    echo '[a](../01-First/readme.md)' |
        wrong links "other capitals" 1 "this link differs in capitals from 01-first/README.md"
    echo '[a](../01-first/README.md#two-words)' |
        wrong links "an anchor that is not there" 1 "no heading of 01-first/README.md has this anchor"
    echo '[a](../01-first/README.md#again-2)' |
        wrong links "an anchor with a number too high" 1 "no heading of 01-first/README.md has this anchor"
    printf '# Title\n\n[a](#titel)\n' | wrong links "an anchor of its own" 3 "no heading of $document has this anchor"
    echo '[a](Server.c#L999)' | wrong links "a line behind the end" 1 "this anchor leads nowhere"
    echo '![a](timeline.svg)' | wrong links "a picture that is not there" 1 "this link leads nowhere"
    echo '[a](/etc/passwd)' | wrong links "a path of the machine" 1 "this is not a relative link"
    echo '[a](../../../README.md)' | wrong links "a path out of the repository" 1 "this link leads nowhere"
    echo '[a][nothing]' | wrong links "a link that nothing defines" 1 "no line defines the link [nothing]"
}

try_names() {
    right names "functions, types, files and targets" <<'END'
`OpenServer()`, `BUFFER_SIZE`, `Server`, `01-first/Server.c`, `Session.h`, `*.c`, `Session_*`, `make run-01
ARGS="--port 0"`, `build/thing.exe`, `thing.exe`, `make`, `Client Connected! 127.0.0.1:5`,
`common/tools/test.sh`, `0N-*/Server.c`, `Session_Create(socket, "--count")`, `x > 5 (10054)`

```sh
make hello
```
END
    sed -i.old 's/run-01:/run-05 run-01:/' Makefile
    right names "a target of every stage" <<'END'
`make run-0N`
END
    mv Makefile.old Makefile
    wrong names "a function that is not there" 1 "neither the sources" <<'END'
`OpenSever()`
END
    wrong names "a constant that is not there" 3 "neither the sources" <<'END'
Here, and in the next
line, is `BUFFER_SIZE`, and
`BUFER_SIZE`.
END
    wrong names "a member that is not there" 1 "neither the sources" <<'END'
`server.listenSocket`
END
    wrong names "a prefix that is not there" 1 "neither the sources" <<'END'
`Listener_*`
END
    wrong names "a test that is not there" 1 "no test has this in its name" <<'END'
`make run-01 FILTER="two went"`, `make run-01 FILTER=two`
END
    wrong names "a file that is not there" 1 "there is no such file" <<'END'
`02-second/Listener.c`
END
    wrong names "a program that is not built" 1 "there is no such file" <<'END'
`build/nothing.exe`
END
    wrong names "a make target that is not there" 1 "make has no such target" <<'END'
`make run-09`
END
    wrong names "a make target in a block" 2 "make has no such target" <<'END'
```sh
make helo
```
END
    wrong names "a make variable that is not there" 1 "no make variable has this name" <<'END'
`make run-01 ARG="--port 0"`
END
    wrong names "an option that is not there" 1 "no program of the repository has this option" <<'END'
`--prot`
END
    wrong names "an option in a command" 1 "no program of the repository has this option" <<'END'
`make run-01 ARGS="--prot 0"`
END
}

# comment NAME FILE LINE SENTENCE <SOURCE: the check of names says this of the line of the file, and
# nothing else of that file. Without a sentence it says nothing of it. The other sources are not looked
# at: what they name is not in this repository.
comment() {
    name="comments: $1"
    is_chosen "$name" || return
    cat >"$2"
    sh common/maintain/notes.sh --only names >build/all 2>&1
    grep -A 2 "^FAIL $2:" build/all >build/said
    found=$(grep -c "^FAIL $2:" build/said)
    if [ -z "$4" ] && [ "$found" = 0 ] && tail -n 1 build/all | grep ' failed$' >/dev/null; then
        pass "$name"
    elif [ -n "$4" ] && [ "$found" = 1 ] && grep "^FAIL $2:$3: " build/said | grep -F -e "$4" >/dev/null; then
        pass "$name"
    else
        fail "$name: expected line $3: '$4'; this came:" build/said
    fi
    rm "$2"
}

try_comments() {
    comment "what is there" 02-second/a.c "" "" <<'END'
/*
 * OpenServer, Session_Create() and two Session_Creates of ../01-first/Server.c; Create, too. See "Again"
 * in ../01-first/README.md, the test "port: one comes", FILTER=one, FILTER="port:", NAME.txt,
 * build/out-SUITE and make run-01.
 */
int x = '"'; // BUFFER_SIZE
char *text = "/* Nothing_Is here */";
END
    comment "a function that only a comment has" 02-second/a.c 2 "neither the sources" <<'END'
/* One.
   See OpenSever. OpenServer is there. */
END
    comment "a function behind code" 02-second/a.c 1 "neither the sources" <<'END'
int x; /* for Session_Creat */
END
    comment "a file" 02-second/a.h 1 "there is no such file" <<'END'
// Listener.c has it.
END
    comment "a make target" common/tools/a.sh 3 "make has no such target" <<'END'
#!/bin/sh
# a.sh: what it does.
# Called by make run-09.
END
    comment "a section that has another name" 02-second/a.c 2 "the document has no such section" <<'END'
/*
 * See "A program of
 * your own" in ../01-first/README.md.
 */
END
    comment "a test" common/tools/a.awk 1 "no test has this in its name" <<'END'
# See the claim "port: three come".
END
    comment "a filter" common/tools/a.sh 2 "no test has this in its name" <<'END'
#!/bin/sh
# Only FILTER=three.
END
}

try_changes() {
    changes() {
        printf '# Title\n\n## What changed\n\n'
        cat
        printf '\n## Next\n\n- `main`\n'
    }
    changes <<'END' | right changes "a list of all that changed"
- `OpenServer` and `BUFFER_SIZE`: one calls `CloseServer`.
- **`Session.h`** is there.
END
    changes <<'END' | right changes "a table of all that changed"
| what | why |
|---|---|
| `static void OpenServer(void)` | |
| `BUFFER_*` | because `main` |
| `02-second/Session.h`, `Session_Create` | |
END
    changes <<'END' | wrong changes "a function that is not listed" 3 'does not list of Server.c: OpenServer'
- `BUFFER_SIZE`: it is used by `OpenServer`.
- `Session.h`
END
    changes <<'END' | wrong changes "a constant that is not listed" 3 'does not list of Server.c: BUFFER_SIZE'
- `OpenServer`, `Session.h`: for `BUFFER_SIZE`
END
    changes <<'END' | wrong changes "a file that is not listed" 3 'does not list the files Session.h'
- `OpenServer`, `BUFFER_SIZE`
END
    changes <<'END' | wrong changes "a function that did not change" 6 "this is listed and did not change"
- `OpenServer`, `BUFFER_SIZE`, `Session.h`
- `CloseServer`
END
    changes <<'END' | wrong changes "a prefix of which nothing changed" 6 "nothing that begins so changed"
- `OpenServer`, `BUFFER_SIZE`, `Session.h`
- `Close*`
END
}

try_claims() {
    # Two claims that are there; the second is written on two lines, here and in the source.
    printf 'It is so (claim "port: one comes").\nAnd it is (claims "port: one comes" and "port:\ntwo come").\n' |
        right claims "names of tests"
    printf 'One.\nTwo (claim\n"port: three come").\n' |
        wrong claims "a test that is not there" 3 "no test of common/tests/claims/Claims*.c has this name"
    printf '(claims "port: one comes" and "port: four")\n' |
        wrong claims "the second of two" 1 "no test of common/tests/claims/Claims*.c has this name"
    printf '(claim "port: one comes)\n' |
        wrong claims "a name without an end" 1 "the name of this claim has no closing quote"
    printf '(claim `port: one comes`)\n' |
        wrong claims "other quotes" 1 'the name of a claim stands in "straight quotes"'
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
    others=$(list contract.exe build/01-first/server.exe)
    right figures "versions, and numbers of tests and claims" <<END
Wine 8.0 and 10.0 with 2 processors, Debian 12 or
13, gcc 12. Visual Studio 2019 16.8 and Wine. Wine, 9 times: 3 of $mine tests, and the $claims
claims; $((mine + 1)) tests under verify.
END
    printf 'One.\nTwo, with Wine\n9.0.\n' |
        wrong figures "a version that is not known" 3 "known-systems.txt has no such version"
    printf '# Debian 11\n' | wrong figures "one in a heading" 1 "known-systems.txt has no such version"
    printf 'Wine 8.0 and\n9.0.\n' |
        wrong figures "the second of two versions" 2 "known-systems.txt has no such version"
    printf '| a | Visual Studio 2019 16.7 |\n' |
        wrong figures "a version in two parts" 1 "known-systems.txt has no such version"
    printf 'One.\n3 of %s tests.\n' "$others" |
        wrong figures "the number of tests of another stage" 2 "no program that make check-notes builds has so many tests"
    printf 'All %s\nclaims.\n' $((claims + 1)) |
        wrong figures "another number of claims" 1 "this is not the number of claims"
}

# The checks of the repository take no document: wrong_all CHECK NAME LINE.
wrong_all() {
    name="$1: $2"
    is_chosen "$name" || return
    sh common/maintain/notes.sh --only "$1" >build/said 2>&1
    if grep -F "$3" build/said >/dev/null && ! tail -n 1 build/said | grep ' 0 failed' >/dev/null; then
        pass "$name"
    else
        fail "$name: expected '$3'; this came:" build/said
    fi
}

try_diffs() {
    wrong_all diffs "a DIFF.md that is not there" "FAIL 02-second/DIFF.md:1:"
    sh common/maintain/diffs.sh write >/dev/null
    name="diffs: one that is fresh"
    if is_chosen "$name"; then
        if sh common/maintain/notes.sh --only diffs >build/said 2>&1; then
            pass "$name"
        else
            fail "$name: this came:" build/said
        fi
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

try_commands() {
    right commands "a command, numbers, and lines left out" <<'END'
```console 1
$ make hello
hello, it is NUMBER o'clock
$ make hello
...
```
END
    right commands "a program that is talked to, in two terminals" <<'END'
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
    right commands "the last lines, which the terminal shows twice" <<'END'
```console 1
$ make twice
...
1 passed
2 passed
```
END
    right commands "Ctrl+C" <<'END'
```console 1
$ make run-01
Listening on 127.0.0.1:PORT
^C
Server stopped.
```
END
    wrong commands "another line" 3 "terminal 1 shows another line" <<'END'
```console 1
$ make hello
hello, it is 13 o'clock
```
END
    wrong commands "a word where a number should be" 3 "terminal 1 shows another line" <<'END'
```console 1
$ make hello
hello, NUMBER is 12 o'clock
```
END
    wrong commands "a line too few" 2 "shows a line behind this one that the notes do not have" <<'END'
```console 1
$ make hello
```
END
    wrong commands "a line behind the last one, and behind lines left out" 4 "shows a line behind this one" <<'END'
```console 1
$ make twice
...
1 passed
```
END
    wrong commands "an empty line too few" 2 "shows a line behind this one that the notes do not have" <<'END'
```console 1
$ make empty
```
END
    wrong commands "a line too many" 4 "the command in terminal 1 has ended without this line" <<'END'
```console 1
$ make hello
hello, it is 12 o'clock
More.
```
END
    sed -i.old 's/^silent:/run-02:/' Makefile
    NOTES_PATIENCE=3
    export NOTES_PATIENCE
    wrong commands "a line that does not come" 4 "terminal 1 has not shown this line for 3 s" <<'END'
```console 1
$ make run-02
One.
Two.
```
END
    wrong commands "a program that nobody stops" 3 "terminal 1 still runs: make run-02" <<'END'
```console 1
$ make run-02
One.
```
END
    wrong commands "a command in a terminal that is busy" 3 "terminal 1 still runs: make run-02" <<'END'
```console 1
$ make run-02
One.
$ make hello
```
END
    mv Makefile.old Makefile
    unset NOTES_PATIENCE
    wrong commands "typing where nothing runs" 4 "in terminal 1 nothing runs any more" <<'END'
```console 1
$ make hello
hello, it is 12 o'clock
> hello
```
END
    wrong commands "a port that is taken" 3 "port 1 is taken" <<'END'
```console 1
$ make taken
Listening on 127.0.0.1:1
```
END
    printf '```console\n$ make hello\n```\n' |
        wrong commands "a block without a number" 1 "the block does not say which terminal it is"
    printf '```console 1\nhello\n```\n' |
        wrong commands "output without a command" 2 "no command has been typed in terminal 1 yet"
    printf '```console 1\n$ make test\n```\n' |
        wrong commands "a command that must not be run" 2 "this command is not for a console block"
    printf '```console 1\n$ ls\n```\n' |
        wrong commands "a command that not every system has" 2 "a reader on any system can type make targets"
    [ -n "$wine" ] || return
    wrong commands "a program that is left running" 3 "a program that terminal 1 has started is left running" <<'END'
```console 1
$ make left
Started.
```
END
    name="commands: what was left running was ended"
    is_chosen "$name" || return
    # A zombie is no program.
    process=/proc/$(cat build/left)
    if [ -f build/left ] && ! grep '^State:[[:space:]]*[A-Y]' "$process/status" >build/said 2>/dev/null; then
        pass "$name"
    else
        fail "$name: $process still runs:" build/said
    fi
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
    for text in Listening press stopped; do
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            [ $text != press ] || break
            grep $text build/terminal/out >/dev/null 2>&1 && break
            sleep 0.5
        done
        [ $text != press ] || echo press >>build/terminal/keys
    done
    wait $!
    cat build/terminal/out build/terminal/code >build/said 2>&1
    if grep '^Listening on' build/said >/dev/null &&
        [ "$(tail -n 2 build/said | tr '\n' ' ')" = "Server stopped. 0 " ]; then
        pass "$name"
    else
        fail "$name: expected Listening, Server stopped. and 0; this came:" build/said
    fi
}

make_sample
for check in form excerpts links names comments changes claims figures commands terminal diffs; do
    try_$check
done | tee build/results
sum_up_lines build/results
