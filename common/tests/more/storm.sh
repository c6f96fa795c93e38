#!/bin/sh
# storm.sh: storm.exe, with one seed after the other. `make storm` and `make test-more` call it.
#
#     sh common/tests/more/storm.sh [LIMIT [SEED]]     for LIMIT seconds, 60 if it is not said
#
# One run in two is of the instrumented program: each seed is run plain, with shuffle, under verify, and with
# both. The last line is `N passed, N failed`. What a run said that has failed is in build/storm/.

limit=${1:-60}
seed=${2:-1}
folder=build/storm
. common/tests/lib/check.sh

# storm MODES: runs it, as INSTRUMENT says; with none the program as it is.
storm() {
    program=build/${1:+instrument/}tests/storm.exe
    name="storm: seed $seed${1:+, INSTRUMENT=$1}"
    reason=
    # RUN is several words.
    # shellcheck disable=SC2086
    INSTRUMENT=$1 timeout -s KILL 300 ${RUN-} "$program" --seed "$seed" >"$folder/$seed-$1.txt" 2>&1 ||
        reason="exit code $?"
    grep -q '^verify:' "$folder/$seed-$1.txt" && reason="verify has found something"
    report "$name" "$reason" "$folder/$seed-$1.txt"
}

rm -rf "$folder"
mkdir -p "$folder"
end=$(($(date +%s) + limit))
while :; do
    for modes in '' "shuffle=$seed" verify "verify,shuffle=$seed"; do
        storm "$modes"
        [ "$(date +%s)" -lt $end ] || break 2
    done
    seed=$((seed + 1))
done
sum_up
