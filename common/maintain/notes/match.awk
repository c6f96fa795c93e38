# match.awk: compares what a terminal shows with what the notes say that it shows. commands.sh runs it.
#
#     awk -v output=FILE -v from=LINE -v skipping=0 -v settled=0 -v last=0 -v tail= -f match.awk LINES
#
# LINES are those of the notes, as steps.awk writes them. `output` is all that the terminal has shown,
# and its lines before number `from` have been compared. settled=1: it has not grown for a while, so
# its last line is whole. last=1: no other line may follow; `tail` are then the LINES before. Prints one of
#
#     ok NEXT SKIPPING          all is there; from where to go on, and whether any lines may come first
#     wait LINE                 this line of the notes has not come; it follows
#     wrong LINE                another line has come; two lines follow: what was expected, what came
#
# LINE is 0 if nothing was expected.
#
# In the notes `...` stands for any lines, and PORT, THREAD, PID, MS and NUMBER for a number. What
# make says when it builds or when a program fails is there or not, and so is what the client prints
# of a line that was typed, because on a terminal the person sees that anyway. `typed` names a file
# with these lines.

function trim(text) {
    sub(/[ \t\r]+$/, "", text)
    return text
}

# Does the line of the notes stand for this one?
function is_same(note, line,   word, before) {
    for (;;) {
        if (!match(note, /(PORT|THREAD|PID|MS|NUMBER)/))
            return note == line
        before = substr(note, 1, RSTART - 1)
        word = substr(note, RSTART, RLENGTH)
        note = substr(note, RSTART + RLENGTH)
        if (substr(line, 1, length(before)) != before)
            return 0
        line = substr(line, length(before) + 1)
        if (before ~ /[A-Za-z_]$/ || note ~ /^[A-Za-z_]/) {
            # A part of a longer word stands for itself.
            if (substr(line, 1, length(word)) != word) return 0
            line = substr(line, length(word) + 1)
        } else {
            if (!match(line, note ~ /^[.]/ ? "^[0-9]+" : "^[0-9]+([.][0-9]+)?")) return 0
            line = substr(line, RLENGTH + 1)
        }
    }
}

function is_noise(line) {
    if (line ~ /^  (compile|link   |archive) / || line ~ /^[a-z0-9-]*make(\[[0-9]+\])?: / ||
        line ~ /^Preparing Wine in /)
        return 1
    return (line in is_typed)
}

function answer(what, expected, found) {
    print what "\n" expected "\n" found
    is_done = 1
    exit
}

BEGIN {
    while (typed != "" && (getline line < typed) > 0)
        is_typed["sent \"" line "\""] = 1
    while ((getline line < output) > 0)
        shown[++count] = trim(line)
    at = from
}
{
    note = trim(substr($0, index($0, "\t") + 1))
    if (note ~ /^ *\.\.\.$/) {
        skipping = 1
        next
    }
    for (; at <= count; at++) {
        if (is_same(note, shown[at])) break
        if (skipping || is_noise(shown[at])) continue
        if (at == count && !settled) continue
        answer("wrong " ($0 + 0), note, shown[at])
    }
    if (at > count)
        answer("wait " ($0 + 0), note)
    at++
    skipping = 0
}
# The lines of the notes behind their last `...` may be the last ones that the terminal shows, and
# not the first ones that fit.
function ends_so(   line, note, n, i, k) {
    while (tail != "" && (getline line < tail) > 0) {
        note[++n] = trim(substr(line, index(line, "\t") + 1))
        if (note[n] ~ /^ *\.\.\.$/) {
            i = 1
            n = 0
        }
    }
    if (!i) return 0
    for (k = count; n > 0; k--) {
        if (k < at - n) return 0
        if (is_same(note[n], shown[k])) n--
        else if (!is_noise(shown[k])) return 0
    }
    return 1
}

END {
    if (is_done) exit
    if (last && ends_so()) skipping = 1
    for (; last && !skipping && at <= count; at++) {
        if (is_noise(shown[at])) continue
        answer("wrong 0", "", shown[at])
    }
    print "ok " at " " skipping + 0
}
