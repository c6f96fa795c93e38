#!/bin/sh
# fresh.sh: runs the README's two commands on a fresh machine. `make test-fresh` calls it, as root.
#
#     sh common/maintain/fresh.sh SUITE
#
# SUITE is a release of Debian, trixie or bookworm. debootstrap makes a minimal system of it in
# build/fresh-SUITE with nothing but git and make, the commit that is checked out here is cloned into
# it, and `make demo` and `make test` run there. The mirror and the way to it are those of this system's
# apt. It takes about 3 GB, and the time of make test and some minutes. Everything that was said is in
# build/fresh-SUITE.log. Exit code 0: both commands succeeded.
#
# All of it runs in namespaces of its own: whatever it mounts and starts ends with it.

part=outside
if [ "$1" = --inside ]; then
    part=inside
    shift
fi
suite=$1
tree=$PWD/build/fresh-$suite
log=$PWD/build/fresh-$suite.log
release=$PWD/build/fresh-$suite.InRelease
clone=/root/$(basename "$PWD")

say() {
    printf '%s\n' "$*" >&2
}

step() {
    printf '== %s\n' "$*" | tee -a "$log"
}

# --- In the namespaces -----------------------------------------------------------------------------

# What makes apt work here makes it work there: proxies, their certificates, what it checks.
copy_apt_settings() {
    apt-config dump | grep -Ei '^Acquire::(http|https|Check-|Retries|ForceIPv)' |
        grep -vi 'Auto-Detect' >"$tree/etc/apt/apt.conf.d/90fresh"
    [ -z "$authority" ] || install -D -m 644 "$authority" "$tree$authority"
    for file in /usr/local/share/ca-certificates/*.crt; do
        [ -f "$file" ] && cp "$file" "$tree/usr/local/share/ca-certificates/"
    done
    enter update-ca-certificates >>"$log" 2>&1
}

# Runs a command there, with the environment of somebody who has just logged in.
enter() {
    env -i HOME=/root USER=root TERM="${TERM:-dumb}" ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$tree" "$@" </dev/null
}

make_system() {
    step "A minimal Debian $suite from apt's mirror (a minute or more)"
    if ! debootstrap --variant=minbase --include=git,make,ca-certificates \
        ${authority:+--ca-certificate="$authority"} "$suite" "$tree" "$mirror" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        say "debootstrap could not make the system (above, the end of $log)."
        return 1
    fi
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"
    if ! mount -t proc proc "$tree/proc" || ! mount --rbind /dev "$tree/dev"; then
        say "Mounting is not allowed here, not even in a namespace of its own."
        return 1
    fi
    copy_apt_settings
}

clone_repository() {
    step "The clone: commit $(git log -1 --format='%h, %s')"
    if [ -n "$(git status --porcelain)" ]; then
        step "What is not committed is not in it and not tested: see git status."
    fi
    git clone --quiet --no-local "$PWD" "$tree$clone"
}

# Runs make $1 there, and leaves its exit code in $code and how long it took in $seconds.
run_make() {
    step "make $1"
    start=$(date +%s)
    {
        # shellcheck disable=SC2016
        enter sh -c 'cd "$1" && exec make "$2"' sh "$clone" "$1" 2>&1
        echo $? >"$tree/code"
    } | tee -a "$log"
    code=$(cat "$tree/code")
    seconds=$(($(date +%s) - start))
}

inside() {
    make_system && clone_repository || return 1
    run_make demo
    demo="make demo: exit code $code after $seconds s"
    demo_code=$code
    run_make test
    # shellcheck disable=SC2016
    step "Debian $(cat "$tree/etc/debian_version"), gcc $(enter x86_64-w64-mingw32-gcc -dumpversion)," \
        "Wine $(enter dpkg-query -W -f '${Version}' wine)"
    step "$demo"
    sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    step "make test: exit code $code after $seconds s: ${sum:-no sum}"
    [ "$demo_code" = 0 ] && [ "$code" = 0 ]
}

# --- Outside -----------------------------------------------------------------------------------------

clean_up() {
    rm -rf --one-file-system "$tree" "$release"
}

running=

interrupted() {
    trap - INT TERM HUP
    # The first process of the namespace: all others end with it, and then unshare.
    # shellcheck disable=SC2046
    [ -z "$running" ] || kill -KILL $(cat "/proc/$running/task/$running/children")
    [ -z "$running" ] || wait "$running"
    clean_up
    say "Interrupted."
    exit 130
}

# The mirror, of those that apt knows, that has the suite; nothing if there is none.
find_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI)' 'Component: main' | sort -u | while read -r uri; do
        case $uri in
        mirror+file:*) uri=$(grep -m 1 '^[a-z]' "${uri#mirror+file:}" | cut -d ' ' -f 1) ;;
        esac
        /usr/lib/apt/apt-helper download-file "${uri%/}/dists/$suite/InRelease" "$release" \
            >>"$log" 2>&1 || continue
        grep -q '^Origin: Debian$' "$release" && echo "${uri%/}" && break
    done
}

# The settings of apt that debootstrap needs, too.
read_apt_settings() {
    authority=
    eval "$(apt-config shell authority Acquire::https::CaInfo http Acquire::http::Proxy https Acquire::https::Proxy)"
    [ "${http:-DIRECT}" = DIRECT ] || export http_proxy="$http"
    [ "${https:-DIRECT}" = DIRECT ] || export https_proxy="$https"
    export authority mirror
}

check() {
    case $suite in
    '' | *[!a-z]*)
        say "Usage: make test-fresh SUITE=trixie (or another release of Debian, by its name)"
        return 2
        ;;
    esac
    if [ "$(id -u)" != 0 ]; then
        say "make test-fresh makes a system and enters it (debootstrap, chroot), for which it has to be root:"
        say "    sudo make test-fresh"
        return 1
    fi
    if ! command -v apt-get >/dev/null 2>&1; then
        say "make test-fresh runs on Debian, with whose apt it finds a mirror. Here is no apt-get."
        return 1
    fi
    sh common/tools/setup.sh fresh || return 1
    if ! unshare --mount --pid --fork true; then
        say "make test-fresh needs mounts and processes of its own (above), which this system does not allow."
        say "In a container: start it with the right to mount (docker run --privileged)."
        return 1
    fi
}

outside() {
    check || return
    mkdir -p build
    clean_up
    : >"$log"
    trap interrupted INT TERM HUP
    read_apt_settings
    mirror=$(find_mirror)
    if [ -z "$mirror" ]; then
        say "None of apt's sources here is a mirror of Debian that has $suite (what was tried is in $log)."
        clean_up
        return 1
    fi
    # In the background, so that this shell hears of a signal at once; but what runs there must hear of
    # Ctrl+C as on a terminal.
    env --default-signal=INT,QUIT unshare --mount --pid --fork --kill-child sh "$0" --inside "$suite" &
    running=$!
    wait "$running"
    code=$?
    clean_up
    return $code
}

umask 022
"$part"
