# bench-median.awk: makes one line of all rounds of a stage with a load: the median of each figure.
#
#     awk -f bench-json.awk -f bench-median.awk machine.json runs.json calls.json >results.json

BEGIN {
    count = split("messagesPerSecond megabytesPerSecond connectionsPerSecond p50 p90 p99 p99.9 max " \
        "serverCpuUsPerMessage wineCpuUsPerMessage wineRequestsPerMessage serverKibPerClient errors", names, " ")
}

FILENAME ~ /machine\.json$/ { machine = $0 }

FILENAME ~ /runs\.json$/ {
    key = get("stage") "\t" get("load") "\t" (get("clients") + get("idle"))
    if (!(key in rounds))
        order[++keys] = key
    round = ++rounds[key]
    for (i = 1; i <= count; i++)
        figures[key, i, round] = get(names[i])
}

FILENAME ~ /calls\.json$/ { calls[++lines] = $0 }

# Sorts the figures of a key in place; those that are not there stay "".
function sort(key, i,    n, j, k, value) {
    n = rounds[key]
    for (j = 2; j <= n; j++) {
        value = figures[key, i, j]
        for (k = j - 1; k >= 1 && figures[key, i, k] + 0 > value + 0; k--)
            figures[key, i, k + 1] = figures[key, i, k]
        figures[key, i, k + 1] = value
    }
}

function median(key, i,    n) {
    n = rounds[key]
    if (n % 2 == 1)
        return figures[key, i, (n + 1) / 2]
    return (figures[key, i, n / 2] + figures[key, i, n / 2 + 1]) / 2
}

function write_load(key, comma,    part, i, line) {
    split(key, part, "\t")
    line = sprintf("{\"stage\": \"%s\", \"load\": \"%s\", \"clients\": %d, \"rounds\": %d", part[1], part[2],
        part[3], rounds[key])
    for (i = 1; i <= count; i++) {
        if (figures[key, i, 1] == "")
            continue
        sort(key, i)
        line = line sprintf(", \"%s\": %.3f", names[i], median(key, i))
        if (names[i] == "messagesPerSecond")
            line = line sprintf(", \"least\": %.1f, \"most\": %.1f", figures[key, i, 1],
                figures[key, i, rounds[key]])
    }
    print line "}" comma
}

END {
    print "{\"machine\": " machine ","
    print "\"loads\": ["
    for (i = 1; i <= keys; i++)
        write_load(order[i], i < keys ? "," : "")
    print "],"
    print "\"calls\": ["
    for (i = 1; i <= lines; i++)
        print calls[i] (i < lines ? "," : "")
    print "]}"
}
