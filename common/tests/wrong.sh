#!/bin/sh
# wrong.sh: proves that verify finds what it says it finds, and only that. `make test` calls it.
#
#     sh common/tests/wrong.sh [TEXT]     only the programs with TEXT in their name
#
# Runs each program of common/tests/wrong with INSTRUMENT=verify. Its first comment says what has to come:
#
#     Expect: rule 5: WSASend is given     what a finding begins with: `rule 5: ` and its `what`, or its
#                                          first line; a line for each, in order; or `nothing`
#     Exit: 0                              the exit code, where it is not 3, or 0 with `nothing`
#     Alone: no                            it harms itself where verify is not there to stop it
#     Seeds: 20                            a race: it runs with shuffle=1 to shuffle=20 until a finding comes;
#                                          with `nothing`, none may come
#
# No other finding may come. The first has to name the line that is marked with `/* Wrong */`; where
# verify knows only the last call, it has to name that line or one before. Then the program runs
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

# Runs the program for at most $limit seconds, with what it says in the file $1. Leaves the exit code in
# `code`.
run_program() {
    # RUN is several words.
    # shellcheck disable=SC2086
    timeout -s KILL $limit ${RUN-} "$BUILD/wrong/$name.exe" </dev/null >"$1.raw" 2>&1
    code=$?
    tr -d '\r' <"$1.raw" >"$1"
    rm -f "$1.raw"
    # Of a program that has crashed Wine says so, and may give 0 as its exit code.
    ! grep -q '^wine: Unhandled' "$1" || code="that of a crash"
    case $code in 124 | 137) code="none after $limit s" ;; esac
}

# Compares the findings in the file $1 with what is expected. Prints what differs; nothing if all is well.
judge_findings() {
    read_lines Expect >"$1.expected"
    awk -v expected="$1.expected" -v source="$source" -v file="$name.c" -v code="$code" \
        -v wanted="$(read_lines Exit)" '
    function finish() { if (title != "") { found[++findings] = title; place[findings] = places } title = "" }
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
        while ((getline text < expected) > 0) if (text != "nothing") wish[++count] = text
        while ((getline text < source) > 0) { lines++; if (index(text, "/* Wrong */")) marked = lines }
        if (wanted == "") wanted = count > 0 ? 3 : 0
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
        else if (count > 0 && !names_line(place[1], marked))
            print "the finding does not name line " (marked ? marked : "(none is marked)")
    }' "$1"
}

# Prints why the program $name has failed, or nothing if it has not.
judge() {
    [ -f "$BUILD/wrong/$name.exe" ] || { echo "it is not built" && return; }
    [ -n "$(read_lines Expect)" ] || { echo "its first comment has no Expect" && return; }
    seeds=$(read_lines Seeds)
    seed=1
    while [ $seed -le "${seeds:-1}" ]; do
        INSTRUMENT=verify${seeds:+,shuffle=$seed}
        export INSTRUMENT
        run_program "$folder/$name.txt"
        [ "$code" = 0 ] || break
        seed=$((seed + 1))
    done
    unset INSTRUMENT
    judge_findings "$folder/$name.txt" | grep . && return
    [ "$(read_lines Alone)" != no ] || return
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
    for source in common/tests/wrong/*"$filter"*.c; do
        [ -f "$source" ] || break
        position=$((position + 1))
        [ $((position % 2)) = "$1" ] || continue
        name=$(basename "$source" .c)
        judge >"$folder/$name.reason"
    done
}

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
