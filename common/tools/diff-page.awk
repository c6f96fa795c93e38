# diff-page.awk: lays out the step from one stage to the next as a page; diff-html.sh runs it, with
# diff-read.awk, which says what is in the variables that nothing here sets.
#
# before and stage are the names of the two stages or steps, previous_page and next_page the pages of the steps
# around it or empty, examples the programs of the stage, parts the folder with the new parts, style
# the style sheet. Prints the page, and adds an entry for the list of all steps to the file `entries`.

# --- Words ---------------------------------------------------------------------------------------

function escape(string) {
    gsub(/&/, "\\&amp;", string)
    gsub(/</, "\\&lt;", string)
    gsub(/>/, "\\&gt;", string)
    return string
}

function plural(number, word) {
    return number " " word (number == 1 ? "" : "s")
}

# What a reader calls a part.
function title(path,   name, type) {
    name = type = name_of(path)
    sub(/\.[a-z]+(\.[0-9]+)?$/, "", name)
    sub(/^[^.]*\./, "", type)
    if (type ~ /^function/) return name "()"
    if (type ~ /^declaration/) return name ", declaration"
    if (type ~ /^type/) return "type " name
    if (type ~ /^variable/) return "variable " name
    if (name == "top") return "comment at the top"
    if (name == "includes") return "#include"
    if (name == "constants") return "#define"
    if (name == "end") return "#endif"
    gsub(/-/, " ", name)
    gsub(/^ | $/, "", name)
    return name
}

# What the overview names: the others say the same twice, or little.
function is_notable(path) {
    return path ~ /\.(function|type|variable)(\.[0-9]+)?$/
}

# What happened to a part: gone, new, same, changed, or moved. A moved one had another file or name,
# and may have been changed, too.
function status(path) {
    if (!(path in newStart)) return "gone"
    if (!(path in source)) return "new"
    if (source[path] != path) return "moved"
    return lines[path] > 0 ? "changed" : "same"
}

# The same in words.
function status_text(path,   old, place) {
    if (status(path) != "moved") return status(path)
    old = source[path]
    place = name_of(old) == name_of(path) ? "" : title(old)
    if (file_of(old) != file_of(path)) place = place (place == "" ? "" : ", ") file_of(old)
    place = (file_of(old) == file_of(path) ? "was " : "moved from ") place
    return place (lines[path] > 0 ? ", changed" : "")
}

# A file that is new and has nothing from an old one.
function is_whole(file,   i) {
    if (file in isOldFile) return 0
    for (i = 1; i <= newCount; i++)
        if (file_of(newList[i]) == file && newList[i] in source) return 0
    return 1
}

function link(to, html, class) {
    return "<a" (class == "" ? "" : " class=\"" class "\"") " href=\"" to "\">" html "</a>"
}

# Lines added and removed.
function numbers(plus, minus) {
    return "<span class=\"numbers\">" (plus > 0 ? "<span class=\"plus\">+" plus "</span> " : "") \
        (minus > 0 ? "<span class=\"minus\">&minus;" minus "</span>" : "") "</span>"
}

# --- Lines of code -------------------------------------------------------------------------------

# The line with an element around each range of `list`: column, length, column, length, and so on. Two
# with only blanks between them are one.
function mark_words(string, list, element,   range, count, i, first, last, done, html) {
    count = split(list, range, " ")
    done = 1
    for (i = 1; i < count; i += 2) {
        first = range[i]
        last = first + range[i + 1] - 1
        while (i + 2 < count && letters(substr(string, last + 1, range[i + 2] - last - 1)) == "") {
            i += 2
            last = range[i] + range[i + 1] - 1
        }
        while (first <= last && substr(string, first, 1) == " ") first++
        while (first <= last && substr(string, last, 1) == " ") last--
        if (first > last) continue
        html = html escape(substr(string, done, first - done)) \
            "<" element ">" escape(substr(string, first, last - first + 1)) "</" element ">"
        done = last + 1
    }
    return html escape(substr(string, done))
}

# One side of a row: a number, a sign and a text.
function half(class, number, mark, html) {
    return "<td class=\"n\">" number "</td><td class=\"s " class "\">" mark "</td>" \
        "<td class=\"t " class "\">" html "</td>"
}

# Where a moved line came from or went to, if that was not said just before.
function moved_note(path, n,   side, other, note) {
    side = sign[path, n]
    other = (side == "-" ? "+" : "-") SUBSEP letters(text[path, n])
    if (!(other in movedTo)) return ""
    other = movedTo[other]
    note = (other == path ? "moved within " : side == "-" ? "to " : "from ") title(other)
    if (file_of(other) != file_of(path)) note = note ", " file_of(other)
    if (note == said[side]) return ""
    said[side] = note
    return "<span class=\"note\">" escape(note) "</span>"
}

