#!/bin/sh
# imports.sh: proves that the instrumented build leaves no call out. `make test` calls it.
#
#     sh common/tests/imports.sh
#
# Looks at what the instrumented objects of the stages, their examples and common need from elsewhere.
# That has to be a wrapper, a function of the program's own, or one of the functions of C below, which
# common/instrument has no interest in. Whatever else there is, is a call that nobody would count,
# trace, verify or make fail. The last line is `N passed, N failed`: a test for each folder, and
# one more: the library of 07 does not print.
#
# CC is the compiler, whose nm is asked: it may be several words. BUILD is the folder of the objects.
# shellcheck disable=SC2086

nm=$(printf '%s' "${CC:-gcc}" | sed 's/gcc$/nm/')
objects=${BUILD:=build/instrument}/obj
list=$BUILD/imports
. common/tests/lib/check.sh

# The wrappers; functions that neither wait, nor allocate, nor ask the system for anything but to read and
# write files; and what the compiler itself calls.
allowed='Instrument_.*
    memchr memcmp memcpy memmove memset strchr strcmp strlen strncmp strrchr strstr wcslen
    strspn strcspn strtol strtoul strtoll strtoull strtod atoi abs labs qsort bsearch
    isalnum isalpha isdigit isprint isspace isxdigit tolower toupper
    printf fprintf vprintf vfprintf snprintf vsnprintf puts putchar fputs fputc
    fwrite fflush fgets fgetc getchar setvbuf exit _errno
    __acrt_iob_func __stdio_common_.* __mingw_.*printf __main ___chkstk_ms'

# Prints what is wrong with the objects of the folder $1. What comes from a DLL has a prefix.
check_folder() {
    compiled=
    for source in "$1"/*.c "$1"/examples/*.c; do
        object=$objects/${source%.c}.o
        if [ -f "$object" ]; then
            compiled="$compiled $object"
        elif [ -f "$source" ]; then
            echo "$source is not compiled; make WATCHED=1 does it"
        fi
    done
    $nm -A -g -u $compiled | tr -d '\r' | awk -v defined="$list.defined" -v objects="$objects/" \
        -v allowed="^($(printf '%s' "$allowed" | tr -s ' \n' '|'))\$" '
        BEGIN { while ((getline name < defined) > 0) own[name] = 1 }
        {
            name = $NF
            sub(/^__imp_/, "", name)
            if (name in own || name ~ allowed) next
            sub(/\.o:.*/, ".c")
            print substr($0, length(objects) + 1) " uses " name ", which is not wrapped"
        }
        END { if (NR == 0) print "its objects need nothing at all, which cannot be" }'
}

# What a program defines itself, in whichever of its objects.
$nm -g "$objects"/0*/*.o "$objects"/0*/*/*.o "$objects"/common/*.o | tr -d '\r' |
    awk 'NF > 2 && $2 != "U" { print $NF }' >"$list.defined"
for folder in 0[1-9]-* common; do
    check_folder "$folder" >"$list.said"
    report "$folder: all calls are wrapped" "$(head -n 1 "$list.said")" "$list.said"
done
# What a program prints is its own matter: the library calls OnError and OnRefused.
library=
for object in "$objects"/07-*/*.o; do
    [ "${object##*/}" = Server.o ] || library="$library $object"
done
$nm -A -g -u $library | tr -d '\r' |
    grep -E ' (__imp_)?(ServerLog_.*|ErrorText_Print|Instrument_Write.*|__mingw_v?f?printf|__acrt_iob_func|f?puts|f?write|putchar)$' >"$list.said"
report "the library of 07 does not print" "$(head -n 1 "$list.said")" "$list.said"
rm -f "$list.defined" "$list.said"
sum_up
