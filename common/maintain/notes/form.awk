# form.awk: the document is put together as the notes are. notes.sh runs it on what markdown.awk
# prints. A stage's README.md has the sections of a lecture, in their order; others may stand between.

function expect_block(section, kind, why) {
    if (!((section, kind) in has))
        fail(at[section], "\"" section "\" has no block of " why)
}

function check_sections(   i, k, found) {
    count = split("Recap/Goal/The idea/What changed/Walk-through/Build/Run it/The picture/Break it/" \
        "Why, and what comes next/Pitfalls/Exercises/Sources", wanted, "/")
    for (i = 1; i <= count; i++) {
        found = 0
        for (k = last + 1; k <= sections; k++) {
            if (title[k] == wanted[i]) {
                last = found = k
                break
            }
        }
        if (!found)
            fail(wanted[i] in at ? at[wanted[i]] : 1, "section \"## " wanted[i] "\"" \
                (wanted[i] in at ? " does not stand where it should" : " is missing"))
    }
    if ("Run it" in at) expect_block("Run it", "console", "```console N, commands that are run")
    if ("Break it" in at) expect_block("Break it", "console", "```console N, commands that are run")
    if ("The idea" in at && !(("The idea", "text") in has))
        expect_block("The idea", "mermaid", "```mermaid or ```text, a diagram")
}

$3 == "error" { fail($2, $5) }
$3 == "heading" && $5 ~ /^2 / {
    checked++
    title[++sections] = $4
    if ($4 in at && is_stage)
        fail($2, "a second section \"## " $4 "\"")
    at[$4] = $2
}
$3 == "heading" && $5 ~ /^1 / && titles++ > 0 { fail($2, "a second title") }
$3 == "fence" {
    split($5, word, " ")
    has[$4, word[1]] = 1
    if ($5 != "" && $5 !~ /^(c .*|c|console.*|mermaid|text|sh|bat|diff|make|json)$/)
        fail($2, "a block of an unknown kind: ```" $5)
}
BEGIN { is_stage = name ~ /^0[1-9]-[^\/]*\/README\.md$/ }
END {
    if (titles == 0)
        fail(1, "there is no title: a line that begins with #")
    if (is_stage)
        check_sections()
    finish("sections and blocks")
}
