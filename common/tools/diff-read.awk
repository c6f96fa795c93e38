# diff-read.awk: reads what git says of a step; diff-page.awk, which lays it out, uses what is kept here.
#
# Input: kind=news    what the step is about, if its patch says it
#        kind=new     the parts of the new stage: file, name, number of the first line
#        kind=old     those of the old stage; and the path of the new one they are compared with
#        kind=count   for each file: lines added, lines removed, name
#        kind=server  Server.c of the new stage, for what the comment at its top says is new, if that is not known
#        kind=line    git's diff of the parts; its colours say what was moved
#        kind=word    git's diff of their words, each line of which ends with the character 1
#
# A part is known by its path, file/name: in the new stage if it is there, else in the old one. Kept are
#
#     newList, newStart[path]     the new parts in order, and where they start
#     oldList, oldStart[path]     the old parts in order, and where they start, by their own path
#     target[old path]            the new part that an old one is compared with, or a path of no part
#     source[new path]            the old part that a new one is compared with
#     lines[path], sign[path, n], text[path, n], isMoved[path, n]      the diff of a part; none: the same
#     marks[side, path, line]     columns and lengths of the words that the other side does not have;
#                                 side is "-" or "+", line counts from 1 at the start of the part
#     shared[side, path, line]    how many letters the line has in common with the other side
#     pairShared[path, i, j]      how many of these the old line i and the new line j have in common
#     movedTo[side, letters]      the part where the other side has the moved line with these letters

function file_of(path) {
    sub(/\/.*/, "", path)
    return path
}

function name_of(path) {
    sub(/^[^\/]*\//, "", path)
    return path
}

# Without blanks: what counts when lines are compared.
function letters(string) {
    gsub(/[ \t]/, "", string)
    return string
}

# A line of a diff that is not the change itself: which part it is, and whether the change begins.
# Returns true if it is such a line.
function is_heading(line) {
    if (line ~ /^diff --git /) {
        inChange = 0
        from = to = ""
        return 1
    }
    if (inChange) return 0
    if (line ~ /^rename from /) from = substr(line, 13)
    else if (line ~ /^rename to /) {
        to = substr(line, 11)
        source[to] = from
        target[from] = to
    }
    else if (line ~ /^--- /) from = substr(line, 5)
    else if (line ~ /^\+\+\+ /) to = substr(line, 5)
    else if (line ~ /^@@ /) {
        inChange = 1
        path = to == "/dev/null" ? from : to
        oldLine = newLine = oldColumn = newColumn = 1
    }
    return 1
}

# A line of the diff of parts.
function read_line(line,   colour, n, key) {
    colour = substr(line, 1, 5)
    gsub(ESCAPE "\\[[0-9;]*m", "", line)
    if (is_heading(line) || line ~ /^\\/) return
    n = ++lines[path]
    sign[path, n] = line == "" ? " " : substr(line, 1, 1)
    text[path, n] = substr(line, 2)
    isMoved[path, n] = colour == MAGENTA || colour == CYAN
    if (!isMoved[path, n]) return
    key = letters(text[path, n])
    if (length(key) >= 8 && !((sign[path, n], key) in movedTo))
        movedTo[sign[path, n], key] = path
}

# A piece of a list of words: common to both sides (its side is a blank), or of one of them.
function read_piece(side, piece,   size, count) {
    size = length(piece)
    if (side == " ") {
        count = length(letters(piece))
        pairShared[path, oldLine, newLine] += count
        shared["-", path, oldLine] += count
        shared["+", path, newLine] += count
    } else if (side == "-") {
        marks["-", path, oldLine] = marks["-", path, oldLine] oldColumn " " size " "
    } else {
        marks["+", path, newLine] = marks["+", path, newLine] newColumn " " size " "
    }
    if (side != "+") oldColumn += size
    if (side != "-") newColumn += size
}

# A line of the list of words.
function read_words(line,   side, piece, count, i) {
    side = substr(line, 1, 1)
    if (is_heading(line) || side !~ /[-+ ]/) return
    count = split(substr(line, 2), piece, LINE_END)
    for (i = 1; i <= count; i++) {
        if (i > 1 && side != "+") { oldLine++; oldColumn = 1 }
        if (i > 1 && side != "-") { newLine++; newColumn = 1 }
        read_piece(side, piece[i])
    }
}

# The text after "New" in the comment at the top of Server.c.
function read_news(line) {
    if (line ~ /^ \* New /) isNews = 1
    else if (line !~ /^ \*   /) isNews = 0
    if (!isNews) return
    sub(/^ \* (New)? */, "", line)
    add_news(line)
}

function add_news(line) {
    news = news (news == "" || line == "" ? "" : " ") line
}

BEGIN {
    FS = "\t"
    ESCAPE = sprintf("%c", 27)
    MAGENTA = ESCAPE "[35m"
    CYAN = ESCAPE "[36m"
    LINE_END = sprintf("%c", 1)
}
kind == "new" {
    newList[++newCount] = $1 "/" $2
    newStart[$1 "/" $2] = $3
    isNewFile[$1] = 1
}
kind == "old" {
    oldList[++oldCount] = $1 "/" $2
    oldStart[$1 "/" $2] = $3
    isOldFile[$1] = 1
    target[$1 "/" $2] = $4
    if ($4 in newStart) source[$4] = $1 "/" $2
}
kind == "count" {
    fileList[++fileCount] = $3
    added[$3] = $1
    removed[$3] = $2
}
kind == "news" { add_news($0); isKnown = news != "" }
kind == "server" && !isKnown { read_news($0) }
kind == "line" { read_line($0) }
kind == "word" { read_words($0) }
