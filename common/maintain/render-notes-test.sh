#!/bin/sh
# render-notes-test.sh: shows that make render-notes finds what cannot be drawn. `make render-notes` calls it.
#
#     sh common/maintain/render-notes-test.sh
#
# Gives render-notes.sh one document after the other: those that are right must pass, and those with a
# mistake must fail with one sentence, on one line. The last line is `N passed, N failed`.

folder=build/render-test
document=$folder/document.md
. common/tests/lib/check.sh

# render NAME LINE SENTENCE <DOCUMENT: the document fails so. Without a sentence it passes.
render() {
    cat >$document
    sh common/maintain/render-notes.sh $document >$folder/said 2>&1
    code=$?
    if [ -z "$3" ] && [ $code = 0 ] && [ "$(tail -n 1 $folder/said)" = "1 passed, 0 failed" ]; then
        pass "render: $1"
    elif [ -n "$3" ] && [ $code = 1 ] && [ "$(tail -n 1 $folder/said)" = "0 passed, 1 failed" ] &&
        grep "^FAIL $document:$2: $3" $folder/said >/dev/null; then
        pass "render: $1"
    else
        fail "render: $1: expected '$2: $3'; this came:" $folder/said
    fi
}

mkdir -p $folder
render "diagrams that are right" "" "" <<'END'
# Title

```mermaid
sequenceDiagram
    participant A
    A->>A: hello (5 bytes)
```

```mermaid
flowchart LR
    a[one] --> b{"is it (there)?"}
```
END
render "a message without a text, in the second diagram" 8 "mermaid says: " <<'END'
```mermaid
flowchart LR
    a --> b
```

```mermaid
sequenceDiagram
    A->>A
```
END
render "a loop without an end" 4 "mermaid says: " <<'END'
```mermaid
sequenceDiagram
    loop again
    A->>A: x
```
END
render "( ) in the text of a node" 5 "mermaid says: " <<'END'
# Title

```mermaid
flowchart LR
    a[accept()] --> b
```
END
render "a kind of diagram that is none" 1 "mermaid says: " <<'END'
```mermaid
sequencediagramm
    A->>B: x
```
END
render "a picture that is not there" 1 "this picture cannot be shown: " <<'END'
![a](nothing.svg)
END
sum_up
