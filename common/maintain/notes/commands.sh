#!/bin/sh
# commands.sh: runs the `console` blocks of a document and compares what comes; notes.sh calls it.
#
#     sh common/maintain/notes/commands.sh NAME RECORDS FOLDER
#
# RECORDS is what markdown.awk printed of the document NAME. FOLDER is for files. steps.awk makes
# steps of the blocks, and match.awk compares. Each terminal has a folder:
#
#     command   what was typed at the prompt             out    what the terminal has shown
#     typed     the lines typed into the program         code   the exit code, once it has ended
#     state     how far `out` has been compared          line   the line of the document that is behind it
#
# A terminal is a session of its own: Ctrl+C is the signal to all that runs in it. On Windows it is
# terminal.exe, with a console of its own. The first thing that is wrong ends the document, and in
# the end nothing is left running. Prints an ok or a FAIL line; exit code 1 after a FAIL.
#
# A server or client may be silent for NOTES_PATIENCE seconds (30), other commands for much longer.
# NOTES_PORT is the port that must be free: 7777, on which a server listens that is told nothing else.

name=$1
records=$2
work=$3
notes=$(dirname "$0")
tab=$(printf '\t')
terminals=
commands=0
pause=0.1
patience=${NOTES_PATIENCE:-30}
port=${NOTES_PORT:-7777}
port_taken="port $port is taken: stop the program that has it, perhaps a server in another terminal"

case ${OS-} in
Windows_NT) windows=yes ;;
*) windows= ;;
esac

fail() {
    echo "FAIL $name:$1: $2"
    shift 2
    for text in "$@"; do
        printf '    %s\n' "$text"
    done
}

# --- A terminal ----------------------------------------------------------------------------------

# What a person's shell has, and not what the make has that calls this: of the variables on its command
# line only those that say how to compile, so that nothing is built anew.
clean_environment() {
    MAKEFLAGS=$(printf '%s\n' "${MAKEFLAGS-}" | awk '{
        gsub(/\\ /, "\001")
        for (i = 1; i <= NF; i++)
            if ($i ~ /^(CC|CFLAGS|WINE_FOLDER)=/) kept = kept " " $i
        gsub(/\001/, "\\ ", kept)
        if (kept != "") print " --" kept
    }')
    export MAKEFLAGS
    # Without WINE_SESSION, what runs here ends no Wine that others use.
    unset MAKELEVEL MAKEOVERRIDES MFLAGS WINE_SESSION CC CFLAGS RUN FILTER ARGS PROGRAM SERVER STAGE \
        FROM TO WATCHED V
}

start() {
    folder=$work/$terminal
    rm -rf "$folder"
    mkdir -p "$folder" || exit 1
    printf '%s\n' "$text" >"$folder/command"
    echo "1 0" >"$folder/state"
    echo "$line" >"$folder/line"
    : >"$folder/out"
    : >"$folder/typed"
    if [ -n "$windows" ]; then
        : >"$folder/keys"
        build/maintain/terminal.exe "$folder" </dev/null >"$folder/log" 2>&1 &
        return
    fi
    mkfifo "$folder/in"
    # Terminal N types through descriptor N + 3. It stays open: the program's input does not end.
    eval "exec $((terminal + 3))<>\"\$folder/in\""
    # This shell stays to write the code. What it starts hears Ctrl+C as usual.
    # shellcheck disable=SC2016
    setsid env --default-signal=INT sh -c 'trap : INT
        : >"$1/ready"
        sh "$1/command"
        echo $? >"$1/code.txt" && mv "$1/code.txt" "$1/code"' sh "$folder" \
        <"$folder/in" >"$folder/out" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- &
    # setsid has become the shell of the session: its number is that of the session.
    echo $! >"$folder/session"
    until [ -f "$folder/ready" ] || ! kill -0 $! 2>/dev/null; do
        sleep $pause
    done
}

type_line() {
    printf '%s\n' "$text" >>"$work/$terminal/typed"
    if [ -n "$windows" ]; then
        printf 'type %s\n' "$text" >>"$work/$terminal/keys"
    else
        eval "printf '%s\\n' \"\$text\" >&$((terminal + 3))"
    fi
}

