#!/bin/sh
# bench-keep.sh: the figures that common/benchmark/BENCHMARK.md shows.
#
#     sh common/maintain/bench/bench-keep.sh keep     takes over what make bench has measured; without
#                                                     that, it only writes the tables of what is kept
#     sh common/maintain/bench/bench-keep.sh check    requires that the tables are those of the figures
#
# Beside it are results.json and the plots. Every table of the document stands between a line
# `<!-- table NAME -->` and the next `<!-- end -->`, and bench.awk makes it. check prints `ok` or `FAIL` and
# a sentence.

kept=common/benchmark
document=$kept/BENCHMARK.md
measured=build/bench
fresh=build/benchmark.md

# The document with the tables of the figures.
make_fresh() {
    mkdir -p build
    awk -v program="${0%/*}/bench.awk $kept/results.json" '
        $0 == "<!-- end -->" { skipping = 0 }
        !skipping { print }
        /^<!-- table .* -->$/ {
            command = "awk -v mode=tables -v wanted=" $3 " -f " program
            for (; (command | getline line) > 0; skipping = 1) print line
            if (!skipping++) print "There is no table " $3 "."
        }' $document >$fresh
}

case ${1-} in
keep)
    if [ -f $measured/results.json ]; then
        cp $measured/results.json $measured/plot-*.svg $kept/ || exit 1
    else
        echo "make bench has not measured here. The tables are those of the figures that are kept."
    fi
    make_fresh && cat $fresh >$document
    ;;
check)
    make_fresh
    if cmp -s $fresh $document && ! grep -n '^There is no table ' $document; then
        echo "ok   $document: its tables"
    else
        echo "FAIL $document:1: the tables are not those of $kept/results.json"
        diff $document $fresh | head -n 5
        exit 1
    fi
    ;;
*)
    echo "Usage: bench-keep.sh keep | check" >&2
    exit 2
    ;;
esac
