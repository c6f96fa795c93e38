#!/bin/sh
# test.sh: runs test programs, several at a time, and adds up what they say.
#
#     sh common/tools/test.sh [--about TIME] [--filter TEXT] [--program WORDS]... [--script WORDS]...
#         [--in-turn] [--contract PROGRAM SERVER... [--verify SERVER...]]
#
# WORDS are a program and its arguments, or a shell script and its own. Each runs once, the contract
# suite once for each server; those behind --verify are instrumented ones, run with INSTRUMENT=verify.
# The programs and scripts before --in-turn need the same port: they run one after the other, beside
# the rest. TIME is what it says about how long it takes.
#
# Each run prints lines `ok   NAME` and `FAIL NAME`, and ends with a line `N passed, N failed`. One that
# does not, or that ran no test, or whose exit code does not agree, counts as a failure more, and so does
# one that has not ended after TEST_LIMIT seconds, 1200 if it is not set. What a run says comes as it
# says it: a line for each test, or on a terminal a counter and the failures. The last line is the sum,
# in the same words; the exit code is 0 if nothing failed.
#
# RUN is put before each program; `sh common/tools/wine.sh run` on Linux. TEST_JOBS runs are under way at
# a time, 5 if it is not set: most tests wait for something, and little of that is a processor.

folder=${TEST_OUTPUT:-build/test-output}
tools=$(dirname "$0")
jobs=${TEST_JOBS:-5}
limit=${TEST_LIMIT:-1200}
return_key=$(printf '\r')
escape=$(printf '\033')
newline='
'
filter=
about=

# --- What is to run ------------------------------------------------------------------------------

# A queue of places; a place is one run, or several that run in turn. $folder/queue/P is a line for
# each: its number, its name, a colon, and its words.
places=0
runs=0

# add PLACE NAME WORD...
add() {
    runs=$((runs + 1))
    place=$1
    name=$2
    shift 2
    printf '%s %s:%s\n' $runs "$name" "$*" >>"$folder/queue/$place"
}

# add_list LIST NEW: adds each line of the list; NEW: to a place of its own.
add_list() {
    list=$1
    while [ -n "$list" ]; do
        words=${list%%"$newline"*}
        list=${list#*"$newline"}
        [ -z "$2" ] || places=$((places + 1))
        program=${words%% *}
        program=${program##*/}
        program=${program%.exe}
        # Words of the list have no blanks of their own.
        # shellcheck disable=SC2086
        add $places "${program%.sh} tests" $words
    done
}

# add_contracts SERVERS OPTION SUFFIX
add_contracts() {
    for server in $1; do
        stage=${server%/*}
        places=$((places + 1))
        # shellcheck disable=SC2086
        add $places "contract of ${stage##*/}$3" "$contract" $2 "$server"
    done
}

# --- Running -------------------------------------------------------------------------------------

# Prints what comes of run $number: `line NUMBER TEXT`, each in one write, so that the lines of several
# runs do not mix.
pass_on() {
    while IFS= read -r line || [ -n "$line" ]; do
        printf 'line %s %s\n' "$number" "${line%"$return_key"}"
    done
}

# Runs the words, of run $1, and prints what comes; in the end `end NUMBER CODE`. What a program writes
# to stderr comes behind the rest: Wine writes there, too, in pieces that would tear its lines apart.
run_one() {
    number=$1
    shift
    [ -n "$filter" ] && set -- "$@" "$filter"
    {
        # RUN is several words.
        # shellcheck disable=SC2086
        case $1 in
        *.sh) timeout -k 10 "$limit" sh "$@" </dev/null 2>&1 & ;;
        *) timeout -k 10 "$limit" ${RUN-} "$@" </dev/null 2>"$folder/$number.errors" & ;;
        esac
        echo $! >"$folder/$number.pid"
        wait $!
        echo $? >"$folder/$number.code"
        rm -f "$folder/$number.pid"
    } | pass_on
    [ ! -s "$folder/$number.errors" ] || pass_on <"$folder/$number.errors"
    printf 'end %s %s\n' "$number" "$(cat "$folder/$number.code" 2>/dev/null)"
}

