# diagrams.awk: every mermaid block has the syntax that the notes use. notes.sh runs it on what
# markdown.awk prints. It is stricter than mermaid, so that what passes is drawn; `make render-notes`
# has mermaid itself draw it.
#
#     sequenceDiagram            flowchart LR               (or graph; TD, TB, BT, LR, RL)
#       participant A as text      a[text] --> b{"text (x)"}
#       A->>B: text                a -->|text| b & c
#       Note over A,B: text        subgraph name ["text"]
#       loop text                  end
#       end                        %% comment
#       activate A
#
# In a flowchart, text with ( ) [ ] { } or other signs stands in "quotes".

function trim(text) {
    gsub(/^[ ]+|[ ]+$/, "", text)
    return text
}

function wrong(sentence) {
    fail($2, "mermaid: " sentence, "", statement)
}

# --- Sequence diagrams ---------------------------------------------------------------------------

# A message or a title ends at a semicolon, and # begins a letter's number.
function check_text(text) {
    if (trim(text) == "") wrong("there is no text behind the colon")
    if (text ~ /;/) wrong("a ; ends the statement; write a comma")
    if (text ~ /#/) wrong("a # begins a letter's number; leave it out")
}

function check_actor(text) {
    text = trim(text)
    if (text !~ /^[A-Za-z_][A-Za-z0-9_]*$/) {
        wrong("a participant's name is letters and digits: participant Name as the text to show")
    } else if (!(text in actor)) {
        wrong("no line `participant " text "` stands before this")
    }
}

function check_actors(text,   n, i, part) {
    n = split(text, part, ",")
    for (i = 1; i <= n; i++)
        check_actor(part[i])
    if (n < 1 || n > 2) wrong("a note is over one participant or two")
}

function take_participant(text,   id, label) {
    sub(/^(participant|actor) +/, "", text)
    id = text
    if (match(text, / +as +/)) {
        id = substr(text, 1, RSTART - 1)
        label = substr(text, RSTART + RLENGTH)
        check_text(label)
    }
    if (id !~ /^[A-Za-z_][A-Za-z0-9_]*$/ || id == "end")
        wrong("a participant's name is letters and digits: participant Name as the text to show")
    if (id in actor) wrong("this participant is there already")
    actor[id] = 1
    active[id] = 0
}

function change_active(id, by) {
    id = trim(id)
    active[id] += by
    if (active[id] < 0) {
        wrong("this participant is not active here")
        active[id] = 0
    }
}

function take_message(text,   arrow, from, to, at) {
    # The longest arrow first.
    match(text, /<<-->>|<<->>|-->>|->>|--x|-x|--\)|-\)|-->|->/)
    arrow = RSTART
    from = substr(text, 1, RSTART - 1)
    to = substr(text, RSTART + RLENGTH)
    at = index(to, ":")
    if (at == 0) {
        wrong("a message has a colon and a text: A->>B: text")
        return
    }
    check_text(substr(to, at + 1))
    to = trim(substr(to, 1, at - 1))
    from = trim(from)
    if (to ~ /^[+]/) { to = trim(substr(to, 2)); change_active(to, 1) }
    if (to ~ /^-/) { to = trim(substr(to, 2)); change_active(from, -1) }
    check_actor(from)
    check_actor(to)
}

function take_note(text,   at) {
    at = index(text, ":")
    if (at == 0) {
        wrong("a note has a colon and a text: Note over A: text")
        return
    }
    check_text(substr(text, at + 1))
    text = substr(text, 1, at - 1)
    if (text ~ /^[Nn]ote over /) check_actors(substr(text, 11))
    else if (text ~ /^[Nn]ote (left|right) of /) {
        sub(/^[Nn]ote (left|right) of /, "", text)
        check_actor(text)
    } else wrong("a note is over A, over A,B, left of A or right of A")
}

function open_part(word) {
    depth++
    opened[depth] = word
    opened_at[depth] = $2
}

function close_part() {
    if (depth == 0) wrong("this end has no beginning")
    else depth--
}

function take_sequence(text,   word) {
    word = text
    sub(/ .*/, "", word)
    if (text == "autonumber") return
    if (text ~ /^(participant|actor) /) take_participant(text)
    else if (text ~ /^(activate|deactivate) /) {
        sub(/^[a-z]+ +/, "", text)
        check_actor(text)
        change_active(text, word == "activate" ? 1 : -1)
    } else if (text ~ /^[Nn]ote /) take_note(text)
    else if (text ~ /^(loop|alt|opt|par|critical|break) /) {
        open_part(word)
        check_text(substr(text, length(word) + 1))
    }
    else if (text ~ /^rect rgba?\([0-9., ]+\)$/) open_part(word)
    else if (text ~ /^(else|and|option)( |$)/) {
        if (depth == 0 || opened[depth] != (word == "else" ? "alt" : word == "and" ? "par" : "critical"))
            wrong("this does not stand in what it divides")
        if (text != word) check_text(substr(text, length(word) + 1))
    } else if (text == "end") close_part()
    else if (text ~ /->|-x|-\)/) take_message(text)
    else wrong("this is no statement of a sequence diagram that the notes use")
}

# --- Flowcharts ----------------------------------------------------------------------------------

# Reads the text of a node or an edge up to the closing signs. Returns the rest; "" is an error.
function take_label(text, closing,   end, label) {
    if (text ~ /^"/) {
        end = index(substr(text, 2), "\"")
        if (end == 0) { wrong("a quote has no partner"); return "!" }
        label = substr(text, 2, end - 1)
        if (label == "") wrong("there is no text")
        text = substr(text, end + 2)
        if (index(text, closing) != 1) { wrong("`" closing "` should follow the quote"); return "!" }
        return substr(text, length(closing) + 1)
    }
    end = index(text, closing)
    if (end == 0) { wrong("this has no " closing); return "!" }
    label = trim(substr(text, 1, end - 1))
    if (label == "") wrong("there is no text")
    if (label ~ /[][(){}<>"|\\@;#`\/]/) { wrong("put this text in \"quotes\": " label); return "!" }
    if (tolower(label) ~ /(^| )end$/) wrong("put \"end\" in \"quotes\"")
    return substr(text, end + length(closing))
}

