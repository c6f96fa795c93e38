#!/bin/sh
# verify.sh: builds somebody's server so that it watches its own calls, runs the contract suite on it,
# and says in words what came out.
#
#     sh common/tools/verify.sh SERVER [STAGE]
#
# SERVER is a C file, or a folder all of whose C files are one program; it may use the files of common.
# STAGE, 01 to 07, says which stage's contract is to be kept: 01 to 03 have a limit of clients, and so
# has the server. Without it the path's own 0N-name says so, or it is 05. To be called by make verify,
# which has built contract.exe and the objects of common and common/instrument, and which sets CC, RUN
# and CFLAGS.

server=${1-}
stage=${2-}
folder=build/verify
objects=build/instrument/obj
tools=$(dirname "$0")
return_key=$(printf '\r')

refuse() {
    echo "$*" >&2
    exit 2
}

# --- What is to be built ---

case $server in
'') refuse 'Which server? For example: make verify SERVER=my/server.c, or the folder that it is in' ;;
*.cpp | *.cc | *.cxx) refuse "$server: it has to be C, this is C++." ;;
esac
if [ -d "$server" ]; then
    home=${server%/}
    set -- "$home"/*.c
    [ -f "$1" ] || refuse "No C file is in the folder $server."
elif [ -f "$server" ]; then
    home=$(dirname "$server")
    set -- "$server"
else
    refuse "There is no file or folder $server."
fi
grep -q 'main *(' "$@" || refuse "There is no main in $server."
if [ -z "$stage" ]; then
    stage=$(printf '%s/' "$server" | sed -n 's/^\(.*\/\)\{0,1\}\(0[1-7]\)[-.][^/]*\/.*/\2/p')
fi
case ${stage:=05} in
0[1-7]) ;;
*) refuse "STAGE=$stage: it has to be 01 to 07." ;;
esac

# --- Building ---

# The folder's name tells the contract suite which stage it is.
program=$folder/$stage-yours/server.exe
rm -rf "$folder"
mkdir -p "$folder/$stage-yours"
for source in common/*.c common/instrument/*.c; do
    # An object may be left whose source is gone: so the sources say which belong to it.
    "$(printf '%s' "${CC:-gcc}" | sed 's/gcc$/ar/')" qcs $folder/libcommon.a \
        "$objects/${source%.c}.o" || exit 1
done
# It counts from before the first header on, and common/instrument includes that.
size=$(sed -n 's/^[ \t]*#[ \t]*define[ \t]\{1,\}FD_SETSIZE[ \t]\{1,\}\([0-9]\{1,\}\).*/-DFD_SETSIZE=\1/p' "$@" |
    tail -n 1)
echo "Building $server to watch its own calls."
# CFLAGS and size are several words, or none.
# shellcheck disable=SC2086
if ! ${CC:-gcc} -std=gnu11 -Wall -Wextra $CFLAGS $size -include common/instrument/Instrument.h \
    -Icommon -I"$home" -o $program "$@" $folder/libcommon.a -lws2_32 -lmswsock; then
    echo
    echo "Verdict: it cannot be built; the compiler says why above."
    exit 1
fi

# --- Running ---

# Runs the suite, whole or those of its tests with $1 in their name, with its lines in a file, too.
run_suite() {
    # RUN is several words.
    # shellcheck disable=SC2086
    ${RUN-} build/tests/contract.exe --verify $program ${1:+"$1"} </dev/null 2>&1 |
        while IFS= read -r line || [ -n "$line" ]; do
            printf '%s\n' "${line%"$return_key"}"
        done | tee $folder/output.txt
}

stop() {
    [ -z "${RUN-}" ] || sh "$tools/wine.sh" stop
}

# The programs have heard of Ctrl+C themselves.
# shellcheck disable=SC2317  # trap calls it
interrupted() {
    stop
    echo "Interrupted: there is no verdict." >&2
    exit 130
}

trap interrupted INT TERM
[ -z "${RUN-}" ] || sh "$tools/wine.sh" prepare || exit 1
echo
echo "First: does it start and serve one client?"
run_suite 'watches its own calls'
if grep -q -e 'there is no line "Listening on' -e 'does not start' $folder/output.txt; then
    echo
    echo "Verdict: it does not start, so the tests cannot begin. A server of this course, started with --port 0, prints"
    echo "  Listening on 127.0.0.1:PORT"
    echo "sends back what it gets, prints a line for each client that comes (Client Connected! ADDRESS) and"
    echo "leaves (Client Disconnected! ADDRESS), and after Ctrl+C prints 'Server stopped.' and ends with 0."
    echo "Above is what this one did. README.md has the whole of the contract."
    exit 1
fi
echo
echo "Then: the contract of stage $stage. It takes about a minute."
run_suite ''
stop

# --- The verdict ---

sum=$(sed -n 's/^\([0-9]* passed, [0-9]* failed\)$/\1/p' $folder/output.txt | tail -n 1)
failed=$(grep -c '^FAIL ' $folder/output.txt)
# Each finding once, whole, with the number of tests in which it came. Threads differ from test to test.
findings=$(awk '
    function keep() { if (finding != "" && count[finding]++ == 0) list[++kinds] = finding; finding = "" }
    !/^    stderr \| / { keep(); next }
    { sub(/^    stderr \| /, ""); sub(/, on (main|worker [0-9]+|thread [0-9]+|Ctrl\+C)$/, "") }
    /^verify: (rule|memory|context|left)/ { keep(); finding = "  " $0; next }
    /^    / && finding != "" { finding = finding "\n  " $0; next }
    { keep() }
    END { keep(); for (i = 1; i <= kinds; i++) print list[i] "\n      (in " count[list[i]] " tests)" }
    ' $folder/output.txt)
echo
echo "Verdict on $server, by the contract of stage $stage: $sum."
if [ "$failed" = 0 ] && [ "${sum#*passed, 0 failed}" != "$sum" ]; then
    echo "It keeps the contract, and verify has found nothing."
    exit 0
fi
echo "What failed:"
sed -n 's/^FAIL \(.*\) (.*/  \1/p' $folder/output.txt
if [ -n "$findings" ]; then
    echo "What verify has found:"
    echo "$findings"
else
    echo "Verify has found nothing: no rule of overlapped I/O was seen to be broken."
fi
exit 1
