# bench-plot.gp: the plots of make bench, for gnuplot.
#
#     gnuplot -e 'folder="build/bench"; last=6' bench-plot.gp
#
# last is the number of the last stage in folder/plots.txt, which bench.awk has written; the first is 0.
#
# Each stage has a line, a dash and a point of its own, so that a print without colours can be read.

set terminal svg size 760,470 dynamic font "Helvetica,13" background "white"
set datafile missing "-"
set border 3 lc rgb "#606060"
set tics nomirror
set grid ytics lc rgb "#d8d8d8" lt 1
set key outside right center reverse Left spacing 1.35 samplen 4
set xlabel "clients"
set logscale x
set xtics (1, 10, 60, 500, 2000)
set xrange [0.8:2600]

set style line 1 lc rgb "#000000" lw 2 dt 1 pt 7 ps 0.8
set style line 2 lc rgb "#8c510a" lw 2 dt 2 pt 5 ps 0.8
set style line 3 lc rgb "#d6604d" lw 2 dt 3 pt 9 ps 1.0
set style line 4 lc rgb "#7b3294" lw 2 dt 4 pt 11 ps 1.0
set style line 5 lc rgb "#4393c3" lw 2 dt 5 pt 13 ps 1.0
set style line 6 lc rgb "#35978f" lw 2 dt (12,3,2,3,2,3) pt 4 ps 0.8
set style line 7 lc rgb "#053061" lw 3.5 dt 1 pt 6 ps 1.0

data = folder . "/plots.txt"

set output folder . "/plot-throughput.svg"
set title "Ping-pong of 64 bytes: messages a second"
set logscale y
set format y "%.0f"
set ytics (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000)
plot for [i=0:last] data index i using 1:2 with linespoints ls i+1 title columnheader(1)

set output folder . "/plot-latency.svg"
set title "Ping-pong of 64 bytes: p99 of the latency in ms"
set format y "%g"
set ytics (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
plot for [i=0:last] data index i using 1:3 with linespoints ls i+1 title columnheader(1)

set ytics (1, 2, 3, 4, 6, 8, 10, 20, 30, 50, 100, 200)
set xtics (1, 10, 60, 500)
set xrange [0.8:650]
set output folder . "/plot-calls.svg"
set title "API calls for an echo, when one of so many clients talks"
plot for [i=0:last] data index i using 1:4 with linespoints ls i+1 title columnheader(1)

set yrange [1.5:10]
set output folder . "/plot-calls-busy.svg"
set title "API calls for an echo, when all clients talk at once"
plot for [i=0:last] data index i using 1:5 with linespoints ls i+1 title columnheader(1)
