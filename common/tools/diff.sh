#!/bin/sh
# diff.sh: shows what changed in the code from one stage to another.
#
#     sh common/tools/diff.sh 04-overlapped-callback 05-iocp-basic
#
# It looks as git's diffs look for the reader elsewhere, with their colours and their pager. Exit code 0
# whether they differ or not.

. "$(dirname "$0")/diff-git.sh"

if [ ! -d "${1:-/}" ] || [ ! -d "${2:-/}" ] || [ -z "$1" ] || [ -z "$2" ]; then
    echo "Which stages? For example: make diff-05, or make diff FROM=03 TO=05" >&2
    exit 2
fi
git_begin
copy_sources "$1" "$diff_work/$1"
copy_sources "$2" "$diff_work/$2"
old=$(git_tree "$diff_work/$1") && new=$(git_tree "$diff_work/$2") || exit 1
git diff -M -C --src-prefix="$1/" --dst-prefix="$2/" "$old" "$new"
code=$?
# 141: whoever reads this has seen enough (SIGPIPE).
[ "$code" = 141 ] || exit "$code"
