# figures.awk: versions and numbers of tests that the document names are right. notes.sh runs it on what
# markdown.awk prints.
#
#     systems   a file with the versions that are known: Debian 12, Wine 8.0, GCC 12
#     counts    a file with what the test programs list, a line each, with tabs: the stage that is
#               tested, or all; how many tests; the command
#
# "Wine 8.0 and 10.0" are two versions. Where 16 of 51 tests failed, a program has 51, for the document's
# own stage if it is a lecture.

function read_systems(   line, lines, n, i, part) {
    read_set(systems, lines)
    for (line in lines) {
        n = split(tolower(line), part, /, */)
        for (i = 1; i <= n; i++) {
            known[part[i]] = 1
            sub(/ [0-9].*/, "", part[i])
            names[part[i]] = 1
        }
    }
}

function read_counts(   line, field) {
    while ((getline line < counts) > 0) {
        split(line, field, "\t")
        if (field[1] != "all" && index(name, "0") == 1 && index(name, field[1] "/") != 1) continue
        wanted = wanted (wanted == "" ? "" : ", ") field[2] " (" field[3] ")"
        tests[field[2]] = 1
        if (field[3] == "claims.exe") claims = field[2]
    }
    close(counts)
}

# Checks the versions that begin at `at`, behind the name of what they are of.
function take_versions(first, text, at, what,   version, parts, part) {
    while (match(substr(text, at), /^[ \001]+((and|or)[ \001]+)?[0-9]+(\.[0-9]+)*([ \001]+[0-9]+\.[0-9]+)?/)) {
        version = substr(text, at, RLENGTH)
        at += RLENGTH
        gsub(/[ \001]+/, " ", version)
        # The first has no word before it. Another number of parts is another kind of number: Wine 8.0 and 2
        # processors.
        if (sub(/^ (and|or)/, "", version) ? split(version, part, ".") != parts : parts) return
        parts = split(version, part, ".")
        checked++
        if (!((what version) in known))
            fail(line_at(first, text, at), "common/maintain/notes/known-systems.txt has no such version", "", what version)
    }
}

function check_versions(first, text,   what, at) {
    text = tolower(text)
    for (what in names) {
        at = 1
        while (match(substr(text, at), "(^|[^a-z0-9])" what "[ \001]")) {
            at += RSTART + RLENGTH - 2
            take_versions(first, text, at, what)
        }
    }
}

function check_numbers(first, text,   at, line, number, kind) {
    at = 1
    while (match(substr(text, at), /[0-9][0-9,]*[ \001]+(tests|claims)/)) {
        at += RSTART - 1
        line = line_at(first, text, at)
        number = kind = substr(text, at, RLENGTH)
        at += RLENGTH
        sub(/[ \001].*/, "", number)
        gsub(/,/, "", number)
        checked++
        if (kind ~ /claims$/ && number != claims)
            fail(line, "this is not the number of claims", claims, number)
        else if (kind ~ /tests$/ && !(number in tests))
            fail(line, "no program that make check-notes builds has so many tests", wanted, number)
    }
}

$3 == "heading" { sub(/^[0-9]+ /, "", $5) } # its level
$3 == "text" || $3 == "heading" { check_versions($2, $5); check_numbers($2, $5) }
BEGIN { read_systems(); read_counts() }
END { finish("figures") }
