#!/bin/sh
# coverage.sh: which lines of the stages and of common are reached by the tests and the faults.
#
#     sh common/maintain/coverage.sh          runs everything, then reports
#     sh common/maintain/coverage.sh report   reports what the last run has reached
#
# To be called by make coverage, which has built the programs into build/coverage, and which sets CC
# and RUN. Runs the contract suite, the faults and the other tests on them, and asks gcov. Prints a
# table of the files and every line that was not reached, with the reason that coverage.txt gives for
# it. Exit code 1: fewer than 97 % of the stages' lines were reached, a test has failed, or a line was
# not reached and coverage.txt does not say why it cannot be.
#
# A line of coverage.txt: the file, the function, the line's text without its indentation (or *: any), and
# the reason, with " -- " between.

folder=build/coverage
least=97
reasons=common/maintain/coverage.txt
gcov=$(printf '%s' "${CC:-gcc}" | sed 's/gcc$/gcov/')

tests=0
faults=0

# --- The runs ---

# Leaves the exit codes in `tests` and `faults`.
run_all() {
    find $folder -name '*.gcda' -exec rm -f {} +
    # RUN and the servers are several words.
    # shellcheck disable=SC2086
    TEST_OUTPUT=$folder/test-output sh common/tools/test.sh --program $folder/tests/unit.exe \
        --program $folder/tests/library.exe \
        --program "build/tests/chat.exe --verify $folder/07-service-session" \
        --contract build/tests/contract.exe --verify $folder/0*/server.exe >$folder/tests.log 2>&1
    tests=$?
    BUILD=$folder TEST_OUTPUT=$folder/test-output sh common/maintain/faults.sh >$folder/faults.log 2>&1
    faults=$?
}

[ "${1-}" = report ] || run_all

# --- What was reached ---

rm -rf $folder/gcov
mkdir -p $folder/gcov
failed=
for source in 0*/*.c common/*.c; do
    object=$folder/obj/${source%.c}
    if [ ! -f "$object.gcda" ]; then
        echo "$source: no program that uses it has left its figures." >&2
        failed=yes
        continue
    fi
    "$gcov" -t "$object.gcda" 2>/dev/null | awk -v source="$source" '
        BEGIN { FS = ":" }
        $2 + 0 == 0 { mine = index($0, "Source:") ? substr($0, index($0, "Source:") + 7) == source : mine; next }
        !mine { next }
        { count = $1; gsub(/[ *]/, "", count); text = $0; sub(/^[^:]*:[^:]*:/, "", text) }
        # The name before the first bracket of a line that begins at the margin.
        text ~ /^[A-Za-z].*\(/ { name = text; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        count == "-" { next }
        { print (count == "#####" || count == "=====" ? 0 : 1) "|" source "|" $2 + 0 "|" name "|" text }
        ' >>$folder/gcov/lines.txt
done

awk -F '|' -v reasons=$reasons -v least=$least '
    function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
    BEGIN {
        while ((getline line < reasons) > 0) {
            if (line ~ /^#/ || line == "") continue
            split(line, part, / -- /)
            reason[part[1] "|" part[2] "|" part[3]] = part[4]
            unused[part[1] "|" part[2] "|" part[3]] = 1
        }
    }
    {
        text = $0; sub(/^[^|]*\|[^|]*\|[^|]*\|[^|]*\|/, "", text)
        if (!($2 in lines)) files[++count] = $2
        lines[$2]++
        reached[$2] += $1
        if ($1 == 0) {
            missed[++misses] = $2 ":" $3 "  " trim(text)
            key[misses] = $2 "|" $4 "|" trim(text)
            if (!(key[misses] in reason)) key[misses] = $2 "|" $4 "|*"
        }
    }
    END {
        printf "%-34s %7s %7s %8s\n", "file", "lines", "reached", "percent"
        for (i = 1; i <= count; i++) {
            f = files[i]
            printf "%-34s %7d %7d %7.1f%%\n", f, lines[f], reached[f], 100 * reached[f] / lines[f]
            group = f ~ /^common/ ? "common" : "the stages"
            all[group] += lines[f]; got[group] += reached[f]
        }
        for (group in all)
            printf "%-34s %7d %7d %7.1f%%\n", group, all[group], got[group], 100 * got[group] / all[group]
        print "\nNot reached:"
        for (i = 1; i <= misses; i++) {
            print "  " missed[i]
            delete unused[key[i]]
            if (key[i] in reason) print "      " reason[key[i]]
            else { print "      NO REASON IS GIVEN"; bad++ }
        }
        if (misses == 0) print "  nothing"
        for (k in unused) print "Reached, or gone, though " reasons " gives a reason: " k
        if (bad > 0) { print bad " lines were not reached, and nothing says why."; exit 1 }
        if (100 * got["the stages"] < least * all["the stages"]) { print "Less than " least "%."; exit 1 }
    }' $folder/gcov/lines.txt || failed=yes
if [ "$tests" != 0 ] || [ "$faults" != 0 ]; then
    echo "Tests have failed; see $folder/tests.log and $folder/faults.log."
    failed=yes
fi
[ -z "$failed" ]
