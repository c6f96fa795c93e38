#!/bin/sh
# many.sh: 10,000 clients of stage 07 at once. `make test-10000` calls it.
#
# Under Wine the server and the clients get a prefix each: one process of Wine holds the sockets of
# all programs of a prefix, and systems often let a process open no more than 20,000 files.

server=build/07-service-session/server.exe
log=build/many.log

if [ -z "${RUN-}" ]; then
    exec build/tests/library.exe many-10000
fi

stop() {
    [ -z "$pid" ] || kill -INT "$pid" 2>/dev/null
    wait
    WINE_FOLDER=$other sh common/tools/wine.sh stop
    sh common/tools/wine.sh stop
}

WINE_SESSION=$$
export WINE_SESSION
other=$PWD/build/wine-server
pid=
trap 'stop; exit 130' INT TERM
WINE_FOLDER=$other sh common/tools/wine.sh prepare || exit 1
: >$log
WINE_FOLDER=$other sh common/tools/wine.sh run $server --port 0 --quiet >$log </dev/null &
pid=$!
port=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    port=$(tr -d '\r' <$log | sed -n 's/^Listening on .*:\([0-9]*\)$/\1/p')
    [ -z "$port" ] || break
    sleep 1
done
if [ -z "$port" ]; then
    echo "$server did not begin to listen within 20 s" >&2
    stop
    exit 1
fi
# RUN is several words.
# shellcheck disable=SC2086
$RUN build/tests/library.exe --port "$port" many-10000
code=$?
stop
exit $code
