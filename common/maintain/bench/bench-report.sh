#!/bin/sh
# bench-report.sh: makes the tables and the plots of a results.json.
#
#     sh common/maintain/bench/bench-report.sh build/bench/results.json build/bench
#
# Writes table.md, data-*.txt and, where there is gnuplot, plot-*.svg to the folder.

bench=$(dirname "$0")
results=$1
folder=$2

awk -f "$bench/bench-json.awk" -f "$bench/bench-table.awk" "$results" >"$folder/table.md" || exit 1
awk -v folder="$folder" -f "$bench/bench-json.awk" -f "$bench/bench-data.awk" "$results" || exit 1
if ! command -v gnuplot >/dev/null 2>&1; then
    echo "There is no gnuplot here, and so there are no plots." >&2
    exit 0
fi
stages=
for file in "$folder"/data-*.txt; do
    stage=${file##*/data-}
    stages="$stages ${stage%.txt}"
done
gnuplot -e "folder='$folder'; stages='${stages# }'" "$bench/bench-plot.gp"
