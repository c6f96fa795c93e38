# links.awk: every relative link, picture and anchor leads somewhere. notes.sh runs it on what
# markdown.awk prints. `files` is a file with the paths of the repository's files, one a line.
# Addresses of other machines are looked at, not called.

# The anchor that GitHub makes of a heading.
function to_anchor(text) {
    while (match(text, /\]\([^)]*\)/))
        text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
    text = tolower(text)
    # Dashes, quotes and arrows of UTF-8; other letters stay.
    gsub(/\342\200[\200-\277]|\342\206[\200-\277]/, "", text)
    gsub(/[!-,.\/:-@\[-^`{-~]/, "", text)
    gsub(/ /, "-", text)
    return text
}

# A heading that comes again has a number behind its anchor.
function add_anchor(path, text) {
    text = to_anchor(text)
    if ((path, text) in anchors)
        text = text "-" used[path, text]++
    else
        used[path, text] = 1
    anchors[path, text] = 1
}

# Notes the anchors of another document.
function read_anchors(path,   line, in_block) {
    if (path in is_read) return
    is_read[path] = 1
    while ((getline line < path) > 0) {
        sub(/\r$/, "", line)
        if (line ~ /^ *(```|~~~)/) in_block = !in_block
        if (!in_block && line ~ /^##* /) {
            sub(/^#+ */, "", line)
            add_anchor(path, line)
        }
    }
    close(path)
}

function count_lines(path,   line, n) {
    while ((getline line < path) > 0) n++
    close(path)
    return n
}

function check_anchor(line, target, path, anchor,   last) {
    if (path ~ /\.md$/) {
        if (path != name) read_anchors(path)
        if (!((path, anchor) in anchors))
            fail(line, "no heading of " path " has this anchor", "", target)
        return
    }
    last = anchor
    sub(/.*-?L/, "", last)
    if (anchor !~ /^L[0-9]+(-L[0-9]+)?$/ || last + 0 > count_lines(path))
        fail(line, "this anchor leads nowhere", "", target)
}

function check_target(line, target,   path, anchor, lower) {
    if (target ~ /^(https?:\/\/|mailto:)[^ ]+$/)
        return
    path = target
    anchor = ""
    if (index(target, "#")) {
        path = substr(target, 1, index(target, "#") - 1)
        anchor = substr(target, index(target, "#") + 1)
    }
    if (target == "" || target ~ /[ \\%]|^\// || target ~ /^[A-Za-z]+:/) {
        fail(line, "this is not a relative link: the path from " name ", with / and without blanks", "", target)
        return
    }
    if (path == "") {
        path = name
    } else {
        path = clean_path(folder_of(name) path)
        lower = tolower(path)
        if (!(path in file) && !(path in folder) && path != "") {
            fail(line, lower in right ? "this link differs in capitals from " right[lower] \
                : "this link leads nowhere", "", target)
            return
        }
    }
    if (anchor != "")
        check_anchor(line, target, path, anchor)
}

$3 == "heading" {
    text = $5
    sub(/^[0-9] /, "", text)
    add_anchor(name, text)
}
$3 == "link" { checked++; link_line[checked] = $2; link[checked] = $5 }
$3 == "use" { use_line[++uses] = $2; use[uses] = $5 }
$3 == "define" { defined[$5] = 1 }
BEGIN {
    read_set(files, file)
    for (path in file) {
        right[tolower(path)] = path
        part = path
        while (sub(/\/[^\/]*$/, "", part)) {
            folder[part] = 1
            right[tolower(part)] = part
        }
    }
}
END {
    for (i = 1; i <= checked; i++)
        check_target(link_line[i], link[i])
    for (i = 1; i <= uses; i++)
        if (!(use[i] in defined))
            fail(use_line[i], "no line defines the link [" use[i] "]: ...")
    finish("links")
}