# The side with line n of the diff, which is the line `number` of the part. Words are marked if enough
# of the line is as it was.
function changed_half(path, n, number, isPaired,   side, html, start) {
    side = sign[path, n]
    start = side == "+" ? newStart[path] : oldStart[path in newStart ? source[path] : path]
    html = escape(text[path, n])
    if (isMoved[path, n]) {
        html = moved_note(path, n) html
        return half("moved", start + number - 1, side == "-" ? "&laquo;" : "&raquo;", html)
    }
    if (isPaired || shared[side, path, number] >= 0.8 * length(letters(text[path, n])))
        html = mark_words(text[path, n], marks[side, path, number], side == "-" ? "del" : "ins")
    return half(side == "-" ? "old" : "new", start + number - 1, side == "-" ? "&minus;" : "+", html)
}

function add_row(html, isContext) {
    rowIsContext[++rows] = isContext
    row[rows] = html
}

function add_context(path, string) {
    string = escape(string)
    add_row(half("same", oldStart[source[path]] + oldAt++ - 1, "", string) \
        half("same", newStart[path] + newAt++ - 1, "", string), 1)
}

# How much two lines have in common, if that makes them one line that was changed; or 0.
function likeness(path, i, j, oldText, newText,   count, shorter, longer) {
    count = pairShared[path, i, j] + 0
    shorter = length(letters(oldText))
    longer = length(letters(newText))
    if (shorter > longer) { i = shorter; shorter = longer; longer = i }
    return count >= 0.5 * longer || count >= 6 && count >= 0.65 * shorter ? count : 0
}

# The lines first..last of the diff are some old ones and some new ones. Puts beside each other those
# that are most alike, in their order, and then the others.
function add_change(path, first, last,   n, i, j, olds, news_, oldN, newN, best, choice, gain) {
    for (n = first; n <= last; n++) {
        if (sign[path, n] == "-") oldN[++olds] = n
        else newN[++news_] = n
    }
    # best[i, j]: what the pairs from the old line i and the new line j on can have in common.
    for (i = olds; i >= 1; i--) {
        for (j = news_; j >= 1; j--) {
            best[i, j] = best[i + 1, j] + 0
            choice[i, j] = "old"
            if (best[i, j + 1] > best[i, j]) { best[i, j] = best[i, j + 1]; choice[i, j] = "new" }
            gain = likeness(path, oldAt + i - 1, newAt + j - 1, \
                text[path, oldN[i]], text[path, newN[j]])
            if (gain > 0 && best[i + 1, j + 1] + gain > best[i, j]) {
                best[i, j] = best[i + 1, j + 1] + gain
                choice[i, j] = "pair"
            }
        }
    }
    first = last = 1
    for (i = j = 1; i <= olds && j <= news_; ) {
        if (choice[i, j] == "pair") {
            add_beside(path, oldN, first, i - 1, newN, last, j - 1)
            add_row(changed_half(path, oldN[i], oldAt++, 1) changed_half(path, newN[j], newAt++, 1))
            first = ++i
            last = ++j
        } else if (choice[i, j] == "old") i++
        else j++
    }
    add_beside(path, oldN, first, olds, newN, last, news_)
}

# The old lines i..iLast and the new lines j..jLast, of which no two belong together.
function add_beside(path, oldN, i, iLast, newN, j, jLast,   left, right) {
    while (i <= iLast || j <= jLast) {
        left = i <= iLast ? changed_half(path, oldN[i++], oldAt++) : half("none")
        right = j <= jLast ? changed_half(path, newN[j++], newAt++) : half("none")
        add_row(left right)
    }
}

# Fills row with a part, the two sides beside each other.
function lay_out(path,   n, first, line) {
    rows = 0
    oldAt = newAt = 1
    said["-"] = said["+"] = ""
    for (n = 1; n <= lines[path]; ) {
        if (sign[path, n] == " ") {
            add_context(path, text[path, n++])
            continue
        }
        for (first = n; n <= lines[path] && sign[path, n] != " "; n++)
            ;
        add_change(path, first, n - 1)
    }
    if (lines[path] > 0) return
    while ((getline line <(parts "/" path)) > 0)
        add_context(path, line)
    close(parts "/" path)
}

function print_rows(first, last,   i) {
    if (first > last) return
    print "<table><colgroup>" COLUMNS COLUMNS "</colgroup>"
    for (i = first; i <= last; i++)
        print "<tr>" row[i] "</tr>"
    print "</table>"
}

