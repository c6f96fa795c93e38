#!/bin/sh
# modes.sh: tests what INSTRUMENT has a program do: count, trace, and refuse what it does not know.
# verify has its own tests in wrong.sh, fault in Faults.c, and the counts of the stages in CallsTest.c.
#
# Each stage's trace has to be what edge://tracing and Perfetto open, and has to be drawn: it records
# the conversation of three clients with each instrumented stage and looks at the trace: one event on
# each line in the form that is promised, threads named, three sessions, the calls of three clients while
# the server listens, and each arrow with both its ends. Then it is drawn, and the picture has a lane for
# each thread and each client, and all sessions. The timeline.json that the stage keeps has the same
# calls, and its timeline.svg is drawn from that. BUILD is the folder of the instrumented programs.

build=${BUILD:-build/instrument}
folder=$build/modes-output
. common/tests/lib/check.sh

# Says what is wrong with the trace $1 of the stage with the number $2; nothing if it is right. From 03 on it
# must have arrows.
check_trace() {
    awk -v number="$2" '
    function wrong(text) { print "line " NR ": " text; bad = 1; exit 1 }
    function get(name) {
        if (!match($0, "\"" name "\":(\"[^\"]*\"|[0-9.]+)")) return ""
        found = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
        gsub(/"/, "", found)
        return found
    }
    { sub(/\r$/, "") }
    NR == 1 { if ($0 != "[") wrong("it does not begin with ["); next }
    $0 == "]" { closed = NR; next }
    closed { wrong("there is something behind ]") }
    # A comma ends every event but the last.
    last { wrong("the event before has no comma") }
    !/^\{"name":"[A-Za-z_0-9 ]+",.*\},?$/ { wrong("no event: " $0) }
    { last = !/,$/; count = gsub(/\{/, "{"); if (count != gsub(/\}/, "}")) wrong("its braces do not match") }
    get("ph") == "M" && /thread_name/ { threads[get("tid")] = 1 }
    get("ph") == "M" && /"name":"client [123]"/ { clients[get("tid")] = 1 }
    get("ph") == "M" { next }
    get("ph") == "X" {
        if (!(get("tid") in threads)) wrong("its thread has no name")
        if (get("ts") + 0 < 0 || get("dur") + 0 < 0 || get("dur") == "") wrong("its times are wrong")
        if (get("name") == "listen") listening = get("ts")
        if (get("tid") in clients) {
            calls++
            if (get("ts") + 0 < listening + 0 || get("ts") + get("dur") > end + 0)
                wrong("a client makes this call while the server does not listen")
        } else if (get("socket") != "") sockets[get("socket")] = 1
        next
    }
    get("ph") == "s" { start[get("id")] = get("name"); next }
    get("ph") == "f" {
        if (start[get("id")] != get("name")) wrong("an arrow ends that did not begin")
        ends++
        next
    }
    get("ph") == "i" { end = get("ts"); next }
    { wrong("an event of a kind that is not known") }
    END {
        if (bad) exit 1
        for (i = 1; i <= 3; i++)
            if (!(("session " i) in sockets)) { print "there is no session " i; exit 1 }
        if (calls != 15) { print "its 3 clients make " calls + 0 " calls, not 5 each"; exit 1 }
        if (!closed || !last) { print "it does not end"; exit 1 }
        if (number >= 3 && ends < 9) { print "it has only " ends + 0 " arrows"; exit 1 }
    }' "$1"
}

check_picture() {
    tail -c 20 "$1" | grep -q '</svg>' || echo "it does not end with </svg>"
    for text in main 'client 1' 'client 2' 'client 3' 'closesocket, session 1' 'closesocket, session 2' \
        'closesocket, session 3' "$2"; do
        grep -q "$text" "$1" || echo "'$text' is not in it"
    done
}

# The calls of a trace, and the functions that make them. Which worker makes them, and in which order,
# is another in each run. A line's number is no part of a function's name: it changes with the file.
list_calls() {
    sed -n 's/^{"name":"\([^"]*\)".*"ph":"X".*"place":"\([^"]*\)".*/\1 in \2/p' "$1" | LC_ALL=C sort -u
}

check_kept() {
    awk -f common/tools/trace-order.awk "$1" >"$folder/fresh.json"
    list_calls "$folder/fresh.json" >"$folder/fresh.calls"
    list_calls "$2/timeline.json" >"$folder/kept.calls"
    grep -E ' in .*(line |:)[0-9]' "$folder/fresh.calls" && return
    cmp -s "$folder/fresh.calls" "$folder/kept.calls" && [ -s "$folder/kept.calls" ] && return
    echo "make record-${2%%-*} renews it; -: it has, +: the stage has"
    diff -U 0 "$folder/kept.calls" "$folder/fresh.calls" | sed 1,3d
}

mkdir -p "$folder"
for server in "$build"/0*/server.exe; do
    stage=$(basename "$(dirname "$server")")
    trace=$folder/$stage.json
    rm -f "$trace" "$folder/$stage.svg"
    if said=$(run build/tools/record.exe "$server" "$trace" 2>&1); then
        report "$stage: its trace" "$(check_trace "$trace" "${stage%%-*}" | head -n 1)"
    else
        report "$stage: its trace" "it was not recorded: $said"
    fi
    if said=$(run build/tools/timeline.exe "$trace" "$folder/$stage.svg" "$stage" 2>&1); then
        report "$stage: its picture" "$(check_picture "$folder/$stage.svg" "$stage" | head -n 1)"
    else
        report "$stage: its picture" "it was not drawn: $said"
    fi
    said=$(run build/tools/timeline.exe "$stage/timeline.json" "$folder/kept.svg" "$stage" 2>&1) &&
        ! cmp -s "$folder/kept.svg" "$stage/timeline.svg" && said="it is another; make timelines draws it"
    report "$stage: timeline.svg is what timeline.json gives" "$said"
    report "$stage: timeline.json has the calls that the stage makes" "$(check_kept "$trace" "$stage")"
done

# --- The words of INSTRUMENT ---------------------------------------------------------------------

# run_with MODES: what a program that allocates and frees, and no more, says, in `said`; its exit code in `code`.
run_with() {
    said=$(export INSTRUMENT="$1" && run "$build/tests/wrong.exe" right-heap 2>&1)
    code=$?
    said=$(printf '%s' "$said" | tr -d '\r')
}

for modes in nonsense calls= calls,verfy fault=0 fault=x fault=1:nothing fault=1:accept:x echoes=0 trace \
    shuffle shuffle= shuffle=x shuffle=1x shuffle=1234567890; do
    run_with $modes
    case $code$said in 2*"INSTRUMENT: '"*"is not understood"*) code= ;; esac
    report "INSTRUMENT=$modes is refused" "${code:+exit code $code, and it said: $said}"
