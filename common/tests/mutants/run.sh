#!/bin/sh
# run.sh: proves that the tests can fail. `make mutants` calls it.
#
#     sh common/tests/mutants/run.sh [TEXT]     only the patches with TEXT in their name
#
# Each patch beside this file is a mistake that people make: its first line says which, its second
# line which test program has to notice, with the filter that selects its tests. The patch is
# applied to a copy of the sources under build/mutants, the copy is built, and the tests are run on
# it. They have to fail, in words of their own: a patch that does not fit, a copy that does not
# compile, or tests that say nothing count as failures here. The last line is `N passed, N failed`.
#
# CC is the compiler and RUN what is put before a program, `sh common/tools/wine.sh run` on Linux.
# HARNESS is the folders and source files that every test program is built with; the Makefile knows.

filter=${1-}
folder=build/mutants
top=$PWD
passed=0
failed=0

# Reads the line `$1: ...` of the patch.
read_line() {
    sed -n "s/^$1: //p" "$2" | head -n 1
}

# Makes the copy $1 with the patch $2 applied.
make_copy() {
    rm -rf "$1"
    mkdir -p "$1" || return 1
    cp -R common "$stage" "$1" || return 1
    # Under a ceiling git does not see the repository around the copy and takes paths as they are.
    (cd "$1" && GIT_CEILING_DIRECTORIES="$top/$folder" git apply "$top/$2")
}

# Builds in the copy what is tested: the server, and for the library its tests with it.
build_copy() {
    (
        cd "$1" || exit 1
        # CC may be several words.
        # shellcheck disable=SC2086
        $CC -std=c11 -O1 -w -Icommon -o "$stage/server.exe" "$stage"/*.c common/*.c -lws2_32 || exit 1
        [ "$program" = library ] || exit 0
        rm "$stage/Server.c"
        # shellcheck disable=SC2086
        $CC -std=c11 -O1 -w -Icommon "-I$stage" -o library.exe \
            common/tests/Library*.c $HARNESS "$stage"/*.c common/*.c -lws2_32
    )
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

rm -rf "$folder"
mkdir -p "$folder"
for patch in common/tests/mutants/*"$filter"*.patch; do
    name=$(basename "$patch" .patch)
    stage=$(sed -n 's,^--- a/\([^/]*\)/.*,\1,p' "$patch" | head -n 1)
    caught=$(read_line 'Caught by' "$patch" | tr -d '\r')
    program=${caught%% *}
    tests=${caught#* }
    reason=$(judge "$folder/$name" "$patch")
    if [ -z "$reason" ]; then
        first=$(tr -d '\r' <"$folder/$name.log" | sed -n 's/^FAIL \(.*\)$/\1/p' | head -n 1)
        printf 'ok   %s: "%s" fails\n' "$name" "${first% (*}"
        passed=$((passed + 1))
        rm -rf "${folder:?}/$name"
    else
        printf 'FAIL %s: %s. %s See %s.log.\n' "$name" "$reason" "$(read_line What "$patch")" \
            "$folder/$name"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
