#!/bin/sh
# diffs.sh: writes or checks the DIFF.md of each stage: what the stage changed from the one before it; and
# of each step to it, in steps/DIFF-1.md.
#
#     sh common/maintain/diffs.sh write      make diffs
#     sh common/maintain/diffs.sh check      make check-notes
#
# `check` makes each once more, under build/, and compares: an `ok` or a `FAIL` line for each, and where it is
# not the same. The last line is `N passed, N failed`, and the exit code 1 if one is not the same.

maintain=$(dirname "$0")
. "$maintain/../tools/diff-git.sh"
. "$maintain/../tests/lib/check.sh"

# Prints the DIFF.md of the stage or the step $1.
print_notes() {
    set -- "$(find_before "$1")" "$1"
    copy_sources "$1" "$diff_work/$1" && copy_sources "$2" "$diff_work/$2" || return 1
    old=$(git_tree "$diff_work/$1") && new=$(git_tree "$diff_work/$2") || return 1
    # diff_options are several words.
    # shellcheck disable=SC2086
    git diff-tree -r -M -C $diff_options --raw --numstat -p -U3 --no-color --src-prefix="$1/" --dst-prefix="$2/" \
        "$old" "$new" >"$diff_work/patch" || return 1
    awk -v before="$1" -v stage="$2" -v steps="$(list_steps "$2" | tr '\n' ' ')" \
        -v examples="$(list_examples "$2")" -f "$maintain/diff-notes.awk" "$diff_work/patch"
}

write() {
    cmp -s "$fresh" "$kept" && return
    cat "$fresh" >"$kept" && echo "Wrote $kept."
}

check() {
    if cmp -s "$fresh" "$kept"; then
        pass "$kept: it is fresh"
    elif [ ! -f "$kept" ]; then
        fail "$kept:1: there is none. make diffs writes it."
    else
        git diff --no-index --no-color --no-ext-diff -U0 -- "$kept" "$fresh" |
            sed -n -e 's/^\(@@.* @@\).*/\1/' -e '/^@@/,$p' | head -n 8 >"$diff_work/differs"
        fail "$kept:1: it is not what the stages give (+); make diffs writes it." "$diff_work/differs"
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
for stage in $(list_stages | sed 1d); do
    for name in "$stage" $(list_steps "$stage"); do
        fresh=$diff_work/$name.md
        kept=$stage/DIFF.md
        [ "$name" = "$stage" ] || kept=$stage/steps/DIFF-${name#*.}.md
        print_notes "$name" >"$fresh" && [ -s "$fresh" ] || exit 1
        "$1"
    done
done
[ "$1" = write ] || sum_up
