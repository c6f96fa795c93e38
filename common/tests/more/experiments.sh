#!/bin/sh
# experiments.sh: tests that the experiments on the way to 07 come out as the chapters say: each fails at one step,
# in the way that is told there, and passes at the step that answers it. `make test-more` calls it.
#
# What is built and run are the lines of the chapters' blocks, as a reader types them, but gcc is CC, RUN stands
# before programs, and ports are free ones. The last line is `N passed, N failed`.

. common/tests/lib/check.sh
steps=07-service-session/steps
stopped='exit code is 143' # the server ran until it was told to end
lines=build/experiment.lines
said=build/experiment.txt
# `make verify` shall not end the Wine of all.
unset WINE_SESSION

# It quotes as the chapters do.
gcc() {
    # CC may be several words.
    # shellcheck disable=SC2086
    LC_ALL=C command ${CC:-gcc} "$@"
}

# What does not begin with build/ is done first.
build() {
    while IFS= read -r line <&3; do
        case $line in "cp -r "*) rm -rf "${line##* }" ;; esac
        eval "$line" || return
    done 3<<END
$(grep -v '^build/' $lines)
END
}

# The server in a first terminal, if there is one, and the program in a second.
run() {
    server=
    line=$(grep '^build/.* --quiet$' $lines) && start_server "${line%% *}" $said.server $said.errors --quiet
    line=$(grep '^build/' $lines | grep -v ' --quiet$') || return 0
    eval "${RUN-} $(echo "$line" | sed "s,7777,${port-},")" </dev/null
    code=$?
    [ -n "$server" ] || return $code
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    echo "The server's exit code is $?."
    return $code
}

# try NAME DOCUMENT LINES CODE PATTERN...: does the lines of the document that match LINES. They have to end with
# the exit code and to say each of the patterns.
try() {
    name="experiments: $1"
    wanted=$4
    tr -d '\r' <"$2" | awk '
        /^```/ { kind = $0; next }
        kind == "```sh" || (kind == "```text" && sub(/^[$] /, ""))' |
        grep -E -e "$3" | sed 's,=my ,=build/broadcast-0 ,' >$lines
    # shellcheck disable=SC2119
    { build && run; } >$said 2>&1
    code=$?
    shift 4
    reason=
    [ $code = "$wanted" ] || reason="its exit code is $code"
    for pattern in "$@"; do
        tr -d '\r' <$said | grep -qE -e "$pattern" || reason="it does not say '$pattern'"
    done
    report "$name" "$reason" $said
}

# The broadcast of 06 is a block of its lecture, for a copy.
rm -rf build/broadcast-0
cp -r 06-iocp-core build/broadcast-0
tr -d '\r' <06-iocp-core/README.md | awk '
    FILENAME == "-" { if (/^```/) is_in = $0 == "```c sketch"; else if (is_in) sketch = sketch $0 "\n"; next }
    /^static bool Session_ProcessRecv/ { is_in = 1 }
    /^    return/ && is_in { printf "%s", sketch; is_in = 0 }
    { print }' - 06-iocp-core/Session.c >build/broadcast-0/Session.c

try "a broadcast fails at 06: rules are broken" 06-iocp-core/README.md '^make verify' 2 \
    '^ *verify: rule 5: one OVERLAPPED, one outstanding' '^ *verify: rule 4: an OVERLAPPED and its buffer belong'
try "a session that is kept fails at 06" $steps/1-references.md 'stay-0|Stay' 1 '^FAIL: [1-9][0-9]* of 20 .* too early'
try "a session that is kept passes at 07.1" $steps/1-references.md 'stay-1|Stay' 0 '^ok: 0 of 20'
try "a broadcast fails at 07.1: a page fault" $steps/1-references.md 'broadcast-1|Crowd' 1 \
    "^The server's exit code is (5|139)\.$"
try "two servers fail at 07.1" $steps/2-service.md 'two-1' 1 'fatal error: Service.h: No such file or directory'
try "two servers pass at 07.2" $steps/2-service.md 'two-2' 0 '^sent "hello", got "HELLO"' '^ok$'
try "a broadcast fails at 07.2: messages are lost" $steps/2-service.md 'broadcast-2|Crowd' 1 '^FAIL: [0-7] of 8' \
    "$stopped"
try "a broadcast passes at 07.3" $steps/3-sending.md 'broadcast-3|Crowd\.c|7777$' 0 '^ok: 8 of 8'
try "pieces fail at 07.3" $steps/3-sending.md 'broadcast-3|Crowd\.c|pieces' 1 'a message is not whole' '^FAIL: 0 of 8' \
    "$stopped"
try "pieces pass at 07.4" $steps/4-packets.md 'broadcast-4|Crowd\.c|pieces' 0 '^ok: 8 of 8'
try "connecting fails at 07.4" $steps/4-packets.md 'Dial' 1 "has no member named 'type'" \
    "'SERVICE_CLIENT' undeclared" "has no member named 'connectCount'"
try "connecting passes at 07.5" $steps/5-clients.md '07\.5.*Dial|^build/Dial' 0 '^ok: 3 of 3'
try "connecting again fails at 07.5" $steps/5-clients.md 'Again' 1 '^FAIL: [0-9]+ attempts'
try "connecting again passes at 07.6" $steps/6-time.md 'Again' 0 '^ok: [1-5] attempts'
try "a goodbye fails at 07.5" $steps/5-clients.md 'Goodbye' 1 '^FAIL: [0-9]+ of 500000 .* an orderly end'
try "a goodbye passes at 07.6" $steps/6-time.md 'Goodbye' 0 '^ok: 500000 of 500000 .* an orderly end'
try "four calls fail at 07.6" $steps/6-time.md '^make calls' 0 '^  4\.00 calls an echo'
try "three calls pass at 07.7" $steps/7-fast-path.md '^make calls-07\.7$' 0 '^  3\.00 calls an echo'
sum_up
