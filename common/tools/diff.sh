#!/bin/sh
# diff.sh: shows what changed in the code from one stage to another.
#
#     sh common/tools/diff.sh 04-overlapped-callback 05-iocp-basic
#
# Copies the sources to build/diff first, so that nothing but code is compared. Exit code 0 whether
# they differ or not.

if [ ! -d "${1:-/}" ] || [ ! -d "${2:-/}" ] || [ -z "$1" ] || [ -z "$2" ]; then
    echo "Which stages? For example: make diff-05, or make diff FROM=03 TO=05" >&2
    exit 2
fi
if ! command -v git >/dev/null 2>&1; then
    echo "git is missing, and it makes the comparison. Install git (https://git-scm.com)." >&2
    exit 1
fi
rm -rf build/diff
mkdir -p "build/diff/$1" "build/diff/$2"
cp "$1"/*.[ch] "build/diff/$1"
cp "$2"/*.[ch] "build/diff/$2"
cd build/diff || exit 1
git diff --no-index --color=auto -- "$1" "$2"
code=$?
# 1: they differ. 141: whoever reads this has seen enough (SIGPIPE).
case $code in
0 | 1 | 141) exit 0 ;;
*) exit "$code" ;;
esac
