# markdown.awk: takes a document apart for the other checks of the notes; notes.sh runs it.
#
#     awk -v name=05-iocp-basic/README.md -f markdown.awk FILE
#
# Prints records, a line each, with a tab between their fields:
#
#     name   line   kind   section   text
#
# The section is the heading of level 2 that the line stands under. The kinds:
#
#     heading  level, a space and the text of a heading
#     fence    what stands behind ``` at the start of a block
#     code     a line of a block, as it stands
#     end      the end of a block
#     span     what stands between `backticks`
#     listed   the same, again, for one that a list item or a table row begins with
#     text     a whole paragraph, list item or table row; the byte 1 stands for the ends of its lines
#     error    what is wrong with the document itself
#
# Links, tabs and all that markdownlint looks at are for `lint.sh markdown`.
#
# It knows what the notes use: headings with #, blocks with ```, paragraphs, lists, tables, quotes,
# comments. It asks nothing of awk that mawk and busybox do not have.

function emit(line, kind, text) {
    print name "\t" line "\t" kind "\t" section "\t" text
}

# --- Paragraphs ----------------------------------------------------------------------------------

function add_line(text, kind) {
    if (paragraph == "") {
        first_line = FNR
        paragraph_kind = kind
        paragraph = text
    } else {
        paragraph = paragraph "\001" text
    }
}

function end_paragraph() {
    if (paragraph == "")
        return
    emit(first_line, "text", paragraph)
    scan(paragraph)
    paragraph = ""
}

# Where the run of n backticks after position i begins; 0: there is none.
function find_ticks(text, i, n) {
    while (match(substr(text, i), /`+/)) {
        i += RSTART - 1
        if (RLENGTH == n)
            return i
        i += RLENGTH
    }
    return 0
}

# Is this, which stands before the first span or between two, no text of its own?
function is_separator(text) {
    gsub(/\001/, " ", text)
    gsub(/(^|[ ,])and([ ,]|$)/, " ", text)
    return text !~ /[^ ,\/&+*]/
}

function take_span(text, line,   isFirst) {
    gsub(/\001 */, " ", text)
    if (text ~ /^ .*[^ ].* $/)
        text = substr(text, 2, length(text) - 2)
    emit(line, "span", text)
    if (paragraph_kind == "row") {
        if (cell == 1)
            emit(line, "listed", text)
    } else if (paragraph_kind == "item" && at_head && is_separator(between)) {
        emit(line, "listed", text)
        between = ""
    } else {
        at_head = 0
    }
}

function scan(text,   i, c, n, close_at, line, rest) {
    line = first_line
    cell = 0
    at_head = 1
    between = ""
    if (paragraph_kind == "item")
        sub(/^ *([-*+]|[0-9]+[.)]) +/, "", text)
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "`") {
            match(substr(text, i), /^`+/)
            n = RLENGTH
            close_at = find_ticks(text, i + n, n)
            if (close_at == 0) {
                emit(line, "error", "a backtick here has no partner")
                return
            }
            rest = substr(text, i + n, close_at - i - n)
            take_span(rest, line)
            line += gsub(/\001/, "", rest)
            i = close_at + n - 1
            continue
        }
        if (c == "\001") line++
        if (c == "|") cell++
        between = between c
        if (c == "\\") i++
    }
}

# --- Lines ---------------------------------------------------------------------------------------

function begin_block(text) {
    end_paragraph()
    match(text, /^ */)
    indent = RLENGTH
    gsub(/^ *``` *| +$/, "", text)
    emit(FNR, "fence", text)
    in_block = FNR
}

function take_heading(text,   level) {
    end_paragraph()
    match(text, /^#+/)
    level = RLENGTH
    sub(/^#+ */, "", text)
    sub(/ *#* *$/, "", text)
    if (level == 2)
        section = text
    emit(FNR, "heading", level " " text)
    # A heading has spans, too.
    first_line = FNR
    paragraph_kind = "heading"
    scan(text)
}

{ sub(/\r$/, "") }
in_block {
    if (/^ *``` *$/) {
        emit(FNR, "end", "")
        in_block = 0
    } else {
        match($0, /^ */)
        emit(FNR, "code", substr($0, (RLENGTH < indent ? RLENGTH : indent) + 1))
    }
    next
}
in_comment || /^ *<!--/ {
    end_paragraph()
    in_comment = !/-->/
    next
}
/^ *```/ { begin_block($0); next }
/^##* / { take_heading($0); next }
/^[ ]*$/ { end_paragraph(); next }
/^ *\[[^]]+\]: / { end_paragraph(); next }
/^ *\|/ { end_paragraph(); add_line($0, "row"); end_paragraph(); next }
/^ *([-*+]|[0-9]+[.)]) / { end_paragraph(); add_line($0, "item"); next }
/^ *> ?/ { sub(/^ *> ?/, ""); if ($0 == "") end_paragraph(); else add_line($0, "quote"); next }
{ add_line($0, "prose") }
END {
    if (in_block)
        emit(in_block, "error", "this block has no end")
    end_paragraph()
}
