# form.awk: no block or backtick is left open, and a lecture has a diagram, and commands that are run. notes.sh
# runs it on what markdown.awk prints. The sections and the kinds of blocks are for `lint.sh markdown`.

function expect_block(section, kind, why) {
    if (section in at && !((section, kind) in has))
        fail(at[section], "\"" section "\" has no block of " why)
}

$3 == "error" { fail($2, $5) }
$3 == "heading" && $5 ~ /^2 / { at[$4] = $2 }
$3 == "heading" || $3 == "fence" { checked++ }
$3 == "fence" {
    split($5, word, " ")
    has[$4, word[1]] = 1
}
END {
    if (name ~ /^0[1-9]-[^\/]*\/README\.md$/) {
        expect_block("Run it", "console", "```console N, commands that are run")
        expect_block("Break it", "console", "```console N, commands that are run")
        if (!(("The idea", "text") in has))
            expect_block("The idea", "mermaid", "```mermaid or ```text, a diagram")
    }
    finish("blocks")
}
