# bench.awk: what make bench makes of its figures, which are objects of one line each.
#
#     awk -v mode=medians -f bench.awk machine.json runs.json calls.json >results.json
#     awk -v mode=tables [-v wanted=throughput] -f bench.awk results.json
#     awk -v mode=plots -f bench.awk results.json
#
# medians: one line of all rounds of a stage with a load, with the median of each figure. tables: the tables
# in Markdown, or the one of that name; one without a figure is left out. plots: for gnuplot, a block for
# each stage and in it a line for each number of clients: this number, messages a second, p99 in ms, calls
# an echo when one talks, when all talk; "-" where there is no figure.

# What the object has by that name, as text without quotes. "": it has none.
function get(object, name,   at) {
    at = index(object, "\"" name "\": ")
    if (at == 0)
        return ""
    object = substr(object, at + length(name) + 4)
    if (sub(/^"/, "", object)) sub(/".*/, "", object)
    else sub(/[,}].*/, "", object)
    return object
}

# --- Medians ---

mode == "medians" && FILENAME ~ /machine\.json$/ { machine = $0 }
mode == "medians" && FILENAME ~ /calls\.json$/ { calls[++lines] = $0 }
mode == "medians" && FILENAME ~ /runs\.json$/ {
    key = get($0, "stage") "\", \"load\": \"" get($0, "load") "\", \"clients\": " get($0, "clients") + get($0, "idle")
    if (!(key in rounds))
        order[++keys] = key
    runs[key, ++rounds[key]] = $0
}

# Sorts the figures of that name of all rounds into `sorted`. 0: the rounds have none.
function sort(key, name,   n, k, value) {
    for (n = 1; n <= rounds[key]; n++) {
        value = get(runs[key, n], name)
        if (value == "")
            return 0
        for (k = n - 1; k >= 1 && sorted[k] > value + 0; k--)
            sorted[k + 1] = sorted[k]
        sorted[k + 1] = value + 0
    }
    return rounds[key]
}

function print_medians(   i, j, n, count, names, line) {
    count = split("messagesPerSecond megabytesPerSecond connectionsPerSecond p50 p90 p99 p99.9 max " \
        "serverCpuUsPerMessage wineCpuUsPerMessage wineRequestsPerMessage serverKibPerClient errors", names, " ")
    print "{\"machine\": " machine ",\n\"loads\": ["
    for (i = 1; i <= keys; i++) {
        line = "{\"stage\": \"" order[i] ", \"rounds\": " rounds[order[i]]
        for (j = 1; j <= count; j++)
            if ((n = sort(order[i], names[j])) > 0) {
                line = line sprintf(", \"%s\": %.3f", names[j],
                    (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2)
                if (j == 1)
                    line = line sprintf(", \"least\": %.1f, \"most\": %.1f", sorted[1], sorted[n])
            }
        print line "}" (i < keys ? "," : "")
    }
    print "],\n\"calls\": ["
    for (i = 1; i <= lines; i++)
        print calls[i] (i < lines ? "," : "")
    print "]}"
}

# --- Tables and plots ---

mode != "medians" && /^\{"(stage|server)"/ {
    stage = get($0, "stage") get($0, "server")
    load = /^\{"stage"/ ? get($0, "load") : get($0, "busy") == "true" ? "busy" : "one"
    if (!(stage in known))
        order[++stages] = stage
    known[stage] = 1
    results[stage, load, get($0, "clients")] = $0
}

# 12,345 or 12.3: three figures at least.
function number(value,   text, out) {
    if (value == "")
        return ""
    value += 0
    if (value < 100)
        return sprintf(value < 10 ? "%.2f" : "%.1f", value)
    text = sprintf("%.0f", value)
    for (; length(text) > 3; text = substr(text, 1, length(text) - 3))
        out = "," substr(text, length(text) - 2) out
    return text out
}

# A line for each stage, a column for each of the numbers of clients in `counts`.
function table(name, title, load, counts, figure,   count, column, i, j, value, text, has_figure) {
    count = split(counts, column, " ")
    text = "| " title " |"
    for (j = 1; j <= count; j++)
        text = text " " (j == 1 ? column[j] " client" (column[j] == 1 ? "" : "s") : column[j] == 2000 ? "2,000" : column[j]) " |"
    text = text "\n|---|"
    for (j = 1; j <= count; j++)
        text = text "---:|"
    for (i = 1; i <= stages; i++) {
        text = text "\n| " order[i] " |"
        for (j = 1; j <= count; j++) {
            value = get(results[order[i], load, column[j]], figure)
            has_figure = has_figure || value != ""
            text = text " " number(value) " |"
        }
    }
    if (has_figure && (wanted == "" || wanted == name))
        print text (wanted == "" ? "\n" : "")
}

function print_tables(   all) {
    all = "1 10 60 500 2000"
    table("throughput", "Ping-pong, messages a second", "pingpong", all, "messagesPerSecond")
    table("p50", "Ping-pong, p50 in ms", "pingpong", all, "p50")
    table("p99", "Ping-pong, p99 in ms", "pingpong", all, "p99")
    table("cpu", "Ping-pong, CPU of the server, us a message", "pingpong", all, "serverCpuUsPerMessage")
    table("cpu-wine", "Ping-pong, CPU of the wineserver, us a message", "pingpong", all, "wineCpuUsPerMessage")
    table("requests", "Ping-pong, requests to the wineserver a message", "pingpong", all, "wineRequestsPerMessage")
    table("streaming-requests", "Streaming, requests to the wineserver a message", "streaming", "1 10",
        "wineRequestsPerMessage")
    table("memory", "Ping-pong, memory of the server, KiB a client", "pingpong", "60 500 2000", "serverKibPerClient")
    table("pipelined", "Pipelined, messages a second", "pipelined", "1 60 500", "messagesPerSecond")
    table("streaming", "Streaming, megabytes a second", "streaming", "1 10", "megabytesPerSecond")
    table("streaming-cpu", "Streaming, CPU of the server, us a message", "streaming", "1 10", "serverCpuUsPerMessage")
    table("churn", "Churn, connections a second", "churn", "1 10", "messagesPerSecond")
    table("burst-2", "A burst, callbacks of 2 ms, p50 in ms", "burst-2", "8 16 64 500", "p50")
    table("burst-5", "A burst, callbacks of 5 ms, p50 in ms", "burst-5", "8 16 64 500", "p50")
    table("idle", "One talks, messages a second", "idle", "60 500 2000", "messagesPerSecond")
    table("idle-p99", "One talks, p99 in ms", "idle", "60 500 2000", "p99")
    table("calls", "Calls an echo, one talks", "one", "1 10 60 500", "callsPerEcho")
    table("handles", "Handles an echo, one talks", "one", "1 10 60 500", "handlesPerEcho")
    table("calls-busy", "Calls an echo, all talk", "busy", "1 10 60 500", "callsPerEcho")
}

function figure(stage, load, clients, name,   value) {
    value = get(results[stage, load, clients], name)
    return value == "" ? "-" : value
}

function print_plots(   i, j, count, column) {
    count = split("1 10 60 500 2000", column, " ")
    for (i = 1; i <= stages; i++) {
        print order[i]
        for (j = 1; j <= count; j++)
            print column[j], figure(order[i], "pingpong", column[j], "messagesPerSecond"),
                figure(order[i], "pingpong", column[j], "p99"), figure(order[i], "one", column[j], "callsPerEcho"),
                figure(order[i], "busy", column[j], "callsPerEcho")
        print "\n"
    }
}

END {
    if (mode == "medians") print_medians()
    else if (mode == "tables") print_tables()
    else print_plots()
}
