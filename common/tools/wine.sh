#!/bin/sh
# wine.sh: runs the Windows programs of this repository on Linux, with Wine.
#
#     sh common/tools/wine.sh find                     prints which program is Wine
#     sh common/tools/wine.sh prepare                  makes Wine's prefix, the first time
#     sh common/tools/wine.sh run PROGRAM [WORD...]    runs it and becomes it
#     sh common/tools/wine.sh show PROGRAM [WORD...]   runs it for a person to watch
#     sh common/tools/wine.sh talk PROGRAM [WORD...]   the same, but it reads what the person types
#     sh common/tools/wine.sh gdb PORT PROGRAM [WORD...]   waits for a gdb to connect to PORT
#     sh common/tools/wine.sh stop                     ends what Wine left in the background
#     sh common/tools/wine.sh hold                     keeps Wine's background up until release, which
#     sh common/tools/wine.sh release                  is a stop as well
#
# The prefix, which is Wine's drive C: and registry, is WINE_FOLDER, or build/wine under the current
# folder. The user's own prefix is never touched, and no window is needed.

WINE_FOLDER=${WINE_FOLDER:-$PWD/build/wine}
export WINE_FOLDER
WINEPREFIX=$WINE_FOLDER
WINEARCH=win64
WINEDEBUG=-all
# No dialogue that offers Mono or Gecko, no entries in the desktop's menus, and no debugger after a
# crash, behind which the exit code can get lost.
WINEDLLOVERRIDES='mscoree,mshtml=;winemenubuilder.exe=d;winedbg.exe=d'
export WINEPREFIX WINEARCH WINEDEBUG WINEDLLOVERRIDES
unset DISPLAY WAYLAND_DISPLAY WINESERVER WINELOADER

# A file for each program that runs: its name is the process number, its text the make that runs it.
running=$WINE_FOLDER.running

# Debian's wine64 is not in the PATH, and its `wine` asks for 32-bit packages that we do not need.
find_wine() {
    if [ -x /usr/lib/wine/wine64 ]; then
        echo /usr/lib/wine/wine64
    else
        command -v wine64 || command -v wine
    fi
}

find_wineserver() {
    if [ -x /usr/lib/wine/wineserver ]; then
        echo /usr/lib/wine/wineserver
    else
        command -v wineserver
    fi
}

prepare() {
    [ -f "$WINE_FOLDER/.prepared" ] && return
    echo "Preparing Wine in ${WINE_FOLDER#"$PWD/"} (once)..."
    mkdir -p "$WINE_FOLDER"
    if (WINEDEBUG=fixme-all && wine wineboot --init) </dev/null >"$WINE_FOLDER.log" 2>&1; then
        : >"$WINE_FOLDER/.prepared"
        return
    fi
    cat "$WINE_FOLDER.log" >&2
    echo "Wine could not make its prefix $WINE_FOLDER; above is what it said." >&2
    return 1
}

# To be called before a program: notes that it runs, and starts what Wine keeps in the background.
# That must not inherit a pipe of ours, or who reads the pipe would wait for it to end.
begin() {
    prepare || exit 1
    mkdir -p "$running"
    for file in "$running"/*; do
        [ -f "$file" ] && { kill -0 "${file##*/}" 2>/dev/null || rm -f "$file"; }
    done
    echo "${WINE_SESSION:-none}" >"$running/$1"
    [ -n "${WINE_HELD-}" ] || wine cmd /c exit </dev/null >/dev/null 2>&1
}

# A program that waits for a line that nobody writes. As long as it runs, Wine's server does not end
# and come back between two programs: a program that starts while the server ends may not start at all.
hold() {
    begin $$
    pipe=$WINE_FOLDER.hold.$WINE_SESSION
    rm -f "$pipe"
    mkfifo "$pipe" || return
    wine cmd /c 'set /p line=' <>"$pipe" >/dev/null 2>&1 &
    echo "$WINE_SESSION" >"$running/$!"
}

release() {
    pipe=$WINE_FOLDER.hold.$WINE_SESSION
    [ ! -p "$pipe" ] || echo 1<>"$pipe"
    rm -f "$pipe"
    stop
}

# On a terminal Wine would draw a console with escape sequences; through a pipe, lines are lines.
# Ctrl+C reaches the program; we and the filter stay until it has said its last word.
filter='exec cat'
if sed -u '' </dev/null >/dev/null 2>&1; then
    filter='exec sed -u s/\r$//'
fi
show() {
    trap : INT
    exec 4>&1
    code=$({ {
        trap : INT
        wine "$@" 3>&- 4>&-
        echo $? >&3
    } 2>&1 | (
        trap '' INT
        $filter
    ) >&4 3>&-; } 3>&1)
    rm -f "$running/$$"
    return "${code:-1}"
}

# Wine's console shows what is typed only with what the program prints next. So a terminal stays the
# system's, which shows it at once and lets lines be edited, and the program reads a pipe. TYPED tells it
# that a person is at the other end.
talk() {
    if [ ! -t 0 ]; then
        show "$@"
        return
    fi
    pipe=$WINE_FOLDER.talk.$$
    rm -f "$pipe"
    mkfifo "$pipe" || return
    exec 5<&0
    cat <&5 >"$pipe" &
    typist=$!
    [ ! -t 1 ] || filter='exec cat' # a prompt is no whole line
    TYPED=1
    export TYPED
    show "$@" <"$pipe"
    code=$?
    kill $typist 2>/dev/null
    wait $typist 2>/dev/null
    rm -f "$pipe"
    return $code
}

# Other terminals may be running a server: then Wine stays for them.
stop() {
    [ -d "$running" ] || return 0
    for file in "$running"/*; do
        [ -f "$file" ] || continue
        session=$(cat "$file")
        if [ "$session" != "${WINE_SESSION-}" ] && kill -0 "${file##*/}" 2>/dev/null; then
            return 0
        fi
        rm -f "$file"
    done
    [ -d "$WINE_FOLDER" ] || return 0
    server=$(find_wineserver) && "$server" -k >/dev/null 2>&1
    return 0
}

# Debian's wine64 has no preloader: where the heap happens to be at the address of Windows's shared
# data, one start in some thousands ends at once, with code 1 and without a word. So the heap is not to
# be anywhere by chance. Some containers do not allow that.
wine=$(find_wine)
if [ -z "$wine" ]; then
    [ "${1-}" = find ] || echo "Wine is missing. make setup installs it." >&2
    exit 1
fi
fixed=
setarch -R true 2>/dev/null && fixed="setarch -R"

# What it runs inherits that. It is several words.
wine() {
    # shellcheck disable=SC2086
    $fixed "$wine" "$@"
}

become_wine() {
    # shellcheck disable=SC2086
    exec $fixed "$wine" "$@"
}

action=${1-}
[ $# -gt 0 ] && shift
case $action in
find) echo "$wine" ;;
prepare) prepare ;;
run)
    begin $$
    become_wine "$@"
    ;;
show)
    begin $$
    [ -t 0 ] && exec </dev/null
    show "$@"
    ;;
talk)
    begin $$
    talk "$@"
    ;;
gdb)
    begin $$
    WINEDLLOVERRIDES=${WINEDLLOVERRIDES%;winedbg.exe=d}
    echo "Waiting for gdb: target remote localhost:${1-}"
    become_wine winedbg --gdb --no-start --port "$@"
    ;;
stop) stop ;;
hold) hold ;;
release) release ;;
*)
    echo "Usage: wine.sh find | prepare | stop | hold | release |" \
        "run|show|talk PROGRAM [WORD...] | gdb PORT PROGRAM [WORD...]" >&2
    exit 2
    ;;
esac
