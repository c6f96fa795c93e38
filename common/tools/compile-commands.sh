#!/bin/sh
# compile-commands.sh: prints compile_commands.json for clangd, with every C file of the repository.
#
#     sh common/tools/compile-commands.sh
#
# clangd finds a definition in another file only if it knows of the file. That is all it learns here:
# with what options each is compiled is in .clangd, for files that are not in the list, too.

# MSYS2's own name of the folder, /c/Users/..., would mean nothing to clangd; with -W it says C:/Users/...
top=$(pwd -W 2>/dev/null || pwd)
separator='['
for file in 0[1-9]-*/*.c 0[1-9]-*/*/*.c 0[1-9]-*/*/*/*.c common/*.c common/*/*.c common/*/*/*.c common/*/*/*/*.c; do
    [ -f "$file" ] || continue
    printf '%s\n{"directory": "%s", "file": "%s", "arguments": ["clang", "%s"]}' \
        "$separator" "$top/${file%/*}" "${file##*/}" "${file##*/}"
    separator=,
done
printf '\n]\n'
