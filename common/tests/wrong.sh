#!/bin/sh
# wrong.sh: proves that verify finds what it says it finds, and only that. `make test` calls it.
#
#     sh common/tests/wrong.sh [TEXT]     only the programs with TEXT in their name
#
# Runs each program of common/tests/wrong with INSTRUMENT=verify. Its first comment says what has to come:
#
#     Expect: rule 5: WSASend is given     what a finding begins with: `rule 5: ` and its `what`, or its
#                                          first line; a line for each, in order; or `nothing`
#     Exit: 3                              the exit code
#     Alone: no                            it harms itself where verify is not there to stop it
#
# No other finding may come. The first has to name the line that is marked with `/* Wrong */`; where
# verify knows only the call before, it has to name a line before that one. Then the program runs
# without verify, if it can, and has to end with 0 and no finding.
#
# RUN is what is put before a program, `sh common/tools/wine.sh run` on Linux; BUILD is the folder of
# the instrumented programs. Two programs run at a time. The last line is `N passed, N failed`.

folder=${BUILD:=build/instrument}/wrong-output
limit=30
filter=${1-}
. common/tests/lib/check.sh

# Reads the lines `$1: ...` of the program.
read_lines() {
    sed -n -e '/\*\//q' -e "s/^ \* $1: //p" "$source" | tr -d '\r'
}

# Runs the program for at most $limit seconds, with what it says in the file $1. Leaves the exit code
# in `code`, 137 or another that is not expected if the time was up.
run_program() {
    # RUN is several words.
    # shellcheck disable=SC2086
    ${RUN-} "$BUILD/wrong/$name.exe" </dev/null >"$1.raw" 2>&1 &
    program=$!
    {
        sleep $limit &
        sleeper=$!
        trap 'kill $sleeper; exit' TERM
        wait $sleeper
        : >"$1.late"
        kill -9 $program
    } </dev/null >/dev/null 2>&1 &
    watchdog=$!
    wait $program 2>/dev/null
    code=$?
    kill $watchdog 2>/dev/null
    wait $watchdog 2>/dev/null
    tr -d '\r' <"$1.raw" >"$1"
    rm -f "$1.raw"
    # Of a program that has crashed Wine says so, and may give 0 as its exit code.
    ! grep -q '^wine: Unhandled' "$1" || code="that of a crash"
}

# Reads what a program has said. Prints a line for each finding: what it is, a tab, and its places.
list_findings() {
    awk '
    function finish() { if (title != "") print title "\t" places; title = places = "" }
    /^verify: [0-9]+ findings?/ { finish(); next }
    /^verify: / { finish(); title = places = substr($0, 9); next }
    /^    what    / && title ~ /^rule [0-9]+: / { sub(/: .*/, ": ", title); title = title substr($0, 13); next }
    /^    / { places = places $0; next }
    { finish() }
    END { finish() }' "$1"
}

# Does the finding $1 name the line $2 of the program, or one that comes before?
names_line() {
    printf '%s\n' "$1" | awk -v file="$name.c" -v line="$2" '
    {
        gsub(/\./, "\\.", file)
        found = $0 ~ ("[/ ]" file ":" line "([^0-9]|$)")
        if (!found && match($0, "[/ ]" file ", after line [0-9]+")) {
            before = substr($0, RSTART, RLENGTH)
            sub(/.* /, "", before)
            found = before + 0 < line + 0
        }
        exit !found
    }'
}

# Compares what has come with what is expected. Prints what differs; nothing if all is well.
judge_findings() {
    expected=$(read_lines Expect)
    wanted=$(read_lines Exit)
    list_findings "$1" >"$1.list"
    count=$(wc -l <"$1.list" | tr -d ' ')
    [ "$expected" != nothing ] || expected=
    number=0
    while [ -n "$expected" ] || [ $number -lt "$count" ]; do
        number=$((number + 1))
        first=$(printf '%s\n' "$expected" | sed -n "${number}p")
        finding=$(sed -n "${number}p" "$1.list")
        if [ -z "$finding" ] && [ -z "$first" ]; then
            break
        elif [ -z "$first" ]; then
            echo "a finding came that is not expected, '${finding%%"$tab"*}'"
            return
        elif [ -z "$finding" ]; then
            echo "expected '$first', and it did not come; the exit code is $code"
            return
        fi
        case $finding in
        "$first"*) ;;
        *)
            echo "expected '$first', and '${finding%%"$tab"*}' came"
            return
            ;;
        esac
    done
    if [ "$code" != "$wanted" ]; then
        echo "expected exit code $wanted, and $code came"
    elif [ -n "$expected" ]; then
        line=$(grep -n '/\* Wrong \*/' "$source" | sed 's/:.*//')
        names_line "$(sed -n 1p "$1.list")" "${line:-none}" ||
            echo "the finding does not name line ${line:-(none is marked)}"
    fi
}

# Prints why the program $name has failed, or nothing if it has not.
judge() {
    if [ ! -f "$BUILD/wrong/$name.exe" ]; then
        echo "it is not built"
        return
    fi
    if [ -z "$(read_lines Expect)" ] || [ -z "$(read_lines Exit)" ]; then
        echo "its first comment has no Expect or no Exit"
        return
    fi
    INSTRUMENT=verify
    export INSTRUMENT
    run_program "$folder/$name.txt"
    unset INSTRUMENT
    if [ -f "$folder/$name.txt.late" ]; then
        echo "it has not ended within $limit s"
        return
    fi
    reason=$(judge_findings "$folder/$name.txt")
    if [ -n "$reason" ] || [ "$(read_lines Alone)" = no ]; then
        echo "$reason"
        return
    fi
    run_program "$folder/$name.alone.txt"
    if [ -f "$folder/$name.alone.txt.late" ]; then
        echo "without verify it has not ended within $limit s"
    elif grep -q '^verify:' "$folder/$name.alone.txt"; then
        echo "without verify there is a finding, too"
    elif [ "$code" != 0 ]; then
        echo "without verify its exit code is $code"
    fi
}

# Every second program, beginning with number $1.
run_half() {
    position=0
    for source in common/tests/wrong/*"$filter"*.c; do
        [ -f "$source" ] || break
        position=$((position + 1))
        [ $((position % 2)) = "$1" ] || continue
        name=$(basename "$source" .c)
        judge >"$folder/$name.reason"
    done
}

tab=$(printf '\t')
rm -rf "$folder"
mkdir -p "$folder"
[ -z "${RUN-}" ] || sh common/tools/wine.sh prepare || exit 1
run_half 1 &
half=$!
run_half 0
wait $half
for source in common/tests/wrong/*"$filter"*.c; do
    [ -f "$source" ] || break
    name=$(basename "$source" .c)
    reason=$(cat "$folder/$name.reason" 2>/dev/null || echo "it was not run")
    report "$name" "${reason:+$reason. See $folder/$name.txt.}"
done
sum_up