press() {
    if [ -n "$windows" ]; then
        echo press >>"$work/$terminal/keys"
    else
        kill -INT "-$(cat "$work/$terminal/session")" 2>/dev/null
    fi
}

# The processes of terminal $1 that have not ended; a zombie has. Windows ends them with the terminal.
list_processes() {
    [ -z "$windows" ] || return 0
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v session="$(cat "$work/$1/session")" '{
        pid = $1
        # The name of the program is in ( ) and may have blanks.
        sub(/.*\) /, "")
        if ($4 == session && $1 != "Z") print pid
    }'
}

end_terminals() {
    for number in $terminals; do
        if [ -n "$windows" ]; then
            echo end >>"$work/$number/keys"
            for _ in 1 2 3 4 5 6 7 8 9 10; do
                [ -f "$work/$number/code" ] && break
                sleep 0.5
            done
            continue
        fi
        # Again, for what they have started in the meantime.
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            processes=$(list_processes "$number")
            [ -n "$processes" ] || break
            # shellcheck disable=SC2086
            kill -KILL $processes 2>/dev/null
            sleep $pause
        done
    done
    terminals=
}

# shellcheck disable=SC2317  # trap calls it
interrupted() {
    trap - INT TERM
    end_terminals
    exit 130
}

# --- Comparing -----------------------------------------------------------------------------------

# How long the terminal may be silent. Some commands build or test before they print.
find_patience() {
    case $(cat "$work/$terminal/command") in
    "make run-"* | "make client"*) echo "$patience" ;;
    *) echo 600 ;;
    esac
}

# compare LINES SETTLED LAST PLACE: leaves match.awk's answer in $answer, $at, $expected and $found. False: another
# line has come, which it has said, with PLACE if nothing was expected.
compare() {
    read -r from skipping <"$work/$terminal/state"
    awk -v output="$work/$terminal/out" -v typed="$work/$terminal/typed" \
        -v from="$from" -v skipping="$skipping" -v settled="$2" -v last="$3" \
        -v tail="$work/$terminal/lines" -f "$notes/match.awk" "$1" >"$work/answer"
    { read -r answer at && IFS= read -r expected && IFS= read -r found; } <"$work/answer"
    [ "$answer" = wrong ] || return 0
    case $at:$found in
    *:"Cannot listen on"*":$port: bind"*)
        [ "$at" != 0 ] || at=$4
        fail "$at" "$port_taken" "$found"
        ;;
    0:*)
        fail "$4" "terminal $terminal shows a line behind this one that the notes do not have" "got:      $found"
        ;;
    *) fail "$at" "terminal $terminal shows another line" "expected: $expected" "got:      $found" ;;
    esac
    return 1
}

# The line has not come. $1 says why no more is waited for.
explain_missing() {
    running=
    for process in $(list_processes "$terminal"); do
        running="$running [$(tr '\0' ' ' <"/proc/$process/cmdline")]"
    done
    fail "$at" "$1" "expected: $expected" "running: $running" "got:"
    tail -n 12 "$work/$terminal/out" | sed 's/^/      /'
}

# Waits until the terminal has shown the lines.
expect() {
    limit=$(find_patience)
    size=
    since=$(date +%s)
    unchanged=0
    while :; do
        [ -f "$work/$terminal/code" ] && has_ended=1 || has_ended=0
        new_size=$(wc -c <"$work/$terminal/out")
        if [ "$new_size" != "$size" ]; then
            size=$new_size
            since=$(date +%s)
            unchanged=0
        else
            unchanged=$((unchanged + 1))
        fi
        settled=$has_ended
        [ $unchanged -le 10 ] || settled=1
        compare "$work/$1" "$settled" 0 0 || return 1
        if [ "$answer" = ok ]; then
            echo "$at" >"$work/$terminal/state"
            tail -n 1 "$work/$1" | sed "s/$tab.*//" >"$work/$terminal/line"
            cp "$work/$1" "$work/$terminal/lines"
            return 0
        fi
        if [ "$has_ended" = 1 ]; then
            explain_missing "the command in terminal $terminal has ended without this line"
            return 1
        fi
        if [ $(($(date +%s) - since)) -ge "$limit" ]; then
            explain_missing "terminal $terminal has not shown this line for $limit s"
            return 1
        fi
        sleep $pause
    done
}

