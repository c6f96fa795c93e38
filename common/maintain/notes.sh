#!/bin/sh
# notes.sh: checks the notes: the README.md of every stage, the chapters of the steps, and the other
# documents. `make check-notes`.
#
#     sh common/maintain/notes.sh [--only CHECK[,CHECK...]] [FILE...]
#
# Without FILE it checks all documents, and the comments of all sources. The checks:
#
#     form      no block is left open; a stage's README.md has a diagram and commands
#     excerpts  every ```c block, and every ```diff block with a name, stands in the file that it names,
#               word for word
#     names     functions, files, options and make targets in backticks exist; and those in the comments
#               of sources
#     changes   "What changed" lists all that changed from the stage before, and nothing else
#     claims    every claim that is cited is a test of common/tests/claims/Claims*.c
#     diffs     every DIFF.md is what the stages give (only without FILE)
#     figures   versions are those of known-systems.txt, and numbers of tests those of the programs; without
#               FILE also: the tables of common/benchmark/BENCHMARK.md are those of common/benchmark, the lines
#               that the front page gives those of the stages, and known-systems.txt is true of this system
#     commands  every ```console block is run, and shows what it says
#
# The files in common/maintain/notes say what each requires. Sections, links and anchors are looked at by
# make lint, the diagrams by make render-notes.
#
# Prints `ok` and `FAIL FILE:LINE: sentence` lines; the last line is `N passed, N failed`. Exit code 1:
# something failed. To be run in the top folder of the repository; `commands` needs what
# `make check-notes` builds.

notes=$(dirname "$0")/notes
folder=build/notes-work/$$
systems=common/maintain/notes/known-systems.txt
all_checks="form excerpts names changes claims diffs figures commands"
checks=
LC_ALL=C
export LC_ALL
# For the commands that run tests: they are not to empty the folder of the tests that run this.
TEST_OUTPUT=$folder/test-output
export TEST_OUTPUT
tools=common/tools
. common/tools/diff-git.sh
. common/tests/lib/check.sh

usage() {
    echo "Usage: notes.sh [--only CHECK,...] [FILE...]; the checks: $all_checks" >&2
    exit 2
}

# --- What the checks ask -------------------------------------------------------------------------

# The files of the repository, those of git where there is one.
list_files() {
    git -c core.quotePath=false ls-files --cached --others --exclude-standard 2>/dev/null |
        while IFS= read -r file; do
            [ -e "$file" ] && printf '%s\n' "$file"
        done >$folder/files
    [ -s $folder/files ] ||
        find . \( -name build -o -name .git \) -prune -o -type f -print | sed 's,^\./,,' >$folder/files
}

