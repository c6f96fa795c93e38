# claims.awk: every claim that the document cites is a test of that name. notes.sh runs it on what
# markdown.awk prints. `claims` is a file with the names of the tests, one a line.
#
#     ... (claim "port: a second association fails with 87") ...
#     ... (claims "select: ..." and "select: ...") ...

# Takes the name that begins at `at`. Returns the position behind its closing quote; 0: it has none.
function take_name(first, text, at,   end, claim) {
    end = index(substr(text, at), "\"")
    if (end == 0) {
        fail(line_at(first, text, at), "the name of this claim has no closing quote")
        return 0
    }
    checked++
    claim = substr(text, at, end - 1)
    gsub(/\001 */, " ", claim)
    if (!(claim in known))
        fail(line_at(first, text, at), "no test of common/tests/claims/Claims*.c has this name", "", claim)
    return at + end
}

function check_paragraph(first, text,   at, rest) {
    at = 1
    for (;;) {
        rest = substr(text, at)
        if (!match(rest, /[Cc]laims?[ \001]+["`'“‘]/))
            return
        at += RSTART + RLENGTH - 1
        if (substr(text, at - 1, 1) != "\"") {
            checked++
            fail(line_at(first, text, at), "the name of a claim stands in \"straight quotes\"")
            continue
        }
        while ((at = take_name(first, text, at)) > 0) {
            rest = substr(text, at)
            if (!match(rest, /^,?[ \001]*(and[ \001]+)?"/))
                break
            at += RLENGTH
        }
        if (at == 0)
            return
    }
}

$3 == "text" { check_paragraph($2, $5) }
BEGIN { read_set(claims, known) }
END { finish("claims") }
