#!/bin/sh
# mutants.sh: proves that the tests can fail. `make mutants` calls it.
#
#     sh common/maintain/mutants.sh [TEXT]     only the mutants with TEXT in their name
#
# Each mutant of common/tests/mutants.txt is a mistake that people make. It is made in a copy of the
# stage under build/mutants, the copy is built, and the tests that should notice are run on it. They have
# to fail, in words of their own: an edit that does not fit, a copy that does not compile, or tests that
# say nothing count as failures here.
#
# CC is the compiler. Only the stage is compiled anew: OBJECTS are the object files of common, and
# LIBRARY_OBJECTS those with which the library's tests are linked; the Makefile knows. Two mutants are tried
# at a time.

filter=${1-}
folder=build/mutants
. common/tests/lib/check.sh

# Makes the copy $1 with the mistake: it changes one place.
make_copy() {
    rm -rf "$1"
    mkdir -p "$1" && cp -R "$stage" "$1" && sed "${edit#*: }" "$stage/${edit%%: *}" >"$1/$stage/${edit%%: *}" || return
    diff -U 0 "$stage/${edit%%: *}" "$1/$stage/${edit%%: *}" | tee "$1.diff"
    [ "$(grep -c '^@@' "$1.diff")" = 1 ]
}

# Builds in the copy what is tested: the server, and for the library its tests with it.
build_copy() {
    # CC and the objects are several words.
    # shellcheck disable=SC2086
    if [ "$program" = library ]; then
        rm "$1/$stage/Server.c"
        $CC -std=c11 -O1 -w -Icommon "-I$1/$stage" -o "$1/library.exe" "$1/$stage"/*.c $LIBRARY_OBJECTS -lws2_32
    else
        $CC -std=c11 -O1 -w -Icommon -o "$1/$stage/server.exe" "$1/$stage"/*.c $OBJECTS -lws2_32
    fi
}

# Runs the tests on the copy; their output goes to $1.log.
test_copy() {
    case $program in
    library) run "$1/library.exe" "$tests" ;;
    *) run build/tests/contract.exe "$1/$stage/server.exe" "$tests" ;;
    esac </dev/null >"$1.log" 2>&1
}

# Prints why the mutant was not noticed, or nothing if it was.
judge() {
    make_copy "$1" >"$1.log" 2>&1 || {
        echo "its edit does not change one place"
        return
    }
    build_copy "$1" >>"$1.log" 2>&1 || {
        echo "the copy does not compile"
        return
    }
    if test_copy "$1"; then
        echo "the tests pass"
    elif ! tr -d '\r' <"$1.log" | grep -q '^[0-9]* passed, [1-9][0-9]* failed$'; then
        echo "the tests end without a summary"
    fi
}

# Tries every second mutant, beginning with number $1; prints what came of it.
try_half() {
    position=0
    grep -v '^#' common/tests/mutants.txt | tr -d '\r' | grep . | while read -r what; do
        read -r tests && read -r edit
        name=${what%%: *}
        is_chosen "$name" || continue
        position=$((position + 1))
        [ $((position % 2)) = "$1" ] || continue
        for stage in 0[1-9]-*; do
            case $name in "$stage"-*) break ;; esac
        done
        program=${tests%% *}
        tests=${tests#* }
        reason=$(judge "$folder/$name")
        if [ -z "$reason" ]; then
            first=$(tr -d '\r' <"$folder/$name.log" | sed -n 's/^FAIL \(.*\)$/\1/p' | head -n 1)
            pass "$name: \"${first% (*}\" fails"
            rm -rf "${folder:?}/$name"
        else
            fail "$name: $reason. ${what#*: } See $folder/$name.log."
        fi
    done
}

rm -rf "$folder"
mkdir -p "$folder"
[ -z "${RUN-}" ] || sh common/tools/wine.sh prepare || exit 1
{
    try_half 0 &
    try_half 1
    wait
} | tee "$folder/said"
sum_up_lines "$folder/said"
