# changes.awk: what stands under "What changed" is what changed. notes.sh runs it on what markdown.awk
# prints, for a stage that has one before it.
#
#     before, stage        the two stages
#     folder               holds what diff-cut.awk made of each: folder/STAGE/list, folder/STAGE/parts/,
#                          and folder/differences, what `diff -rqN` says of the two
#
# Each function, type, variable and constant that differs, or is in one stage only, has to be listed: a
# list item or a table row begins with its name in backticks, or with several names. Session_* stands
# for all that begin so. Of a file that is in one stage only the name of the file will do. A listed
# name that did not change is an error, too. Headers that are included and comments between functions
# may be left out.

# What has changed in a file that both stages have, and must be listed.
function must(text, file) {
    if (text == "") return
    # What stands in two files is said to be of the one that comes first.
    if (!(text in required)) required[text] = file
    may(text)
}

# What may be listed.
function may(text) {
    allowed[text] = 1
}

# The constants of a part and the headers that it includes, each with its line.
function read_constants(text, set,   n, i, row, key) {
    n = split(text, row, "\n")
    for (i = 1; i <= n; i++) {
        if (row[i] !~ /^#/) {
            if (key != "" && row[i] != "") set[key] = set[key] "\n" row[i]
            continue
        }
        key = row[i]
        sub(/^# *(define|include|undef|if|ifdef|ifndef) +/, "", key)
        sub(/^[<"]/, "", key)
        sub(/[^A-Za-z0-9_.].*/, "", key)
        # Blanks only line constants up.
        gsub(/ +/, " ", row[i])
        set[key] = row[i]
    }
}

function compare_constants(file, old_text, new_text,   old_set, new_set, key) {
    read_constants(old_text, old_set)
    read_constants(new_text, new_set)
    for (key in old_set)
        if (!(key in new_set)) new_set[key] = ""
    for (key in new_set)
        if (new_set[key] != old_set[key]) {
            if (key ~ /\.h$/) may(key)
            else must(key, file)
        }
}

function note_part(file, part, text,   other) {
    if (part ~ /\.(comment|lines)/) return
    # A type has two names where it ends with `} name;`.
    if (part ~ /\.type/ && match(text, /\n\} *[A-Za-z_0-9]+/)) other = substr(text, RSTART, RLENGTH)
    sub(/.*[ }]/, "", other)
    sub(/\..*/, "", part)
    same[other] = part
    may(other)
    must(part, file)
}

# A part that only one stage has is compared with nothing.
function compare_part(file, part,   old_text, new_text) {
    old_text = read_text(folder "/" before "/parts/" file "/" part)
    new_text = read_text(folder "/" stage "/parts/" file "/" part)
    if (part ~ /^(constants|includes|end)\.lines/)
        compare_constants(file, old_text, new_text)
    else
        note_part(file, part, new_text != "" ? new_text : old_text)
    may(file)
}

function read_files(side,   line, field) {
    while ((getline line < (folder "/" side "/list")) > 0) {
        split(line, field, "\t")
        has_file[side, field[1]] = 1
    }
}

# Files OLD/parts/FILE/PART and NEW/parts/FILE/PART differ
function find_changes(   line, path) {
    read_files(before)
    read_files(stage)
    while ((getline line < (folder "/differences")) > 0) {
        sub(/ differ$/, "", line)
        sub(/.*\/parts\//, "", line)
        split(line, path, "/")
        if (((before, path[1]) in has_file) && ((stage, path[1]) in has_file)) {
            compare_part(path[1], path[2])
        } else {
            # What is in a file of one stage only may be listed by its own name, too.
            must(path[1], "")
            sub(/\..*/, "", path[2])
            may(path[2])
        }
    }
}

# The name that a listed span is about: `static bool Session_Create(...)` is about Session_Create.
function to_name(text) {
    sub(/\(.*/, "", text)
    sub(/(->|\.).*/, "", text)
    sub(/ +$/, "", text)
    sub(/.* /, "", text)
    gsub(/[;*]+$/, "", text)
    return text
}

function check_listed(line, text,   key, prefix, is_prefix, hits) {
    checked++
    sub(/^0[1-9]-[^\/]*\//, "", text)
    if (text ~ /^examples\//) return
    if (text !~ /\.[ch]$|\/|^[A-Za-z0-9_]+[*]$/) text = to_name(text)
    prefix = text
    is_prefix = sub(/[*]$/, "", prefix)
    for (key in allowed)
        if (key == text || (is_prefix && index(key, prefix) == 1)) {
            listed[key] = 1
            if (key in same) listed[same[key]] = 1
            hits++
        }
    if (!hits)
        fail(line, (is_prefix ? "nothing that begins so changed" : "this is listed and did not change") " from " \
            before " to " stage, "", text)
}

$3 == "heading" && $4 == "What changed" && !at { at = $2 }
$3 == "listed" && $4 == "What changed" {
    if (!is_ready++) find_changes()
    check_listed($2, $5)
}
END {
    if (!is_ready) find_changes()
    for (key in required)
        if (!(key in listed))
            fail(at ? at : 1, "\"What changed\" does not list " key (required[key] ? " of " required[key] : ""))
    finish("what changed")
}
