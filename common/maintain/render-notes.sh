#!/bin/sh
# render-notes.sh: makes pages and pictures of the notes, to be looked at; `make render-notes`.
#
#     sh common/maintain/render-notes.sh [FILE...]
#
# Without FILE: every document that make check-notes checks. Each becomes build/notes/NAME.html and
# NAME-1.png, NAME-2.png and so on, as GitHub would show it: marked makes the page, mermaid draws
# the diagrams, chromium takes the pictures. What mermaid does not understand, a picture that is not
# there, and a table that is wider than the page are failures. The last line is `N passed, N failed`;
# exit code 1: something failed.
#
# marked and mermaid come from npm's registry, once, into build/npm.

folder=build/notes
packages="mermaid@11.17.2 marked@16.4.2 github-markdown-css@5.9.0"
width=890
piece=1600
passed=0
failed=0

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    echo "chromium is missing. sh common/tools/setup.sh render installs it." >&2
    exit 1
fi

install_packages() {
    [ "$(cat build/npm/packages 2>/dev/null)" = "$packages" ] && return
    if ! command -v npm >/dev/null 2>&1; then
        echo "npm is missing. sh common/tools/setup.sh render installs it." >&2
        return 1
    fi
    rm -rf build/npm
    mkdir -p build/npm
    # The packages are several words.
    # shellcheck disable=SC2086
    if ! npm install --prefix build/npm --no-audit --no-fund --no-save --ignore-scripts \
        $packages >build/npm.log 2>&1; then
        tail -n 5 build/npm.log >&2
        echo "npm could not install $packages (above, the end of build/npm.log)." >&2
        return 1
    fi
    echo "$packages" >build/npm/packages
}

# The page of the document $1. Its pictures and links are relative to where it stands.
print_page() {
    libraries=file://$PWD/build/npm/node_modules
    case $1 in
    /*) place=${1%/*} ;;
    */*) place=$PWD/${1%/*} ;;
    *) place=$PWD ;;
    esac
    cat <<END
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>$1</title>
<base href="file://$place/">
<link rel="stylesheet" href="$libraries/github-markdown-css/github-markdown-light.css">
<style>
body { margin: 0; background: #fff; }
#page { box-sizing: border-box; width: ${width}px; padding: 24px 26px; }
.diagram { margin-bottom: 16px; text-align: center; }
#problems { color: #c00; font-family: sans-serif; }
</style>
<article class="markdown-body" id="page"></article>
<ul id="problems"></ul>
<pre id="source" hidden>
END
    sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' "$1"
    cat <<END
</pre>
<script src="$libraries/marked/lib/marked.umd.js"></script>
<script src="$libraries/mermaid/dist/mermaid.min.js"></script>
<script src="file://$PWD/common/maintain/notes-page.js"></script>
</html>
END
}

browse() {
    # In a container chromium runs as root and has no sandbox; the page is our own.
    "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars \
        --allow-file-access-from-files --user-data-dir="$PWD/build/npm/browser" \
        --virtual-time-budget=20000 "$@" 2>build/notes/browser.log
}

# Draws the document $1 to $2.html and $2-N.png.
render() {
    print_page "$1" >"$2.html"
    browse --dump-dom "file://$PWD/$2.html" >"$2.dom"
    height=$(sed -n 's/.*<body[^>]* data-height="\([0-9]*\)".*/\1/p' "$2.dom" | head -n 1)
    if [ -z "$height" ]; then
        echo "FAIL $1:1: chromium has not made the page; see build/notes/browser.log"
        return 1
    fi
    from=0
    number=1
    while [ $from -lt "$height" ]; do
        rest=$((height - from))
        [ $rest -le $piece ] || rest=$piece
        browse --window-size=$width,$rest --screenshot="$2-$number.png" \
            "file://$PWD/$2.html#from=$from" >/dev/null
        from=$((from + piece))
        number=$((number + 1))
    done
    tr '\n' ' ' <"$2.dom" | awk -v name="$1" '{
        while (match($0, /<li data-line="[0-9]+">[^<]*/)) {
            text = substr($0, RSTART + 15, RLENGTH - 15)
            $0 = substr($0, RSTART + RLENGTH)
            sub(/">/, ": ", text)
            gsub(/&gt;/, ">", text)
            gsub(/&lt;/, "<", text)
            gsub(/&amp;/, "\\&", text)
            print "FAIL " name ":" text
        }
    }' >"$2.problems"
    cat "$2.problems"
    rm -f "$2.dom"
    [ ! -s "$2.problems" ]
}

install_packages || exit 1
if [ $# = 0 ]; then
    for file in README.md 0[1-9]-*/README.md common/*.md common/*/*.md .github/*.md; do
        [ -f "$file" ] && set -- "$@" "$file"
    done
    rm -rf $folder
fi
mkdir -p $folder
for file in "$@"; do
    name=$(printf '%s' "${file#/}" | sed -e 's,/README\.md$,,' -e 's/\.md$//' | tr '/' '-')
    rm -f "$folder/$name"-*.png
    if render "$file" "$folder/$name"; then
        passed=$((passed + 1))
        echo "ok   $file: $folder/$name.html, $((number - 1)) pictures"
    else
        failed=$((failed + $(grep -c '^FAIL ' "$folder/$name.problems" 2>/dev/null || echo 1)))
    fi
    rm -f "$folder/$name.problems"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
