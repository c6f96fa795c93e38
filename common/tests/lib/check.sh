# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# check.sh: what the scripts that test have in common: `ok` and `FAIL` lines and their sum. To be read by
# them with `. common/tests/lib/check.sh`, in the top folder; the last line that they print is `N passed, N
# failed`.

passed=0
failed=0

# pass NAME
pass() {
    passed=$((passed + 1))
    echo "ok   $1"
}

# fail NAME[: SENTENCE] [FILE]: shows the file, too.
fail() {
    failed=$((failed + 1))
    echo "FAIL $1"
    [ -z "${2-}" ] || sed 's/^/    /' "$2"
}

# report NAME REASON [FILE]: without a reason it has passed.
report() {
    if [ -z "$2" ]; then
        pass "$1"
    else
        fail "$1: $2" "${3-}"
    fi
}

# run_tests SET_UP: every function of the script whose name has three words or more is a test. It runs in the
# folder $folder/work, in which SET_UP has made what it needs.
run_tests() {
    # The names have no blanks.
    # shellcheck disable=SC2013
    for test in $(sed -n 's/^\([a-z]*_[a-z]*_[a-z_]*\)() {$/\1/p' "$0"); do
        is_chosen "$test" || continue
        rm -rf "$folder/work"
        mkdir -p "$folder/work"
        if (cd "$folder/work" && $1 && $test) >"$folder/reason" 2>&1; then
            pass "$test"
        else
            fail "$test" "$folder/reason"
        fi
    done
    sum_up
}

# run PROGRAM WORD...: RUN is what this system needs before a program, several words, or none on Windows.
run() {
    ${RUN-} "$@"
}

# wait_until COMMAND...: until it succeeds. False: it does not within 60 s.
wait_until() {
    tries=0
    until "$@"; do
        [ $tries -lt 600 ] || return
        tries=$((tries + 1))
        sleep 0.1
    done
}

# start_server PROGRAM FILE ERRORS: $server is its process then, and $port its free port; nothing if it does
# not listen. What it says goes to the files.
start_server() {
    # What the server before has said must not be taken for this one's.
    : >"$2"
    ${RUN-} "$1" --port 0 ${4-} >"$2" 2>"$3" </dev/null &
    server=$!
    wait_until grep -q '^Listening' "$2"
    port=$(tr -d '\r' <"$2" | sed -n 's/^Listening on .*:\([0-9]*\)$/\1/p')
}

# Is the test NAME chosen? `filter` is a part of the names; empty: all are.
is_chosen() {
    case $1 in *"${filter-}"*) return 0 ;; esac
    return 1
}

# Prints the sum. True: all have passed, and there was one.
sum_up() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# sum_up_lines FILE: the same of lines that have been printed already, and are in the file.
sum_up_lines() {
    passed=$(grep -c '^ok   ' "$1")
    failed=$(grep -c '^FAIL ' "$1")
    sum_up
}

# --- Documents with mistakes ---

# write_case FILE MARKED: the file is what comes on stdin without the marks ` @@ NAME: SENTENCE` at the ends of
# lines. They go to MARKED: line, tab, NAME: SENTENCE.
write_case() {
    awk -v marked="$2" -F ' @@ ' 'BEGIN { printf "" >marked }
        { print $1; for (i = 2; i <= NF; i++) print NR "\t" $i >marked }' >"$1"
}

# judge_case CHECK FILE MARKED SAID: each mark is a test. `FAIL FILE:LINE: ... SENTENCE` has to be among what was
# said.
judge_case() {
    while IFS=$(printf '\t') read -r line text; do
        if grep "^FAIL $2:$line: " "$4" | grep -F -e "${text#*: }" >/dev/null; then
            pass "$1: ${text%%: *}"
        else
            fail "$1: ${text%%: *}: expected line $line: '${text#*: }'; this came:" "$4"
        fi
    done <"$3"
}
