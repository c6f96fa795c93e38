#!/bin/sh
# imports.sh: proves that the instrumented build leaves no call out. `make test` calls it.
#
#     sh common/tests/imports.sh
#
# Looks at what the instrumented objects of the stages, their examples and common need from elsewhere.
# That has to be a wrapper, a function of the program's own, or one of the functions of C below, which
# common/instrument has no interest in. Whatever else there is, is a call that nobody would count,
# trace, verify or make fail. The last line is `N passed, N failed`: a test for each folder.
#
# CC is the compiler, whose nm is asked; BUILD is the folder of the objects.

nm=$(printf '%s' "${CC:-gcc}" | sed 's/gcc$/nm/')
objects=${BUILD:=build/instrument}/obj
. common/tests/lib/check.sh

# Functions that neither wait, nor allocate, nor ask the system for anything but to read and write
# files; and what the compiler itself calls.
is_allowed() {
    case $1 in
    memchr | memcmp | memcpy | memmove | memset | strchr | strcmp | strlen | strncmp | strrchr | strstr | wcslen) ;;
    strspn | strcspn | strtol | strtoul | strtoll | strtoull | strtod | atoi | abs | labs | qsort | bsearch) ;;
    isalnum | isalpha | isdigit | isprint | isspace | isxdigit | tolower | toupper) ;;
    printf | fprintf | vprintf | vfprintf | snprintf | vsnprintf | puts | putchar | fputs | fputc) ;;
    fwrite | fflush | fgets | fgetc | getchar | setvbuf | exit | _errno) ;;
    __acrt_iob_func | __stdio_common_* | __mingw_*printf | __main | ___chkstk_ms) ;;
    *) return 1 ;;
    esac
}

# The names that the objects define ($1 is T) or need (U): `FILE NAME`, without the compiler's own
# prefix for what comes from a DLL.
list_names() {
    type=$1
    shift
    # The compiler, and so nm, may be several words.
    # shellcheck disable=SC2086
    $nm -A -g "$@" | tr -d '\r' | awk -v want="$type" '
    {
        name = $NF
        kind = $(NF - 1) == "U" ? "U" : "T"
        sub(/:.*/, "")
        sub(/^__imp_/, "", name)
        if (kind == want) print $0, name
    }'
}

# Looks at the objects of these sources. Prints what is wrong.
check_sources() {
    compiled=
    for source in "$@"; do
        if [ -f "$objects/${source%.c}.o" ]; then
            compiled="$compiled $objects/${source%.c}.o"
        else
            echo "$source is not compiled; make WATCHED=1 does it"
        fi
    done
    : >"$list.needed"
    # shellcheck disable=SC2086
    [ -z "$compiled" ] || list_names U $compiled >"$list.needed"
    if [ -n "$compiled" ] && [ ! -s "$list.needed" ]; then
        echo "its objects need nothing at all, which cannot be"
    fi
    while read -r object name; do
        case $name in Instrument_*) continue ;; esac
        is_allowed "$name" && continue
        grep -qx -e "$name" "$list.defined" && continue
        object=${object#"$objects"/}
        echo "${object%.o}.c uses $name, which is not wrapped"
    done <"$list.needed"
}

list=$BUILD/imports
# What a program defines itself, in whichever of its objects.
list_names T "$objects"/0*/*.o "$objects"/0*/*/*.o "$objects"/common/*.o | sed 's/.* //' | sort -u >"$list.defined"
for folder in 0[1-9]-* common; do
    set -- "$folder"/*.c
    for source in "$folder"/examples/*.c; do
        [ -f "$source" ] && set -- "$@" "$source"
    done
    check_sources "$@" >"$list.said"
    if [ -s "$list.said" ]; then
        fail "$folder: a call is not wrapped" "$list.said"
    else
        pass "$folder: all calls are wrapped"
    fi
done
rm -f "$list.defined" "$list.needed" "$list.said"
sum_up