# Prints the rows. The middle of a long stretch without a change is folded.
function print_folded(   i, last, first, end, done) {
    for (i = 1; i <= rows; i = last + 1) {
        for (last = i; last < rows && rowIsContext[last + 1] == rowIsContext[i]; last++)
            ;
        first = i == 1 ? 1 : i + AROUND
        end = last == rows ? rows : last - AROUND
        if (!rowIsContext[i] || end - first + 1 < LEAST_FOLD) continue
        print_rows(done + 1, first - 1)
        print "<details><summary>" plural(end - first + 1, "unchanged line") "</summary>"
        print_rows(first, end)
        print "</details>"
        done = end
    }
    print_rows(done + 1, rows)
}

# --- Parts and files -----------------------------------------------------------------------------

function print_part(path) {
    print "<section id=\"" path "\">"
    print "<h3>" escape(title(path)) \
        " <span class=\"tag " status(path) "\">" escape(status_text(path)) "</span></h3>"
    lay_out(path)
    if (lines[path] > 0) {
        print_folded()
    } else {
        print "<details><summary>" plural(rows, "line") ", none of them changed</summary>"
        print_rows(1, rows)
        print "</details>"
    }
    print "</section>"
}

# A part of a file that is new as a whole: there is no other side.
function print_single(path,   n) {
    said["+"] = ""
    print "<div id=\"" path "\" class=\"single\">"
    if (is_notable(path)) print "<h3>" escape(title(path)) "</h3>"
    print "<table><colgroup>" COLUMNS "</colgroup>"
    for (n = 1; n <= lines[path]; n++)
        print "<tr>" changed_half(path, n, n) "</tr>"
    print "</table></div>"
}

# Puts aside a part that is the same or has gone to another file: consecutive ones are printed together.
function put_aside(what, path) {
    if (aside != what) print_aside()
    aside = what
    asideList[++asideCount] = path
}

function print_aside(   i, names) {
    for (i = 1; i <= asideCount; i++) {
        names = names (i == 1 ? "" : ", ")
        if (aside == "same") names = names escape(title(asideList[i]))
        else names = names link("#" asideList[i], escape(title(asideList[i]))) " to " file_of(asideList[i])
    }
    if (aside == "away") print "<p class=\"away\">&laquo; moved: " names "</p>"
    if (aside == "same") {
        print "<details class=\"parts\"><summary>unchanged: " names "</summary>"
        for (i = 1; i <= asideCount; i++) {
            print "<section id=\"" asideList[i] "\"><h3>" escape(title(asideList[i])) "</h3>"
            lay_out(asideList[i])
            print_rows(1, rows)
            print "</section>"
        }
        print "</details>"
    }
    aside = ""
    asideCount = 0
}

# The old parts of the file that are not in the new one, and stood behind `anchor`.
function print_leaving(file, anchor,   count, i, path) {
    count = split(leaving[file, anchor], path, " ")
    for (i = 1; i <= count; i++) {
        if (target[path[i]] in newStart) {
            put_aside("away", target[path[i]])
        } else {
            print_aside()
            print_part(path[i])
        }
    }
}

function print_file(file,   i, path, what) {
    what = file in isNewFile ? file in isOldFile ? "" : "new file" : "gone"
    print "<article id=\"" file "\"" (is_whole(file) ? " class=\"whole\"" : "") ">"
    what = "<span>" what " " numbers(added[file], removed[file]) "</span>"
    if (!is_whole(file)) what = "<span>in " before "</span><span>in " stage "</span>" what
    print "<h2><span>" file "</span>" what "</h2>"
    print_leaving(file, "")
    for (i = 1; i <= newCount; i++) {
        path = newList[i]
        if (file_of(path) != file) continue
        if (status(path) == "same") {
            put_aside("same", path)
        } else {
            print_aside()
            if (is_whole(file)) print_single(path)
            else print_part(path)
        }
        print_leaving(file, path)
    }
    print_aside()
    print "</article>"
}

# --- The page ------------------------------------------------------------------------------------

# leaving[file, anchor]: old parts that the file no longer has, behind the one before them that it has.
function find_leaving(   i, path, file, anchor) {
    for (i = 1; i <= oldCount; i++) {
        path = oldList[i]
        if (file_of(path) != file) anchor = ""
        file = file_of(path)
        if (target[path] in newStart && file_of(target[path]) == file) anchor = target[path]
        else leaving[file, anchor] = leaving[file, anchor] path " "
    }
}

