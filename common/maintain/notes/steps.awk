# steps.awk: what a person does who follows the `console` blocks of a document, step by step.
# commands.sh runs it on what markdown.awk prints.
#
# Prints a step a line, with tabs between: the line of the document, the terminal, the kind, the text.
#
#     run      a command is typed in the terminal
#     type     a line is typed into the program that runs there
#     press    Ctrl+C is pressed there
#     expect   the terminal shows the lines in folder/TEXT, each a line number, a tab and the line
#     fail     the block is wrong; the text says how

function step(line, kind, text) {
    print line "\t" terminal "\t" kind "\t" text
}

function end_lines() {
    if (!is_open) return
    close(folder "/" lines)
    is_open = 0
    step(first, "expect", lines)
}

function add_line(line, text) {
    if (!is_open) {
        is_open = 1
        lines = "lines-" line
        first = line
    }
    print line "\t" text >(folder "/" lines)
}

function check_command(line, text) {
    if (text ~ /^make +(-[^ ]* +)*(test|check[a-z-]*|lint|mutants|diffs|timelines|clean|setup|coverage|faults|test-10000)( |$)/)
        step(line, "fail", "this command is not for a console block, which is run; show it in a ```sh block")
    else if (text !~ /^make( |$)/ || text ~ /[;&|<>`]|\$\(/)
        step(line, "fail", "a reader on any system can type make targets, and nothing else")
    else
        step(line, "run", text)
}

$3 == "fence" && $5 ~ /^console/ {
    in_console = 1
    terminal = $5
    sub(/^console */, "", terminal)
    if (terminal !~ /^[1-5]$/) {
        terminal = 1
        step($2, "fail", "the block does not say which terminal it is: ```console 1 to ```console 5")
    }
    next
}
$3 == "end" { end_lines(); in_console = 0 }
$3 == "code" && in_console {
    if ($5 ~ /^[$] /) { end_lines(); check_command($2, substr($5, 3)); has_program[terminal] = 1 }
    else if ($5 == "^C") { end_lines(); step($2, "press", "") }
    else if ($5 ~ /^>( |$)/) { end_lines(); step($2, "type", substr($5, 3)) }
    else if ($5 ~ /^\^[A-Z]$/) { end_lines(); step($2, "fail", "no other key than ^C can be pressed here") }
    else if (!has_program[terminal]) step($2, "fail", "no command has been typed in terminal " terminal " yet")
    else add_line($2, $5)
}
BEGIN { FS = "\t" }
