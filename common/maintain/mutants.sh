#!/bin/sh
# mutants.sh: proves that the tests can fail. `make mutants` calls it.
#
#     sh common/maintain/mutants.sh [TEXT]     only the patches with TEXT in their name
#
# Each patch of common/tests/mutants is a mistake that people make: its first line says which, its second
# line which test program has to notice, with the filter that selects its tests. The patch is
# applied to a copy of the sources under build/mutants, the copy is built, and the tests are run on
# it. They have to fail, in words of their own: a patch that does not fit, a copy that does not
# compile, or tests that say nothing count as failures here. The last line is `N passed, N failed`.
#
# CC is the compiler and RUN what is put before a program, `sh common/tools/wine.sh run` on Linux. Only the
# stage is compiled anew: OBJECTS are the object files of common, and LIBRARY_OBJECTS those with which the
# library's tests are linked; the Makefile knows. Two mutants are tried at a time.

filter=${1-}
folder=build/mutants
top=$PWD
. common/tests/lib/check.sh

# Reads the line `$1: ...` of the patch.
read_line() {
    sed -n "s/^$1: //p" "$2" | head -n 1
}

# Makes the copy $1 with the patch $2 applied.
make_copy() {
    rm -rf "$1"
    mkdir -p "$1" || return 1
    cp -R "$stage" "$1" || return 1
    # Under a ceiling git does not see the repository around the copy and takes paths as they are.
    (cd "$1" && GIT_CEILING_DIRECTORIES="$top/$folder" git apply "$top/$2")
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
    if [ "$program" = library ]; then
        set -- "$1" "$1/library.exe" "$tests"
    else
        set -- "$1" build/tests/contract.exe "$1/$stage/server.exe" "$tests"
    fi
    copy=$1
    shift
    # RUN is several words.
    # shellcheck disable=SC2086
    ${RUN-} "$@" </dev/null >"$copy.log" 2>&1
}

# Prints why the mutant was not noticed, or nothing if it was.
judge() {
    make_copy "$1" "$2" >"$1.log" 2>&1 || {
        echo "the patch does not fit the sources"
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

# Tries the patch $1; prints what came of it.
try() {
    patch=$1
    name=$(basename "$patch" .patch)
    stage=$(sed -n 's,^--- a/\([^/]*\)/.*,\1,p' "$patch" | head -n 1)
    caught=$(read_line 'Caught by' "$patch" | tr -d '\r')
    program=${caught%% *}
    tests=${caught#* }
    reason=$(judge "$folder/$name" "$patch")
    if [ -z "$reason" ]; then
        first=$(tr -d '\r' <"$folder/$name.log" | sed -n 's/^FAIL \(.*\)$/\1/p' | head -n 1)
        pass "$name: \"${first% (*}\" fails"
        rm -rf "${folder:?}/$name"
    else
        fail "$name: $reason. $(read_line What "$patch") See $folder/$name.log."
    fi
}

# Every second patch, beginning with number $1.
try_half() {
    position=0
    for patch in common/tests/mutants/*"$filter"*.patch; do
        position=$((position + 1))
        [ $((position % 2)) != "$1" ] || try "$patch"
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