# What make can make, and the code of the Makefile and of the scripts.
read_makefile() {
    MAKEFLAGS='' MAKELEVEL='' ${MAKE:-make} -pq FORCE 2>/dev/null | awk '
        { sub(/\r$/, "") }
        /^# Not a target:/ { getline; next }
        /^[^#\t .%=][^=]*:([^=]|$)/ { sub(/ *:.*/, ""); print }' | sort -u >$folder/targets
    list_sources 'sh|awk' | xargs -0 awk -v code=1 -f "$notes/comments.awk" >$folder/makefiles
}

# The sources; without those that have names in them which are wrong on purpose. $1 is their endings.
list_sources() {
    grep -E "\\.($1)\$|^Makefile\$|\\.mk\$|^\\.ci/run\$" $folder/files |
        grep -v -e '^common/tests/notes-broken\.sh$' -e '^common/maintain/notes/names\.awk$' | tr '\n' '\0'
}

# Every identifier and every option of the sources and the steps, without what only comments say.
read_words() {
    list_sources 'c|h|sh|awk|gp|m?js|patch' | xargs -0 awk -v code=1 -f "$notes/comments.awk" >$folder/code
    { grep -oE '[A-Za-z0-9_]+' $folder/code && grep -oE -e '--[a-z][a-z-]*' $folder/code; } | sort -u >$folder/words
}

# What stands in quotes in the sources of the tests: their names are among it.
read_literals() {
    cat common/tests/*/*.c | grep -oE '"[^"]+"' >$folder/literals
}

# The names of the claims: TEST("port: a packet ...")
read_claims() {
    cat common/tests/claims/Claims*.c | tr -d '\r' | tr '\n' ' ' | sed 's/" *"//g' |
        grep -oE 'TEST\("[^"]+: [^"]*"' | sed -e 's/^TEST("//' -e 's/"$//' >$folder/claims
}

# count STAGE PROGRAM [WORD...]: how many tests a program lists, for a stage or for all.
count() {
    stage=$1
    program=$2
    shift 2
    [ -f "build/tests/$program" ] || return
    run "build/tests/$program" "$@" --list >$folder/listed &&
        printf '%s\t%s\t%s\n' "$stage" "$(wc -l <$folder/listed | tr -d ' ')" "$program${1:+ $1}"
}

# Every number of tests that a document may name.
count_tests() {
    [ "${OS-}" = Windows_NT ] || RUN="sh common/tools/wine.sh run"
    for stage in 0[1-9]-*; do
        count "$stage" contract.exe "build/$stage/server.exe"
        count "$stage" contract.exe --verify "build/$stage/server.exe"
    done
    count all unit.exe
    count all claims.exe
    count all library.exe
    count all chat.exe build/07-*
    count all calls.exe build/tools/calls.exe build/0*/server.exe
    count all load.exe build/tools/load.exe build/0*/server.exe
}

# Cuts a stage's sources into their parts, once.
cut_stage() {
    [ -f "$folder/$1/list" ] || { copy_sources "$1" "$folder/$1/files" && cut_sources "$folder/$1"; }
}

# --- The checks ----------------------------------------------------------------------------------

# check CHECK NAME: runs one on the document, which markdown.awk has taken apart.
check() {
    case $1 in
    form | excerpts) run_awk "$@" ;;
    figures) run_awk "$@" -v systems=$systems -v counts=$folder/counts ;;
    names)
        run_awk "$@" -v files=$folder/files -v words=$folder/words -v targets=$folder/targets \
            -v makefiles=$folder/makefiles -v literals=$folder/literals -v known="$notes/known-names.txt"
        ;;
    changes)
        case $2 in 0[1-9]-*/README.md) ;; *) return ;; esac
        stage=${2%/README.md}
        before=$(find_before "$stage")
        [ -n "$before" ] || return
        cut_stage "$before"
        cut_stage "$stage"
        diff -rqN "$folder/$before/parts" "$folder/$stage/parts" >$folder/differences
        run_awk "$@" -v before="$before" -v stage="$stage" -v folder=$folder
        ;;
    claims) run_awk "$@" -v claims=$folder/claims ;;
    commands)
        sh "$notes/commands.sh" "$2" "$folder/records" "$folder/terminals"
        code=$?
        [ $code -le 1 ] || echo "FAIL $2:1: $notes/commands.sh ended with exit code $code"
        ;;
    esac
}

run_awk() {
    check_file=$notes/$1.awk
    check_name=$2
    shift 2
    awk -v name="$check_name" "$@" -f "$notes/report.awk" -f "$check_file" $folder/records ||
        echo "FAIL $check_name:1: $check_file ended with exit code $?"
}

wants() {
    case " $checks " in *" $1 "*) return 0 ;; esac
    return 1
}

check_document() {
    if [ ! -f "$1" ]; then
        echo "FAIL $1:1: there is no such file"
        return
    fi
    case $1 in
    *.md) awk -v name="$1" -f "$notes/markdown.awk" "$1" ;;
    *) awk -f "$notes/comments.awk" "$1" ;;
    esac >$folder/records
    for one in $checks; do
        check "$one" "$1"
    done
}

check_diffs() {
    if sh common/maintain/diffs.sh check >$folder/diffs; then
        echo "ok   DIFF.md: every one is fresh ($(grep -c '^ok ' $folder/diffs))"
    else
        grep -v -e '^ok ' -e ' passed, ' $folder/diffs || echo "FAIL DIFF.md:1: common/maintain/diffs.sh has failed"
    fi
}

