#!/bin/sh
# bench.sh: measures all stages. `make bench` calls it.
#
#     [QUICK=1] [ROUNDS=N] sh common/maintain/bench/bench.sh STAGE...     (STAGE: 05-iocp-basic)
#     sh common/maintain/bench/bench.sh loads STAGE...    only says what it would measure
#
# load.exe talks to each stage in several ways, and with 1 to 2,000 clients where the stage can have so
# many. The whole is done ROUNDS times, and in each round all stages have their turn with the same load
# one after the other, so that what disturbs the machine hurts all alike. The figure that counts is the
# median of the rounds. calls.exe adds what does not depend on the machine. Bursts are for copies of the
# stages with a completion port that have 8 workers and wait with each message (Slow.h). With QUICK=1 it
# is one round of short runs, to try things out.
#
# In build/bench: runs.json, a line for each run; results.json, the medians; tables.txt; plots.txt and, where
# there is gnuplot, plot-*.svg. Exit code 1: a byte was wrong, or a server did not do what it should.

bench=common/maintain/bench
out=build/bench
runs=$out/runs.json
stages=$*
rounds=${ROUNDS:-5}
seconds=2
counts="1 10 60 500 2000"
slow="2 5"
if [ -n "${QUICK-}" ]; then
    rounds=${ROUNDS:-1}
    seconds=1
    counts="1 10 60 500"
fi
failed=no

# How many clients a stage can have at once: 1, 63, or as many as there are. Bursts are for many workers.
can_have() {
    case $3:$1 in
    burst*:0[5-9]-*) ;;
    burst*) false ;;
    *:01-*) [ "$2" -le 1 ] ;;
    *:02-* | *:03-*) [ "$2" -le 63 ] ;;
    esac
}

# The stages that have their turn with the load $1 of $2 clients, in a line.
list_turns() {
    for stage in $stages; do
        ! can_have "$stage" "$2" "$1" || printf ' %s' "$stage"
    done
}

