#!/bin/sh
# render-notes-test.sh: shows that make render-notes finds what cannot be drawn. `make render-notes` calls it.
#
# Draws a document that is right, and one with mistakes: where one is found, ` @@ NAME: SENTENCE` stands
# behind the line. The last line is `N passed, N failed`.

folder=build/render-test
. common/tests/lib/check.sh

mkdir -p $folder
write_case $folder/right.md $folder/marked <<'END'
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
sh common/maintain/render-notes.sh $folder/right.md >$folder/said 2>&1
report "render: diagrams that are right" "$([ "$(tail -n 1 $folder/said)" = "1 passed, 0 failed" ] || echo "this came:")" \
    $folder/said
write_case $folder/wrong.md $folder/marked <<'END'
![a](nothing.svg) @@ a picture that is not there: this picture cannot be shown: @@ a wide table: this table is wider

| a |
|---|
| `1_______10________20________30________40________50________60________70________80________90_______100_______110` |

```mermaid
flowchart LR
    a --> b
```

```mermaid
sequenceDiagram
    A->>A @@ a message without a text, in the second diagram: mermaid says:
```

```mermaid
sequenceDiagram
    loop again
    A->>A: x @@ a loop without an end: mermaid says:
```

# Title

```mermaid
flowchart LR
    a[accept()] --> b @@ ( ) in the text of a node: mermaid says:
```

```mermaid @@ a kind of diagram that is none: mermaid says:
sequencediagramm
    A->>B: x
```
END
sh common/maintain/render-notes.sh $folder/wrong.md >$folder/said 2>&1
judge_case render $folder/wrong.md $folder/marked $folder/said
report "render: nothing else" "$([ "$(tail -n 1 $folder/said)" = "0 passed, 6 failed" ] || echo "this came:")" $folder/said
sum_up
