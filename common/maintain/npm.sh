# npm.sh: what lint.sh and render-notes.sh take from npm's registry. To be read by them.
# shellcheck shell=sh

# install_packages FOLDER NAME@VERSION...: installs them there if they, in these versions, are not there yet.
install_packages() {
    modules=$1
    shift
    [ "$(cat "$modules/packages" 2>/dev/null)" = "$*" ] && return
    rm -rf "$modules" && mkdir -p "$modules"
    npm install --prefix "$modules" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$@" >&2 || return
    echo "$*" >"$modules/packages"
}
