#!/bin/sh
# render-notes.sh: makes pages and pictures of the notes, to be looked at; `make render-notes`.
#
#     sh common/maintain/render-notes.sh [FILE...]
#
# Without FILE: every document that make check-notes checks. Each becomes build/notes/NAME.html and
# NAME-1.png, NAME-2.png and so on, as GitHub would show it. What mermaid does not understand, a picture
# that is not there, and a table that is wider than the page are failures. The last line is `N passed, N
# failed`; exit code 1: something failed.
#
# The packages come from npm's registry, once, into build/npm.

packages="mermaid@11.17.2 marked@16.4.2 marked-gfm-heading-id@4.1.2 github-markdown-css@5.9.0 puppeteer-core@24.10.0"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ] || ! command -v npm >/dev/null 2>&1; then
    echo "chromium or npm is missing. sh common/tools/setup.sh render installs them." >&2
    exit 1
fi
. common/maintain/npm.sh
# The packages are several words.
# shellcheck disable=SC2086
install_packages build/npm $packages || exit 1
if [ $# = 0 ]; then
    for file in README.md 0[1-9]-*/README.md 0[1-9]-*/MAP.md 0[1-9]-*/steps/[1-9]-*.md common/*.md \
        common/*/*.md .github/*.md; do
        [ -f "$file" ] && set -- "$@" "$file"
    done
    rm -rf build/notes
fi
mkdir -p build/notes
exec node common/maintain/render-notes.mjs build/npm "$browser" "$@"
