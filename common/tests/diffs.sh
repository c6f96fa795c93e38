#!/bin/sh
# diffs.sh: tests what make diffs, the check of its files and make diff-html do.
#
#     sh common/tests/diffs.sh [TEXT]     only the tests with TEXT in their name
#
# Works on copies of the stages and on two small stages of its own, under build/diffs-test.

top=$(pwd)
folder=$top/build/diffs-test
filter=${1-}
. common/tests/lib/check.sh

# Says what `check` prints, for those who look at it with `says`.
check() {
    sh "$top/common/maintain/diffs.sh" check >"$folder/said" 2>&1
}

says() {
    if ! grep -q -e "$1" "$folder/said"; then
        echo "  expected a line like '$1', and this came:"
        sed 's/^/    /' "$folder/said"
        return 1
    fi
}

# The check has to fail for the files named, and for no others.
finds() {
    if check; then
        echo "  expected that the check fails, and it did not"
        return 1
    fi
    for file in "$@"; do
        says "^FAIL $file:1: " || return 1
    done
    says "^$((count - $#)) passed, $# failed\$"
}

# Has awk change the file $2.
change() {
    awk "$1" "$2" >"$folder/changed" && cat "$folder/changed" >"$2"
}

passes() {
    check
    says "^$count passed, 0 failed\$"
}

# --- The tests of DIFF.md ---

a_fresh_one_passes() {
    passes
}

a_line_that_was_changed_is_found() {
    change 'NR == 30 { $0 = $0 " " } { print }' 04-overlapped-callback/DIFF.md
    finds 04-overlapped-callback/DIFF.md
}

a_line_that_is_missing_is_found() {
    change 'NR != 9' 07-service-session/DIFF.md
    finds 07-service-session/DIFF.md
}

a_file_that_is_missing_is_found() {
    rm 03-overlapped-event/DIFF.md
    finds 03-overlapped-event/DIFF.md && says 'make diffs writes it'
}

a_stage_that_was_changed_is_found() {
    echo '/* One line more. */' >>05-iocp-basic/Server.c
    finds 05-iocp-basic/DIFF.md 06-iocp-core/DIFF.md && says '^    +| total '
}

a_patch_that_was_changed_is_found() {
    change '/^\+ / && !done { $0 = $0 " "; done = 1 } { print }' 06-iocp-core/steps/2-acceptex.patch
    finds 06-iocp-core/steps/DIFF-2.md
}

a_new_file_is_found() {
    echo '/* A new file. */' >06-iocp-core/Extra.c
    finds 06-iocp-core/DIFF.md 07-service-session/DIFF.md
}

settings_do_not_matter() {
    mkdir -p "$folder/home"
    cat >"$folder/home/.gitconfig" <<'END'
[core]
    autocrlf = true
    attributesFile = ~/attributes
[color]
    ui = always
[diff]
    noprefix = true
    algorithm = minimal
    context = 9
    interHunkContext = 9
    renames = false
    external = false
    indentHeuristic = false
[diff "stage"]
    xfuncname = nothing
    binary = true
END
    echo '* diff=other text eol=crlf' >"$folder/home/attributes"
    (
        HOME=$folder/home
        GIT_CONFIG_GLOBAL=$folder/home/.gitconfig
        GIT_DIFF_OPTS=-u9
        GIT_EXTERNAL_DIFF=false
        LC_ALL=C.UTF-8
        export HOME GIT_CONFIG_GLOBAL GIT_DIFF_OPTS GIT_EXTERNAL_DIFF LC_ALL
        passes
    )
}

carriage_returns_do_not_matter() {
    for file in 0*/*.[ch] 0*/steps/*.patch; do
        change '{ print $0 "\r" }' "$file"
    done
    passes
}

# Whoever applies the diff to the stage before has the stage, and the numbers on top are right.
the_diffs_are_true() {
    before=01-blocking
    for stage in 0[2-7]-*; do
        mkdir patched
        cp "$before"/*.[ch] patched
        sed -n -e '/^```diff$/,/^```$/p' "$stage/DIFF.md" | grep -v '^```' >"$folder/patch"
        (cd patched && GIT_DIR=$folder/none git apply "$folder/patch") || return 1
        for file in "$stage"/*.[ch]; do
            cmp "$file" "patched/${file##*/}" || return 1
        done
        total=$(sed -n 's/^| total | | \([0-9]*\) | \([0-9]*\) |$/\1 \2/p' "$stage/DIFF.md")
        counted=$(grep -v -e '^--- ' -e '^+++ ' "$folder/patch" |
            awk '/^\+/ { plus++ } /^-/ { minus++ } END { print plus + 0, minus + 0 }')
        if [ "$total" != "$counted" ]; then
            echo "  expected '$counted' lines in $stage/DIFF.md, and its table has '$total'"
            return 1
        fi
        rm -rf patched
        before=$stage
    done
}

