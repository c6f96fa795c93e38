#!/bin/sh
# wrong.sh: proves that verify finds what it says it finds, and only that. `make test` calls it.
#
#     sh common/tests/wrong.sh [TEXT]     only the programs with TEXT in their name
#
# Runs each program of wrong.exe with INSTRUMENT=verify; see common/tests/wrong/Wrong.h for what each says
# of itself. No other finding may come than those. The first has to name the line that is marked with
# `/* Wrong */`; where verify knows only the last call, it has to name that line or one before. A race
# runs with shuffle=1, shuffle=2 and so on until a finding comes; with none to come, none may. Then the
# program runs without verify, if it does not harm itself, and has to end with 0 and no finding.
#
# BUILD is the folder of the instrumented programs. Two programs run at a time.

folder=${BUILD:=build/instrument}/wrong-output
limit=30
filter=${1-}
. common/tests/lib/check.sh

# Prints of each program its name, its file, and the line with the mark; 0: it has none.
list_marks() {
    awk '/\/\* Wrong \*\// { mark = FNR }
        /^PROGRAM\(/ { inside = 1 }
        inside && name == "" && match($0, /"[^"]*"/) { name = substr($0, RSTART + 1, RLENGTH - 2) }
        inside && /^}/ {
            file = FILENAME
            sub(/.*\//, "", file)
            print name, file, mark + 0
            name = mark = inside = ""
        }' common/tests/wrong/*.c
}

# Runs the program for at most $limit seconds, with what it says in the file $1. Leaves the exit code in
# `code`.
run_program() {
    # RUN is several words.
    # shellcheck disable=SC2086
    timeout -s KILL $limit ${RUN-} "$BUILD/tests/wrong.exe" "$name" </dev/null >"$1.raw" 2>&1
    code=$?
    tr -d '\r' <"$1.raw" >"$1"
    rm -f "$1.raw"
    # Of a program that has crashed Wine says so, and may give 0 as its exit code.
    ! grep -q '^wine: Unhandled' "$1" || code="that of a crash"
    case $code in 124 | 137) code="none after $limit s" ;; esac
}

# Compares the findings in the file $1 with what is expected. Prints what differs; nothing if all is well.
judge_findings() {
    awk -v expected="$expected" -v place="$(sed -n "s/^$name //p" "$folder/marks")" -v code="$code" '
    function finish() { if (title != "") { found[++findings] = title; named[findings] = places } title = "" }
    # Does the finding name the line of the program, or a call there or before?
    function names_line(text, line,   at) {
        gsub(/\./, "\\.", file)
        if (text ~ ("[/ ]" file ":" line "([^0-9]|$)")) return 1
        if (!match(text, "[/ ]" file ", after line [0-9]+")) return 0
        at = substr(text, RSTART, RLENGTH)
        sub(/.* /, "", at)
        return at + 0 <= line + 0
    }
    BEGIN {
        count = split(expected, wish, /\t+/)
        wanted = count == 0 || wish[1] ~ /^warning: / ? 0 : 3
        split(place, mark, " ")
        file = mark[1]
    }
    /^verify: [0-9]+ findings?/ { finish(); next }
    /^verify: / { finish(); title = places = substr($0, 9); next }
    /^    what    / && title ~ /^rule [0-9]+: / { sub(/: .*/, ": ", title); title = title substr($0, 13); next }
    /^    / { places = places $0; next }
    { finish() }
    END {
        finish()
        for (i = 1; i <= count && index(found[i], wish[i]) == 1; i++);
        if (i <= count)
            print "expected \"" wish[i] "\", and " (i > findings ? "it did not come; the exit code is " code : \
                "\"" found[i] "\" came")
        else if (findings > count)
            print "a finding came that is not expected, \"" found[i] "\""
        else if (code != wanted)
            print "expected exit code " wanted ", and " code " came"
        else if (count > 0 && !names_line(named[1], mark[2]))
            print "the finding does not name line " mark[2]
    }' "$1"
}

# Prints why the program $name has failed, or nothing if it has not.
judge() {
    seed=$((seeds > 0))
    code=0
    while [ "$code" = 0 ] && [ $seed -le "$seeds" ]; do
        INSTRUMENT=verify
        [ $seed = 0 ] || INSTRUMENT=verify,shuffle=$seed
        export INSTRUMENT
        run_program "$folder/$name.txt"
        seed=$((seed + 1))
    done
    unset INSTRUMENT
    judge_findings "$folder/$name.txt" | grep . && return
    [ "$harms" != harms ] || return
    run_program "$folder/$name.alone.txt"
    if grep -q '^verify:' "$folder/$name.alone.txt"; then
        echo "without verify there is a finding, too"
    elif [ "$code" != 0 ]; then
        echo "without verify its exit code is $code"
    fi
}

# Every second program, beginning with number $1.
run_half() {
    position=0
    while IFS=$(printf '\t') read -r name seeds harms expected; do
        position=$((position + 1))
        [ $((position % 2)) != "$1" ] || judge >"$folder/$name.reason"
    done <"$folder/list"
}

rm -rf "$folder"
mkdir -p "$folder"
[ -z "${RUN-}" ] || sh common/tools/wine.sh prepare || exit 1
list_marks >"$folder/marks"
run "$BUILD/tests/wrong.exe" --list | tr -d '\r' | sort | awk -F '\t' -v filter="$filter" \
    'filter == "" || index($1, filter)' >"$folder/list"
run_half 1 &
half=$!
run_half 0
wait $half
while read -r name _; do
    reason=$(cat "$folder/$name.reason" 2>/dev/null || echo "it was not run")
    report "$name" "${reason:+$reason. See $folder/$name.txt.}"
done <"$folder/list"
sum_up
