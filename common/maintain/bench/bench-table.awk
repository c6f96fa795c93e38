# bench-table.awk: the tables of results.json in Markdown, or the one that is asked for by its name.
#
#     awk [-v wanted=throughput] -f bench-json.awk -f bench-table.awk results.json

/^\{"stage"/ {
    key = get("stage") SUBSEP get("load") SUBSEP get("clients")
    note_stage(get("stage"))
    messages[key] = get("messagesPerSecond")
    least[key] = get("least")
    most[key] = get("most")
    megabytes[key] = get("megabytesPerSecond")
    p50[key] = get("p50")
    p99[key] = get("p99")
    server[key] = get("serverCpuUsPerMessage")
    wine[key] = get("wineCpuUsPerMessage")
    requests[key] = get("wineRequestsPerMessage")
    memory[key] = get("serverKibPerClient")
    if (wine[key] != "")
        has_wine = 1
}

/^\{"server"/ {
    key = get("server") SUBSEP (get("busy") == "true" ? "busy" : "one") SUBSEP get("clients")
    note_stage(get("server"))
    calls[key] = get("callsPerEcho")
    handles[key] = get("handlesPerEcho")
}

function note_stage(stage) {
    if (!(stage in known)) {
        known[stage] = 1
        order[++stages] = stage
    }
}

# 12,345 or 12.3: three figures at least.
function number(value,    text, out) {
    if (value == "")
        return ""
    value += 0
    if (value < 100)
        return sprintf(value < 10 ? "%.2f" : "%.1f", value)
    text = sprintf("%.0f", value)
    while (length(text) > 3) {
        out = "," substr(text, length(text) - 2) out
        text = substr(text, 1, length(text) - 3)
    }
    return text out
}

# A table: a line for each stage, a column for each of the numbers of clients in `counts`.
function table(name, title, load, counts, figures,    count, column, i, j, line, rule) {
    if (wanted != "" && wanted != name)
        return
    count = split(counts, column, " ")
    line = "| " title " |"
    rule = "|---|"
    for (j = 1; j <= count; j++) {
        line = line " " number_of_clients(column[j]) " |"
        rule = rule "---:|"
    }
    print line "\n" rule
    for (i = 1; i <= stages; i++) {
        line = "| " order[i] " |"
        for (j = 1; j <= count; j++)
            line = line " " number(figures[order[i], load, column[j]]) " |"
        print line
    }
    if (wanted == "")
        print ""
}

function number_of_clients(count) {
    return count == 1 ? "1 client" : number_of(count)
}

function number_of(count) {
    return count < 1000 ? count : sprintf("%d,%03d", count / 1000, count % 1000)
}

END {
    all = "1 10 60 500 2000"
    table("throughput", "Ping-pong, messages a second", "pingpong", all, messages)
    table("p50", "Ping-pong, p50 in ms", "pingpong", all, p50)
    table("p99", "Ping-pong, p99 in ms", "pingpong", all, p99)
    table("cpu", "Ping-pong, CPU of the server, us a message", "pingpong", all, server)
    if (has_wine) {
        table("cpu-wine", "Ping-pong, CPU of the wineserver, us a message", "pingpong", all, wine)
        table("requests", "Ping-pong, requests to the wineserver a message", "pingpong", all, requests)
        table("streaming-requests", "Streaming, requests to the wineserver a message", "streaming", "1 10",
            requests)
    }
    table("memory", "Ping-pong, memory of the server, KiB a client", "pingpong", "60 500 2000", memory)
    table("pipelined", "Pipelined, messages a second", "pipelined", "1 60 500", messages)
    table("streaming", "Streaming, megabytes a second", "streaming", "1 10", megabytes)
    table("streaming-cpu", "Streaming, CPU of the server, us a message", "streaming", "1 10", server)
    table("churn", "Churn, connections a second", "churn", "1 10", messages)
    table("idle", "One talks, messages a second", "idle", "60 500 2000", messages)
    table("idle-p99", "One talks, p99 in ms", "idle", "60 500 2000", p99)
    table("calls", "Calls an echo, one talks", "one", "1 10 60 500", calls)
    table("handles", "Handles an echo, one talks", "one", "1 10 60 500", handles)
    table("calls-busy", "Calls an echo, all talk", "busy", "1 10 60 500", calls)
    table("handles-busy", "Handles an echo, all talk", "busy", "1 10 60 500", handles)
}
