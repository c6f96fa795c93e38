# excerpts.awk: every excerpt stands in its file, word for word. notes.sh runs it on what markdown.awk
# prints.
#
#     ```c 05-iocp-basic/Server.c     the lines that follow stand in that file, in this order
#         ...                         here some are left out
#     ```c sketch                     stands in no file
#     ```diff 07-service-session/steps/1-references.patch      the same for lines of a patch

# How many lines of the part from `first` to `last` stand in the file from line `at` on.
function count_same(first, last, at,   n) {
    while (first + n <= last && at + n <= lines && code[first + n] == source[at + n])
        n++
    return n
}

# Looks for a part of the excerpt behind line `from` of the file. Returns where it ends; 0: nowhere.
function find_part(first, last, from,   at, same, most, most_at) {
    most = -1
    for (at = from; at <= lines; at++) {
        same = count_same(first, last, at)
        if (same == last - first + 1)
            return at + same
        if (same > most) {
            most = same
            most_at = at
        }
    }
    if (most <= 0)
        fail(line_of[first], "this line does not stand in " file (from > 1 ? " behind the lines before it" : ""),
            "", code[first])
    else
        fail(line_of[first + most], "line " most_at + most " of " file " is another",
            most_at + most <= lines ? source[most_at + most] : "the end of the file", code[first + most])
    return 0
}

function check_excerpt(   i, first, from) {
    lines = split(read_text(file), source, "\n") - 1
    if (lines < 1) {
        fail(begin, "there is no file " file)
        return
    }
    from = 1
    for (i = 1; i <= count + 1 && from > 0; i++) {
        if (i <= count && code[i] !~ /^ *\.\.\.$/) {
            if (!first) first = i
        } else if (first) {
            from = find_part(first, i - 1, from)
            first = 0
            parts++
        }
    }
    if (count == 0)
        fail(begin, "this excerpt is empty")
}

$3 == "fence" && $5 ~ /^(c( |$)|diff )/ {
    checked++
    file = $5
    sub(/^(c|diff) */, "", file)
    begin = $2
    count = 0
    is_open = 1
    if (file == "")
        fail($2, "this block names no file: ```c FILE, or ```c sketch")
}
$3 == "code" && is_open {
    line_of[++count] = $2
    code[count] = $5
}
$3 == "end" && is_open {
    is_open = 0
    if (file != "" && file != "sketch")
        check_excerpt()
}
END { finish("excerpts") }
