#!/bin/sh
# bench-keep.sh: the figures that common/benchmark/BENCHMARK.md shows.
#
#     sh common/maintain/bench/bench-keep.sh keep     takes over what make bench has measured; without
#                                                     that, it only writes the tables of what is kept
#     sh common/maintain/bench/bench-keep.sh check    requires that the tables are those of the figures
#
# Beside it are results.json and the plots. Every table of the document stands between a line
# `<!-- table NAME -->` and the next `<!-- end -->`, and bench-table.awk makes it. check prints `ok` or
# `FAIL` and a sentence for each.

bench=$(dirname "$0")
document=common/benchmark/BENCHMARK.md
kept=common/benchmark
measured=build/bench
skipping=no

make_table() {
    awk -v wanted="$1" -f "$bench/bench-json.awk" -f "$bench/bench-table.awk" $kept/results.json
}

list_tables() {
    sed -n 's/^<!-- table \(.*\) -->$/\1/p' $document
}

# The table that stands in the document.
cut_table() {
    awk -v start="<!-- table $1 -->" '$0 == start { on = 1; next } on && $0 == "<!-- end -->" { exit } on' $document
}

# Writes the document again, with the tables of the figures.
write_tables() {
    while IFS= read -r line; do
        case $line in
        '<!-- table '*' -->')
            table=${line#<!-- table }
            printf '%s\n' "$line"
            make_table "${table% -->}"
            skipping=yes
            ;;
        '<!-- end -->') skipping=no ;;
        esac
        [ $skipping = yes ] || printf '%s\n' "$line"
    done <$document >build/benchmark.md && cat build/benchmark.md >$document
}

case ${1-} in
keep)
    mkdir -p $kept build
    if [ -f $measured/results.json ]; then
        cp $measured/results.json $measured/plot-*.svg $kept/ || exit 1
    else
        echo "make bench has not measured here. The tables are those of the figures that are kept."
    fi
    write_tables
    ;;
check)
    failed=no
    for table in $(list_tables); do
        if [ "$(cut_table "$table")" = "$(make_table "$table")" ] && [ -n "$(make_table "$table")" ]; then
            echo "ok   $document: table $table"
        else
            echo "FAIL $document:1: the table $table is not that of $kept/results.json"
            failed=yes
        fi
    done
    [ $failed = no ]
    ;;
*)
    echo "Usage: bench-keep.sh keep | check" >&2
    exit 2
    ;;
esac