# The files that were there before come first, and a header before its source.
function sort_key(file,   key) {
    key = file
    sub(/\.h$/, ".1", key)
    sub(/\.c$/, ".2", key)
    return !(file in isOldFile) " " key
}

function sort_files(   i, j, file) {
    for (i = 2; i <= fileCount; i++) {
        file = fileList[i]
        for (j = i; j > 1 && sort_key(fileList[j - 1]) > sort_key(file); j--)
            fileList[j] = fileList[j - 1]
        fileList[j] = file
    }
}

# The parts of a file to which that happened, as links.
function list_parts(file, what, word,   i, path, html, isOld) {
    for (i = 1; i <= newCount + oldCount; i++) {
        isOld = i > newCount
        path = isOld ? oldList[i - newCount] : newList[i]
        if (isOld && target[path] in newStart) continue
        if (file_of(path) != file || status(path) != what || !is_notable(path)) continue
        html = html " " link("#" path, escape(title(path)), "tag " what)
        tally[what]++
    }
    return html == "" ? "" : "<div><b>" word "</b><span>" html "</span></div>"
}

function print_overview(   i, file) {
    print "<table class=\"overview\">"
    for (i = 1; i <= fileCount; i++) {
        file = fileList[i]
        print "<tr><th>" link("#" file, file) "</th><td>" numbers(added[file], removed[file]) "</td><td>"
        print list_parts(file, "new", file in isOldFile ? "+ new" : "+ new file")
        print list_parts(file, "moved", "&raquo; moved, renamed")
        print list_parts(file, "changed", "&plusmn; changed")
        print list_parts(file, "gone", "&minus; gone")
        print "</td></tr>"
        addedSum += added[file]
        removedSum += removed[file]
    }
    print "<tr class=\"total\"><th>total</th><td>" numbers(addedSum, removedSum) "</td><td></td></tr>"
    print "</table>"
}

# 05 of 05-iocp-basic, and 06.1 as it is.
function number_of(name) {
    sub(/-.*/, "", name)
    return name
}

function print_legend() {
    print "<p class=\"legend\"><span><b class=\"old\">&minus;</b> only in " number_of(before) "</span>"
    print "<span><b class=\"new\">+</b> only in " number_of(stage) "</span>"
    print "<span><del>words</del> <ins>words</ins> changed in a line</span>"
    print "<span><b class=\"moved\">&laquo; &raquo;</b> moved elsewhere, moved here</span></p>"
}

function print_style(   line) {
    while ((getline line <style) > 0)
        print line
    close(style)
}

function print_page(   i) {
    print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    print "<meta name=\"viewport\" content=\"width=device-width\">"
    print "<title>" before " to " stage "</title>\n<style>"
    print_style()
    print "</style>\n</head>\n<body>\n<header>"
    print "<nav>" link("index.html", "All steps")
    if (previous_page != "") print link(previous_page, "&larr; the step before")
    if (next_page != "") print link(next_page, "the next step &rarr;")
    print "</nav>"
    print "<h1>" before " &rarr; " stage "</h1>"
    print "<p class=\"news\">" escape(news) "</p>"
    print_overview()
    if (examples != "")
        print "<p>The programs in examples/ use the stage and are not part of the step: " examples ".</p>"
    print_legend()
    print "</header>\n<main>"
    for (i = 1; i <= fileCount; i++)
        print_file(fileList[i])
    print "</main>\n</body>\n</html>"
}

function tally_item(what) {
    return tally[what] > 0 ? "<li>" tally[what] " " what "</li>" : ""
}

# The step's entry in the list of all steps. The bars are as long as the step is big.
function print_entry() {
    print "<article>\n<h2>" link(stage ".html", before " &rarr; " stage) >>entries
    print numbers(addedSum, removedSum) "</h2>" >>entries
    print "<div class=\"bar\"><span class=\"new\" style=\"width:" addedSum / 4 "px\"></span>" >>entries
    print "<span class=\"old\" style=\"width:" removedSum / 4 "px\"></span></div>" >>entries
    print "<p>" escape(news) "</p>" >>entries
    print "<ul><li>" plural(fileCount, "file") "</li>" tally_item("new") tally_item("changed") \
        tally_item("moved") tally_item("gone") "</ul>\n</article>" >>entries
}

BEGIN {
    AROUND = 3     # unchanged lines that stay in view around a change
    LEAST_FOLD = 4 # fewer are not worth folding
    COLUMNS = "<col class=\"n\"><col class=\"s\"><col>" # of a side: number, sign, text
}
END {
    find_leaving()
    sort_files()
    print_page()
    print_entry()
}