# Waits until the command in terminal $terminal has ended, and requires that it has shown nothing
# that the notes do not have.
finish() {
    [ -f "$work/$terminal/command" ] || return 0
    read -r place <"$work/$terminal/line"
    since=$(date +%s)
    limit=$((patience / 3))
    [ "$(find_patience)" = "$patience" ] || limit=600
    # What stands behind lines that are left out may be the end of what comes.
    last=1
    grep "$tab *[.][.][.]\$" "$work/$terminal/lines" >/dev/null 2>&1 && last=0
    while [ ! -f "$work/$terminal/code" ]; do
        compare /dev/null 1 $last "$place" || return 1
        if [ $(($(date +%s) - since)) -ge $limit ]; then
            fail "$place" "terminal $terminal still runs: $(cat "$work/$terminal/command")" "$1"
            return 1
        fi
        sleep $pause
    done
    compare /dev/null 1 1 "$place" || return 1
    # What it has started may take a moment longer.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -n "$(list_processes "$terminal")" ] || return 0
        sleep 0.2
    done
    fail "$place" "a program that terminal $terminal has started is left running" \
        "$(cat "$work/$terminal/command")"
    return 1
}

# --- The document --------------------------------------------------------------------------------

do_step() {
    case $kind in
    fail)
        fail "$line" "$text"
        return 1
        ;;
    run)
        finish "Show its end, ^C say, before the next command." || return 1
        case " $terminals " in *" $terminal "*) ;; *) terminals="$terminals $terminal" ;; esac
        commands=$((commands + 1))
        start
        ;;
    expect) expect "$text" ;;
    type | press)
        if [ ! -f "$work/$terminal/command" ] || [ -f "$work/$terminal/code" ]; then
            fail "$line" "in terminal $terminal nothing runs any more that could hear this"
            return 1
        fi
        if [ "$kind" = type ]; then type_line; else press; fi
        echo "$line" >"$work/$terminal/line"
        ;;
    esac
}

do_steps() {
    while IFS=$tab read -r line terminal kind text; do
        do_step || return 1
    done <"$work/steps"
    for terminal in $terminals; do
        finish "Show its end: ^C, and what it prints." || return 1
    done
}

is_port_taken() {
    if [ -r /proc/net/tcp ]; then
        # Numbers are hexadecimal there; 0A is a listener.
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
            awk -v port=":$(printf %04X "$port")" '
                substr($2, length($2) - 4) == port && $4 == "0A" { found = 1 }
                END { exit !found }'
    else
        netstat -an 2>/dev/null | grep -i "^ *tcp.*[:.]$port .*LISTEN" >/dev/null
    fi
}

rm -rf "$work"
mkdir -p "$work"
awk -v folder="$work" -f "$notes/steps.awk" "$records" >"$work/steps"
[ -s "$work/steps" ] || exit 0
read -r first _ <"$work/steps"
if [ -n "$windows" ]; then
    if [ ! -x build/maintain/terminal.exe ]; then
        fail "$first" "build/maintain/terminal.exe is missing, which runs the commands: call make check-notes"
        exit 1
    fi
elif ! setsid env --default-signal=INT true 2>/dev/null; then
    fail "$first" "the commands are not run: this needs setsid, and env of coreutils 8.31 or later"
    exit 1
fi
clean_environment
trap interrupted INT TERM
tries=0
while is_port_taken; do
    tries=$((tries + 1))
    if [ $tries -gt 10 ]; then
        fail "$first" "$port_taken"
        exit 1
    fi
    sleep 1
done
started=$(date +%s)
do_steps
code=$?
end_terminals
if [ $code = 0 ]; then
    echo "ok   $name: commands ($commands, $(($(date +%s) - started)) s)"
    rm -rf "$work"
fi
exit $code
