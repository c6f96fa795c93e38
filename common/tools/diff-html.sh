#!/bin/sh
# diff-html.sh: writes a page for each stage and each step, side by side with the one before it.
#
#     sh common/tools/diff-html.sh      make diff-html
#
# The pages are build/diff/NN-name.html, and build/diff/NN.N.html for steps, with an index.html that leads to
# them. They need nothing else: no network, no script.
#
# git makes the comparison. For it each part of a file, a function or a declaration, is a file of its
# own: so a function is compared with the function of the same name, also where a step has moved it
# to another file, and git's search for renamed files finds renamed functions. git says which lines of
# a part were changed, which were moved, and which words. diff-cut.awk cuts the sources into parts;
# diff-read.awk and diff-page.awk lay out what git said. The numbers of lines are those of whole files,
# as in DIFF.md.

tools=$(dirname "$0")
tab=$(printf '\t')
. "$tools/diff-git.sh"

# Puts each old part that is in another file in the new stage where it is there, and adds to the list
# of old parts where each is compared. Only functions and types: all files have, say, #include lines.
place_parts() {
    awk -F '\t' '
        { path = $1 "/" $2 }
        FNR == NR { isNew[path] = 1; count[$2]++; place[$2] = path; next }
        { line[++lines] = $0; part[lines] = $2; from[lines] = path; isTaken[path] = 1 }
        END {
            for (i = 1; i <= lines; i++) {
                to = from[i]
                if (!(to in isNew) && part[i] ~ /\.(function|type)$/ && count[part[i]] == 1 &&
                    !(place[part[i]] in isTaken))
                    to = place[part[i]]
                isTaken[to] = 1
                print line[i] "\t" to
            }
        }' "$new/list" "$old/list" >"$old/placed"
    while IFS=$tab read -r file part _ to; do
        [ "$file/$part" != "$to" ] || continue
        for kind in parts marked; do
            mkdir -p "$old/$kind/${to%/*}"
            mv "$old/$kind/$file/$part" "$old/$kind/$to" || exit 1
        done
    done <"$old/placed"
}

# compare KIND OPTION...: has git compare the old and the new folder of that name.
compare() {
    kind=$1
    shift
    # diff_options are several words.
    # shellcheck disable=SC2086
    git diff-tree -r $diff_options "$@" "$(cat "$old/$kind.tree")" "$(cat "$new/$kind.tree")" || exit 1
}

# Each stage, and then the steps to it, where it has some.
list_pages() {
    list_stages | sed 1d | while read -r stage; do
        echo "$stage"
        list_steps "$stage"
    done
}

# What a step is about: the text on top of its patch. A stage's is in its Server.c.
print_news() {
    case $1 in *.*) sed '/^diff --git /,$d' "$(find_stage "$1")/steps/${1#*.}"-*.patch | tr -d '\r' ;; esac
}

# The page of the stage or the step $1; $2 and $3 are the pages before and behind it.
write_page() {
    set -- "$(find_before "$1")" "$@"
    old=$diff_work/old
    new=$diff_work/new
    rm -rf "$old" "$new"
    copy_sources "$1" "$old/files" && copy_sources "$2" "$new/files" || exit 1
    print_news "$2" >"$diff_work/news"
    cut_sources "$old"
    cut_sources "$new"
    place_parts
    for kind in files parts marked; do
        git_tree "$old/$kind" >"$old/$kind.tree" && git_tree "$new/$kind" >"$new/$kind.tree" || exit 1
    done
    compare files --no-renames --numstat >"$diff_work/counts"
    # Below 35 % git finds functions that have little to do with each other.
    compare parts -p -M35% -U99999 --src-prefix= --dst-prefix= --color=always --color-moved=blocks \
        --color-moved-ws=allow-indentation-change --ws-error-highlight=none >"$diff_work/lines"
    compare marked -p -M35% -U99999 --src-prefix= --dst-prefix= --no-color --word-diff=porcelain \
        >"$diff_work/words"
    awk -v before="$1" -v stage="$2" -v previous_page="$3" -v next_page="$4" \
        -v examples="$(list_examples "$2")" -v parts="$new/parts" -v style="$tools/diff-page.css" \
        -v entries="$diff_work/entries" -f "$tools/diff-read.awk" -f "$tools/diff-page.awk" \
        kind=new "$new/list" kind=old "$old/placed" kind=count "$diff_work/counts" \
        kind=news "$diff_work/news" kind=server "$new/files/Server.c" kind=line "$diff_work/lines" kind=word "$diff_work/words" \
        >"build/diff/$2.html" || exit 1
}

# The page that leads to the others.
print_index() {
    cat <<END
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The steps from stage to stage</title>
<style>
$(cat "$tools/diff-page.css")
</style>
</head>
<body class="index">
<h1>The steps from stage to stage</h1>
<p>What each stage changed from the one before it: lines that were added and removed, and what became of
the functions, types and variables.</p>
$(cat "$diff_work/entries")
</body>
</html>
END
}

git_begin
git_ignore_settings
cat >>"$GIT_DIR/config" <<'END'
[color "diff"]
    old = red
    new = green
    oldMoved = magenta
    newMoved = cyan
END
mkdir -p build/diff
previous=
page=
# A round more than there are pages: each is written when the one behind it is known.
for next in $(list_pages) ''; do
    [ -z "$page" ] || write_page "$page" "${previous:+$previous.html}" "${next:+$next.html}"
    previous=$page
    page=$next
done
print_index >build/diff/index.html
echo "build/diff/index.html is for any browser."
