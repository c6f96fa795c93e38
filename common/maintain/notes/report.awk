# report.awk: how the checks of the notes say what they found; notes.sh loads it in front of each.
#
# `name` is the document. A check counts what it looks at in `checked`, calls fail for what is
# wrong, and at its end finish. A document in which there was nothing to look at gets no line.

# `found` and `wanted` are lines to show below the sentence; "" is for none.
function fail(line, sentence, wanted, found) {
    print "FAIL " name ":" line ": " sentence
    if (wanted != "") print "    expected: " wanted
    if (found != "") print "    got:      " found
    failures++
}

function finish(what) {
    if (failures == 0 && checked > 0)
        print "ok   " name ": " what " (" checked ")"
}

# The line on which position `at` of a paragraph is; the byte 1 stands for the ends of lines.
function line_at(first, text, at,   before) {
    before = substr(text, 1, at - 1)
    return first + gsub(/\001/, "", before)
}

function read_text(path,   line, text) {
    while ((getline line < path) > 0) {
        sub(/\r$/, "", line)
        text = text line "\n"
    }
    close(path)
    return text
}

# The lines of a file, each a key of `set`.
function read_set(file, set,   line) {
    while ((getline line < file) > 0) {
        sub(/\r$/, "", line)
        if (line != "" && line !~ /^#/)
            set[line] = 1
    }
    close(file)
}

# The folder that a path is in, with its slash; "" is the top.
function folder_of(path) {
    if (path !~ /\//) return ""
    sub(/[^\/]*$/, "", path)
    return path
}

# Makes a/./b/../c to a/c. A path that leads out of the top begins with "..".
function clean_path(path,   n, i, part, kept, count, result) {
    n = split(path, part, "/")
    for (i = 1; i <= n; i++) {
        if (part[i] == "" || part[i] == ".") continue
        if (part[i] == ".." && count > 0 && kept[count] != "..") count--
        else kept[++count] = part[i]
    }
    for (i = 1; i <= count; i++)
        result = result (i > 1 ? "/" : "") kept[i]
    return result
}

BEGIN { FS = "\t" }
