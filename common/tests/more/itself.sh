#!/bin/sh
# itself.sh: nothing listens, and the system has one port for those who connect, just the one that they
# connect to. So a client connects to itself, and a second one has no port at all. Each program has to
# say so. `make test-more` calls it.
#
# The range of ports is that of a network namespace of Linux, which root may make, with a Wine prefix of
# its own: the process that has the sockets of all programs has to be in there.

. common/tests/lib/check.sh
WINE_FOLDER=$PWD/build/wine-itself
WINE_HELD=
export WINE_FOLDER WINE_HELD
folder=build/itself-output
port=40000

# try NAME SENTENCE PROGRAM WORD...: the program has to fail and to say the sentence, in which PORT is the
# port. One that was used is not free for a minute: each has another.
try() {
    name=$1
    port=$((port + 1))
    sentence=$(echo "$2" | sed "s/PORT/$port/")
    shift 2
    echo "$port $port" >/proc/sys/net/ipv4/ip_local_port_range
    sh common/tools/wine.sh run "$@" --port $port >$folder/said 2>&1 </dev/null
    code=$?
    reason=
    grep -qF -e "$sentence" $folder/said || reason="'$sentence' is missing"
    [ $code = 1 ] || reason="its exit code is $code"
    report "$name" "$reason" $folder/said
}

inside() {
    examples=build/07-service-session
    ip link set lo up || exit 1
    sh common/tools/wine.sh prepare || exit 1
    try "itself: client.exe" "Cannot connect to 127.0.0.1:PORT: the client has connected to itself." \
        build/tools/client.exe --message hello
    try "itself: load.exe" "connected to itself, for nothing listens on 127.0.0.1:PORT" \
        build/tools/load.exe --clients 1 --seconds 1
    try "itself: load.exe, no port left" "bind failed with error 10048" \
        build/tools/load.exe --clients 3 --seconds 1
    try "itself: DummyClient.exe" "1 sessions have connected to themselves." \
        $examples/DummyClient.exe --sessions 1
    try "itself: DummyClient.exe, no port left" "2 sessions cannot connect to 127.0.0.1:PORT: bind failed" \
        $examples/DummyClient.exe --sessions 3
    try "itself: ChatClient.exe" "Cannot connect to 127.0.0.1:PORT: it has connected to itself." \
        $examples/ChatClient.exe --name mina
    sum_up
}

if [ "${1-}" = inside ]; then
    inside
    exit
fi
mkdir -p $folder
unshare -n sh "$0" inside
code=$?
sh common/tools/wine.sh stop
exit $code