# say FILE:LINE WHAT SENTENCE COMMAND...: the sentence is said if the command fails.
say() {
    place=$1 what=$2 sentence=$3
    shift 3
    if "$@"; then
        echo "ok   ${place%:*}: $what"
    else
        echo "FAIL $place: $sentence"
    fi
}

# The stages' lines in the table of the front page.
check_lines() {
    for stage in 0[1-9]-*; do
        told=$(awk -F '|' -v stage="[$stage]" 'index($2, stage) { gsub(/[^0-9]/, "", $7); print $7 }' README.md)
        count=$(cat "$stage"/*.[ch] | wc -l | tr -d ' ')
        say README.md:1 "the lines of $stage" "it has $count, and the table says '$told'" [ "$told" = "$count" ]
    done
}

# What known-systems.txt says of the system that this runs on is what that has.
check_systems() {
    # shellcheck disable=SC1091
    here=$([ -r /etc/os-release ] && . /etc/os-release && [ "$ID" = debian ] && echo "Debian $VERSION_ID")
    line=$(grep -n "^${here:-none}, " $systems) || return
    here="$here, Wine $($(sh common/tools/wine.sh find) --version | sed 's/^wine-\([0-9.]*\).*/\1/')"
    here="$here, GCC $(x86_64-w64-mingw32-gcc -dumpversion | sed 's/-.*//')"
    say "$systems:${line%%:*}" "this system" "this system is $here" [ "${line#*:}" = "$here" ]
}

# The document with the figures says what they were measured on.
check_machine() {
    for part in 'Wine [0-9.]*' 'Linux [0-9]*\.[0-9]*'; do
        part=$(sed -n "1s/.*\($part\).*/\1/p" common/benchmark/results.json)
        part=${part:-Windows}
        say common/benchmark/BENCHMARK.md:1 "measured with $part" "it does not say that this was measured with $part" \
            grep -qF "$part" common/benchmark/BENCHMARK.md
    done
}

check_figures() {
    check_systems
    [ -f common/benchmark/BENCHMARK.md ] || return
    sh common/maintain/bench/bench-keep.sh check
    check_machine
    check_lines
}

# The names are sorted, so that two people who add some do not meet, and none is there twice.
check_known() {
    grep -v '^#' "$notes/known-names.txt" | tr -d '\r' >$folder/known
    sort -uc $folder/known 2>/dev/null ||
        echo "FAIL common/maintain/notes/known-names.txt:1: the names are not sorted, or one is there twice"
}

# The names in the comments of all sources.
check_comments() {
    list_sources 'c|h|sh|awk|gp|m?js' | xargs -0 awk -f "$notes/comments.awk" >$folder/records
    check names "the comments of the sources"
}

check_all() {
    wants diffs && [ -n "$no_files" ] && check_diffs
    wants figures && [ -n "$no_files" ] && check_figures
    wants names && check_known
    wants names && [ -n "$no_files" ] && check_comments
    for file in "$@"; do
        check_document "${file#./}"
    done
}

# --- The command line ----------------------------------------------------------------------------

while [ "${1-}" = --only ] && [ $# -gt 1 ]; do
    checks="$checks $(echo "$2" | tr ',' ' ')"
    shift 2
done
case ${1-} in -*) usage ;; esac
for one in $checks; do
    case " $all_checks " in *" $one "*) ;; *) usage ;; esac
done
checks=${checks:-$all_checks}

no_files=
if [ $# = 0 ]; then
    no_files=yes
    for file in README.md 0[1-9]-*/README.md 0[1-9]-*/MAP.md 0[1-9]-*/steps/[1-9]-*.md common/*.md common/*/*.md \
        .github/*.md; do
        [ -f "$file" ] && set -- "$@" "$file"
    done
fi
rm -rf $folder
mkdir -p $folder || exit 1
trap 'rm -rf $folder' EXIT
trap 'exit 130' INT TERM
list_files
wants names && read_words && read_makefile && read_literals
wants claims && read_claims
if { wants commands || wants figures; } && [ "${OS-}" != Windows_NT ]; then
    sh common/tools/wine.sh prepare || exit 1
fi
wants figures && count_tests >$folder/counts
check_all "$@" | tee $folder/said
sum_up_lines $folder/said
