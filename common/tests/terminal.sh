#!/bin/sh
# terminal.sh: tests that a person at a terminal sees what is typed, while it is typed, as `make client`
# and `make run-07 PROGRAM=ChatClient` start the programs. `script` is the terminal.
#
# Without RUN the programs have the console of Windows, which needs no help, and only the first test is run.

filter=${1-}
folder=build/terminal-output
. common/tests/lib/check.sh
rm -rf $folder
mkdir -p $folder
pids=

# What the program that is typed into has to show.
shows() {
    wait_until grep -qsF -e "$1" $folder/screen
}

serve() {
    start_server "$1" $folder/server $folder/errors
    pids="$pids $server"
}

end() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}
trap 'end; exit 130' INT TERM
# A program that has ended reads nothing: its test fails then, and not this script.
trap '' PIPE

# try_typing NAME READY ANSWER LAST WORD...: when the program has said READY, half of a line is typed, which
# has to be seen; then the rest, and ANSWER has to come; then LAST ends the program with exit code 0.
try_typing() {
    name=$1
    ready=$2
    answer=$3
    last=$4
    shift 4
    is_chosen "$name" || return
    rm -f $folder/keys $folder/screen
    mkfifo $folder/keys
    script -q -e -f -c "sh common/tools/wine.sh talk $*" $folder/screen <$folder/keys >/dev/null 2>&1 &
    pids="$pids $!"
    typing=$!
    exec 6>$folder/keys
    reason=
    shows "$ready" || reason="'$ready' has not come"
    printf hal >&6
    [ -n "$reason" ] || shows hal || reason="what is typed is not seen"
    printf 'f\n' >&6
    [ -n "$reason" ] || shows "$answer" || reason="'$answer' has not come"
    # The last word is for printf.
    # shellcheck disable=SC2059
    printf "$last" >&6
    [ -z "$reason" ] || kill $typing
    wait $typing || reason=${reason:-"its exit code is $?"}
    exec 6>&-
    report "$name" "$reason" $folder/screen
}

name="terminal: a pipe is no person"
if is_chosen "$name"; then
    serve build/01-blocking/server.exe
    reason=
    printf 'half\nquit\n' | run build/tools/client.exe --port "$port" >$folder/screen 2>&1 ||
        reason="its exit code is $?"
    grep '^> ' $folder/screen >/dev/null && reason="it shows a prompt"
    grep '^sent "half"' $folder/screen >/dev/null || reason="what was sent is not shown"
    report "$name" "$reason" $folder/screen
fi
if [ -n "${RUN-}" ]; then
    serve build/01-blocking/server.exe
    try_typing "terminal: client.exe" '> ' 'got  "half"' 'quit\n' build/tools/client.exe --port "$port"
    try_typing "terminal: client.exe, Ctrl+D" '> ' 'got  "half"' '\004' build/tools/client.exe --port "$port"
    serve build/07-service-session/ChatServer.exe
    try_typing "terminal: ChatClient.exe" 'you are mina' 'mina: half' '/quit\n' \
        build/07-service-session/ChatClient.exe --port "$port" --name mina
    try_typing "terminal: ChatClient.exe, Ctrl+C" 'you are mina' 'mina: half' '\003' \
        build/07-service-session/ChatClient.exe --port "$port" --name mina
fi
end
sum_up