# The copies for bursts. $slow has how long each waits with a message.
make_slow() {
    for stage in $(list_turns burst 8); do
        for ms in $slow; do
            mkdir -p "build/slow-$ms/$stage"
            "$CC" -O2 -DSLOW_MS="$ms" -include $bench/Slow.h -Icommon -I"$stage" \
                -o "build/slow-$ms/$stage/server.exe" "$stage"/*.c build/obj/common/*.o -lws2_32 || return
        done
    done
}

# list NAME COUNTS OPTIONS: a line for each load: name, clients in all, and the options.
list() {
    for count in $2; do
        echo "$1 $count --clients $count $3"
    done
}

list_loads() {
    list pingpong "$counts"
    list pipelined "1 60 500" "--depth 16"
    list streaming "1 10" "--size 65536 --depth 4"
    list churn "1 10" --churn
    for ms in $slow; do
        list "burst-$ms" "8 16 64 500" --burst
    done
    for count in $counts; do
        [ "$count" -le 10 ] || echo "idle $count --clients 1 --idle $((count - 1))"
    done
}

# CPU time in hundredths of a second, of the server and of its wineserver; the server's memory in KiB; and
# how often the wineserver has read so far, which it does for each request.
sample() {
    awk 'FILENAME ~ /stat$/ { sub(/.*\) /, ""); ticks[++n] = $12 + $13 }
         /^RssAnon:|^VmSwap:/ { memory += $2 }
         /^syscr:/ { requests = $2 }
         END { print ticks[1], ticks[2], memory, requests }' \
        "/proc/$apart_pid/stat" "/proc/$apart_keeper/stat" "/proc/$apart_pid/status" "/proc/$apart_keeper/io"
}

# Runs load.exe, and samples where it says that it measures. Its exit code is in $out/code.
measure_apart() {
    sample >$out/empty
    {
        # shellcheck disable=SC2086
        $RUN build/tools/load.exe --port "$apart_port" --seconds $seconds --json $out/load.json "$@"
        echo $? >$out/code
    } 2>$out/errors | while IFS= read -r line; do
        case $line in
        Measuring*) sample >$out/before ;;
        Measured*) sample >$out/after ;;
        esac
    done
    return "$(cat $out/code)"
}

# Adds what was sampled to what load.exe has measured: one line.
join_figures() {
    cat $out/empty $out/before $out/after | tr '\n' ' ' >$out/samples
    awk -v head="$1" -v clients="$2" 'NR == FNR { split($0, s, " "); next }
        {
            match($0, /"messages": [0-9]+/)
            messages = substr($0, RSTART + 12, RLENGTH - 12)
            if (messages > 0)
                cpu = sprintf("\"serverCpuUsPerMessage\": %.3f, \"wineCpuUsPerMessage\": %.3f, " \
                    "\"wineRequestsPerMessage\": %.3f, ", (s[9] - s[5]) * 10000 / messages,
                    (s[10] - s[6]) * 10000 / messages, (s[12] - s[8]) / messages)
            printf "{%s, %s\"serverKibPerClient\": %.3f, %s\n", head, cpu, (s[11] - s[3]) / clients, substr($0, 2)
        }' $out/samples $out/load.json >>$runs
}

# One stage, one load.
run_one() {
    stage=$1 name=$2 all=$3 round=$4
    case $name in
    burst-*) server=build/slow-${name#*-}/$stage/server.exe ;;
    *) server=build/$stage/server.exe ;;
    esac
    head="\"stage\": \"$stage\", \"load\": \"$name\", \"round\": $round"
    shift 4
    rm -f $out/load.json
    apart_code=none
    echo none >$out/code
    : >$out/errors
    if [ -z "${RUN-}" ]; then
        if build/tools/load.exe --server "$server" --seconds $seconds --json $out/load.json "$@" \
            >$out/text 2>$out/errors; then
            sed "s/^{/{$head, /" $out/load.json >>$runs
            return
        fi
    elif apart_start "$server" && measure_apart "$@" && apart_stop; then
        join_figures "$head" "$all"
        return
    fi
    [ -z "${RUN-}" ] || apart_stop
    failed=yes
    echo
    echo "$stage with $*: this went wrong (load.exe's exit code is $(cat $out/code), the server's $apart_code):"
    cat $out/errors
}

run_round() {
    list_loads | while read -r name all options; do
        printf '%s' "Round $1 of $rounds, $name with $all client$([ "$all" = 1 ] || echo s):"
        for stage in $(list_turns "$name" "$all"); do
            printf ' %s' "${stage%%-*}"
            # shellcheck disable=SC2086
            run_one "$stage" "$name" "$all" "$1" $options </dev/null
        done
        echo
        echo $failed >$out/failed
    done
    [ "$(cat $out/failed)" = no ] || failed=yes
}

# What does not depend on the machine. The figures of one client among many, and of all at once.
count_calls() {
    rm -f $out/calls.json
    for count in $counts; do
        [ "$count" -le 500 ] || continue
        servers=$(list_turns calls "$count" | sed 's, [^ ]*,&/server.exe,g; s, , build/instrument/,g')
        echo "Calls for an echo, with $count client$([ "$count" = 1 ] || echo s)"
        for busy in "" --busy; do
            # shellcheck disable=SC2086
            $RUN build/tools/calls.exe --clients "$count" --echoes 20 $busy --json $out/part.json $servers \
                >$out/text 2>$out/errors || { failed=yes && cat $out/errors; }
            grep '"server"' $out/part.json | tr -d '\r' | sed 's/,$//' >>$out/calls.json
        done
    done
}

# What the figures were measured on.
describe_machine() {
    if [ -z "${RUN-}" ]; then
        system="Windows, $(uname -sr)"
        processor=${PROCESSOR_IDENTIFIER-unknown}
        cores=${NUMBER_OF_PROCESSORS-0}
    else
        system="$($(sh common/tools/wine.sh find) --version 2>/dev/null | sed 's/^wine-/Wine /'), Linux $(uname -r)"
        processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
        cores=$(getconf _NPROCESSORS_ONLN)
    fi
    printf '{"system": "%s", "processor": "%s", "cores": %s, "rounds": %s, "seconds": %s}\n' \
        "$system" "$processor" "$cores" "$rounds" "$seconds"
}

finish() {
    [ -z "${RUN-}" ] || apart_end
}

if [ "$1" = loads ]; then
    stages=${stages#loads }
    list_loads | while read -r name all options; do
        echo "$name $all:$(list_turns "$name" "$all")"
    done
    exit
fi
mkdir -p $out
: >$runs
make_slow || exit 1
if [ -n "${RUN-}" ]; then
    . common/tests/lib/apart.sh
    trap 'finish; exit 130' INT TERM
    apart_prepare || exit 1
fi
echo "Measuring $(echo "$stages" | wc -w | tr -d ' ') stages in $rounds round$([ "$rounds" = 1 ] || echo s): $rounds times about $([ -n "${QUICK-}" ] && echo 3 || echo 9) minutes."
round=1
while [ $round -le "$rounds" ]; do
    run_round $round
    round=$((round + 1))
done
count_calls
finish
describe_machine >$out/machine.json
awk -v mode=medians -f $bench/bench.awk $out/machine.json $runs $out/calls.json >$out/results.json || exit 1
for mode in tables plots; do
    awk -v mode=$mode -f $bench/bench.awk $out/results.json >$out/$mode.txt || exit 1
done
if command -v gnuplot >/dev/null 2>&1; then
    gnuplot -e "folder='$out'; last=$(($(grep -c '^0' $out/plots.txt) - 1))" $bench/bench-plot.gp || exit 1
else
    echo "There is no gnuplot here, and so there are no plots." >&2
fi
echo
cat $out/tables.txt
[ $failed = no ]
