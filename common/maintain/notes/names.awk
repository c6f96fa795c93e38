# names.awk: what the document names in `backticks` exists: functions, types, constants, options, files
# and make targets. notes.sh runs it on what markdown.awk prints, with files of one name a line:
#
#     files     the files of the repository
#     words     every word of its sources, see read_words in notes.sh
#     targets   what make can make
#     known     common/maintain/notes/known-names.txt: names of the system and of tools that the notes use
#
# and with `literals`, what stands in quotes in the sources of the tests, for the names of tests. It
# looks at the comments of sources, too, as comments.awk prints them.
#
# What is looked at: `make xyz`; paths, and names that end as files do; identifiers with ( behind them,
# or written LikeThis, likeThis, like_this or LIKE_THIS; options that begin with --. Other words in
# backticks may be anything. Lines of sh and console blocks that call make are looked at, too.

function is_word(text) {
    return text in word || text in other
}

# --- make ----------------------------------------------------------------------------------------

function check_make(line, text,   part, variable) {
    sub(/^make */, "", text)
    # What stands in quotes is one word.
    while (match(text, /([^ "']|"[^"]*"|'[^']*')+/)) {
        part = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        gsub(/["']/, "", part)
        if (part ~ /^(&&|\|\||[|;>#]|&$)/) return
        if (part ~ /^-/) continue
        if (part ~ /^[A-Za-z_]+=/) {
            variable = part
            sub(/=.*/, "", variable)
            if (!(variable in makefile))
                fail(line, "no make variable has this name", "", variable)
            if (variable == "FILTER")
                check_test(line, substr(part, 8))
            while (match(part, /--[a-z][a-z-]*/)) {
                check_option(line, substr(part, RSTART, RLENGTH))
                part = substr(part, RSTART + RLENGTH)
            }
            continue
        }
        # `make run-0N` stands for those of all stages.
        sub(/0N/, "05", part)
        if (!(part in target))
            fail(line, "make has no such target", "", "make " part)
    }
}

function check_test(line, text) {
    if (index(tests, text) == 0)
        fail(line, "no test has this in its name", "", text)
}

# --- Files ---------------------------------------------------------------------------------------

function is_file_name(text) {
    if (text ~ /^\// || text ~ /[^A-Za-z0-9_.*\/-]/) return 0
    if (text ~ /^(build|common|0[0-9N]-[a-z*-]+)(\/|$)/) return 1
    if (text ~ /^[A-Za-z0-9_-]+\/$/) return 1
    return text ~ /[A-Za-z0-9_*]\.(c|h|md|sh|awk|exe|dll|lib|svg|json|html|txt|patch|png)$/ ||
        text ~ /^lib[a-z]+\.a$/
}

# A pattern such as Claims*.c as a regular expression.
function to_expression(text) {
    gsub(/[.]/, "[.]", text)
    gsub(/[*]/, "[^/]*", text)
    gsub(/0N/, "0[0-9]", text)
    return text
}

function has_match(set, expression,   path) {
    for (path in set)
        if (path ~ expression) return 1
    return 0
}

function is_file(text,   expression) {
    sub(/\/$/, "", text)
    sub(/^build\/instrument\//, "build/", text)
    if (text in other || text in file || clean_path(folder_of(name) text) in file)
        return 1
    # A path, or its end.
    expression = to_expression(text)
    if (text !~ /^build(\/|$)/)
        return has_match(file, "(^|/)" expression "$") || has_match(target, "(^|/)" expression "$")
    # What is built: make has a rule for it, or a script or the Makefile names it.
    return has_match(target, "^" expression "(/|$)") || index(made, text) > 0
}

# --- Identifiers ---------------------------------------------------------------------------------

function is_identifier(text, next_char) {
    if (text ~ /^[0-9]/) return 0
    if (next_char == "(") return text !~ /^(if|for|while|switch|return|sizeof|int|void)$/
    if (text ~ /[a-z][A-Z]/) return 1
    if (text ~ /[A-Za-z].*_|_.*[A-Za-z]/) return 1
    return text ~ /^[A-Z][A-Z0-9]*[A-Z][A-Z0-9]*$/ && length(text) > 2
}

function check_identifiers(line, text,   part, exists) {
    while (match(text, /[A-Za-z0-9_]+/)) {
        part = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (!is_identifier(part, substr(text, 1, 1)))
            continue
        # Session_* stands for all that begin so.
        exists = part ~ /_$/ && text ~ /^[*]/ ? has_match(word, "^" part) : is_word(part)
        # In a comment, which has no backticks, there may be several of them.
        # Session_Create may go there by the name of Create.
        if ($3 == "comment" && !exists)
            exists = part in method || (part ~ /s$/ && is_word(substr(part, 1, length(part) - 1)))
        if (!exists)
            fail(line, "neither the sources nor common/maintain/notes/known-names.txt have this name", "", part)
    }
}

function check_option(line, text) {
    sub(/=.*/, "", text)
    if (!is_word(text))
        fail(line, "no program of the repository has this option", "", text)
}

function check_word(line, text,   bare) {
    bare = text
    gsub(/^["'(]+|["'),;:]+$/, "", bare)
    gsub(/\\/, "/", bare)
    if (bare in other || bare ~ /:\/\//)
        return
    if (bare ~ /^--[a-z]/)
        check_option(line, bare)
    else if (!is_file_name(bare))
        check_identifiers(line, text)
    else if (!is_file(bare))
        fail(line, "there is no such file", "", bare)
}

function check_span(line, text,   n, i, part) {
    checked++
    if (text in other)
        return
    if (text ~ /^make( |$)/) {
        check_make(line, text)
        return
    }
    n = split(text, part, " ")
    for (i = 1; i <= n; i++)
        check_word(line, part[i])
}

# --- Comments ------------------------------------------------------------------------------------

# Words of a comment stand without backticks. What is looked at there: names of files, and words that
# LikeThis, likeThis or like_this can only be names; targets of make with a - in them; FILTER=text,
# the test "name" and the claim "name"; "A section" in FILE.md.
function check_comment(line, text,   n, i, part) {
    gsub(/`/, " ", text)
    n = split(text, part, " ")
    for (i = 1; i <= n; i++) {
        # busybox takes \ in [ ] for itself.
        gsub(/^[["'({]+|[]"'),;:.?!}]+$/, "", part[i])
        if (sub(/^FILTER=["']?/, "", part[i]))
            check_test(line, part[i])
        else if (part[i - 1] == "make" && part[i] ~ /^[a-z]+-[a-z0-9N]+$/)
            check_make(line, "make " part[i])
        else if (is_file_name(part[i])) {
            # What stands for any name, and what a script makes.
            if (part[i] !~ /(^|[\/-])(PATH|NAME|FILE|OUT|SUITE|TRACE|NN|0N-name|path\/to)/ && !is_made(part[i]))
                check_word(line, part[i])
        }
        else if (length(part[i]) > 2 && part[i] ~ /^[A-Za-z0-9_]*([a-z][A-Z]|[A-Za-z0-9]_[A-Za-z])[A-Za-z0-9_]*([(][)]?)?$/)
            check_identifiers(line, part[i])
    }
}

function check_quoted(line, text,   quoted, section, part) {
    gsub(/\001 */, " ", text)
    quoted = text
    while (match(quoted, /([Tt]ests?|[Cc]laims?) "[^"]+"/)) {
        section = substr(quoted, RSTART, RLENGTH - 1)
        quoted = substr(quoted, RSTART + RLENGTH)
        sub(/[^"]*"/, "", section)
        sub(/[.][.][.]$/, "", section)
        check_test(line, section)
    }
    while (match(text, /"[A-Z][^"]*" in [A-Za-z0-9_.\/-]*\.md/)) {
        split(substr(text, RSTART + 1, RLENGTH - 1), part, /" in /)
        text = substr(text, RSTART + RLENGTH)
        checked++
        if (index(read_text(clean_path(folder_of(name) part[2])), "# " part[1] "\n") == 0)
            fail(line, "the document has no such section", "", part[1])
    }
}

# Do scripts name it, or what is before its *?
function is_made(text) {
    sub(/[*].*/, "", text)
    sub(/.*\//, "", text)
    return length(text) > 3 && index(made, text) > 0
}

$3 == "comment" {
    name = $1
    checked++
    check_quoted($2, $5)
    count = split($5, lines, "\001")
    for (line_number = 1; line_number <= count; line_number++)
        check_comment($2 + line_number - 1, lines[line_number])
}
$3 == "span" { check_span($2, $5) }
$3 == "fence" { kind = $5 }
$3 == "code" && kind ~ /^(sh|console)/ {
    text = $5
    sub(/^\$ /, "", text)
    if (text ~ /^make( |$)/ && (kind == "sh" || $5 != text)) {
        checked++
        check_make($2, text)
    }
}
BEGIN {
    title = name
    read_set(files, file)
    read_set(words, word)
    for (part in word)
        if (part ~ /^[A-Z][A-Za-z]*_[A-Z][a-z]/) {
            sub(/^[^_]*_/, "", part)
            method[part] = 1
        }
    for (path in file) {
        # A program's parts go by the names of their files.
        part = path
        gsub(/.*\/|\..*/, "", part)
        word[part] = 1
        part = path
        while (sub(/\/[^\/]*$/, "", part))
            folder[part] = 1
    }
    for (path in folder)
        file[path] = 1
    read_set(known, other)
    read_set(targets, target)
    tests = read_text(literals)
    # The text of the Makefile and of the scripts that it calls.
    made = read_text(makefiles)
    for (i = split(made, words_made, /[^A-Za-z_]+/); i > 0; i--)
        makefile[words_made[i]] = 1
}
END {
    # A comment's file has been the name.
    name = title
    finish("names")
}
