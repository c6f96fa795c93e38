# apart.sh: runs a server apart from the programs that talk to it. To be read by other scripts:
#
#     . common/tests/lib/apart.sh
#     apart_prepare || exit 1            # once
#     apart_start SERVER || exit 1       # SERVER is a server.exe; it is quiet, on a free port
#     ... talk to port $apart_port ...
#     apart_stop || echo "the server's exit code is not 0"
#     apart_end                          # at the end of the script, however it ends
#
# Under Wine the server gets a prefix of its own. One process of Wine, the wineserver, does for all
# programs of a prefix what the kernel does on Windows: what a client costs would be mixed with what
# the server costs, and both would wait for each other. And it holds the sockets of all of them, where
# systems often let a process open no more than 20,000 files. apart_pid is the server's process and
# apart_keeper its wineserver's, as Linux numbers them.
#
# For systems with Wine only: it needs RUN. Under test.sh, which holds the other prefix, that stays up.

# shellcheck shell=sh disable=SC2034

apart_folder=$PWD/build/wine-server
apart_log=build/apart.log
apart_pid=
apart_port=
apart_keeper=
apart_code=0 # the exit code of the server that was stopped last
WINE_SESSION=${WINE_SESSION:-$$}
export WINE_SESSION

apart_prepare() {
    WINE_FOLDER=$apart_folder sh common/tools/wine.sh prepare
}

# The process of that prefix: its environment tells which one it serves.
apart_find_keeper() {
    for folder in /proc/[0-9]*; do
        { read -r name <"$folder/comm"; } 2>/dev/null || continue
        case $name in wineserver*) ;; *) continue ;; esac
        if tr '\0' '\n' 2>/dev/null <"$folder/environ" | grep -qxF "WINEPREFIX=$apart_folder"; then
            echo "${folder#/proc/}"
            return
        fi
    done
}

apart_start() {
    : >$apart_log
    WINE_HELD='' WINE_FOLDER=$apart_folder sh common/tools/wine.sh run "$1" --port 0 --quiet \
        >$apart_log </dev/null &
    apart_pid=$!
    apart_port=
    tries=0
    while [ $tries -lt 200 ] && [ -z "$apart_port" ]; do
        sleep 0.1
        apart_port=$(tr -d '\r' <$apart_log | sed -n 's/^Listening on .*:\([0-9]*\)$/\1/p')
        tries=$((tries + 1))
    done
    apart_keeper=$(apart_find_keeper)
    [ -n "$apart_port" ] && return
    echo "$1 did not begin to listen within 20 s" >&2
    return 1
}

# The result is the server's exit code.
apart_stop() {
    [ -n "$apart_pid" ] || return 0
    kill -INT "$apart_pid" 2>/dev/null
    wait "$apart_pid"
    apart_code=$?
    apart_pid=
    return $apart_code
}

apart_end() {
    apart_stop
    WINE_FOLDER=$apart_folder sh common/tools/wine.sh stop
    [ -n "${WINE_HELD-}" ] || sh common/tools/wine.sh stop
}