function take_node(text,   id, k) {
    if (!match(text, /^[A-Za-z_][A-Za-z0-9_]*/)) { wrong("here a node should begin: " text); return "!" }
    id = substr(text, 1, RLENGTH)
    if (id == "end") wrong("no node can be called end")
    text = substr(text, RLENGTH + 1)
    for (k = 1; k <= shapes; k++)
        if (index(text, open_sign[k]) == 1)
            return take_label(substr(text, length(open_sign[k]) + 1), close_sign[k])
    return text
}

# Reads `a & b`. Returns the rest.
function take_nodes(text) {
    for (;;) {
        text = take_node(text)
        if (text == "!") return text
        if (text !~ /^ & /) return text
        text = substr(text, 4)
    }
}

# Takes ` --> ` with its text. Returns what follows its second blank.
function take_edge(text) {
    if (text !~ /^ [^ ]/) {
        wrong("an edge has one blank before it: a --> b")
        return "!"
    }
    text = substr(text, 2)
    if (match(text, /^<?(-->|---|-\.->|-\.-|==>|===|--o|--x)/)) {
        text = substr(text, RLENGTH + 1)
        if (text ~ /^ ?[|]/) text = take_label(substr(text, index(text, "|") + 1), "|")
        if (text == "!") return text
    } else if (match(text, /^(-- |-\. |== )/)) {
        # a -- text --> b
        text = substr(text, RLENGTH + 1)
        if (!match(text, / (-->|---|\.->|\.-|==>|===)( |$)/)) {
            wrong("the text of this edge has no arrow behind it")
            return "!"
        }
        if (substr(text, 1, RSTART - 1) ~ /[^A-Za-z0-9 ,'?!]/) wrong("write this text as -->|\"text\"|")
        text = substr(text, RSTART + RLENGTH - 1)
    } else {
        wrong("here an edge such as --> should stand: " text)
        return "!"
    }
    if (text ~ /^ [^ ]/) return substr(text, 2)
    wrong("an edge has one blank behind it: a --> b")
    return "!"
}

# `style a,b fill:#fff,stroke:#000`, and `class a,b name`.
function is_style(text,   n, i, part) {
    n = split(text, part, " ")
    if (n != 3 || part[2] !~ /^[A-Za-z0-9_]+(,[A-Za-z0-9_]+)*$/) return 0
    if (part[1] == "class") return part[3] ~ /^[A-Za-z0-9_]+$/
    n = split(part[3], part, ",")
    for (i = 1; i <= n; i++)
        if (part[i] !~ /^[a-z]+(-[a-z]+)*:#?[A-Za-z0-9.]+$/) return 0
    return 1
}

function take_flow(text,   word) {
    sub(/;$/, "", text)
    word = text
    sub(/ .*/, "", word)
    if (text == "end") { close_part(); return }
    if (word == "direction") {
        if (text !~ /^direction (TD|TB|BT|LR|RL)$/) wrong("a direction is TB, TD, BT, LR or RL")
        return
    }
    if (word == "subgraph") {
        open_part(word)
        sub(/^subgraph */, "", text)
        sub(/ +\[/, "[", text)
        if (text ~ /^".+"$/) return
        text = text ~ /^[A-Za-z0-9_]+(\[|$)/ ? take_node(text) : "?"
        if (text != "!" && text != "") wrong("a subgraph has a name, and may have a [\"text\"]")
        return
    }
    if (word == "classDef" || word == "class" || word == "style" || word == "linkStyle") {
        if (!is_style(text)) wrong("a style is written: style name fill:#fff,stroke:#000")
        return
    }
    text = take_nodes(text)
    while (text != "" && text != "!") {
        text = take_edge(text)
        if (text != "!") text = take_nodes(text)
    }
}

# --- Blocks --------------------------------------------------------------------------------------

function begin_diagram(text) {
    if (text == "sequenceDiagram") type = "sequence"
    else if (text ~ /^(flowchart|graph) (TD|TB|BT|LR|RL)$/) type = "flow"
    else {
        type = "unknown"
        wrong("a diagram begins with sequenceDiagram, or with flowchart and TB, TD, BT, LR or RL")
    }
    depth = statements = 0
    for (key in actor) delete actor[key]
    for (key in active) delete active[key]
}

function end_diagram(   i) {
    if (type == "" || (type != "unknown" && statements == 0))
        fail(begin, "mermaid: this diagram is empty")
    for (i = 1; i <= depth; i++)
        fail(opened_at[i], "mermaid: this " opened[i] " has no end")
}

$3 == "fence" && $5 == "mermaid" { checked++; is_open = 1; type = ""; begin = $2 }
$3 == "code" && is_open {
    statement = trim($5)
    sub(/^%%.*/, "", statement)
    if (statement == "") next
    if (type == "") { begin_diagram(statement); next }
    statements++
    if (type == "sequence") take_sequence(statement)
    if (type == "flow") take_flow(statement)
}
$3 == "end" && is_open { is_open = 0; end_diagram() }
BEGIN {
    # What stands around a node's text: the longer ones first.
    shapes = split("([ [[ [( (( {{ [/ [ ( { >", open_sign, " ")
    split("]) ]] )] )) }} /] ] ) } ]", close_sign, " ")
}
END { finish("diagrams") }