# --- The tests of the pages ---

pages() {
    sh "$top/common/tools/diff-html.sh" >/dev/null
}

# Prints the code on one side of a page, old or new, without blank lines: tags and names of characters
# are undone.
read_side() {
    awk -v side="$2" '
        /^<tr><td class="n">/ {
            gsub(/<span class="note">[^<]*<\/span>/, "")
            count = split($0, cell, /<\/td>/) - 1
            if (count == 3 && side == "old") next
            text = cell[side == "old" ? 3 : count]
            gsub(/<[^>]*>/, "", text)
            gsub(/&lt;/, "<", text)
            gsub(/&gt;/, ">", text)
            gsub(/&amp;/, "\\&", text)
            if (text != "") print text
        }' "$1"
}

# Every line of both stages is on the page, and no other: their order differs where parts were moved.
the_pages_have_every_line() {
    before=01-blocking
    for stage in 0[2-7]-*; do
        read_side "build/diff/$stage.html" old | sort >"$folder/old"
        read_side "build/diff/$stage.html" new | sort >"$folder/new"
        grep -hv '^$' "$before"/*.[ch] | sort | cmp - "$folder/old" || return 1
        grep -hv '^$' "$stage"/*.[ch] | sort | cmp - "$folder/new" || return 1
        before=$stage
    done
}

the_pages_need_nothing_else() {
    if grep -n -e '<script' -e '<link' -e 'src=' -e 'href="http' -e 'url(' -e '@import' build/diff/*.html; then
        return 1
    fi
    for stage in 0[2-7]-*; do
        grep -q "href=\"$stage.html\"" build/diff/index.html || return 1
    done
    for patch in 0*/steps/*.patch; do
        step=${patch##*/}
        step=${patch%%-*}.${step%%-*}
        grep -q "href=\"$step.html\"" build/diff/index.html && grep -q '<p class="news">[^<]' "build/diff/$step.html" || return 1
    done
}

a_page_marks_what_changed() {
    rm -rf 0*
    mkdir 01-one 02-two
    cat >01-one/Server.c <<'END'
/*
 * 01-one: a server.
 */
#include <stdio.h>

/* Adds. */
static int Add(int a, int b)
{
    int sum = a + b;

    if (sum < 10 && a > 0)
        return 10;
    return sum;
}

/* Nobody needs it. */
static void Unused(void)
{
    puts("unused");
}

int main(void)
{
    return Add(1, 2);
}
END
    cat >02-two/Server.c <<'END'
/*
 * 02-two: a server.
 *
 * New    Addition has a file of its own, and
 *        main adds more.
 *
 * Build  make 02.
 */
#include <stdio.h>

int main(void)
{
    return Add(1, 3);
}
END
    # Add, which has moved, and is changed.
    sed -n '/Adds/,/^}/{ s/sum < 10/sum < 20/; p; }' 01-one/Server.c >02-two/Add.c
    pages || return 1
    page=build/diff/02-two.html
    while IFS= read -r text; do
        grep -q -F -e "$text" $page || { echo "  expected '$text' in $page" && return 1; }
    done <<'END'
<p class="news">Addition has a file of its own, and main adds more.</p>
<td class="t old">    return Add(1, <del>2</del>);</td>
<td class="t new">    return Add(1, <ins>3</ins>);</td>
if (sum &lt; <del>10</del> &amp;&amp; a &gt; 0)
<h3>Add() <span class="tag moved">moved from Server.c, changed</span></h3>
moved: <a href="#Add.c/Add.function">Add()</a> to Add.c
<h3>Unused() <span class="tag gone">gone</span></h3>
<summary>unchanged: #include</summary>
END
}

# --- The run ---

# What each test begins with: the stages, and what they give.
copy_fresh() {
    cp -R "$folder/fresh/." .
}

rm -rf "$folder"
for stage in 0[1-9]-*/; do
    mkdir -p "$folder/fresh/$stage"
    cp "$stage"*.[ch] "$folder/fresh/$stage"
    [ ! -d "$stage/steps" ] || cp -R "$stage/steps" "$folder/fresh/$stage"
done
(cd "$folder/fresh" && sh "$top/common/maintain/diffs.sh" write >/dev/null && pages) || exit 1
count=$(cd "$folder/fresh" && echo 0*/DIFF.md 0*/steps/DIFF-*.md | wc -w)
run_tests copy_fresh
