#!/bin/sh
# bench.sh: that make bench gives each stage its loads, and makes the right tables of what was
# measured. `make test` calls it.
#
# It does not measure: it gives the scripts runs whose medians are known, and a document whose table was
# changed by hand. The last line is `N passed, N failed`. To be run in the top folder.

folder=$PWD/build/bench-test
bench=$PWD/common/maintain/bench
. common/tests/lib/check.sh

# check NAME EXPECTED ACTUAL
check() {
    report "bench: $1" "$([ "$2" = "$3" ] || printf 'expected:\n%s\ncame:\n%s' "$2" "$3")"
}

# run STAGE LOAD ROUND CLIENTS IDLE MESSAGES P99
run() {
    printf '{"stage": "%s", "load": "%s", "round": %s, "serverCpuUsPerMessage": %s, ' "$1" "$2" "$3" "$6"
    printf '"serverKibPerClient": 4.5, "clients": %s, "idle": %s, "messagesPerSecond": %s, ' "$4" "$5" "$6"
    printf '"latencyMs": {"p50": 0.5, "p90": 1, "p99": %s, "p99.9": 3, "max": 4}, "errors": 0}\n' "$7"
}

# calls STAGE CLIENTS BUSY CALLS
calls() {
    printf '{"server": "%s", "clients": %s, "echoes": 20, %s"callsPerEcho": %s, "handlesPerEcho": 9, "calls": {"recv": 1}}\n' \
        "$1" "$2" "$3" "$4"
}

# Each load is measured where the stage can have so many clients, and bursts where there are workers.
check_loads() {
    sh "$bench/bench.sh" loads 01-a 03-c 05-e >turns
    check "a load for all" "pingpong 1: 01-a 03-c 05-e" "$(grep '^pingpong 1:' turns)"
    check "more clients than 01 can have" "pipelined 60: 03-c 05-e" "$(grep '^pipelined 60:' turns)"
    check "more clients than 03 can have" "idle 500: 05-e" "$(grep '^idle 500:' turns)"
    check "bursts are for the stages with a port" "burst-5 8: 05-e" "$(grep '^burst-5 8:' turns)"
}

make_runs() {
    run 01-blocking pingpong 1 1 0 300 9
    run 02-select pingpong 1 60 0 5000 7
    run 01-blocking pingpong 2 1 0 1200 1.5
    run 02-select pingpong 2 60 0 15000 8
    run 01-blocking pingpong 3 1 0 90 20
    run 02-select idle 1 1 59 25.25 3
}

make_calls() {
    calls 01-blocking 1 "" 2.00
    calls 02-select 60 "" 3.00
    calls 02-select 60 '"busy": true, ' 2.08
}

table() {
    awk -v mode=tables -v wanted="$1" -f "$bench/bench.awk" results.json
}

figure() {
    sed -n "s/.*\"stage\": \"$1\", \"load\": \"$2\".*\"$3\": \([0-9.]*\).*/\1/p" results.json
}

check_medians() {
    check "the median of three is the middle one" 300.000 "$(figure 01-blocking pingpong messagesPerSecond)"
    check "each figure has a median of its own" 9.000 "$(figure 01-blocking pingpong p99)"
    check "the median of two is between them" 10000.000 "$(figure 02-select pingpong messagesPerSecond)"
    check "the least and the most are kept" "90.0 1200.0" \
        "$(figure 01-blocking pingpong least) $(figure 01-blocking pingpong most)"
    check "the rounds are counted" "3 2 1" "$(figure 01-blocking pingpong rounds) \
$(figure 02-select pingpong rounds) $(figure 02-select idle rounds)"
    check "what is not there has no figure" "" "$(figure 02-select idle wineCpuUsPerMessage)"
    check "silent clients count as clients" 60 "$(figure 02-select idle clients)"
}

check_tables() {
    check "a table of a load" "| Ping-pong, messages a second | 1 client | 10 | 60 | 500 | 2,000 |
|---|---:|---:|---:|---:|---:|
| 01-blocking | 300 |  |  |  |  |
| 02-select |  |  | 10,000 |  |  |" "$(table throughput)"
    check "a table of calls" "| Calls an echo, all talk | 1 client | 10 | 60 | 500 |
|---|---:|---:|---:|---:|
| 01-blocking |  |  |  |  |
| 02-select |  |  | 2.08 |  |" "$(table calls-busy)"
    check "no table without that name" "" "$(table nothing)"
    check "no table of Wine's where there is no Wine" "" "$(table cpu-wine)"
    check "what gnuplot gets" "01-blocking
1 300.000 9.000 2.00 -
10 - - - -" "$(awk -v mode=plots -f "$bench/bench.awk" results.json | head -n 3)"
}

# keep and check, as make bench-keep and the check of the notes call them.
check_document() {
    mkdir -p common/maintain/bench common/benchmark build/bench
    cp "$bench"/bench* common/maintain/bench/
    cp results.json build/bench/
    : >build/bench/plot-throughput.svg
    printf 'Before.\n\n<!-- table throughput -->\n| old |\n<!-- end -->\n\nAfter.\n' >common/benchmark/BENCHMARK.md
    sh common/maintain/bench/bench-keep.sh keep
    check "keep writes the table and leaves the rest" "Before.

<!-- table throughput -->
$(table throughput)
<!-- end -->

After." "$(cat common/benchmark/BENCHMARK.md)"
    cat common/benchmark/* >once
    sh common/maintain/bench/bench-keep.sh keep
    rm -r build/bench
    sh common/maintain/bench/bench-keep.sh keep >said
    check "keep changes nothing when it is called again" "0 $(cat once)" \
        "$? $(cat common/benchmark/*)"
    sh common/maintain/bench/bench-keep.sh check >said
    check "check finds no fault with it" "0 ok   common/benchmark/BENCHMARK.md: its tables" "$? $(cat said)"
    sed 's/10,000/10,001/' common/benchmark/BENCHMARK.md >changed
    mv changed common/benchmark/BENCHMARK.md
    sh common/maintain/bench/bench-keep.sh check >said
    check "check finds a figure that was changed" \
        "1 FAIL common/benchmark/BENCHMARK.md:1: the tables are not those of common/benchmark/results.json" \
        "$? $(head -n 1 said)"
    sed 's/table throughput/table througput/' common/benchmark/BENCHMARK.md >changed
    mv changed common/benchmark/BENCHMARK.md
    sh common/maintain/bench/bench-keep.sh keep >said
    sh common/maintain/bench/bench-keep.sh check >said
    check "check finds a table that there is not" "1 4:There is no table througput." "$? $(head -n 1 said)"
}

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1
make_runs >runs.json
make_calls >calls.json
echo '{"system": "none"}' >machine.json
awk -v mode=medians -f "$bench/bench.awk" machine.json runs.json calls.json >results.json
check_loads
check_medians
check_tables
check_document
sum_up
