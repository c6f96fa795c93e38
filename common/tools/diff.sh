#!/bin/sh
# diff.sh: shows what changed in the code from one stage or step to another.
#
#     sh common/tools/diff.sh 04 05
#     sh common/tools/diff.sh "" 07.3      from the one before it
#
# It looks as git's diffs look for the reader elsewhere, with their colours and their pager. Exit code 0
# whether they differ or not.

. "$(dirname "$0")/diff-git.sh"

# The name of the stage or the step that is called $1, if there is one.
find_name() {
    case $1 in
    *.*) list_steps "$(find_stage "$1")" | grep -x -F -e "$1" ;;
    *) find_stage "$1" ;;
    esac
}

new=$(find_name "${2-}")
old=$(find_name "${1:-$(find_before "${new:-none}")}")
if [ -z "$old" ] || [ -z "$new" ]; then
    echo "Which stages or steps? For example: make diff-05, or make diff FROM=03 TO=05" >&2
    exit 2
fi
git_begin
copy_sources "$old" "$diff_work/$old" && copy_sources "$new" "$diff_work/$new" || exit 1
old_tree=$(git_tree "$diff_work/$old") && new_tree=$(git_tree "$diff_work/$new") || exit 1
git diff -M -C --src-prefix="$old/" --dst-prefix="$new/" "$old_tree" "$new_tree"
code=$?
# 141: whoever reads this has seen enough (SIGPIPE).
[ "$code" = 141 ] || exit "$code"
