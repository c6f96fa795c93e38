#!/bin/sh
# diffs.sh: writes or checks the DIFF.md of each stage: what the stage changed from the one before it; and
# of each step to it, in steps/DIFF-1.md.
#
#     sh common/maintain/diffs.sh write      make diffs
#     sh common/maintain/diffs.sh check      make check-notes
#
# `check` makes each once more, under build/, and compares. It names those that are not the same and
# shows where; the last line is `N passed, N failed`, and the exit code 1 if one is not the same.

maintain=$(dirname "$0")
. "$maintain/../tools/diff-git.sh"

# Prints the DIFF.md of the stage or the step $1.
print_notes() {
    set -- "$(find_before "$1")" "$1"
    copy_sources "$1" "$diff_work/$1" && copy_sources "$2" "$diff_work/$2" || return 1
    old=$(git_tree "$diff_work/$1") && new=$(git_tree "$diff_work/$2") || return 1
    # diff_options are several words.
    # shellcheck disable=SC2086
    {
        git diff-tree -r -M -C $diff_options --name-status "$old" "$new" >"$diff_work/names" &&
            git diff-tree -r -M -C $diff_options --numstat "$old" "$new" >"$diff_work/counts" &&
            git diff-tree -r -M -C $diff_options -p -U3 --no-color --src-prefix="$1/" --dst-prefix="$2/" \
                "$old" "$new" >"$diff_work/patch"
    } || return 1
    awk -v before="$1" -v stage="$2" -v folder="$(find_stage "$2")" -v steps="$(list_steps "$2" | tr '\n' ' ')" \
        -v examples="$(list_examples "$2")" \
        -f "$maintain/diff-notes.awk" kind=name "$diff_work/names" kind=count "$diff_work/counts" kind=patch "$diff_work/patch"
}

write() {
    cmp -s "$fresh" "$kept" && return
    cat "$fresh" >"$kept" && echo "Wrote $kept."
}

check() {
    if cmp -s "$fresh" "$kept"; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    if [ ! -f "$kept" ]; then
        echo "FAIL $kept: there is none. make diffs writes it."
        return
    fi
    echo "FAIL $kept: it is not what the stages give. make diffs writes it anew."
    echo "  -: a line as it is; +: as it is expected"
    git diff --no-index --no-color --no-ext-diff -U0 -- "$kept" "$fresh" |
        sed -n -e 's/^\(@@.* @@\).*/\1/' -e '/^@@/,$s/^/    /p' | head -n 8
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
passed=0
failed=0
for stage in $(list_stages | sed 1d); do
    for name in "$stage" $(list_steps "$stage"); do
        fresh=$diff_work/$name.md
        kept=$stage/DIFF.md
        [ "$name" = "$stage" ] || kept=$stage/steps/DIFF-${name#*.}.md
        print_notes "$name" >"$fresh" && [ -s "$fresh" ] || exit 1
        "$1"
    done
done
if [ "$1" = check ]; then
    echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
