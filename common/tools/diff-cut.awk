# diff-cut.awk: cuts a source into its parts, each into a file of its own; diff-html.sh runs it.
#
#     awk -v file=Server.c -v folder=FOLDER -f diff-cut.awk path/to/Server.c
#
# The parts go to FOLDER/parts/Server.c/, and once more to FOLDER/marked/Server.c/, there with the
# character 1 at the end of each line. Both exist.
#
# A part is a function, a type, a declaration or the like, with the comment that belongs to it. Parts
# are separated by blank lines outside of { }. The name of a part says what it is and is the same in
# every stage: Session_Create.function. Prints a line for each, with tabs between:
#
#     Server.c   Session_Create.function   number of its first line
#
# A comment at the top of a file is a part, whatever follows it.

# The first word that is being declared: the last one before what follows it.
function declared(text) {
    if (match(text, /\(\*[A-Za-z_0-9]+\)/))
        return substr(text, RSTART + 2, RLENGTH - 3)
    sub(/ *[=;(\{\[].*/, "", text)
    sub(/.*[ *]/, "", text)
    return text
}

function type_name(text) {
    match(text, /(struct|enum|union) +[A-Za-z_0-9]+/)
    text = substr(text, RSTART, RLENGTH)
    sub(/.* /, "", text)
    return text
}

# What the part is, by its first line that is not a comment, and by the one that opens its { }.
function name_part(   text) {
    text = opener != "" ? opener : first
    if (text == "" && start == 1)
        return "top.comment"
    if (text == "") {
        text = line[1]
        gsub(/[^A-Za-z0-9]+/, "-", text)
        return text ".comment"
    }
    if (text ~ /^#if|^#include/)
        return "includes.lines"
    if (text ~ /^#define/)
        return "constants.lines"
    if (text ~ /^#/)
        return "end.lines"
    if (text ~ /^[^=(\{]*(struct|enum|union) +[A-Za-z_0-9]+ +\{/)
        return type_name(text) ".type"
    if (opener != "" && text ~ /\(/ && text !~ /=/)
        return declared(text) ".function"
    if (text ~ /=/ || text !~ /\(|^typedef|^struct/)
        return declared(text) ".variable"
    return declared(text) ".declaration"
}

function write_line(name, text) {
    print text >>(folder "/parts/" file "/" name)
    print text LINE_END >>(folder "/marked/" file "/" name)
}

function end_part(   name, i) {
    if (count == 0)
        return
    name = name_part()
    if (name == last && name ~ /\.lines$/) {
        # Two paragraphs of #include lines are one part.
        write_line(name, "")
    } else {
        if (++seen[name] > 1)
            name = name "." seen[name]
        print file "\t" name "\t" start
    }
    for (i = 1; i <= count; i++)
        write_line(name, line[i])
    close(folder "/parts/" file "/" name)
    close(folder "/marked/" file "/" name)
    last = name
    count = 0
    first = opener = ""
}

BEGIN { LINE_END = sprintf("%c", 1) }
$0 == "" && !isInside { end_part(); next }
{
    if (count == 0)
        start = FNR
    line[++count] = $0
}
isInside { if (/^\}/) isInside = 0; next }
/^\/\*/ { isComment = 1 }
isComment {
    isComment = !/\*\//
    # The comment at the top ends here, also if no blank line follows.
    if (!isComment && FNR == count)
        end_part()
    next
}
first == "" { first = $0 }
/^[^ \t#].*\{$/ || /^\{/ {
    isInside = 1
    opener = /^\{/ ? first : $0
}
END { end_part() }