# Takes one place after the other from the queue; the folder says that a place is taken.
work() {
    at=0
    while [ $at -lt $places ]; do
        at=$((at + 1))
        mkdir "$folder/taken/$at" 2>/dev/null || continue
        while IFS= read -r entry <&4; do
            number=${entry%% *}
            entry=${entry#* }
            printf 'begin %s %s\n' "$number" "${entry%%:*}"
            # shellcheck disable=SC2086
            run_one "$number" ${entry#*:}
        done 4<"$folder/queue/$at"
    done
}

run_all() {
    worker=0
    while [ $worker -lt "$jobs" ] && [ $worker -lt $places ]; do
        worker=$((worker + 1))
        work &
    done
    wait
}

finish() {
    rm -f "$folder/running"
    [ -z "${RUN-}" ] || sh "$tools/wine.sh" release
}

# What is in the background does not hear of Ctrl+C.
interrupted() {
    trap - INT TERM
    : >"$folder/interrupted"
    at=0
    while [ $at -lt $places ]; do
        at=$((at + 1))
        mkdir "$folder/taken/$at" 2>/dev/null
    done
    for file in "$folder"/*.pid; do
        [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    finish
    echo "Interrupted." >&2
    exit 130
}

# --- Showing -------------------------------------------------------------------------------------

# Only show and what it calls know these.
passed=0
failed=0
ended=0
doing=
failing=
is_script=

# The line on the terminal that moves.
count() {
    [ -n "$counts" ] || return
    line="$passed passed, $failed failed; $ended of $runs programs; $doing"
    [ ${#line} -lt 78 ] || line=$(printf '%.75s...' "$line")
    printf '\r%s[K%s' "$escape" "$line"
}

# Prints $1, for which a counter makes place.
say() {
    if [ -n "$counts" ]; then
        printf '\r%s[K%s\n' "$escape" "$1"
    else
        printf '%s\n' "$1"
    fi
}

# A line of run $number. What a program says of a test stands before its result, and what a script says
# of it behind.
take_line() {
    case $1 in
    "ok   "*)
        passed=$((passed + 1))
        eval "passed_$number=\$((passed_$number + 1)) failing_$number="
        doing=$name
        if [ -z "$counts" ]; then
            say "ok   $prefix${1#ok   }"
            [ ! -s "$details" ] || cat "$details"
        fi
        : >"$details"
        ;;
    "FAIL "*)
        failed=$((failed + 1))
        eval "failed_$number=\$((failed_$number + 1)) failing_$number=yes"
        say "FAIL $prefix${1#FAIL }"
        echo "FAIL $name: ${1#FAIL }" >>"$folder/failures"
        cat "$details"
        : >"$details"
        ;;
    [0-9]*" passed, "[0-9]*" failed") eval "summary_$number=\$1" ;;
    *)
        if [ "$failing$is_script" = yesyes ]; then
            say "$1"
        elif [ -n "$1" ]; then
            printf '%s\n' "$1" >>"$details"
        fi
        ;;
    esac
}

fail() {
    failed=$((failed + 1))
    say "FAIL $1"
    cat "$details"
    echo "FAIL $1" >>"$folder/failures"
}

# The run $number has ended with the exit code $1. Its own sum counts: there may be no line for each test.
take_end() {
    these_passed=
    these_failed=
    eval "said=\${summary_$number-} these_passed=\$passed_$number these_failed=\$failed_$number"
    ended=$((ended + 1))
    if [ "$1" = 124 ] || [ "$1" = 137 ]; then
        fail "$name: it has not ended within $limit s"
        return
    elif [ -z "$said" ]; then
        fail "$name: it ended with exit code ${1:-unknown} and without a summary"
        return
    fi
    said_failed=${said#*, }
    said_failed=${said_failed%% *}
    passed=$((passed + ${said%% *} - these_passed))
    failed=$((failed + said_failed - these_failed))
    if [ "$said" = "0 passed, 0 failed" ] && [ -n "$filter" ] && [ $runs != 1 ]; then
        return # the filter is for another program
    elif [ "$said_failed" != 0 ]; then
        [ "$these_failed" != 0 ] || echo "FAIL $name: it says '$said'" >>"$folder/failures"
    elif [ "$1" != 0 ]; then
        fail "$name: it says '$said', but its exit code is ${1:-unknown}"
    elif [ "$said" = "0 passed, 0 failed" ]; then
        fail "$name: it ran no test"
    elif [ -z "$counts" ] && [ -s "$details" ]; then
        cat "$details"
    fi
}

show() {
    while IFS= read -r record && [ ! -f "$folder/interrupted" ]; do
        kind=${record%% *}
        record=${record#* }
        number=${record%% *}
        record=${record#* }
        details=$folder/$number.details
        if [ "$kind" = begin ]; then
            eval "name_$number=\$record passed_$number=0 failed_$number=0 summary_$number= script_$number= failing_$number="
            grep -q "^$number [^:]*:[^ ]*\.sh" "$folder"/queue/* && eval "script_$number=yes"
            : >"$details"
            [ $runs != 1 ] || say "== $record"
        fi
        eval "name=\$name_$number is_script=\$script_$number failing=\$failing_$number"
        doing=${doing:-$name}
        prefix=
        [ $runs = 1 ] || prefix="$name: "
        case $kind in
        line) take_line "$record" ;;
        end) take_end "$record" ;;
        esac
        count
    done
    [ -f "$folder/interrupted" ] && return
    [ -z "$counts" ] || printf '\r%s[K' "$escape"
    echo
    [ "$failed" = 0 ] || [ $runs = 1 ] || cat "$folder/failures"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" != 0 ] && : >"$folder/all-passed"
}

# --- The command line ----------------------------------------------------------------------------

programs=
in_turn=
contract=
servers=
verified=
list=servers
while [ $# -gt 0 ]; do
    case $1 in
    --about) about=${2-} && shift ;;
    --filter) filter=${2-} && shift ;;
    --program | --script) programs="$programs${2-}$newline" && shift ;;
    --in-turn) in_turn=$programs programs= ;;
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
case $jobs in
*[!0-9]* | 0)
    echo "TEST_JOBS=$TEST_JOBS: it has to be a number from 1" >&2
    exit 2
    ;;
esac
case $limit in
*[!0-9]* | 0)
    echo "TEST_LIMIT=$TEST_LIMIT: it has to be a number of seconds from 1" >&2
    exit 2
    ;;
esac

if [ -f "$folder/running" ] && kill -0 "$(cat "$folder/running")" 2>/dev/null; then
    echo "Tests are running here already, and write to $folder. TEST_OUTPUT=build/other is for these." >&2
    exit 2
fi
WINE_SESSION=$$
export WINE_SESSION
rm -rf "$folder"
mkdir -p "$folder/queue" "$folder/taken"
echo $$ >"$folder/running"
trap interrupted INT TERM
if [ -n "${RUN-}" ]; then
    sh "$tools/wine.sh" prepare || {
        echo "0 passed, 1 failed"
        exit 1
    }
    sh "$tools/wine.sh" hold
    WINE_HELD=yes
    export WINE_HELD
fi
[ -z "$in_turn" ] || places=1
add_list "$in_turn" ''
add_list "$programs" new
add_contracts "$servers" '' ''
add_contracts "$verified" --verify ' under verify'
counts=
[ -t 1 ] && [ $runs -gt 1 ] && counts=yes
if [ $runs -gt 1 ]; then
    echo "Running $runs test programs, $jobs at a time.${about:+ It takes about $about.}"
elif [ -n "$about" ] && [ -z "$filter" ]; then
    echo "It takes about $about."
fi
run_all | show &
wait $!
finish
[ -f "$folder/all-passed" ]
