#!/bin/sh
# coverage.sh: which lines of the stages and of common are reached by the tests and the faults.
#
#     sh common/maintain/coverage.sh          runs everything, then reports
#     sh common/maintain/coverage.sh report   reports what the last run has reached
#
# To be called by make coverage, which has built the programs into build/coverage, and which sets CC
# and RUN. Runs the contract suite, the faults and the other tests on them, and asks gcovr. Prints its
# table, and every line that was not reached with the reason that coverage.txt gives for it. Exit code 1:
# fewer than 97 % of the stages' lines were reached, a test has failed, a line was not reached and
# coverage.txt does not say why, or what that tells of is not in the sources.
#
# A line of coverage.txt: the file, the function, the line's text without its indentation (or *: any), and
# the reason, with " -- " between.

folder=build/coverage
reasons=common/maintain/coverage.txt
figures=$folder/coverage.json
failed=

fail() {
    echo "$1"
    failed=yes
}

run_all() {
    find $folder -name '*.gcda' -exec rm -f {} +
    # RUN and the servers are several words.
    # shellcheck disable=SC2086
    TEST_OUTPUT=$folder/test-output sh common/tools/test.sh --program $folder/tests/unit.exe \
        --program $folder/tests/library.exe \
        --program "build/tests/chat.exe --verify $folder/07-service-session" \
        --contract build/tests/contract.exe --verify $folder/0*/server.exe >$folder/tests.log 2>&1 ||
        fail "Tests have failed; see $folder/tests.log."
    BUILD=$folder TEST_OUTPUT=$folder/test-output sh common/maintain/faults.sh >$folder/faults.log 2>&1 ||
        fail "Faults have failed; see $folder/faults.log."
}

# Each line that is code, with tabs: the file, its function, the line's number, how often it was reached.
list_lines() {
    jq -r '.files[] | .functions as $functions | .file as $file | .lines[]
        | select(."gcovr/noncode" != true) | .line_number as $line
        | [$file, ($functions | map(select(.lineno <= $line)) | max_by(.lineno).name), $line, .count]
        | @tsv' $figures
}

[ "${1-}" = report ] || run_all
gcovr --gcov-executable "$(printf '%s' "${CC:-gcc}" | sed 's/gcc$/gcov/')" --filter '0.*\.c' \
    --filter 'common/[^/]*\.c' --json $figures --txt $folder/coverage.txt $folder/obj || exit 1
cat $folder/coverage.txt
gcovr --add-tracefile $figures --filter 0 --fail-under-line 97 --txt $folder/stages.txt ||
    fail "Less than 97 % of the stages' lines were reached."
list_lines | awk -F ' -- ' -v reasons=$reasons '
    BEGIN {
        while ((getline < reasons) > 0)
            if (!/^(#|$)/) reason[$1 FS $2 FS $3] = $4
        FS = "\t"
        print "Not reached:"
    }
    !($1 in known) {
        known[$1] = 1
        for (n = 1; (getline text < $1) > 0; n++) { gsub(/^ +|\r$/, "", text); source[$1, n] = text }
    }
    {
        key = $1 " -- " $2 " -- " source[$1, $3]
        if (!(key in reason)) key = $1 " -- " $2 " -- *"
        exists[key] = 1
    }
    $4 == 0 {
        print "  " $1 ":" $3 "  " source[$1, $3]
        print "      " (key in reason ? reason[key] : "NO REASON IS GIVEN")
        if (!(key in reason)) bad++
        missed[key] = 1
    }
    END {
        for (key in reason)
            if (!(key in exists)) { print reasons ": there is no such line: " key; bad++ }
            else if (!(key in missed)) print reasons ": this was reached: " key
        exit bad > 0
    }' || fail "Lines were not reached, and $reasons does not say why; or it tells of what is not there."
[ -z "$failed" ]
