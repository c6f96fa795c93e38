# claims.awk: every claim that the document cites is a test of that name. notes.sh runs it on what
# markdown.awk prints. `claims` is a file with the names of the tests, one a line.
#
#     ... (claim "port: a second association fails with 87") ...
#     ... (claims "select: ..." and "select: ...") ...

# The names that begin at `at`, with `and` or a comma between them. Returns where they end.
function take_names(first, text, at,   claim, line) {
    while (match(substr(text, at), /^,?[ \001]*(and[ \001]+)?"[^"]*"?/)) {
        claim = substr(text, at, RLENGTH)
        line = line_at(first, text, at + index(claim, "\""))
        at += RLENGTH
        checked++
        sub(/^[^"]*"/, "", claim)
        gsub(/\001 */, " ", claim)
        if (!sub(/"$/, "", claim))
            fail(line, "the name of this claim has no closing quote")
        else if (!(claim in known))
            fail(line, "no test of common/tests/claims/Claims*.c has this name", "", claim)
    }
    return at
}

function check_paragraph(first, text,   at) {
    at = 1
    while (match(substr(text, at), /[Cc]laims?[ \001]+["`'“‘]/)) {
        at += RSTART + RLENGTH - 1
        if (substr(text, at - 1, 1) == "\"")
            at = take_names(first, text, at - 1)
        else
            fail(line_at(first, text, at), "the name of a claim stands in \"straight quotes\"")
    }
}

$3 == "text" { check_paragraph($2, $5) }
BEGIN { read_set(claims, known) }
END { finish("claims") }
