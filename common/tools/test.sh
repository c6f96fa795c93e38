#!/bin/sh
# test.sh: runs test programs and adds up what they say.
#
#     sh common/tools/test.sh [--filter TEXT] [--program WORDS]... [--script WORDS]...
#         [--contract PROGRAM SERVER... [--verify SERVER...]] [--alone WORDS]
#
# WORDS are a program and its arguments, or a shell script and its own. Each runs once, the contract
# suite once for each server; those behind --verify are instrumented ones, run with INSTRUMENT=verify.
# The script of --alone runs when all others have ended, since it needs a port of its own. Each run
# ends with a line `N passed, N failed`. One that does not, or that ran no test, or whose exit
# code does not agree, counts as a failure more. The last line here is the sum, in the same words; the
# exit code is 0 if nothing failed.
#
# RUN is put before each program; `sh common/tools/wine.sh run` on Linux. Three programs run at a time,
# and their lines are printed one after the other: most tests wait for something, and little of what
# they wait for is a processor. TEST_JOBS=1 runs one at a time and prints its lines as they come.

folder=${TEST_OUTPUT:-build/test-output}
tools=$(dirname "$0")
return_key=$(printf '\r')
newline='
'
filter=
passed=0
failed=0
runs=0

finish() {
    [ -z "${RUN-}" ] || sh "$tools/wine.sh" stop
}

interrupted() {
    trap - INT TERM
    # More than one program at a time are in the background and do not hear of Ctrl+C.
    for file in "$folder"/*.pid; do
        [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    finish
    echo "Interrupted." >&2
    exit 130
}

# Runs the command and prints its lines as they come, without the carriage returns of Windows.
# Leaves the last summary line in $folder/N.summary, the names of the tests that failed in N.failures
# and the exit code in N.code.
run_program() {
    number=$1
    shift
    {
        # RUN is several words.
        # shellcheck disable=SC2086
        case $1 in
        *.sh) sh "$@" </dev/null 2>&1 ;;
        *) ${RUN-} "$@" </dev/null 2>&1 ;;
        esac
        echo $? >"$folder/$number.code"
    } | while IFS= read -r line || [ -n "$line" ]; do
        line=${line%"$return_key"}
        printf '%s\n' "$line"
        case $line in
        "FAIL "*) echo "FAIL $name: ${line#FAIL }" >>"$folder/$number.failures" ;;
        *[!0-9a-z,\ ]*) ;;
        [0-9]*" passed, "[0-9]*" failed") printf '%s\n' "$line" >"$folder/$number.summary" ;;
        esac
    done
}

# Run $1 has failed in a way that no test reports.
fail() {
    echo "FAIL $2"
    echo "FAIL $2" >>"$folder/$1.failures"
    failed=$((failed + 1))
}

# Adds the result of run N, of which $2 is the name, to the sum.
add_up() {
    code=$(cat "$folder/$1.code" 2>/dev/null)
    summary=$(cat "$folder/$1.summary" 2>/dev/null)
    if [ -z "$summary" ]; then
        fail "$1" "$2: it ended with exit code ${code:-unknown} and without a summary"
        return
    fi
    these_passed=${summary%% *}
    these_failed=${summary#*, }
    these_failed=${these_failed%% *}
    passed=$((passed + these_passed))
    failed=$((failed + these_failed))
    if [ "$these_failed" = 0 ] && [ "$code" != 0 ]; then
        fail "$1" "$2: it says '$summary', but its exit code is ${code:-unknown}"
    elif [ "$these_passed" = 0 ] && [ "$these_failed" = 0 ]; then
        fail "$1" "$2: it ran no test"
    fi
}

# Waits until no more than $1 runs are in the background; prints and adds up those that were, the
# first first.
collect() {
    while [ "$running" -gt "$1" ]; do
        collected=$((collected + 1))
        wait "$(cat "$folder/$collected.pid")"
        rm -f "$folder/$collected.pid"
        cat "$folder/$collected.output"
        add_up "$collected" "$(cat "$folder/$collected.name")"
        running=$((running - 1))
    done
}

# start NAME PROGRAM WORD...
start() {
    name=$1
    shift
    [ -n "$filter" ] && set -- "$@" "$filter"
    runs=$((runs + 1))
    if [ "${TEST_JOBS:-3}" = 1 ]; then
        printf '\n== %s\n' "$name"
        run_program $runs "$@"
        add_up $runs "$name"
        return
    fi
    echo "$name" >"$folder/$runs.name"
    {
        printf '\n== %s\n' "$name"
        run_program $runs "$@"
    } >"$folder/$runs.output" 2>&1 &
    echo $! >"$folder/$runs.pid"
    running=$((running + 1))
    collect $((${TEST_JOBS:-3} - 1))
}

programs=
contract=
alone=
servers=
verified=
list=servers
while [ $# -gt 0 ]; do
    case $1 in
    --filter) filter=${2-} && shift ;;
    --program) programs="$programs${2-}$newline" && shift ;;
    --alone) alone=${2-} && shift ;;
    --script) programs="$programs${2-}$newline" && shift ;;
    --contract) contract=${2-} && shift ;;
    --verify) list=verified ;;
    -*)
        echo "test.sh: unknown option $1" >&2
        exit 2
        ;;
    *) eval "$list=\"\$$list \$1\"" ;;
    esac
    shift
done
case ${TEST_JOBS:-3} in
*[!0-9]* | 0)
    echo "TEST_JOBS=$TEST_JOBS: it has to be a number from 1" >&2
    exit 2
    ;;
esac

WINE_SESSION=$$
export WINE_SESSION
rm -rf "$folder"
mkdir -p "$folder"
trap interrupted INT TERM
running=0
collected=0
if [ -n "${RUN-}" ] && ! sh "$tools/wine.sh" prepare; then
    echo "0 passed, 1 failed"
    exit 1
fi
while [ -n "$programs" ]; do
    words=${programs%%"$newline"*}
    programs=${programs#*"$newline"}
    # shellcheck disable=SC2086
    start "$(basename "$(basename "${words%% *}" .exe)" .sh) tests" $words
done
for server in $servers; do
    stage=$(basename "$(dirname "$server")")
    start "contract of $stage" "$contract" "$server"
done
for server in $verified; do
    stage=$(basename "$(dirname "$server")")
    start "contract of $stage under verify" "$contract" --verify "$server"
done
collect 0
# The words are several.
# shellcheck disable=SC2086
[ -z "$alone" ] || start "$(basename "${alone%% *}" .sh) tests" $alone
collect 0
finish
echo
[ "$failed" = 0 ] || cat "$folder"/*.failures
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
