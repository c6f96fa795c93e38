#!/bin/sh
# setup.sh: sees to it that what make needs is on this machine.
#
#     sh common/tools/setup.sh [--check] PART...
#
# PART is `build` (the compiler), `run` (Wine, where Windows programs need it), `lint` (the analysers),
# `render` (what makes pictures of the notes), `bench` (what draws the plots), `coverage` (what counts
# lines) or `fresh` (what makes a system of its own). On Debian and Ubuntu it installs what is missing
# with apt-get and says what. With --check, and on every other system, it installs nothing: a sentence
# says what is missing and how to get it. Exit code 0: everything is there. CC names the compiler, if it
# is not the usual one.

tools=$(dirname "$0")
check=no
if [ "${1-}" = --check ]; then
    check=yes
    shift
fi

case "${OS-}:$(uname -s)" in
*:CYGWIN*) system=cygwin ;;
Windows_NT:*) system=windows ;;
*) if command -v apt-get >/dev/null 2>&1; then system=debian; else system=other; fi ;;
esac

if [ "$system" = windows ]; then
    usual=gcc
else
    usual=x86_64-w64-mingw32-gcc
fi
compiler=${CC:-$usual}

say() {
    printf '%s\n' "$*" >&2
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# Adds packages of Debian to what is missing, and tools by their own names for other systems.
need() {
    case " $packages " in *" $1 "*) return ;; esac
    packages="$packages $1"
    names="$names${names:+, }$2"
}

find_missing_build() {
    # A folder and options may be in CC: the first word is the program.
    if ! has "${compiler%% *}"; then
        need gcc-mingw-w64-x86-64 "the compiler ${compiler%% *}"
    fi
}

find_missing_run() {
    [ "$system" = windows ] && return
    sh "$tools/wine.sh" find >/dev/null || need "wine wine64" Wine
}

find_missing_lint() {
    has clang || need clang clang
    has clang-format || need clang-format clang-format
    has clangd || need clangd clangd
    has npm || need npm npm
    has cppcheck || need cppcheck cppcheck
    has git || need git git
    has shellcheck || need shellcheck shellcheck
    has busybox || need busybox busybox
    [ -f /usr/include/wine/wine/windows/winsock2.h ] ||
        need libwine-dev "Wine's headers in /usr/include/wine/wine (libwine-dev)"
    has x86_64-w64-mingw32-gcc || need gcc-mingw-w64-x86-64 x86_64-w64-mingw32-gcc
}

find_missing_render() {
    has npm || need npm npm
    has chromium || has chromium-browser || has google-chrome || need chromium chromium
}

find_missing_bench() {
    # On Windows make bench does without: the tables are what counts.
    [ "$system" = windows ] && return
    has gnuplot || need gnuplot-nox gnuplot
}

find_missing_coverage() {
    has gcovr || need gcovr gcovr
    has jq || need jq jq
}

find_missing_fresh() {
    has debootstrap || need debootstrap debootstrap
    has git || need git git
}

find_missing() {
    packages=
    names=
    for part in $parts; do
        "find_missing_$part"
    done
}

# A compiler that is there may still be one for Linux or for Cygwin.
check_target() {
    case " $parts " in *" build "*) ;; *) return 0 ;; esac
    target=$($compiler -dumpmachine 2>&1)
    case $target in
    *mingw* | *windows-gnu*) return 0 ;;
    esac
    say "The compiler '$compiler' makes programs for '$target', and these are Windows programs."
    if [ "$system" = windows ] || [ "$system" = cygwin ]; then
        say "Open the \"MSYS2 UCRT64\" terminal and install: pacman -S mingw-w64-ucrt-x86_64-gcc make git"
        say "or use w64devkit: https://github.com/skeeto/w64devkit"
    else
        say "Leave CC alone, or set it to a compiler of MinGW-w64: make CC=x86_64-w64-mingw32-gcc"
    fi
    return 1
}

say_what_to_install() {
    say "Missing: $names."
    case $system in
    windows)
        case " $parts " in
        *" lint "*)
            say "make lint runs on Debian and Ubuntu (WSL will do); make test runs here."
            ;;
        *" render "*)
            say "make render-notes runs on Debian and Ubuntu (WSL will do); make check-notes runs here."
            ;;
        *)
            say "With MSYS2 (https://www.msys2.org), open the \"MSYS2 UCRT64\" terminal and install:"
            say "    pacman -S mingw-w64-ucrt-x86_64-gcc make git"
            say "or start w64devkit (https://github.com/skeeto/w64devkit), which has the compiler."
            ;;
        esac
        ;;
    cygwin)
        say "Cygwin is not supported. Use MSYS2 (https://www.msys2.org): open its UCRT64 terminal and"
        say "install: pacman -S mingw-w64-ucrt-x86_64-gcc make git"
        ;;
    debian)
        say "make setup installs what building and running need. By hand:"
        say "    apt-get install --no-install-recommends$packages"
        ;;
    other)
        say "This system has no apt-get, so nothing is installed here. Install with its own package manager"
        say "what is missing. The packages are called, for example:"
        say "    Fedora: dnf install mingw64-gcc wine       Arch: pacman -S mingw-w64-gcc wine"
        say "    macOS:  brew install mingw-w64, and wine-stable as a cask"
        case " $parts " in
        *" lint "*) say "make lint is made for Debian and Ubuntu, and needs their package libwine-dev." ;;
        esac
        ;;
    esac
}

# Runs apt-get as root. What it prints goes to the log: it is long.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi </dev/null >>"$log" 2>&1
}

install_packages() {
    if [ "$(id -u)" != 0 ] && ! has sudo; then
        say "Missing: $names. Installing needs root, and there is no sudo. As root:"
        say "    apt-get update && apt-get install --no-install-recommends$packages"
        return 1
    fi
    # sudo asks for a password here, where its question can be seen.
    if [ "$(id -u)" != 0 ] && ! sudo -v; then
        say "Missing: $names. sudo does not let us install it. As root:"
        say "    apt-get update && apt-get install --no-install-recommends$packages"
        return 1
    fi
    mkdir -p build
    log=build/setup.log
    : >"$log"
    printf 'Installing with apt-get (this can take some minutes):%s\n' "$packages"
    lock='DPkg::Lock::Timeout=120'
    # An update that fails is no reason to stop: the lists that are there may do.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o "$lock" update
    # shellcheck disable=SC2086
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -o "$lock" install -y \
        --no-install-recommends $packages; then
        tail -n 20 "$log" >&2
        say "apt-get could not install:$packages (above, the end of $log)"
        return 1
    fi
    echo "Installed."
}

parts=${*:-build run}
for part in $parts; do
    case $part in
    build | run | lint | render | bench | coverage | fresh) ;;
    *)
        say "Usage: setup.sh [--check] [build] [run] [lint] [render] [bench] [coverage] [fresh]"
        exit 2
        ;;
    esac
done

case " $parts " in
*" run "* | *" fresh "*)
    if [ "$system" != windows ] && [ "$(uname -m)" != x86_64 ] && [ "$(uname -m)" != amd64 ]; then
        say "The programs are for x86-64, and this machine is $(uname -m): Wine cannot run them here."
        exit 1
    fi
    ;;
esac

find_missing
if [ -n "$names" ] && [ "$check" = no ] && [ "$system" = debian ]; then
    install_packages || exit 1
    find_missing
fi
if [ -n "$names" ]; then
    say_what_to_install
    exit 1
fi
check_target
