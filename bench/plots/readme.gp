# gnuplot bench/plots/readme.gp: docs/figures.svg, the plot of the README. The numbers are those of docs/figures.md: the channel (C) and
# Lua values at both ends, on one idle virtual machine with two cores.
set terminal svg size 760,300 font 'sans-serif,13' background '#ffffff'
set output 'docs/figures.svg'
set title 'A message there and back, in microseconds (less is better)'
set logscale x
set xrange [0.1:200]
set yrange [-0.6:5.6]
set format x '%g'
set grid x lc rgb '#dddddd'
set border 1
set style fill solid
set ytics nomirror scale 0
set xtics nomirror
unset key
$rows << EOD
5 0.30 "two spinning cores, the limit" 0x9aa5b1
4 0.50 "this library, from C" 0x4c9f70
3 1.3 "this library, tables from Lua 5.4" 0x4c9f70
2 2.8 "the same, on one core" 0x4c9f70
1 70 "a pipe, two cores" 0xd1495b
0 72 "a socket, two cores" 0xd1495b
EOD
plot $rows using (0.1):1:(0.1):2:($1-0.35):($1+0.35):4:ytic(3) with boxxyerror lc rgb variable, \
     $rows using ($2*1.15):1:(sprintf('%g', $2)) with labels left font ',12'
