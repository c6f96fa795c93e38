# comments.awk: what the comments of sources say, for names.awk; notes.sh runs it on all of them.
#
#     awk -f comments.awk FILE...
#     awk -v code=1 -f comments.awk FILE...      the other way round: the lines without their comments
#
# Prints a record for each paragraph of a comment, in the form of markdown.awk, of the kind `comment`:
# the byte 1 stands for the ends of its lines. In scripts a comment is a line that begins with #.

function end_paragraph() {
    if (paragraph != "" && !code)
        print file "\t" first "\tcomment\t\t" paragraph
    paragraph = ""
}

function add(text) {
    gsub(/\t/, " ", text)
    sub(/^ *\* /, "", text)
    if (text !~ /[^ *\/-]/) {
        end_paragraph()
    } else if (paragraph == "") {
        first = FNR
        paragraph = text
    } else {
        paragraph = paragraph "\001" text
    }
}

# A line of C: what is a comment in it, and what is not.
function take_c(text,   rest, at) {
    while (text != "") {
        if (inside) {
            at = index(text, "*/")
            add(at > 0 ? substr(text, 1, at - 1) : text)
            if (at == 0) return rest
            text = substr(text, at + 2)
            inside = 0
            end_paragraph()
        } else if (match(text, /^([^"'\/]|"([^"\\]|\\.)*"|'([^'\\]|\\.)+'|\/[^*\/])+/)) {
            rest = rest substr(text, 1, RLENGTH)
            text = substr(text, RLENGTH + 1)
        } else if (text ~ /^\/\*/) {
            inside = 1
            text = substr(text, 3)
        } else if (text ~ /^\/\//) {
            add(substr(text, 3))
            return rest
        } else {
            rest = rest substr(text, 1, 1)
            text = substr(text, 2)
        }
    }
    if (inside || rest ~ /[^ ]/) end_paragraph()
    return rest
}

FNR == 1 {
    end_paragraph()
    inside = 0
    file = FILENAME
    is_c = file ~ /\.(c|h|m?js)$/
}
{ sub(/\r$/, "") }
is_c { rest = take_c($0) }
!is_c {
    rest = $0
    if (rest ~ /^[ \t]*#/ && rest !~ /^#!|# shellcheck /) {
        rest = ""
        sub(/^[ \t]*#:?/, "")
        add($0)
    } else {
        end_paragraph()
    }
}
code { print rest }
END { end_paragraph() }
