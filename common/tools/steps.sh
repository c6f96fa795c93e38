#!/bin/sh
# steps.sh: makes the sources of a step in a folder: those before it, with its patch.
#
#     sh common/tools/steps.sh 07.3 build/steps/07.3

. "$(dirname "$0")/diff-git.sh"

git_begin
copy_sources "$1" "$diff_work/$1" || exit 1
rm -rf "$2"
mkdir -p "${2%/*}" && mv "$diff_work/$1" "$2"
