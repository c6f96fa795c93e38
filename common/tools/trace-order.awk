# trace-order.awk: makes of the trace of one run what every run has in common, for timeline.exe.
#
#     awk -f common/tools/trace-order.awk TRACE.json >05-iocp-basic/timeline.json
#
# It keeps the calls, their results and their order. Times become numbers: each beginning and each end
# is a microsecond after the one before it. Places become functions, so that a line more in a file
# changes nothing; one that is only known to be after a line is after a call in that line's function.
# The socket that becomes the listener is called so from its first call on, and a thread that no call
# has named is called by its own function: Keeper_Main is the keeper.
#
# To be run in the top folder, where the sources are that the trace names. It understands traces as
# instrumented programs write them, with one event on each line.

# What the line has by that name: a number, or text without quotes. "": it has none.
function get(line, name) {
    if (!match(line, "\"" name "\":(\"[^\"]*\"|[0-9.]+)")) return ""
    line = substr(line, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", line)
    return line
}

function set(line, name, value) {
    if (value !~ /^[0-9]+$/) value = "\"" value "\""
    sub("\"" name "\":(\"[^\"]*\"|[0-9.]+)", "\"" name "\":" value, line)
    return line
}

# In tenths of a microsecond, the smallest time in a trace.
function ticks(line, name) {
    return int(get(line, name) * 10 + 0.5)
}

# The function that a place such as common/CtrlC.c:46 is in.
function function_at(place,   file, number, line, found) {
    if (place !~ /:[0-9]+$/) return ""
    if (!(place in functions)) {
        file = place
        sub(/:[0-9]+$/, "", file)
        for (number = 1; (getline line < file) > 0; number++) {
            if (line ~ /^[A-Za-z_].*\(/ && line !~ /;[ \r]*$/) {
                found = line
                sub(/\(.*/, "", found)
                sub(/.*[^A-Za-z0-9_]/, "", found)
            }
            functions[file ":" number] = found
        }
        close(file)
    }
    return functions[place]
}

# --- Edges ---------------------------------------------------------------------------------------

function add_edge(time, event, is_end) {
    edge_time[++edges] = time
    edge_event[edges] = event
    edge_is_end[edges] = is_end
}

# Events stand in the order of their ends. At the same time, what has ended comes before what begins
# behind it, and an outer call begins before an inner one and ends behind it.
function is_before(a, b) {
    if (edge_time[a] != edge_time[b]) return edge_time[a] < edge_time[b]
    if (edge_is_end[a] != edge_is_end[b])
        return edge_is_end[a] ? edge_event[a] < edge_event[b] : edge_event[a] <= edge_event[b]
    return edge_is_end[a] ? edge_event[a] < edge_event[b] : edge_event[a] > edge_event[b]
}

function sort_edges(   i, k) {
    for (i = 1; i <= edges; i++) {
        for (k = i; k > 1 && is_before(i, order[k - 1]); k--)
            order[k] = order[k - 1]
        order[k] = i
    }
    for (i = 1; i <= edges; i++) {
        if (edge_is_end[order[i]]) end_of[edge_event[order[i]]] = i
        else begin_of[edge_event[order[i]]] = i
    }
}

# The last edge of the thread that is not behind this time.
function edge_at(time, tid,   i, found) {
    for (i = 1; i <= edges && edge_time[order[i]] <= time; i++)
        if (get(event[edge_event[order[i]]], "tid") == tid) found = i
    return found + 0
}

# --- The events ----------------------------------------------------------------------------------

{ sub(/\r$/, "") }
/^[^{]/ { next }
{
    event[++count] = $0
    phase[count] = get($0, "ph")
}
phase[count] == "X" {
    tid = get($0, "tid")
    place = get($0, "place")
    after = sub(/, after line /, ":", place)
    found = function_at(place)
    if (found != "") {
        sub(/:[0-9]+$/, "", place)
        event[count] = set($0, "place", after ? place ", after a call in " found : found ", " place)
    }
    if (!(tid in first_function))
        first_function[tid] = found
    if (get($0, "name") == "bind")
        bound[tid] = get($0, "socket")
    if (get($0, "name") == "listen")
        listens[bound[tid]] = get($0, "socket")
    add_edge(ticks($0, "ts"), count, 0)
    add_edge(ticks($0, "ts") + ticks($0, "dur"), count, 1)
}
END {
    sort_edges()
    print "["
    print "{\"name\":\"about\",\"ph\":\"M\",\"pid\":1,\"tid\":1,\"args\":{\"text\":\"What timeline.svg " \
        "beside this shows: the calls of one run in their order. The times only count them. make record-0N " \
        "renews it.\"}},"
    for (i = 1; i <= count; i++) {
        line = event[i]
        tid = get(line, "tid")
        if (phase[i] == "X") {
            line = set(set(line, "ts", begin_of[i]), "dur", end_of[i] - begin_of[i])
            if (get(line, "socket") in listens)
                line = set(line, "socket", listens[get(line, "socket")])
        } else if (phase[i] == "s" || phase[i] == "f") {
            if (!(get(line, "id") in ids))
                ids[get(line, "id")] = ++flows
            line = set(set(line, "ts", edge_at(ticks(line, "ts"), tid)), "id", ids[get(line, "id")])
        } else if (phase[i] == "i") {
            line = set(line, "ts", edges + 1)
        } else if (line ~ /"name":"thread [0-9]+"/ && first_function[tid] ~ /Main$/) {
            name = tolower(first_function[tid])
            sub(/_?main$/, "", name)
            sub(/.*_/, "", name)
            sub(/"name":"thread [0-9]+"/, "\"name\":\"" name "\"", line)
        }
        print line
    }
    print "]"
}