done

# Threads are held, and what is done and counted is the same.
run_with calls
plain=$said
run_with calls,shuffle=7
[ "$code$said" = "0$plain" ] && code=
report "INSTRUMENT=shuffle=7 changes no call" "${code:+exit code $code, and it said: $said}"

run_with calls,echoes=2
report "INSTRUMENT=calls prints a table, most frequent first" "$(printf '%s\n' "$said" | awk '
    $NF == "call" { head = 1; next }
    head && NF == 5 && $5 ~ /^[A-Za-z_]/ {
        if (last != "" && $1 > last + 0) print $5 " is called more often than the one above"
        if (sprintf("%.2f", $1 / 2) != $3) print $5 ": " $3 " is not " $1 " for each of 2 echoes"
        last = $1; rows++
    }
    END { if (rows < 3) print "it has " rows + 0 " rows" }' | head -n 1)"

run_with "calls=$folder/calls.json"
report "INSTRUMENT=calls=FILE writes JSON" "$(tr -d '\r' <"$folder/calls.json" | awk '
    NR == 1 { if ($0 != "{\"echoes\": 0,") print "it begins with " $0; next }
    NR == 2 { if ($0 != " \"calls\": [") print "its second line is " $0; next }
    $0 == " ]}" { closed = 1; next }
    !/^  \{"name": "[A-Za-z_]+", "kind": "(io|memory|lock|text)", "calls": [0-9]+, "handles": [0-9]+\},?$/ {
        print "no call: " $0
    }
    { rows++ }
    END { if (!closed || rows < 3) print "it has " rows + 0 " rows" }' | head -n 1)"

sum_up
