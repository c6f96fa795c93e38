# bench-data.awk: what gnuplot draws from results.json: a file for each stage, a line for each number of
# clients, and "-" where there is no figure.
#
#     awk -v folder=build/bench -f bench-json.awk -f bench-data.awk results.json
#
# The columns: clients, messages a second, p99 in ms, calls an echo when one talks, when all talk.

/^\{"stage"/ && get("load") == "pingpong" {
    note(get("stage"), get("clients"))
    messages[get("stage"), get("clients")] = get("messagesPerSecond")
    p99[get("stage"), get("clients")] = get("p99")
}

/^\{"server"/ {
    note(get("server"), get("clients"))
    if (get("busy") == "true")
        busy[get("server"), get("clients")] = get("callsPerEcho")
    else
        one[get("server"), get("clients")] = get("callsPerEcho")
}

function note(stage, clients) {
    stages[stage] = 1
    if (!(clients in known)) {
        known[clients] = 1
        counts[++count] = clients
    }
}

function figure(value) {
    return value == "" ? "-" : value
}

END {
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && counts[j - 1] + 0 > counts[j] + 0; j--) {
            clients = counts[j]
            counts[j] = counts[j - 1]
            counts[j - 1] = clients
        }
    for (stage in stages) {
        file = folder "/data-" stage ".txt"
        printf "" >file
        for (i = 1; i <= count; i++)
            print counts[i], figure(messages[stage, counts[i]]), figure(p99[stage, counts[i]]),
                figure(one[stage, counts[i]]), figure(busy[stage, counts[i]]) >file
        close(file)
    }
}
