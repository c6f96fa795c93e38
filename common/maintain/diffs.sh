#!/bin/sh
# diffs.sh: writes or checks the DIFF.md of each stage: what the stage changed from the one before it.
#
#     sh common/maintain/diffs.sh write      make diffs
#     sh common/maintain/diffs.sh check      make check-notes
#
# `check` makes each once more, under build/, and compares: an `ok` or a `FAIL` line for each, and where it is
# not the same. The last line is `N passed, N failed`, and the exit code 1 if one is not the same.

maintain=$(dirname "$0")
. "$maintain/../tools/diff-git.sh"
. "$maintain/../tests/lib/check.sh"

# Prints the DIFF.md of the stage $2; $1 is the one before it.
print_notes() {
    copy_sources "$1" "$diff_work/$1"
    copy_sources "$2" "$diff_work/$2"
    old=$(git_tree "$diff_work/$1") && new=$(git_tree "$diff_work/$2") || return 1
    # diff_options are several words.
    # shellcheck disable=SC2086
    {
        git diff-tree -r -M -C $diff_options --name-status "$old" "$new" >"$diff_work/names" &&
            git diff-tree -r -M -C $diff_options --numstat "$old" "$new" >"$diff_work/counts" &&
            git diff-tree -r -M -C $diff_options -p -U3 --no-color --src-prefix="$1/" --dst-prefix="$2/" \
                "$old" "$new" >"$diff_work/patch"
    } || return 1
    awk -v before="$1" -v stage="$2" -v examples="$(list_examples "$2")" -f "$maintain/diff-notes.awk" \
        kind=name "$diff_work/names" kind=count "$diff_work/counts" kind=patch "$diff_work/patch"
}

write() {
    cmp -s "$fresh" "$stage/DIFF.md" && return
    cat "$fresh" >"$stage/DIFF.md" && echo "Wrote $stage/DIFF.md."
}

check() {
    if cmp -s "$fresh" "$stage/DIFF.md"; then
        pass "$stage/DIFF.md: it is fresh"
    elif [ ! -f "$stage/DIFF.md" ]; then
        fail "$stage/DIFF.md:1: there is none. make diffs writes it."
    else
        git diff --no-index --no-color --no-ext-diff -U0 -- "$stage/DIFF.md" "$fresh" |
            sed -n -e 's/^\(@@.* @@\).*/\1/' -e '/^@@/,$p' | head -n 8 >"$diff_work/differs"
        fail "$stage/DIFF.md:1: it is not what the stages give (+); make diffs writes it." "$diff_work/differs"
    fi
}

case ${1-} in
write | check) ;;
*)
    echo "Usage: sh common/maintain/diffs.sh write, or check" >&2
    exit 2
    ;;
esac
git_begin
git_ignore_settings
before=
for stage in $(list_stages); do
    fresh=$diff_work/$stage.md
    if [ -n "$before" ]; then
        print_notes "$before" "$stage" >"$fresh" && [ -s "$fresh" ] || exit 1
        "$1"
    fi
    before=$stage
done
[ "$1" = write ] || sum_up
