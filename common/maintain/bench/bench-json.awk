# bench-json.awk: reads objects that are one line each, as load.exe, calls.exe and bench.sh write them.

# What the object has by that name, as text without quotes. "": it has none.
function get(name,    at, rest) {
    at = index($0, "\"" name "\": ")
    if (at == 0)
        return ""
    rest = substr($0, at + length(name) + 4)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        return substr(rest, 1, index(rest, "\"") - 1)
    }
    match(rest, /^[^,}]*/)
    return substr(rest, 1, RLENGTH)
}
